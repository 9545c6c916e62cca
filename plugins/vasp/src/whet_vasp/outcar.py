"""outcar_steps: the ionic steps of an OUTCAR, judged like those of a vasprun.xml; the theory is not in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import Failure, FrameError, Labels, Recorded, first_bytes, frames_by_ase, opened_text, without_labels
from whet_vasp.verdict import NO_ELECTRONS

if TYPE_CHECKING:
    from ase import Atoms

ENERGIES = "FREE ENERGIE OF THE ION-ELECTRON SYSTEM"
"""Printed once for each ionic step, after its electronic ones."""

ENDED = "General timing and accounting informations"


@dataclass
class _Loop:
    """The electronic steps of an ionic one."""

    electronic: int = 0
    is_converged: bool = False

    def fault(self, most: int) -> str:
        """Why there is no label; empty where there is one."""
        if not self.electronic:
            return NO_ELECTRONS
        if self.is_converged and self.electronic < most:
            return ""
        return f"electronic self-consistency was not reached ({self.electronic} of at most {most} steps)"


def begins_outcar(head: bytes) -> bool:
    """Whether bytes are the beginning of an OUTCAR."""
    return re.match(rb"\s*vasp\.\d", head) is not None


def is_outcar(path: Path) -> bool:
    """Whether a file (perhaps compressed) is an OUTCAR."""
    return begins_outcar(first_bytes(path, 200))


def outcar_steps(path: Path) -> Iterator[Recorded]:
    """Each ionic step: its labels where it is converged and whole. The energy is the free energy."""
    loops, most, has_ended = _loops(path)
    try:
        frames, why = frames_by_ase(path, "vasp-out"), ""
    except FrameError as error:
        frames, why = [], error.what
    if why or len(frames) != len(loops):
        why = why or f"{len(frames)} structures, {len(loops)} energies"
        bare = bool(loops) and not any(loop.electronic for loop in loops)
        yield Recorded(str(path), None, Failure(NO_ELECTRONS if bare else f"OUTCAR cannot be read ({why})", str(path)))
        return
    for index, (atoms, loop) in enumerate(zip(frames, loops, strict=True)):
        fault = loop.fault(most)
        answer = Failure(fault, str(path)) if fault else _labels(atoms, str(path))
        yield Recorded(f"{path}, ionic step {index}", _structure(atoms), answer)
    if not has_ended:
        yield Recorded(str(path), None, Failure("OUTCAR is cut off after these steps", str(path)))


def _loops(path: Path) -> tuple[list[_Loop], int, bool]:
    """The electronic steps of each whole ionic step, NELM, and whether VASP came to its end."""
    loops, now, most, has_ended = [], _Loop(), 60, False
    with opened_text(path) as file:
        for line in file:
            if "Iteration" in line and re.search(r"-- Iteration\s+\d+\(\s*\d+\)", line):
                now.electronic += 1
            elif "aborting loop" in line:
                now.is_converged = "EDIFF is reached" in line
            elif ENERGIES in line:
                loops.append(now)
                now = _Loop()
            elif found := re.match(r"\s*NELM\s*=\s*(\d+)", line):
                most = int(found[1])
            has_ended = has_ended or ENDED in line
    return loops, most, has_ended


def _labels(atoms: Any, log: str) -> Labels | Failure:
    import numpy as np

    found = atoms.calc.results if atoms.calc is not None else {}
    if found.get("free_energy") is None or found.get("forces") is None:
        return Failure("there are no energy and forces", log)
    labels = Labels.of(atoms)
    return Labels(float(found["free_energy"]), np.asarray(labels.forces), labels.stress)


def _structure(atoms: Atoms) -> Atoms:
    bare = without_labels(atoms)
    bare.set_constraint()
    return bare
