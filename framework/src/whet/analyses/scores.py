"""Scores: energy, forces, stress and softening of every potential on every set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from whet.analyses.parts.alignment import first_fine_tunings, given_energies
from whet.analyses.parts.doubts import energy_notes, label_notes
from whet.analyses.parts.meanings import (
    FRAMES,
    MAE_E,
    MAE_E_FITTED,
    MAE_F,
    POTENTIAL,
    RMSE_E,
    RMSE_E_FITTED,
    RMSE_F,
    RMSE_S,
    SEEDS,
    STATES,
)
from whet.analyses.parts.naming import state_name
from whet.analyses.parts.score_table import STATE, score_table
from whet.analyses.parts.scored import Scored, scored, with_one_factor
from whet.analyses.parts.series_table import COLUMNS, CORRECTED, SeriesRow, series_table, several
from whet.contracts.analysis import Analysis, Piece, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Findings, Table
from whet.contracts.ports import FineTuning, Port, Predictions, SampledTrajectory
from whet.contracts.ref import Ref
from whet.contracts.task import Work

if TYPE_CHECKING:
    from whet.bias.pairs import Comparison

DEFINITION = (
    "Energies are per atom. “Raw” is as predicted: a fine-tuned potential answers on the energy scale of its labels, "
    "an untouched one on its own, which may be far away. “Fitted here” adds per-element reference energies fitted on "
    "these very frames, which flatters. One factor: forces times b, the slope of reference on predicted forces of one "
    "training frame: of a strategy’s first data that with the largest root-mean-square reference force. Deng’s 1/s: "
    "forces divided by the softening scale of that frame, which over-corrects; cMAE: the same with the scale of the "
    "very frames."
)


class Scores(Analysis):
    """Errors and softening of every potential on every set of labeled frames, and what they leave out."""

    name = "scores"
    place = 30
    result_version = 7
    by_default = True
    inputs: ClassVar[Mapping[str, Port]] = {
        "predictions": Port(Predictions, what="of every potential on the set"),
        "fine-tunings": Port(FineTuning, what="that made these potentials"),
        "alignment": Port(FineTuning, what="the first of each potential, whose reference energies align it untouched"),
        "trajectories": Port(SampledTrajectory, what="of the set, where it was sampled: whether they are equilibrated"),
        "training": Port(Predictions, what="of the untouched potentials on first training data: they give one factor"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step a set: independent sets, replay sets, then trajectories of the potentials' own."""
        tunings, training = study.all(FineTuning), study.all(Predictions, set_kind="training")
        wanted = []
        for kind in ("independent", "replay", "self"):
            for name, pieces in study.by_set(Predictions, kind).items():
                states = {piece.ref.state for piece in pieces}
                potentials = [piece.ref.potential for piece in pieces if piece.ref.untouched]
                inputs: dict[str, Sequence[Piece]] = {
                    "predictions": pieces,
                    "fine-tunings": [piece for piece in tunings if piece.ref.state in states],
                    "alignment": first_fine_tunings(study, potentials),
                    "trajectories": study.all(SampledTrajectory, set=name, set_kind=kind),
                    "training": [p for p in training if p.ref.state in states and kind != "self"],
                }
                one = pieces[0].ref
                ref = Ref(set=name, set_kind=kind, sampled_by=one.sampled_by, minimum_of=one.minimum_of)
                wanted.append(Wanted({role: feeds for role, feeds in inputs.items() if feeds}, ref=ref, label=name))
        return wanted

    def run(self, work: Work) -> Findings:
        """Tables: `scores`, `series`, and of sets that are no potential's own `errors`, `elements`, `left-out`."""
        from whet.bias.settled import not_equilibrated

        found = work.all("predictions", Predictions)
        on = found[0].ref if found else Ref()
        given = given_energies(work.all("alignment", FineTuning))
        unscored: list[tuple[str, str]] = []
        doubt = not_equilibrated(work.all("trajectories", SampledTrajectory), found)
        plain = list(scored(found, given, unscored, doubt))
        every = [*plain, *with_one_factor(plain, work.all("training", Predictions), given, unscored, doubt)]
        labels = {one.ref.state: one.train + one.valid for one in work.all("fine-tunings", FineTuning)}
        groups = _groups(every, found)
        rows = [_row(members, groups, labels) for members in groups]
        series = list(zip(rows, groups, strict=True))
        known = [(_known(one, row, labels, on), one.score) for row, members in series for one in members]
        tables = [score_table(known), series_table(rows), *_left_out(series, on)]
        if rows and on.set_kind != "self":
            tables = [_errors(rows, on.set), *_elements(series, on.set), *tables]
        if unscored:
            columns = (Column("evaluation"), Column("reason"))
            tables.append(Table("unscored", "Evaluations without a number", columns, unscored))
        notes = [*energy_notes(found), *label_notes(plain)]
        return Findings("Errors", on.set, tables, definition=DEFINITION, source="Wong & Yang, eqs. 1–3", notes=notes)


def _groups(every: Sequence[Scored], found: Sequence[Predictions]) -> list[list[Scored]]:
    """Seeds together, in the order of the potentials: untouched, with one factor, then each strategy by its rounds."""
    potentials, strategies = ([getattr(one.ref, name) for one in found] for name in ("potential", "strategy"))
    groups: dict[tuple, list[Scored]] = {}
    for one in sorted(every, key=lambda one: (one.state.round, one.state.size or 0, one.seed)):
        state = one.state
        groups.setdefault(
            (state.potential, state.strategy, (one.rule, one.factor_from), state.round, state.size), []
        ).append(one)

    def order(key: tuple) -> tuple:
        return (
            potentials.index(key[0]),
            bool(key[1]),
            list(CORRECTED).index(key[2][0]) + 1 if key[2][0] else 0,
            strategies.index(key[1]),
        )

    return [groups[key] for key in sorted(groups, key=order)]


