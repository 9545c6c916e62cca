"""What pw.x wrote: energy, forces and stress, or why they are none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from whet import Failure, Labels, units
from whet_espresso.calculation import PREFIX
from whet_espresso.pseudopotentials import named

if TYPE_CHECKING:
    import numpy as np

OUTPUT, RESULTS = "output.txt", f"{PREFIX}.xml"
ENDED = "JOB DONE."
_UNCONVERGED = re.compile(r"convergence NOT achieved after\s+(\d+) iterations")


def read_output(folder: Path, n_atoms: int, *, with_stress: bool, xc: str, hubbard: bool) -> Labels | Failure:
    """The labels of a calculation that came to its end, from its results in XML, which have all digits.

    with_stress: whether there must be one. xc: the functional that must have run. hubbard: whether +U must have.
    """
    from ase.units import Bohr

    log = str(folder / OUTPUT)
    text = _text(folder / OUTPUT)
    if failed := _UNCONVERGED.search(text):
        return Failure(f"self-consistency was not reached in {failed[1]} iterations", log)
    if ENDED not in text or not (folder / RESULTS).is_file():
        return Failure("its output is truncated: pw.x did not come to its end", log)
    try:
        results = ElementTree.parse(folder / RESULTS).getroot().find("output")
    except ElementTree.ParseError:
        results = None
    if results is None:
        return Failure(f"its output is truncated: {RESULTS} breaks off", log)
    if results.findtext("convergence_info/scf_conv/convergence_achieved", "").strip() != "true":
        return Failure("self-consistency was not reached", log)
    ran = named(results.findtext("dft/functional", ""))
    if ran != named(xc):
        return Failure(f"pw.x ran the functional {ran!r}, not {xc!r}", log)
    if hubbard and results.find("dft/dftU/Hubbard_U") is None:
        reason = "pw.x left out hubbard_u: before version 7.1 it needs `hubbard_input: namelist`"
        return Failure(reason, log)
    if (occupied := _highest_occupation(results)) > 1e-4:
        reason = f"the highest band is occupied (by {occupied:.1g}): give more bands, `input: {{SYSTEM: {{nbnd: …}}}}`"
        return Failure(reason, log)
    energy = _numbers(results, "total_energy/etot")
    forces = _numbers(results, "forces").reshape(-1, 3)
    stress = _numbers(results, "stress")
    if len(energy) != 1:
        return Failure("its output has no energy", log)
    if len(forces) != n_atoms:
        return Failure(f"its output has forces of {len(forces)} atoms, the frame has {n_atoms}", log)
    if with_stress and len(stress) != 9:
        return Failure("its output has no stress", log)
    # Hartree/Bohr³, compression positive
    tensor = -stress.reshape(3, 3) * units.HARTREE / Bohr**3 if with_stress else None
    extra = _moments(text, n_atoms)
    return Labels(float(energy[0]) * units.HARTREE, forces * units.HARTREE / Bohr, tensor, extra)


def unconverged_after(folder: Path) -> int | None:
    """The iterations that were not enough; None where they were, or the output does not say."""
    failed = _UNCONVERGED.search(_text(folder / OUTPUT))
    return int(failed[1]) if failed else None


def why_it_ended(folder: Path) -> str:
    """What the output says of why pw.x broke off; empty where it says nothing."""
    text = _text(folder / OUTPUT)
    if failed := _UNCONVERGED.search(text):
        return f"self-consistency was not reached in {failed[1]} iterations"
    said = re.search(r"%{10,}\n(.*?)\n\s*%{10,}", text, flags=re.DOTALL)
    return " ".join(said[1].split()) if said else ""


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _numbers(results: ElementTree.Element, path: str) -> np.ndarray:
    import numpy as np

    return np.array([float(word) for word in results.findtext(path, "").split()])


def _highest_occupation(results: ElementTree.Element) -> float:
    """Largest occupation of the last band at any k-point, up or down; 0 for fixed occupations, which fill all bands."""
    if (results.findtext("band_structure/occupations_kind") or "").strip() != "smearing":
        return 0.0
    spins = 2 if (results.findtext("band_structure/lsda") or "").strip() == "true" else 1
    found = [0.0]
    for point in results.iterfind("band_structure/ks_energies/occupations"):
        values = [abs(float(word)) for word in (point.text or "").split()]
        found += [values[-1], values[len(values) // spins - 1]]
    return max(found)


def _moments(text: str, n_atoms: int) -> dict[str, np.ndarray]:
    """`magmoms`: integrated about each atom, as printed last; none without spin polarization."""
    import numpy as np

    rows = re.findall(r"^\s*atom[:\s]\s*\d+.*?magn[:=]\s*(-?\d+\.\d+)", text, flags=re.MULTILINE)
    return {"magmoms": np.array([float(row) for row in rows[-n_atoms:]])} if len(rows) >= n_atoms else {}
