"""Environments of their own: what is wrong with one is a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from whet import InputError
from whet.running.new_environment import create_environment, environment_faults


def whet(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "whet", *words], cwd=folder, capture_output=True, text=True)


def test_no_interpreter_names_the_command(tmp_path: Path) -> None:
    offers, (fault,) = environment_faults(tmp_path / "mine")
    assert not offers
    assert "make it: whet env create mine --plugin PLUGIN" in fault


def test_an_interpreter_without_whet_says_so(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    _, (fault,) = environment_faults(tmp_path / "bare")
    assert "Whet does not run in it" in fault
    assert "No module named whet" in fault
    ended = whet("env", "check", "--in", str(tmp_path), folder=tmp_path)
    assert ended.returncode == 2
    assert "Whet does not run in it" in ended.stdout


def test_nothing_to_check_is_one_line(tmp_path: Path) -> None:
    ended = whet("env", "check", folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "whet: .envs: there is no environment. Make one: whet env create NAME --plugin PLUGIN\n"


def test_a_folder_that_is_no_plugin_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no pyproject\.toml"):
        create_environment(tmp_path / "mine", [str(tmp_path / "empty")])
    assert not (tmp_path / "mine").exists()


def test_an_environment_that_works_lists_what_it_offers(sevennet_python: Path) -> None:
    offers, faults = environment_faults(sevennet_python.parents[1])
    assert "potentials sevennet" in offers
    assert not faults


def test_an_interpreter_that_cannot_be_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"the environment cannot be made \(no-such-python cannot be run: No such file"
    ):
        create_environment(tmp_path / "mine", ["whet-toy"], python=Path("no-such-python"))
