"""energy_notes, label_notes: which energies and labels of a set mean nothing as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whet.analyses.parts.naming import state_names
from whet.analyses.parts.scored import Scored
from whet.contracts.ports import Predictions
from whet.data.numbers import count


def energy_notes(found: Iterable[Predictions]) -> Iterator[str]:
    """A note for each potential whose reference energies do not determine the energies of frames of its set.

    It names the first of their compositions, and how many more there are.
    """
    predicted = [one for one in found if one.doubts]
    names = state_names(one.ref for one in predicted)
    for one in predicted:
        first, *others = one.doubts
        more = f" The same holds of {count(len(others), 'other composition')}." if others else ""
        yield f"{names[one.ref.state]} on “{one.ref.set}”: {first}.{more}"


def label_notes(found: Iterable[Scored]) -> Iterator[str]:
    """A note for each untouched potential whose predictions say that the labels are not what they are taken for."""
    from whet.bias.label_doubt import are_own_answers, label_doubt

    plain = [one for one in found if one.state.untouched and not one.rule]
    names = state_names(one.state for one in plain)
    for one in plain:
        if doubt := label_doubt(one.score.softening.slopes):
            yield f"{names[one.state]}: {doubt}."
        if are_own_answers(one.score.softening.slopes):
            yield f"{names[one.state]}: every force is the label; are the labels its own answers?"
