"""Forgetting: errors on the foundation model's own training data before and after, beside what was gained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from whet.analyses.parts.first_set import first_set
from whet.analyses.parts.meanings import LABELS, POTENTIAL, SEEDS, STATES
from whet.analyses.parts.series_table import SeriesRow, series_names, series_rows, several
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Estimate, Figure, Findings, Table
from whet.contracts.options import Options
from whet.contracts.ports import Found, Port, Predictions
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from whet.bias.pairs import Comparison

POINTS = "forgetting-points"

DEFINITION = (
    "Errors on frames of the foundation model’s own training set, before fine-tuning and after. The ratio is the mean "
    "absolute error of the force components after over before, on the same frames, the mean over repetitions; its "
    "interval is had by drawing independent units, both errors of a unit together. Above 1 with the whole interval, "
    "something was forgotten; below 1, it got better there, too."
)

Key = tuple[str, str, int, int | None]


class ForgettingOptions(Options):
    """Options of forgetting."""

    order: tuple[str, ...] = ()
    """Names of the independent sets, in the order in which they are considered. Default: as in the study file."""


class Forgetting(Analysis[ForgettingOptions]):
    """Errors on replay sets before and after each fine-tuning, and what was gained on the test set for it."""

    name = "forgetting"
    result_version = 2
    place = 22
    by_default = True
    after = ("scores",)
    Options = ForgettingOptions
    inputs: ClassVar[Mapping[str, Port]] = {
        "scores": Port(Found, many=False, what="of the replay set"),
        "tests": Port(Found, what="scores of the independent sets, of which one shows what was gained"),
        "predictions": Port(Predictions, what="of every state on the replay set"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for each replay set, where something was fine-tuned."""
        scores = [piece for piece in study.all(Found) if piece.role == "scores"]
        tests = [piece for piece in scores if piece.ref.set_kind == "independent"]
        wanted = []
        for piece in (piece for piece in scores if piece.ref.set_kind == "replay"):
            on = piece.ref.set
            states = study.all(Predictions, set=on, set_kind="replay")
            if any(one.ref.strategy for one in states) and any(one.ref.untouched for one in states):
                inputs = {"scores": [piece], "predictions": states} | ({"tests": tests} if tests else {})
                order = list(self.options.order) or [one.ref.set for one in tests]
                ref = Ref(set=on, set_kind="replay")
                wanted.append(Wanted(inputs, options={"order": order}, ref=ref, label=on))
        return wanted

    def run(self, work: Work) -> Findings:
        """Table and figure `forgetting`."""
        found = work.one("scores", Found)
        order = {name: place for place, name in enumerate(self.options.order)}
        tests = sorted(work.all("tests", Found), key=lambda one: order.get(one.ref.set, len(order)))
        on, main = found.ref.set, first_set(tests)
        rows = [row for row in series_rows(found.findings) if not row.corrected]
        tuned = [row for row in rows if row.strategy]
        if not tuned:
            return Findings("Forgetting", on, notes=["nothing was fine-tuned"])
        gained = {} if main is None else {_key(row): row for row in series_rows(main.findings) if not row.corrected}
        tables = [_table(rows, gained, _comparisons(work.all("predictions", Predictions)), on, main)]
        figures = []
        if main is not None and any(_key(row) in gained for row in rows):
            figure, points = _figure(rows, gained, on, main.ref.set)
            figures, tables = [figure], [*tables, points]
        source = "multihead replay of Wong & Yang: what is kept"
        return Findings("Forgetting", on, tables, figures, definition=DEFINITION, source=source)


def _key(row: SeriesRow) -> Key:
    return row.potential, row.strategy, row.round, row.size


def _comparisons(found: Sequence[Predictions]) -> dict[Key, list[Comparison]]:
    """Of each state, one for each seed."""
    from whet.bias.pairs import Comparison

    comparisons: dict[Key, list[Comparison]] = {}
    for one in sorted(found, key=lambda one: one.ref.seed):
        state = one.ref.state
        try:
            comparison = Comparison.of_predictions(one)
        except FrameError:
            continue
        comparisons.setdefault((state.potential, state.strategy, state.round, state.size), []).append(comparison)
    return comparisons


def _ratio(before: Sequence[Comparison], after: Sequence[Comparison]) -> Estimate:
    """Mean absolute error after over before on the frames that all have, mean over seeds."""
    import numpy as np

    from whet.bias.error_parts import ratio_of_absolute_errors
    from whet.bias.estimate import over_seeds

    if not before or not after:
        return Estimate(None)
    common = set(before[0].indices).intersection(*(one.indices for one in after))
    if not common:
        return Estimate(None)
    every = [one.take(place for place, index in enumerate(one.indices) if index in common) for one in (*before, *after)]
    value, interval = ratio_of_absolute_errors(every[0], every[1:])
    single = [ratio_of_absolute_errors(every[0], [one])[0] for one in every[1:]]
    spread = over_seeds(single).spread if len(single) > 1 else None
    return Estimate(value if np.isfinite(value) else None, interval, spread, len(single))


