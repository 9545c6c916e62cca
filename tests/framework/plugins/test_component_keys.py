"""Keys of components that are in people's stores: a changed one would make them compute, or buy, everything again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whet import Spec
from whet.data.errors import MissingPackage, UnknownName
from whet.plugins.registry import registry

KEPT: list[tuple[str, Any, str]] = [
    ("potentials", "toy", "e002e0377bc918a6231f3ef7da5c8237"),
    ("potentials", "toy:hard", "5a98c0a7630d02c67b53c06aa6c6d7ba"),
    ("potentials", "toy:./own.json", "c124e076081a0e49cdc2dc8d892d0f55"),
    ("potentials", {"use": "toy", "model": "own.json"}, "c124e076081a0e49cdc2dc8d892d0f55"),
    (
        "potentials",
        {"use": "committee", "members": ["toy:hard", {"use": "toy", "model": "own.json"}]},
        "21f472a11d1bcbbdd826ebcfb6d0509a",
    ),
    ("potentials", "pairwise", "6f7ba0132f1dbc38968eeab9126f08f1"),
    ("potentials", "chgnet", "e6f805799bb174e5f7b4e731c5fc8c08"),
    ("potentials", "chgnet:0.2.0", "e77decda93541f38b9d26479985ce800"),
    ("potentials", "mace:small", "8d84b4696fea7774968e860015e7410a"),
    ("potentials", "mace:medium", "3fd85eeb10f8ed94e6e14e056aa5a18b"),
    ("potentials", "matgl:M3GNet-MP-2021.2.8-PES", "fb81485ad8a0337eacbe5ca0c97a6e1a"),
    ("potentials", "nep", "a592d904b7b506e22a975577442ce66b"),
    ("potentials", {"use": "d3", "potential": "chgnet", "functional": "pbe"}, "99c58a6acd99e7f7787da806a571febe"),
    ("labelers", "toy", "52ddd601fd804fa33bb913e9a993fb38"),
    ("labelers", {"use": "teacher", "potential": "mace:small"}, "f82e88626db24e94ce1e053e857a891f"),
    (
        "labelers",
        {"use": "teacher", "potential": {"use": "toy", "model": "own.json"}},
        "1c72091b72d92d7d0410d29fadb99aae",
    ),
    ("labelers", "cp2k", "a5655110ccdc96ee22a5d3d08bfd6c7f"),
    (
        "structures",
        {"use": "packmol", "molecules": {"mol.xyz": 3, "H2O": 2}, "density": 0.3},
        "a3acfdee263b786f384a7daf67ab5acd",
    ),
    ("md_engines", "ase-md", "8868599073e24321b03f6f9206bca558"),
    ("descriptors", "soap", "4ae738768407878c513954b23ac69935"),
]
"""As they were before published weights were known by their checksum alone."""


@pytest.mark.parametrize(("hook", "given", "key"), KEPT)
def test_a_component_keeps_its_key(toy: None, tmp_path: Path, hook: str, given: Any, key: str) -> None:
    (tmp_path / "own.json").write_text("[0.5, 0.1, -0.3, -0.1, 0.0]")
    (tmp_path / "mol.xyz").write_text("1\n\nAr 0 0 0\n")
    try:
        resolved = registry().resolve(hook, Spec.parse(given, folder=tmp_path))
    except (UnknownName, MissingPackage) as error:
        pytest.skip(str(error))
    assert resolved.key == key
