"""card: the README of an exported potential: what it is, how good it is and where, and how to load it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from whet.contracts.component import Component
from whet.contracts.upstream_model import UpstreamModel
from whet.data.errors import WhetError
from whet.data.numbers import count
from whet.plugins.registry import registry
from whet.study.not_covered import not_covered
from whet.study.potential_origin import PotentialOrigin
from whet.study.subject import subject

Score = Mapping[str, Any]
"""See `whet.study.scores.scores_of`."""


@dataclass(frozen=True)
class Card:
    """component: of the exported files. folder: where they will be. upstream: None where there is no such file, for
    the reason `without`. agreement: how it was compared."""

    origin: PotentialOrigin
    component: Component
    folder: Path
    upstream: UpstreamModel | None
    without: str
    agreement: str

    @cached_property
    def about(self) -> list[str]:
        """Paragraphs of what the plugin says of its potential; none where it is not here."""
        try:
            offered = registry().find("potentials", self.component.name)
        except WhetError:
            return []
        return [" ".join(part.split()) for part in inspect.cleandoc(offered.__doc__ or "").split("\n\n")]

    @cached_property
    def distribution(self) -> str:
        """What pip installs for it; empty where the plugin is not here."""
        found = (one for one in registry().listings() if (one.hook, one.name) == ("potentials", self.component.name))
        return next((one.distribution for one in found), "")


def card(of: Card) -> str:
    """The text, in Markdown."""
    origin = of.origin
    parts = [
        [f"# {of.folder.absolute().name}", "", f"{of.component.name}, fine-tuned: {origin.state.name} of the study"],
        [f"“{origin.study.name}”. Energies are those of the labels' level of theory."],
        ["", "## How to load it", "", *_loading(of)],
        ["", "## What it is made from", "", *_origin(of)],
        ["", "## Energy shift", "", *_shift(of)],
        ["", "## How good it is", "", *_scores(of)],
        ["", "## Licence and citations", "", *_citations(of)],
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def _loading(of: Card) -> Iterator[str]:
    name = of.folder.absolute().name
    yield from ["With Whet, in ASE, from the folder that this one lies in:", "", "```python", "import whet", ""]
    yield from [f'atoms.calc = whet.load("./{name}").calculator()', "```", ""]
    if of.distribution:
        needed = f"It needs Whet and its plugin `{of.distribution}` (Whet's README says how they are installed)."
        yield from [needed, ""]
    yield from ["On labeled frames, and in a study (`potentials:`):", "", "```sh"]
    yield from [f"whet evaluate test.extxyz --potential ./{name}", "```", "", "```yaml", "potentials:"]
    yield from [f"  main: ./{name}", "```", ""]
    if of.upstream is None:
        yield f"There is no file for the potential's own package: {of.without}."
        return
    inside = f"{of.upstream.path.name}/" if of.upstream.path.is_dir() else of.upstream.path.name
    yield from [f"Without Whet, by the package itself (`{inside}`, energy shift included):", "", "```python"]
    yield from [f'model = "{name}/{of.upstream.path.name}"', of.upstream.python.strip(), "```", ""]
    also = "".join(f", {key}: {value}" for key, value in of.upstream.options.items())
    yield f"Whet reads this file, too: `{{use: {of.component.name}, model: {name}/{of.upstream.path.name}{also}}}`."
    yield from filter(None, [of.agreement, *of.upstream.notes])


def _origin(of: Card) -> Iterator[str]:
    origin, foundation, start = of.origin, of.origin.foundation, of.origin.start
    values, applied = origin.trainings[0].values, origin.trainings[0].values.get("applied", {})
    yield f"- Architecture: {of.component.name}" + (f": {of.about[0]}" if of.about else "")
    if foundation is not None:
        paper = f", {foundation.foundation.reference}" if foundation.foundation.reference else ""
        theory = f", trained on {foundation.foundation.theory}" if foundation.foundation.theory else ""
        yield f"- Foundation model: `{foundation.name}`{theory}{paper}"
    elif start is not None:
        digests = ", ".join(f"{role} {ref.sha256[:16]}…" for role, ref in start.files.items())
        model = start.options.get("model", "")
        yield f"- Began with: {start.name} {model}" + (f" (SHA-256: {digests})" if digests else "")
    formulas = origin.formulas()
    valid = f", {values['valid']} more to validate" if values.get("valid") else ""
    yield f"- Trained on: {count(values['train'], 'frame')}{valid}" + (f": {formulas}" if formulas else "")
    yield f"- Labels: {'; '.join(origin.theories) or 'the study does not say of which level of theory'}"
    members = f", a committee of {len(origin.trainings)}" if len(origin.trainings) > 1 else ""
    yield f"- Strategy: {origin.state.ref.strategy}, round {origin.state.ref.round}{members}"
    yield f"- Training: {', '.join(_training(applied))}"
    seeds = ", ".join(map(str, origin.seeds))
    yield f"- Seed of the strategy: {origin.state.ref.seed}; of the training: {seeds}"
    yield from (f"- Study: {line}" for line in subject(origin.study))
    if origin.day:
        yield f"- Date: {origin.day}"
    yield f"- Versions: {', '.join(f'{name} {number}' for name, number in origin.versions.items())}"


def _training(applied: Mapping[str, Any]) -> Iterator[str]:
    if applied:
        yield f"`{applied['strategy']}`"
        yield count(applied["epochs"], "epoch") + (" (ended by patience)" if applied.get("stopped_early") else "")
        yield f"learning rate {applied['learning_rate']:g}"
        yield f"batch size {applied['batch_size']}"
        yield f"on {', '.join(applied['labels'])}"
        if applied.get("replay_frames"):
            yield f"{count(applied['replay_frames'], 'replay frame')}"


def _shift(of: Card) -> Iterator[str]:
    parts = [of.component, *of.component.parts.values()]
    shifted = [one for one in parts if one.energy_shift]
    if not shifted:
        yield "None: its energies are on the scale of the model itself."
        return
    where = (
        f"`{of.upstream.path.name}` has it in it; the files in `weights/` have not."
        if of.upstream is not None
        else "It stands in `potential.json` alone: whoever reads the files in `weights/` otherwise must add it."
    )
    yield from [f"eV for each atom, added to the energy of the bare model. {where}", ""]
    yield from ["| element | " + " | ".join(_heading(of, place) for place in range(len(shifted))) + " |"]
    yield "|---" * (1 + len(shifted)) + "|"
    for symbol in sorted({symbol for one in shifted for symbol in one.energy_shift}):
        yield f"| {symbol} | " + " | ".join(f"{one.energy_shift.get(symbol, 0.0):.6f}" for one in shifted) + " |"
    if spans := list(dict.fromkeys(formula for one in shifted for formula in one.energy_span)):
        yield from ["", "The training frames do not determine each element's. Energies of other compositions than"]
        yield f"{', '.join(spans)}, and what is made of these, mean nothing; forces and stresses are not affected."


def _heading(of: Card, place: int) -> str:
    return f"eV of member {place + 1}" if of.component.parts else "eV"


def _scores(of: Card) -> Iterator[str]:
    ref, every = of.origin.state.ref, of.origin.study.scores
    mine = [one for one in every if not one["correction"] and _state(one) == _state(vars(ref)) and _is_of(ref, one)]
    if not mine:
        yield "The study has no score of this state."
    else:
        yield from ["| frames | potential | n | MAE forces, eV/Å | MAE energy, meV/atom | fitted | softening |"]
        yield "|---|---|---|---|---|---|---|"
        for one in mine:
            before = [other for other in every if other["set"] == one["set"] and _is_start(ref.potential, other)]
            yield from (_row(one["set"], score) for score in [*before, one])
        yield from ["", "Brackets: 95 % intervals, where there are enough independent trajectories. fitted: after"]
        yield from [
            "per-element energies fitted on these very frames. softening: the ratio of curvatures, 1 is right, or"
        ]
        yield "its bounds."
    if lacking := [*not_covered(of.origin.study), *of.origin.study.doubts]:
        yield from ["", "Not covered by these numbers:", "", *(f"- {line}" for line in lacking)]


def _state(score: Mapping[str, Any]) -> Sequence[Any]:
    return [score[name] for name in ("strategy", "round", "size", "seed")]


def _is_of(ref: Any, score: Score) -> bool:
    return str(score["potential"]).startswith(str(ref))


def _is_start(potential: str, score: Score) -> bool:
    return score["potential"] == potential and not score["strategy"] and not score["correction"]


def _row(name: str, score: Score) -> str:
    cells = [name, score["potential"], score["frames"], _error(score["forces"], 4), _error(score["energy"], 1)]
    return "| " + " | ".join(map(str, [*cells, _error(score["energy_fitted"], 1), _softening(score)])) + " |"


def _error(errors: Mapping[str, Any] | None, decimals: int) -> str:
    if errors is None or errors.get("mae") is None:
        return "–"
    ends = errors.get("mae_interval")
    between = "" if ends is None else f" [{ends[0]:.{decimals}f}, {ends[1]:.{decimals}f}]"
    return f"{errors['mae']:.{decimals}f}{between}"


def _softening(score: Score) -> str:
    said = score["softening"]
    if said["curvature"] is None:
        return "–" if said["bounds"] is None else "{:.2f}–{:.2f}".format(*said["bounds"])
    ends = said["curvature_interval"]
    return f"{said['curvature']:.2f}" + ("" if ends is None else f" [{ends[0]:.2f}, {ends[1]:.2f}]")


def _citations(of: Card) -> Iterator[str]:
    foundation = of.origin.foundation
    if foundation is not None and (licence := foundation.foundation.licence):
        yield f"The weights are derived from `{foundation.name}`, whose licence is {licence}; it holds for these, too."
    else:
        yield "The weights have the licence of those that the training began with; Whet does not know it."
    yield ""
    papers = [foundation.foundation.reference if foundation is not None else "", *of.about[1:2]]
    yield from (f"- {paper}" for paper in dict.fromkeys(filter(None, papers)))
    yield f"- Whet {version('whet')}, with which it was fine-tuned and measured (its CITATION.cff)"