def _row(members: Sequence[Scored], groups: Sequence[Sequence[Scored]], labels: Mapping[Ref, int]) -> SeriesRow:
    from whet.bias.estimate import over_seeds
    from whet.bias.series import Series

    first = members[0]
    alike = [one for one, *_ in groups if one.rule == first.rule and one.state.potential == first.state.potential]
    which = f" from {', '.join(first.factor_from)}" if len(alike) > 1 else ""
    taken = [labels.get(one.state, 0) for one in members] if not first.rule else [1]
    return SeriesRow.of_series(
        Series([one.score for one in members]),
        potential=first.state.potential,
        strategy=first.state.strategy,
        round=first.state.round,
        size=first.state.size,
        last=first.state.last,
        state=CORRECTED[first.rule] + which if first.rule else state_name(first.state),
        corrected=first.rule,
        labels=sum(taken) / len(taken),
        labels_fewest=min(taken),
        labels_most=max(taken),
        compositions=_compositions(first.score.comparison),
        seconds=over_seeds([one.seconds for one in members]).value,
        units=min(one.score.comparison.n_units for one in members),
        of=first.score.comparison.units_of,
    )


def _compositions(comparison: Comparison) -> int:
    """Different ones among the frames, as fractions of the elements: an energy per atom has one constant for each."""
    return len({frame.symbols.formula.reduce()[0].format("hill") for frame in comparison.frames})


def _known(one: Scored, row: SeriesRow, labels: Mapping[Ref, int], on: Ref) -> dict[str, Cell]:
    state = one.state
    return {
        "set": on.set,
        "set_kind": on.set_kind,
        "label": one.label,
        "state": row.state,
        "potential": state.potential,
        "strategy": state.strategy,
        "round": state.round,
        "size": state.size,
        "seed": state.seed,
        "last": state.last,
        "labels": 1 if one.rule else labels.get(state, 0),
        "seconds_per_frame": one.seconds,
    }


def _errors(rows: Sequence[SeriesRow], on: str) -> Table:
    columns = (
        Column("potential", description=POTENTIAL, shown=several(rows)),
        Column("state", description=STATES),
        Column("MAE F", "eV/Å", MAE_F, interval=True, spread=True, shown=False),
        Column("RMSE F", "eV/Å", RMSE_F, interval=True, spread=True),
        COLUMNS["cmae"],
        Column("MAE E raw", "meV/atom", MAE_E, shown=False),
        Column("RMSE E raw", "meV/atom", RMSE_E),
        Column("MAE E fitted here", "meV/atom", MAE_E_FITTED, shown=False),
        Column("RMSE E fitted here", "meV/atom", RMSE_E_FITTED),
        Column("RMSE S", "eV/Å³", RMSE_S),
        Column("frames", description=FRAMES, shown=len({row.frames for row in rows}) > 1),
        Column("left out", shown=any(row.left_out for row in rows)),
        Column("seeds", description=SEEDS, shown=False),
        Column("seconds a frame", description=COLUMNS["seconds"].description, shown=False),
    )
    cells = [
        [
            *(row.potential, row.state, row.mae, row.rmse, row.cmae, row.energy_mae, row.energy_rmse, row.fitted_mae),
            *(row.fitted_rmse, row.stress_rmse, row.frames, row.left_out, row.seeds, row.seconds),
        ]
        for row in rows
    ]
    return Table("errors", f"Errors on “{on}”", columns, cells)


def _elements(series: Sequence[tuple[SeriesRow, Sequence[Scored]]], on: str) -> Iterator[Table]:
    from whet.bias.series import Series

    symbols = list(series[0][1][0].score.errors.forces_by_element)
    if len(symbols) < 2:
        return
    rows: list[list[Cell]] = []
    for row, members in series:
        of = Series([one.score for one in members])
        found = [
            of.mean(lambda one, symbol=symbol: getattr(one.errors.forces_by_element.get(symbol), "mae", None))
            for symbol in symbols
        ]
        rows.append([row.potential, row.state, *found])
    shown = several([row for row, _ in series])
    columns = [
        Column("potential", description=POTENTIAL, shown=shown),
        Column("state", description=STATES),
        *(Column(f"MAE {one}", "eV/Å", f"Mean absolute error over force components of {one}.") for one in symbols),
    ]
    yield Table("elements", f"Force errors by element on “{on}”", columns, rows, folded=True)


def _left_out(series: Sequence[tuple[SeriesRow, Sequence[Scored]]], on: Ref) -> Iterator[Table]:
    rows: list[list[Cell]] = [
        [
            row.potential,
            row.state + (f", seed {one.state.seed}" if len(members) > 1 else ""),
            *(on.set, out.index, out.reason),
            *(getattr(one.state, name) for name in STATE),
        ]
        for row, members in series
        for one in (() if row.corrected else members)
        for out in one.score.errors.left_out
    ]
    if rows:
        columns = [Column(name) for name in ("potential", "state", "set", "frame", "reason")]
        columns += [Column(name, shown=False) for name in STATE]
        shown = on.set_kind != "self"
        yield Table("left-out", "Frames left out of these numbers", columns, rows, len(rows) > 12, shown)
