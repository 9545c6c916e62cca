"""Puts the plugin template, which lies beside this folder, into the wheel; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info", ".pytest_cache", "build", "dist", ".venv")


def template() -> Path:
    """In a checkout beside this folder, in a source distribution inside it."""
    inside = HERE / "plugin-template"
    return inside if inside.is_dir() else HERE.parent / "plugin-template"


class WithTemplate(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "whet" / "plugin_template"
            shutil.copytree(template(), target, ignore=LEFT_OUT, dirs_exist_ok=True)


class SourceWithTemplate(sdist):
    def make_release_tree(self, base_dir: str, files: list) -> None:
        super().make_release_tree(base_dir, files)
        shutil.copytree(template(), Path(base_dir) / "plugin-template", ignore=LEFT_OUT, dirs_exist_ok=True)


setup(cmdclass={"build_py": WithTemplate, "sdist": SourceWithTemplate})
