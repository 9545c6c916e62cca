"""AbacusOutput: a single point of ABACUS: running_scf.log, with INPUT and STRU in the folder above it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whet import FrameError, ReadFrame, units
from whet_dpdata.code_output import CodeOutput, atoms_of, read_by_dpdata

CONVERGED = ("charge density convergence is achieved", "#SCF IS CONVERGED#")
NOT_CONVERGED = re.compile(r"convergence has not been achieved|SCF IS NOT CONVERGED", re.IGNORECASE)
PRESSURE = re.compile(r"TOTAL-PRESSURE.*?[:=]\s*([-+\d.eE]+)\s*KBAR", re.IGNORECASE)


class AbacusOutput(CodeOutput):
    """Single points of ABACUS (`OUT.*/running_scf.log`, with `INPUT` and `STRU` in the folder above)."""

    name = "output of ABACUS"
    outputs = ("running_scf.log",)
    dpdata_name = "abacus/scf"
    mark = re.compile(rb"Atomic-orbital Based Ab-initio Computation")

    def doubt(self, text: str) -> str:
        if NOT_CONVERGED.search(text) or not any(words in text for words in CONVERGED):
            return "ABACUS does not say that its self-consistency converged"
        for name, unit in (("FORCE", "eV/Angstrom"), ("STRESS", "KBAR")):
            stated = re.findall(rf"TOTAL-{name} *\(([^)]*)\)", text)
            if stated and stated[-1].lower() != unit.lower():
                return f"its {name.lower()} is printed in {stated[-1]}, which dpdata takes for {unit}"
        return ""

    def pressure(self, text: str) -> float | None:
        found = PRESSURE.findall(text)
        return float(found[-1]) * units.KBAR if found else None

    def data(self, path: Path, text: str, *, labeled: bool = True) -> dict[str, Any]:
        return read_by_dpdata(_folder(path), self.dpdata_name, labeled)

    def structures(self, path: Path) -> Iterator[ReadFrame]:
        yield ReadFrame(str(path), atoms_of(read_by_dpdata(_structure(_folder(path)), "abacus/stru", False), 0))


def _folder(path: Path) -> Path:
    """The folder of the calculation. FrameError where it is not the one whose log this is, or dpdata misreads it."""
    folder = path.absolute().parent.parent
    if not (folder / "INPUT").is_file():
        hint = "Give the log where ABACUS wrote it: in OUT.*, in the folder of INPUT and STRU"
        raise FrameError("there is no INPUT in the folder above the log", where=str(path), hint=hint)
    keys = _input(folder)
    own = (f"OUT.{keys.get('suffix', 'ABACUS')}", "running_scf.log")
    if path.absolute().parts[-2:] != own:
        raise FrameError(f"INPUT names {'/'.join(own)}, which this is not", where=str(path))
    for key in ("nelec", "nelec_delta"):
        if float(keys.get(key, 0) or 0):
            raise FrameError(f"INPUT has {key}, so the charge is not known", where=str(path))
    _refuse_left_handed(_structure(folder))
    return folder


def _input(folder: Path) -> dict[str, str]:
    lines = (folder / "INPUT").read_text(encoding="utf-8", errors="replace").splitlines()
    words = [re.split(r"#|//", line)[0].split() for line in lines]
    return {word[0]: word[1] for word in words if len(word) > 1}


def _structure(folder: Path) -> Path:
    path = folder / _input(folder).get("stru_file", "STRU")
    if not path.is_file():
        raise FrameError(f"there is no {path.name} beside INPUT", where=str(folder))
    return path


def _refuse_left_handed(path: Path) -> None:
    """FrameError for such a cell: dpdata mirrors cell and positions of it, and leaves the forces as they are."""
    import numpy as np

    after = path.read_text(encoding="utf-8", errors="replace").partition("LATTICE_VECTORS")[2]
    rows = [re.split(r"#|//", line)[0].split() for line in after.splitlines()]
    try:
        cell = np.array([row[:3] for row in rows if row][:3], dtype=float)
        turn = float(np.linalg.det(cell))
    except (ValueError, np.linalg.LinAlgError):
        raise FrameError("its LATTICE_VECTORS are no three vectors", where=str(path)) from None
    if turn < 0:
        what = "the cell is left-handed: dpdata mirrors such a structure, and not its forces"
        raise FrameError(what, where=str(path), hint="Give structure and labels as extended XYZ")
