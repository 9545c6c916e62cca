"""not_covered: conditions that a study's evidence says nothing about, by what was sampled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from whet.study.protocol_words import ProtocolWords
from whet.study.stored_study import StoredStudy


def not_covered(study: StoredStudy) -> list[str]:
    """One sentence for each: other temperatures and densities, longer runs, bonds that break.

    Nothing where a study has no dynamics of its own: what frames of files cover, only who made them knows.
    """
    runs = [one for one in map(ProtocolWords, (engine.options for engine in study.engines)) if one.is_known]
    return [*_conditions(study, runs), *_times(runs), *_bonds(study)] if runs else []


def _conditions(study: StoredStudy, runs: Sequence[ProtocolWords]) -> Iterator[str]:
    pressed = [one for one in runs if one.has_pressure]
    structures = study.stored.roles.get("structures")
    density = None if structures is None else structures.component.options.get("density")
    if pressed:
        second = f"pressures other than {_each(pressed, 'pressure', 'bar')}"
    elif structures is not None and isinstance(density, int | float):
        second = f"densities other than that of the structures ({structures.component.name}: density {density:g})"
    else:
        second = "volumes other than those of the structures"
    yield f"Temperatures other than {_each(runs, 'temperature', 'K')}; {second}."


def _times(runs: Sequence[ProtocolWords]) -> Iterator[str]:
    longest = max(runs, key=lambda one: one.options["production"] * one.options["timestep"])
    before = longest.options.get("equilibration")
    after = f" after {longest.time('equilibration')} of equilibration" if before else ""
    yield f"Times beyond {longest.time('production')}{after}."


def _bonds(study: StoredStudy) -> Iterator[str]:
    """What the analysis of bonds saw of those that it followed."""
    tables = [table for one in study.findings("bonds") for table in one.tables if table.name == "bonds"]
    rows = [row for table in tables for row in table.records()]
    if not rows:
        return
    broken = sum(row["broken"] for row in rows)
    yield f"Bonds that break: of those followed, {broken or 'none'} ever stretched by over 0.5 Å."


def _each(runs: Sequence[ProtocolWords], name: str, unit: str) -> str:
    """`300 and 350 K`."""
    return " and ".join(f"{value:g}" for value in sorted({one.options[name] for one in runs})) + f" {unit}"
