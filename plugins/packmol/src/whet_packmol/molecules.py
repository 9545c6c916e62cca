"""Molecules by name, or out of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from whet import InputError, UnknownName

if TYPE_CHECKING:
    from ase import Atoms

COMMON = {
    "acetaldehyde": "CH3CHO",
    "acetamide": "CH3CONH2",
    "acetic-acid": "CH3COOH",
    "acetone": "CH3COCH3",
    "acetonitrile": "CH3CN",
    "ammonia": "NH3",
    "benzene": "C6H6",
    "carbon-dioxide": "CO2",
    "chloroform": "HCCl3",
    "dimethyl-ether": "CH3OCH3",
    "dimethyl-sulfoxide": "C2H6SO",
    "ethane": "C2H6",
    "ethanol": "CH3CH2OH",
    "formaldehyde": "H2CO",
    "formic-acid": "HCOOH",
    "hydrogen-peroxide": "H2O2",
    "methane": "CH4",
    "methanol": "CH3OH",
    "methyl-formate": "HCOOCH3",
    "nitromethane": "CH3NO2",
    "propane": "C3H8",
    "pyridine": "C5H5N",
    "water": "H2O",
}
"""Common names -> names of ASE's g2 set."""


def is_path(name: str) -> bool:
    """Whether a molecule is named by its file."""
    return "/" in name or bool(Path(name).suffix)


def known_molecule(name: str) -> str:
    """The name in ASE's g2 set. UnknownName, with the nearest one, where there is none."""
    from ase.collections import g2

    formula = COMMON.get(name, name)
    if formula not in g2.names:
        hint = "Write a common name (water), a formula of ASE's g2 set (CH3OH), or the path of a file"
        near = UnknownName.among("molecule", name, [*COMMON, *g2.names])
        raise near if "Did you mean" in near.hint else UnknownName(near.what, hint=hint)
    return formula


def load_molecule(name: str, files: Mapping[str, Path]) -> Atoms:
    """One molecule, without a cell. InputError where its file holds more than one structure, or none."""
    path = files.get(Path(name.removeprefix("file:")).name)
    if path is None:
        from ase.build import molecule

        return molecule(known_molecule(name))
    from whet import read_structures  # not at the top: it brings every format of files

    found = read_structures(path)
    if len(found) != 1:
        raise InputError(f"one molecule is needed, the file holds {len(found)} structures", where=str(path))
    single = found[0].copy()
    single.set_constraint()
    single.set_cell(None)
    single.pbc = False
    return single
