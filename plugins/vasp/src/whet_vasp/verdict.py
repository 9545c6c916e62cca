"""The judge: whether what VASP left is the label that was asked for, and if not, why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whet import Failure, Labels
from whet_vasp.tags import NEUTRAL, OWN, ran_with, same

if TYPE_CHECKING:
    from ase import Atoms

    from whet_vasp.vasprun import VaspRun

CLOSE = 1e-4
"""Å; vasprun.xml has fractions of the cell with 8 decimals."""

NO_ELECTRONS = "there is no electronic step: a machine-learned force field answered, or nothing did"

JUDGED_ELSEWHERE = frozenset(
    tag for tag, option in OWN.items() if option in ("functional", "hubbard_u", "hubbard_shell", "dispersion")
)
"""Tags whose meaning is compared as method, U and dispersion."""


@dataclass(frozen=True)
class Asked:
    """What was asked for. Whatever is None or empty was not, and is not compared.

    symbols: of each atom, in POSCAR's order. frame: the structure in that order. tags: as INCAR had them. grid: of
    k-points. stress: whether it is needed.
    """

    symbols: Sequence[str] = ()
    frame: Atoms | None = None
    method: str | None = None
    hubbard_u: Mapping[str, float] | None = None
    dispersion: str | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    grid: Sequence[int] | None = None
    titels: Sequence[str] | None = None
    stress: bool = True


def single_point(run: VaspRun, asked: Asked) -> Labels | Failure:
    """The labels of a run that was to be one single point. Atoms are in POSCAR's order."""
    log = str(run.path)
    reason = _difference(run, asked) or _shape(run, asked)
    if reason:
        return Failure(reason, log)
    return _of_step(run, len(run.steps) - 1, stress=asked.stress, log=log)


def imported(run: VaspRun, index: int) -> Labels | Failure:
    """The labels of one ionic step of a run that somebody hands over."""
    return _of_step(run, index, stress=False, log=str(run.path))


def missing_stress(run: VaspRun) -> str:
    """Why there is no stress."""
    isif = run.parameters.get("ISIF")
    return f"there is no stress (ISIF = {isif})" if isif in (0, 1) else "there is no stress"


def _of_step(run: VaspRun, index: int, *, stress: bool, log: str) -> Labels | Failure:
    step = run.steps[index]
    if not step.electronic:
        return Failure(NO_ELECTRONS, log)
    if step.electronic >= run.most_electronic:
        steps = f"{step.electronic} of at most {run.most_electronic} steps"
        return Failure(f"electronic self-consistency was not reached ({steps})", log)
    if step.labels is None:
        return Failure("vasprun.xml is cut off" if run.is_cut_off else "there are no energy and forces", log)
    if stress and step.labels.stress is None:
        return Failure(missing_stress(run), log)
    return step.labels


def _difference(run: VaspRun, asked: Asked) -> str:
    """What is other than it was asked for; empty where nothing is."""
    if run.is_cut_off:
        return "vasprun.xml is cut off"
    if asked.symbols and len(run.symbols) != len(asked.symbols):
        return f"{len(run.symbols)} atoms, and {len(asked.symbols)} were asked for"
    if asked.symbols and list(run.symbols) != list(asked.symbols):
        return "the atoms are other elements than were asked for"
    theory = run.theory
    elements = set(run.symbols)
    wanted_u = {symbol: u for symbol, u in (asked.hubbard_u or {}).items() if u and symbol in elements}
    for what, wanted, ran in (
        ("the functional", asked.method, theory.method),
        ("U", None if asked.hubbard_u is None else _said(wanted_u), _said(run.hubbard_u)),
        ("dispersion", asked.dispersion, theory.dispersion or "none"),
        ("the pseudopotentials", None if asked.titels is None else list(asked.titels), run.titels),
        ("the grid of k-points", None if asked.grid is None else list(asked.grid), list(run.grid or ())),
    ):
        if wanted is not None and wanted != ran:
            return f"{what} {_said(wanted)} was asked for, and VASP ran with {_said(ran)}"
    if asked.grid is not None and not run.is_about_gamma:
        return "a grid of k-points about Γ was asked for, and VASP ran with one beside it"
    for tag, wanted in asked.tags.items():
        moves = tag not in NEUTRAL and tag not in JUDGED_ELSEWHERE
        ran = ran_with(tag, run.incar, run.parameters)
        if moves and ran is not None and not same(tag, wanted, ran):
            return f"{tag} = {wanted} was asked for, and VASP ran with {tag} = {ran}"
    echoed, ran = run.incar.get("NSW"), run.parameters.get("NSW")
    if echoed is not None and ran is not None and echoed != ran:
        return f"INCAR asks for NSW = {echoed}, and VASP ran with NSW = {ran}"
    return ""


def _shape(run: VaspRun, asked: Asked) -> str:
    """Why the run is no single point of the structure; where it did not converge either, that is the reason to give."""
    if not run.steps:
        return "there is no ionic step"
    last = run.steps[-1]
    if asked.frame is not None and not _is_of(run.steps[0].frame, asked.frame):
        return "the structure is another than was asked for"
    if len(run.steps) > 1 and last.electronic < run.most_electronic:
        return f"a relaxation ({len(run.steps)} ionic steps) where a single point was asked for"
    return ""


def _is_of(found: Atoms, wanted: Atoms) -> bool:
    import numpy as np

    moved = found.get_scaled_positions(wrap=False) - wanted.get_scaled_positions(wrap=False)
    away = (moved - np.round(moved)) @ np.asarray(wanted.cell)
    return bool(abs(found.cell.array - wanted.cell.array).max() < CLOSE and abs(away).max() < CLOSE)


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number:g}" for key, number in sorted(value.items())) or "none"
    if isinstance(value, list):
        return (" × " if all(isinstance(one, int) for one in value) else ", ").join(map(str, value)) or "none"
    return str(value)
