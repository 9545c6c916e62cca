"""Units inside Whet: eV, Å, eV/Å, eV/Å³ (stress: tension positive), fs, K, bar. These factors convert at the border."""

from __future__ import annotations

GPA = 1 / 160.21766208
"""One gigapascal in eV/Å³."""

KBAR = 0.1 * GPA
"""One kilobar in eV/Å³. VASP prints kB with compression positive: the sign is the adapter's business."""

BAR = 1e-3 * KBAR
"""One bar in eV/Å³."""

HARTREE = 27.211386024367243
"""One Hartree in eV (CODATA 2014, as in ase.units)."""

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""ASE's order of the six independent stress components: xx, yy, zz, yz, xz, xy."""

BOHR = 0.5291772105638411
"""One bohr in Å (CODATA 2014, as in ase.units)."""

KCAL_PER_MOL = 0.04336410390059322
"""One kilocalorie per mole in eV (CODATA 2014, as in ase.units)."""

KJ_PER_MOL = KCAL_PER_MOL / 4.184
"""One kilojoule per mole in eV."""

ENERGY_UNITS = {"kcal/mol": KCAL_PER_MOL, "kJ/mol": KJ_PER_MOL, "meV": 1e-3, "Ry": HARTREE / 2, "Ha": HARTREE}
"""eV of one of each that energies of files are found in by mistake."""

FORCE_UNITS = {
    "kcal/mol/Å": KCAL_PER_MOL,
    "kJ/mol/Å": KJ_PER_MOL,
    "meV/Å": 1e-3,
    "Ry/Bohr": HARTREE / 2 / BOHR,
    "Ha/Bohr": HARTREE / BOHR,
}
"""eV/Å of one of each."""

STRESS_UNITS = {"GPa": GPA, "kbar": KBAR, "bar": BAR}
"""eV/Å³ of one of each."""
