"""What CP2K wrote: energy, forces and stress, or why they are none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whet import Failure, Labels, units

if TYPE_CHECKING:
    import numpy as np

OUTPUT, FORCES, STRESS, MOMENTS = "output.txt", "forces", "stress", "mulliken"
ENDED = "PROGRAM ENDED AT"
_NUMBER = r"(-?\d+\.\d+(?:[EeDd][+-]?\d+)?)"


def read_output(
    folder: Path, n_atoms: int, *, with_stress: bool, net_force: float, max_iterations: int
) -> Labels | Failure:
    """The labels of a calculation that came to its end.

    with_stress: whether there must be one. net_force: eV/Å per atom that the forces may sum to.
    """
    import numpy as np
    from ase.units import Bohr

    log = folder / OUTPUT
    text = log.read_text(encoding="utf-8", errors="replace")
    if ENDED not in text:
        return Failure("its output is truncated: CP2K did not come to its end", str(log))
    if not is_converged(text):
        return Failure(f"self-consistency was not reached in {max_iterations} iterations", str(log))
    energies = re.findall(rf"ENERGY\| Total FORCE_EVAL .*:?\s+{_NUMBER}\s*$", text, flags=re.MULTILINE)
    if len(energies) != 1:
        return Failure(f"its output has {len(energies)} energies instead of one", str(log))
    forces = _forces(_text(folder / FORCES) or text)
    if len(forces) != n_atoms:
        return Failure(f"its output has forces of {len(forces)} atoms, the frame has {n_atoms}", str(log))
    forces *= units.HARTREE / Bohr
    stress = _stress(_text(folder / STRESS) or text) if with_stress else None
    if with_stress and stress is None:
        return Failure("its output has no stress", str(log))
    net = float(np.linalg.norm(forces.sum(axis=0))) / n_atoms
    if n_atoms > 1 and net > net_force:  # the forces on an atom alone are no label of anybody's
        reason = f"the forces sum to {net:.3g} eV/Å per atom, more than net_force = {net_force:g}: raise `cutoff`"
        return Failure(reason, str(log))
    return Labels(float(energies[0]) * units.HARTREE, forces, stress, _moments(folder / MOMENTS, n_atoms))


def is_converged(text: str) -> bool:
    """Whether self-consistency was reached: CP2K may go on without."""
    if "outer SCF loop" in text:
        return "outer SCF loop converged" in text
    return "SCF run converged" in text and "SCF run NOT converged" not in text


def why_it_ended(folder: Path, max_iterations: int) -> str:
    """What the output says of why CP2K broke off; empty where it says nothing."""
    text = _text(folder / OUTPUT)
    if "SCF run NOT converged" in text:  # from 2024.1 on it stops there
        return f"self-consistency was not reached in {max_iterations} iterations"
    box = re.search(r"^ \*.*\[ABORT\].*\n((?: \*.*\n)*)", text, flags=re.MULTILINE)
    if box is None:
        return ""
    lines = [re.sub(r"^[\s\\/_|O]+", "", line.strip(" *")) for line in box[1].splitlines()]
    said = [re.sub(r"\S+\.F:\d+$", "", line).strip() for line in lines]
    return " ".join(" ".join(line for line in said if line).split())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _forces(text: str) -> np.ndarray:
    """Hartree/Bohr. Until 2024 a row is `1  1  H  x y z`, from 2025 on `FORCES|  1  x y z norm`."""
    import numpy as np

    row = rf"^\s*(?:FORCES\|\s+\d+|\d+\s+\d+\s+[A-Z][a-z]?)\s+{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}(?:\s+{_NUMBER})?\s*$"
    found = re.findall(row, text, flags=re.MULTILINE)
    return np.array([[float(number) for number in numbers[:3]] for numbers in found]).reshape(-1, 3)


def _stress(text: str) -> np.ndarray | None:
    """eV/Å³, tension positive; CP2K's is compression positive. None where there is none."""
    import numpy as np

    head = re.search(r"STRESS\|? ?Analytical stress tensor \[(\w+)\]", text)
    rows = re.findall(rf"^\s*STRESS\|\s+[xyz]\s+{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}\s*$", text, flags=re.MULTILINE)
    if head is None or len(rows) < 3:
        return None
    unit = {"gpa": units.GPA, "bar": units.BAR, "kbar": units.KBAR}[head[1].lower()]
    tensor = -unit * np.array([[float(number) for number in row] for row in rows[:3]])
    return (tensor + tensor.T) / 2


def _moments(path: Path, n_atoms: int) -> dict[str, np.ndarray]:
    """`magmoms`: Mulliken's, of a spin-polarized calculation."""
    import numpy as np

    row = rf"^\s*\d+\s+[A-Z][a-z]?\s+\d+\s+{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}\s*$"
    rows = re.findall(row, _text(path), flags=re.MULTILINE)
    return {"magmoms": np.array([float(numbers[3]) for numbers in rows])} if len(rows) == n_atoms else {}
