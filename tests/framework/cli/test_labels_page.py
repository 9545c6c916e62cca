"""docs/how-to/labels.md: its commands and its script do what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule

from in_process import whet
from labeled_argon import labeled, read_all
from whet import export_frames
from whet.plugins.registry import registry

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "labels.md"


@pytest.mark.skipif("tblite" not in registry().names("labelers"), reason="whet-tblite is not installed")
def test_the_page_says_what_works(tmp_path: Path) -> None:
    """Its commands run one after the other, in a folder with structures of water and with labels of argon."""
    water = []
    for index in range(6):
        atoms = molecule("H2O")
        atoms.positions += np.random.default_rng(index).normal(scale=0.03, size=(3, 3))
        water.append(atoms)
    export_frames(tmp_path / "water.extxyz", water)
    export_frames(tmp_path / "old.extxyz", [labeled(index) for index in range(6)])
    text = PAGE.read_text()
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 10
    said = {}
    for command in commands:
        name, *arguments = shlex.split(command)
        assert name == "whet"
        said[command] = whet(*arguments, folder=tmp_path).stdout
    first = said[commands[0]]
    assert "8 of 8 labeled: 8 computed now, 0 found" in first
    assert re.search(r"(?m)^O +-\d+\.\d{6}\s*$", first)
    for command in commands[:3]:
        assert max(map(len, said[command].splitlines())) <= 80
    assert re.search(r"(?m)^duplicates +6 +skipped", said[commands[-1]])
    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("0 6 []\n") and "GFN2-xTB (tblite) 8" in ran.stdout
    frames = read_all(tmp_path / "mace.extxyz")
    assert sum(frame.info.get("config_type") == "IsolatedAtom" for frame in frames) == 2
    assert (tmp_path / "water.deepmd" / "H2O" / "set.000").is_dir()
