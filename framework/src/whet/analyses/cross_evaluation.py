"""cross-evaluation: each potential on its own trajectory and on those of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from whet.analyses.parts.heat_map import heat_map
from whet.analyses.parts.naming import state_names
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Column, Figure, Findings, Table
from whet.contracts.ports import Found, Port
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.errors import InputError

STATE = ("potential", "strategy", "round", "size", "seed", "last")
"""Columns of the table of scores that say which state of a potential a row is of."""


class CrossEvaluation(Analysis):
    """Errors of each potential on the trajectory of each: matrices of the RMSE of forces and energies."""

    name = "cross-evaluation"
    result_version = 2
    place = 40
    by_default = True
    after = ("scores",)
    inputs: ClassVar = {"scores": Port(Found, what="scores of potentials on each one's own trajectory")}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        pieces = [piece for piece in study.all(Found, set_kind="self") if piece.role == "scores"]
        return [Wanted({"scores": pieces})] if len(pieces) > 1 else []

    def run(self, work: Work) -> Findings:
        found: dict[tuple[Ref, Ref], Mapping[str, Any]] = {}
        owners: list[Ref] = []
        for one in work.all("scores", Found):
            owner = one.ref.sampled_by
            if owner is None:
                hint = "Give own trajectories of potentials"
                raise InputError(f"who sampled {one.ref.set!r} is not known", hint=hint)
            for row in one.findings.table("scores").records():
                found[Ref(**{name: row[name] for name in STATE}), owner] = row
            owners += [owner] if (owner, owner) in found else []
        if not owners:
            return Findings("Cross evaluation", notes=["there are no scores on own trajectories"])
        names = state_names(owners)
        labels = [names[owner] for owner in owners]
        cells = [[found.get((state, owner)) for owner in owners] for state in owners]
        forces = [[None if one is None else one["forces.rmse"] for one in row] for row in cells]
        energies = [[_energy(one) for one in row] for row in cells]
        frames = [found[owner, owner]["frames"] for owner in owners]
        caption = "RMSE of the energy, meV/atom (untouched: with the reference energies of the first fine-tuning)"
        return Findings(
            "Cross evaluation",
            tables=(
                _wide("cross-forces", "RMSE of the forces, eV/Å", labels, forces, frames),
                _wide("cross-energies", caption, labels, energies, frames),
                _tidy(labels, forces, energies, frames),
            ),
            figures=_matrices(labels, forces, energies),
            definition="Every potential ran from the same structures; each is evaluated on its own trajectory (the "
            "diagonal) and on those of the others. A potential that is good only where it goes by itself fails off "
            "the diagonal.",
        )


def _energy(one: Mapping[str, Any] | None) -> float | None:
    """Of an untouched potential with the reference energies of its first fine-tuning."""
    if one is None:
        return None
    given = one["energy_given.rmse"]
    return one["energy.rmse"] if given is None else given


def _wide(name: str, caption: str, labels: list[str], values: list[list[float | None]], frames: list[int]) -> Table:
    """A row for each potential, a column for each one's trajectory."""
    columns = [
        Column("potential ↓ on the trajectory of →", description="The potential that is evaluated; last, the frames."),
        *(Column(one, description=f"On the trajectory of {one}; its unit stands in the caption.") for one in labels),
    ]
    rows = [[label, *row] for label, row in zip(labels, values, strict=True)]
    return Table(name, caption, columns, [*rows, ["frames", *frames]], folded=True)


def _tidy(
    labels: list[str], forces: list[list[float | None]], energies: list[list[float | None]], frames: list[int]
) -> Table:
    columns = (
        Column("state", description="The potential that is evaluated."),
        Column("sampled", description="The potential whose own trajectory it is evaluated on."),
        Column("forces", "eV/Å", "RMSE of the force components."),
        Column("energy", "meV/atom", "RMSE of the energy; of untouched potentials with given reference energies."),
        Column("frames", description="Number of frames of the trajectory."),
    )
    rows = [
        [state, sampled, forces[i][j], energies[i][j], frames[j]]
        for i, state in enumerate(labels)
        for j, sampled in enumerate(labels)
    ]
    return Table("cross", "Errors of each potential on each one's own trajectory", columns, rows, shown=False)


def _matrices(labels: list[str], forces: list[list[float | None]], energies: list[list[float | None]]) -> list[Figure]:
    found = []
    for name, column, title, values in (
        ("cross", "forces", "force RMSE (eV/Å)", forces),
        ("cross-energy", "energy", "energy RMSE (meV/atom)", energies),
    ):
        known = [value for row in values for value in row if value is not None]
        if known:
            caption = f"{title[0].upper()}{title[1:]}: rows evaluate, columns sampled."
            axes = {"x": ("sampled", "frames from the trajectory of"), "y": ("state", "evaluated with")}
            shades = {"value": (column, title), "values": known, "columns": len(labels)}
            found.append(heat_map(name, "cross", caption, **axes, **shades))
    return found
