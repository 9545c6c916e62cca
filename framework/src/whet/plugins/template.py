"""new_plugin: a plugin of one's own, made from the template that ships with Whet."""

from __future__ import annotations

import keyword
import re
import tempfile
from pathlib import Path

from whet.data.errors import InputError, UnknownName
from whet.data.refusals import unwritable
from whet.plugins.begun_package import write_calculator, write_example
from whet.plugins.kinds_to_begin import kinds_to_begin

WORD = "pairwise"
"""The name in the template, in the names of its files and in their text."""

LONGEST = 60
"""Letters of a name, which becomes that of a distribution, a module and a class."""

RUFF = """
[tool.ruff]
line-length = 120

[tool.ruff.lint.isort]
known-first-party = ["whet"]
"""
"""How its sources are laid out, for the linter; in a checkout of Whet the template has the settings of the tree."""

LEFT_OUT = {"__pycache__", ".pytest_cache", "build", "dist", ".venv"}


POTENTIAL = ("potential", "fine-tuner")
"""Kinds whose template is the whole package: a fine-tuner has the name of its potential."""


def new_plugin(name: str, parent: Path, *, kind: str = "potential", ase_calculator: str = "") -> Path:
    """Writes the package `whet-NAME` into a folder of that name in `parent`, all or nothing, and returns the folder.

    name: lower-case letters, digits and dashes. kind: `potential`, with a fine-tuner, or one of `kinds_to_begin`.
    ase_calculator: `MODULE:CLASS`, of which a potential is made. Raises UnknownName for another kind, InputError for
    another name, or where the folder is not empty, StoreError where it cannot be written.
    """
    if kind not in (*POTENTIAL, *kinds_to_begin()):
        raise UnknownName.among("kind of plugin to begin", kind, (*POTENTIAL, *kinds_to_begin()))
    if ase_calculator and kind != "potential":
        raise InputError(f"an ASE calculator makes a potential, and no {kind}", hint="Leave --kind out")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(name) or len(name) > LONGEST:
        hint = "Lower-case letters, digits and single dashes, beginning with a letter, 60 at most: my-potential"
        raise InputError(f"{name!r} cannot be the name of a plugin", hint=hint)
    name = name.removeprefix("whet-")
    folder = parent / f"whet-{name}"
    hint = "Choose another name"
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError("there is a file of this name already", where=str(folder), hint=hint)
    if folder.exists() and any(folder.iterdir()):
        raise InputError("there is something in this folder already", where=str(folder), hint=hint)
    source = _template()
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True) as scratch:
            made = Path(scratch) / folder.name
            made.mkdir()
            if ase_calculator:
                write_calculator(made, name, ase_calculator, lambda file: _text(source / file, name))
            elif kind in kinds_to_begin():
                write_example(made, name, kinds_to_begin()[kind], lambda file: _text(source / file, name))
            else:
                _write(source, made, name)
            with (made / "pyproject.toml").open("a", encoding="utf-8") as project:
                project.write(RUFF)
            made.rename(folder)  # onto nothing, or an empty folder: onto anything else the system refuses
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def _write(source: Path, folder: Path, name: str) -> None:
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_dir() or LEFT_OUT.intersection(inside.parts) or any(p.endswith(".egg-info") for p in inside.parts):
            continue
        target = folder / Path(*(_renamed(part, name) for part in inside.parts))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_text(path, name), encoding="utf-8")


def _text(path: Path, name: str) -> str:
    """A file of the template, with the plugin's own name in it."""
    return _renamed(path.read_text(encoding="utf-8"), name)


def _renamed(text: str, name: str) -> str:
    """The template's words replaced: a distribution has dashes, a module underscores, a class neither."""
    # The class ends with the word anyway: my-potential becomes MyPotential.
    title = "".join(part.capitalize() for part in name.removesuffix("-potential").split("-"))
    module = name.replace("-", "_")
    for old, new in (
        (f"whet_{WORD}", f"whet_{module}"),
        (f"test_{WORD}", f"test_{module}"),
        (WORD, name),
        (WORD.capitalize(), title),
    ):
        text = text.replace(old, new)
    return text


def _template() -> Path:
    """The template: in the package, or beside its sources in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "plugin_template", package.parents[2] / "plugin-template"):
        if (folder / "pyproject.toml").is_file():
            return folder
    raise InputError("the template is not in this installation of Whet", hint="pip install --force-reinstall whet")
