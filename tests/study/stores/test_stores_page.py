"""docs/how-to/stores.md: its commands and its script do what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from in_process import whet
from whet import Study
from whet.running.leftovers import DAMAGED_LOG, PARTIAL

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "stores.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_page_says_what_works(folder: Path, tmp_path: Path) -> None:
    """Its commands run one after the other, in the folder of a study that was changed and run again."""
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("epochs: 1", "epochs: 2").replace("name: toy", "name: argon"))
    plan = next(iter((folder / ".whet" / "plans").iterdir()))
    plan.unlink()  # the study had its name from the beginning
    assert not Study.load(study).run(workers=0).failed
    said = {}
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 9
    scratch = str(tmp_path / "scratch")
    for command in commands:
        name, *arguments = shlex.split(command.replace("/scratch", scratch))
        if name == "tar":
            subprocess.run([name, *arguments], cwd=folder, check=True)
            continue
        assert name == "whet"
        said[command] = whet(*arguments, folder=folder).stdout
        if arguments[:2] == ["store", "move"]:
            assert f"Say `store: {scratch}/stores/argon` in\n  {study}" in said[command]
            study.write_text(f"{study.read_text()}store: {scratch}/stores/argon\n")
    verified, of_study, listed, removed, _, exported, _, again = said.values()
    assert "all whole" in verified and "all whole" in of_study
    assert "not needed" in listed and "Removed " in removed
    assert "left out: files of fine-tune" in exported and "left out when the study was exported" in again
    (script,) = blocks("python")
    ran = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"True \d+ \d+ 1\nargon True\n", ran.stdout)
    assert (folder / "argon.zip").is_file()


def test_the_words_of_the_page_are_those_of_the_command() -> None:
    text = PAGE.read_text()
    for kind in (PARTIAL, DAMAGED_LOG):
        assert f"--also {kind}" in text
    source = (Path(sys.modules["whet"].__file__ or "").parent / "running" / "verification.py").read_text()
    for kind in re.findall(r"(?m)^\| ([a-z-]+) \|", text)[1:]:
        assert f'"{kind}"' in source or kind == "plan"
