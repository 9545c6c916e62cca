"""The wheel of Whet: what is in the source folder is in it, and the plugin template."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"}


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target]
    subprocess.run(command, cwd=ROOT / "framework", check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_all_of_the_source_folder_is_in_it(inside: set[str]) -> None:
    """A folder named report is left out by the tree's .gitignore; page.html and the stubs are no modules."""
    source = files(ROOT / "framework" / "src" / "whet")
    assert {"report/page.html", "__init__.pyi", "py.typed"} <= source
    assert {f"whet/{name}" for name in source} - inside == set()


def test_the_plugin_template_is_in_it(inside: set[str]) -> None:
    template = {name for name in inside if name.startswith("whet/plugin_template/")}
    given = subprocess.run(["git", "ls-files", "plugin-template"], cwd=ROOT, check=True, capture_output=True, text=True)
    names = {name.removeprefix("plugin-template/") for name in given.stdout.split()}
    assert {f"whet/plugin_template/{name}" for name in names} == template


def test_the_pages_that_messages_point_to_are_in_it(inside: set[str]) -> None:
    assert {"whet/pages/conformance.md", "whet/pages/writing-a-plugin.md"} <= inside
