"""The documentation is true: generated pages are fresh, commands in the README exist, examples are valid."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_generated_pages_are_fresh() -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "generate_reference.py", "--check"], check=True)


def test_the_keys_of_resources_have_a_table() -> None:
    page = (ROOT / "docs" / "reference" / "study-file.md").read_text()
    _, _, below = page.partition("## An entry of `resources` of `running`\n")
    rows = {line.split("`")[1]: line for line in below.partition("\n## ")[0].splitlines() if line.startswith("| `")}
    assert list(rows) == ["cores", "memory", "gpus", "walltime"] and "Minutes" in rows["walltime"]


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in {
        first or second
        for first, second in re.findall(r"(?m)^make ([a-z-]+)|`make ([a-z-]+)`", (ROOT / "README.md").read_text())
    }:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_conformance_table_has_every_check_of_every_backend() -> None:
    """`make conformance` is to be run again where a check was added or renamed."""
    from whet.plugins.hookspecs import KINDS
    from whet.testing.backends import kits

    stale = []
    for path in sorted((ROOT / "docs" / "conformance").glob("*.json")):
        for one in json.loads(path.read_text()):
            assert one["ok"], path
            (known,) = (k.checks for hook, k in kits().items() if one["subject"].startswith(f"{KINDS[hook].noun} "))
            if [outcome["check"] for outcome in one["outcomes"]] != [check.name for check in known]:
                stale.append(path.name)
    assert not stale


@pytest.mark.parametrize("study", sorted((ROOT / "examples").glob("*/study.yaml")), ids=lambda path: path.parent.name)
def test_every_example_is_valid(study: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "WHET_REFERENCE_DATA" in study.read_text():
        request.getfixturevalue("reference_data")
    if (study.parent / "choose.py").exists():
        pytest.skip("its materials are chosen first: tests/study/test_moduli_example.py does that")
    if ".envs/sevennet" in study.read_text():
        request.getfixturevalue("sevennet_python")
    from whet import Study

    assert Study.load(study).plan.steps
