"""Model files are code: nothing is unpickled unless a step loads it, and `whet check` says which files are code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from whet.plugins.registry import registry

GUARD = """
import sys

def watch(event, arguments):
    if event == "pickle.find_class":
        sys.stderr.write(f"unpickles {arguments}\\n")
        sys.stderr.flush()
        import os
        os._exit(97)

sys.addaudithook(watch)
sys.argv = ["whet", *ARGUMENTS]
from whet.cli.main import main
main()
"""


def guarded(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in an interpreter that ends at once where anything is unpickled."""
    code = GUARD.replace("ARGUMENTS", repr(list(arguments)))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_guard_sees_what_is_unpickled(tmp_path: Path) -> None:
    code = GUARD.partition("sys.argv")[0] + "import pickle, pathlib; pickle.loads(pickle.dumps(pathlib.Path('x')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 97


def test_opening_a_store_a_report_or_a_listing_unpickles_nothing(study_file: Path, toy: None) -> None:
    study = str(study_file)
    assert guarded("run", study).returncode == 0  # the toy's own files are JSON
    for arguments in (
        ["check", study],
        ["status", study],
        ["report", study],
        ["plugins"],
        ["plugins", "--json"],
        ["models", "list"],
        ["run", study],
    ):
        ended = guarded(*arguments)
        assert ended.returncode == 0, (arguments, ended.stderr)


def test_listing_and_checking_real_potentials_unpickles_nothing(tmp_path: Path) -> None:
    known = registry().names("potentials")
    if "chgnet" not in known:
        pytest.skip("whet-chgnet is not installed")
    (tmp_path / "study.yaml").write_text("name: files\npotentials: {main: chgnet}\n")
    ended = guarded("check", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "model of potential main, ships with chgnet, published as chgnet:0.3.0, runs no code\n" in ended.stdout


def test_check_says_which_files_are_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "mace" not in registry().names("potentials"):
        pytest.skip("whet-mace is not installed")
    (tmp_path / "mine.model").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    (tmp_path / "study.yaml").write_text("name: files\npotentials: {main: mace:mine.model}\n")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    ended = guarded("check", str(tmp_path))
    assert ended.returncode == 2, ended.stderr
    assert "a file of yours, this is code, and nobody vouches for it: it asks for os.system" in ended.stdout
    assert "use only files that you trust" in ended.stdout
    assert "No fault found" not in ended.stdout
    found = json.loads(guarded("check", str(tmp_path), "--json").stdout)
    (listed,) = found["files"]
    assert listed["path"].endswith("mine.model")
    assert len(listed["sha256"]) == 64
    assert found["refused"][0]["path"] == listed["path"]
    assert guarded("models", "trust", listed["path"]).returncode == 0
    ended = guarded("check", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "a file of yours, trusted by you on " in ended.stdout