def _table(
    rows: Sequence[SeriesRow],
    gained: Mapping[Key, SeriesRow],
    comparisons: Mapping[Key, Sequence[Comparison]],
    on: str,
    main: Found | None,
) -> Table:
    before = {row.potential: row for row in rows if row.untouched}
    where = f"on “{main.ref.set}”" if main else "on a test set"
    columns = (
        Column("potential", description=POTENTIAL, shown=several(rows)),
        Column("state", description=STATES),
        Column("labels", description=LABELS),
        Column("before", "eV/Å", "Mean absolute error of the force components of the untouched potential."),
        Column("after", "eV/Å", "The same after fine-tuning.", interval=True, spread=True),
        Column("after / before", description="Above 1: worse than untouched.", decimals=3, interval=True, spread=True),
        Column("reading", description="Forgotten, better or undecided: whether the interval lies beyond 1."),
        Column("energy before", "meV/atom", "Mean absolute error, reference energies fitted on these frames."),
        Column("energy after", "meV/atom", "The same after fine-tuning."),
        Column("gain", description=f"Force error after over before {where}, where it was to get better.", decimals=3),
        Column("seeds", description=SEEDS),
    )
    cells: list[list[Cell]] = []
    for row in (row for row in rows if row.strategy):
        first = before.get(row.potential)
        of = comparisons.get(_key(first), ()) if first else ()
        ratio = _ratio(of, comparisons.get(_key(row), ()))
        then, now = gained.get(_key(first)) if first else None, gained.get(_key(row))
        gain = now.mae.value / then.mae.value if now and then and now.mae.value and then.mae.value else None
        energies = (first.fitted_mae if first else None, row.fitted_mae)
        known: list[Cell] = [row.potential, row.state, row.mean_labels, first.mae.value if first else None, row.mae]
        cells.append([*known, ratio, _reading(ratio), *energies, gain, row.seeds])
    return Table("forgetting", f"Before and after fine-tuning, on “{on}”", columns, cells)


def _reading(ratio: Estimate) -> str:
    if ratio.interval is None:
        return "undecided"
    low, high = ratio.interval
    return "forgotten" if low > 1 else "better" if high < 1 else "undecided"


def _figure(rows: Sequence[SeriesRow], gained: Mapping[Key, SeriesRow], on: str, test: str) -> tuple[Figure, Table]:
    cells: list[list[Cell]] = []
    named = list(zip(rows, series_names(rows), strict=True))
    for row, series in named:
        other = gained.get(_key(row))
        if other is None or not other.mae.value or not row.mae.value:
            continue
        # The path of each strategy begins at the untouched potential.
        lines = [series]
        if row.untouched:
            own = (name for one, name in named if one.strategy and one.potential == row.potential)
            lines += list(dict.fromkeys(own))
        for place, line in enumerate(lines):
            drawn = place == 0
            cells.append([row.potential, row.state, line, row.labels, other.mae.value, row.mae.value, drawn])
    columns = (
        *map(Column, ("potential", "state", "series")),
        Column("labels"),
        Column("test", "eV/Å"),
        Column("replay", "eV/Å"),
        Column("drawn"),
    )
    axis = {"type": "quantitative", "scale": {"type": "log", "nice": False, "padding": 12}}
    encoding: dict[str, Any] = {
        "x": {"field": "test", "title": f"force MAE on {test} (eV/Å)", **axis},
        "y": {"field": "replay", "title": f"force MAE on {on} (eV/Å)", **axis},
        "color": {"field": "series", "type": "nominal", "title": None},
    }
    tooltip = [{"field": name} for name in ("potential", "state", "labels", "test", "replay")]
    line = {"mark": {"type": "line"}, "encoding": {**encoding, "order": {"field": "labels", "type": "quantitative"}}}
    dots = {
        "transform": [{"filter": "datum.drawn"}],
        "mark": {"type": "point", "filled": True, "opacity": 1},
        "encoding": {**encoding, "tooltip": tooltip},
    }
    spec = {"data": {"name": POINTS}, "width": 300, "height": 240, "layer": [line, dots]}
    caption = f"What was gained on “{test}” (to the left) and forgotten on “{on}” (upward); each line begins untouched."
    return Figure("forgetting", caption, caption, spec), Table(POINTS, caption, columns, cells, shown=False)
