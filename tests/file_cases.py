"""Files that users bring, and what every command says of one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from in_process import Said, whet

STUDY = "name: toy\npotentials: {main: toy}\n"
LABELED = "tests: {given: FILE}\n"
STRUCTURES = """\
structures: {file: FILE}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
tests: {sampled: {trajectories: 1}}
self_generated: {of: none}
"""

TRAINING = """\
name: toy
potentials: {main: toy}
fine_tune: {epochs: 2}
strategies: {few: {preset: subsets, data: given, sizes: [4]}}
data: {given: FILE}
tests: {other: OTHER}
"""

COMMANDS: dict[str, Sequence[str]] = {
    "evaluate": ("evaluate", "FILE", "--potential", "toy"),
    "import": ("labels", "import", "FILE", "--theory", "PBE", "--units", "eV,Å", "--store", "s"),
    "label": ("label", "FILE", "--labeler", "toy", "--store", "s"),
    "show": ("frames", "show", "FILE"),
    "convert": ("frames", "convert", "FILE", "converted.extxyz"),
    "check": ("check", "labeled.yaml"),
    "check structures": ("check", "structures.yaml"),
    "run": ("run", "labeled.yaml"),
}


def said(folder: Path, command: str, file: Path | str, code: int | None = 2) -> Said:
    """What a command says of a file."""
    for name, text in {"labeled.yaml": LABELED, "structures.yaml": STRUCTURES}.items():
        (folder / name).write_text(STUDY + text.replace("FILE", str(file)))
    words = [str(file) if word == "FILE" else word for word in COMMANDS[command]]
    return whet(*words, code=code, folder=folder)


def case(reference_data: Path, name: str, folder: Path) -> Path:
    """A copy of a file of the cases."""
    (found,) = (reference_data / "cases").glob(f"*/{name}")
    return Path(shutil.copy(found, folder))
