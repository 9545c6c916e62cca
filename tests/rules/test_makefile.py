"""What `make demo` installs is what the demo needs, and what comes later adds to it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


def installed(target: str, folder: Path) -> list[set[str]]:
    """What each call of pip would install in a new environment, in order."""
    command = ["make", "--dry-run", "--always-make", target, f"VENV={folder / 'none'}"]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    calls = re.findall(r"(?m)-m pip install (.*)$", said)
    return [{word.removeprefix("./") for word in call.split() if word[0] != "-"} for call in calls]


def test_the_demo_installs_what_its_study_uses_and_mace_to_swap_to(tmp_path: Path) -> None:
    demo = set().union(*installed("demo", tmp_path))
    study = YAML(typ="safe").load((ROOT / "examples" / "quickstart" / "study.yaml").read_text())
    used = [study["structures"]["use"], *study["potentials"].values(), study["labeler"], study["dynamics"]["use"]]
    plugins = {f"plugins/{name}" for name in (*used, study["descriptor"], "mace")}
    assert demo == {"constraints.txt", "torch", "framework", "framework/torch", *plugins}


def test_tests_lint_and_docs_add_to_it(tmp_path: Path) -> None:
    demo, every = installed("demo", tmp_path), installed("install", tmp_path)
    assert every[: len(demo)] == demo
    added = set().union(*every[len(demo) :])
    assert {"pytest", "hypothesis", "plugins/gpaw", "plugins/matgl", "plugin-template"} <= added
    assert not {"sphinx", "pyright", "plugins/sevennet"} & added
    folders = {f"plugins/{path.parent.name}" for path in ROOT.glob("plugins/*/pyproject.toml")} - {"plugins/sevennet"}
    assert folders <= added | set().union(*demo)
    for target, tool in (("lint", "pyright"), ("docs", "sphinx")):
        more = installed(target, tmp_path)
        assert more[: len(every)] == every
        assert tool in set().union(*more[len(every) :])
