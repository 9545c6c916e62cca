"""The strategies of a study with their rounds: presets expanded, and whose numbers of labels each is cut to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from whet.contracts.component import Spec
from whet.contracts.rounds import Round, RoundPreset
from whet.data.errors import OptionsError, WhetError, suggestion
from whet.plugins.registry import registry
from whet.study.faults import FaultList
from whet.study.schema import StudyFile
from whet.study.strategy import Strategy
from whet.study.study_file import Source


@dataclass(frozen=True)
class ResolvedStrategy:
    """A strategy's rounds. preset: by name; empty where they are spelled out. matched: whose labels it is cut to."""

    preset: str
    rounds: Sequence[Round]
    matched: str | None


def resolved_strategies(study: StudyFile, source: Source, faults: FaultList) -> dict[str, ResolvedStrategy]:
    """The rounds of each strategy; of one with a preset or an option that there is not, only its faults."""
    presets: dict[str, RoundPreset] = {}
    wrong = set[str]()
    for name, entry in study.strategies.items():
        found = FaultList()
        with found.kept():
            if entry.spelled_out is None:
                presets[name] = _preset(entry, name, source)
            else:
                _check_spelled_out(entry, name, source)
        if found.found:
            wrong.add(name)
        faults.found += found.found
    matched = {name: entry.match for name, entry in study.strategies.items()}
    for name, preset in presets.items():
        if matched[name] is None and preset.matches:
            twins = (other for other, theirs in presets.items() if theirs.name == preset.matches)
            matched[name] = next(twins, None)
    for name, target in matched.items():
        if target is None or source.lacks("strategies", target):
            continue
        if target not in matched or matched[target] is not None:
            possible = [other for other in matched if other != name and matched[other] is None]
            what = f"cannot match {target!r}" if target in matched else f"there is no strategy {target!r}"
            hint = f"Possible: {', '.join(possible) or 'none'}"
            faults.add(source.fault(("strategies", name, "match"), what, hint))
    most = study.running.most_steps
    return {
        name: ResolvedStrategy(
            presets[name].name if name in presets else "",
            entry.spelled_out or list(islice(presets[name].rounds(), most + 1)),
            matched[name],
        )
        for name, entry in study.strategies.items()
        if name not in wrong
    }


def _check_spelled_out(entry: Strategy, name: str, source: Source) -> None:
    if entry.preset is not None:
        what = "a strategy has a preset or rounds of its own, and this one has both"
        hint = f"Say how many `rounds` {entry.preset!r} is to have, or leave `preset` out"
        raise source.fault(("strategies", name, "preset"), what, hint)
    if entry.model_extra:
        extra = next(iter(entry.model_extra))
        known = ", ".join(sorted(set(Strategy.model_fields) - {"preset"}))
        keys = ("strategies", name, extra)
        raise source.fault(keys, "unknown key of a strategy whose rounds are spelled out", f"Known: {known}")


def _preset(entry: Strategy, name: str, source: Source) -> RoundPreset:
    here = registry()
    word, keys = entry.preset or name, ("strategies", name)
    if entry.preset is None and not here.knows("strategies", word):
        known = here.names("strategies")
        hint = suggestion(word, known) or f"Presets: {', '.join(known)}"
        raise source.fault(keys, "the strategy needs `preset:` or a list of rounds", hint)
    try:
        return here.load(here.resolve("strategies", Spec(word, entry.preset_options)))
    except OptionsError as error:
        raise source.placed(error, keys) from None
    except WhetError as error:
        raise source.placed(error, (*keys, "preset")) from None
