"""Cross evaluation: each potential on its own trajectory and on those of the others."""

from __future__ import annotations

from whet.data.numbers import decimals_for, shown
from whet.report.drawing import canvas, plain
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.pictures import Picture
from whet.report.tables import Cell, Column, Table
from whet.study.results import Score

MOST_NUMBERS = 12
"""Potentials up to which the figure shows numbers in its cells."""


def cross_section(findings: Findings) -> Section | None:
    """Force RMSE as a matrix; the energies in a table."""
    own = [test for test in findings.results.plan.tests if test.kind == "self" and test.of is not None]
    scores = {(s.member, s.test): s for s in findings.results.scores if s.test.kind == "self"}
    tests = [test for test in own if test.of is not None and (test.of, test) in scores]
    members = [test.of for test in tests if test.of is not None]
    if len(members) < 2:
        return None
    names = [findings.shown_member(member) for member in members]
    forces = [[_forces(scores.get((member, test))) for test in tests] for member in members]
    energies = [[_energy(scores.get((member, test))) for test in tests] for member in members]
    frames: list[Cell] = [
        "frames",
        *(scores[member, test].errors.frames for member, test in zip(members, tests, strict=True)),
    ]
    columns = [Column("potential ↓ on the trajectory of →"), *(Column(name) for name in names)]

    def table(name: str, caption: str, values: list[list[float | None]]) -> Table:
        rows: list[list[Cell]] = [[label, *row] for label, row in zip(names, values, strict=True)]
        return Table(name, caption, columns, [*rows, frames], folded=True)

    text = (
        "Every potential ran from the same structures; each is evaluated on its own trajectory (the diagonal) "
        "and on those "
        "of the others. A potential that is good only where it goes by itself fails off the diagonal."
    )
    aligned = "RMSE of the energy, meV/atom (untouched: with the reference energies of the first fine-tuning)"
    return Section(
        "Cross evaluation",
        [text],
        [_matrix(names, forces)],
        [table("cross-forces", "RMSE of the forces, eV/Å", forces), table("cross-energies", aligned, energies)],
    )


def _forces(score: Score | None) -> float | None:
    return None if score is None else score.errors.forces.rmse


def _energy(score: Score | None) -> float | None:
    if score is None:
        return None
    given = score.errors.energy_given
    return (score.errors.energy_raw if given is None else given).rmse


def _matrix(names: list[str], rows: list[list[float | None]]) -> Picture:
    import numpy as np

    values = np.array([[np.nan if cell is None else cell for cell in row] for row in rows])
    size = len(names)
    figure, (axes,) = canvas(width=min(1.9 + 0.75 * size, 7.2), height=1.3 + 0.36 * size)
    axes.imshow(values, cmap="YlOrBr", vmin=0, aspect="auto")
    decimals = decimals_for(values[np.isfinite(values)].tolist())
    for i, j in np.ndindex(values.shape) if size <= MOST_NUMBERS else ():
        dark = values[i, j] > 0.6 * np.nanmax(values)
        text = shown(float(values[i, j]), decimals)
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="w" if dark else "k")
    labels = [plain(name) for name in names]
    axes.set_xticks(range(size), labels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), labels)
    axes.set_xlabel("frames from the trajectory of")
    axes.set_ylabel("evaluated with")
    caption = "RMSE of the forces (eV/Å): rows evaluate, columns sampled."
    return Picture("cross", caption, figure, caption + " The table has the numbers.")
