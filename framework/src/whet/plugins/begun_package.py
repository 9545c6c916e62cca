"""write_example, write_calculator: packages that are begun from an example, beside the template of a potential."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

from whet.data.errors import InputError
from whet.plugins.hookspecs import KINDS
from whet.plugins.kinds_to_begin import Example

ENTRY = '''"""{what} for Whet. Importing this module imports neither NumPy nor ASE, so that listing plugins is fast."""

from __future__ import annotations

from whet import {contract}, hookimpl
from {module}.{file} import {cls}

whet_api = {{"{hook}": {version}}}
"""The version of each kind of hook that this plugin was written for."""


@hookimpl
def {hook}() -> list[type[{contract}]]:
    return [{cls}]
'''

README = """# whet-{name}

{what} as a plugin of [Whet](https://pypi.org/project/whet/).

## Development

```sh
python -m venv .venv && .venv/bin/pip install -e '.[test]'
.venv/bin/python -m pytest
.venv/bin/whet {look}
```
"""

KIT = '''"""The conformance kit: one test a check."""

from __future__ import annotations

from whet.testing import {kit}


class Test{title}({kit}):
    given = "{name}"
'''

CALCULATOR = '''"""{title}Potential: {calculator} as a potential of Whet."""

from __future__ import annotations

from typing import TYPE_CHECKING{class_var}

from whet import CalculatorPotential, Capabilities

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


class {title}Potential(CalculatorPotential):
    """{calculator}, an ASE calculator."""

    name = "{name}"{packages}

    @property
    def capabilities(self) -> Capabilities:
        # State what you know: elements=frozenset({{"H", "O"}}), cutoff in Å, dtype="float32" where it computes in that.
        return super().capabilities

    def make_calculator(self) -> Calculator:
        from {home} import {calculator}

        return {calculator}()
'''

Renamed = Callable[[str], str]


def write_example(folder: Path, name: str, example: Example, template: Renamed) -> None:
    """Writes the package of an example. template: a file of the potential's template, renamed, by its path in it.

    Raises InputError where the page with the example is not in this installation.
    """
    module = f"whet_{name.replace('-', '_')}"
    end, noun = example.cls.removeprefix(example.stem), KINDS[example.hook].noun
    title = _title(name, noun.lower().replace(" ", "-"), end.lower())

    def renamed(text: str) -> str:
        """The example's words replaced: by the package's, and by what ends a class that is called after its kind."""
        text = re.sub(rf"{Path(example.source).parent}\b", module, text).replace(
            example.cls, title + (end or "Analysis")
        )
        return text.replace(example.stem, title).replace(example.name, name)

    cls = title + (end or "Analysis")
    article = "An" if noun[0] in "aeiouM" else "A"
    test = KIT.format(kit=example.kit, title=cls, name=name) if example.has_kit else renamed(example.kit)
    look = f"plugins check {name}" if example.has_kit else "plugins"
    files = {
        f"src/{module}/{example.file}.py": renamed(example.text()),
        f"tests/test_{example.file}.py": test,
    }
    _write(folder, name, example.hook, cls, example.file, f"{article} {noun}", look, files, template)


def write_calculator(folder: Path, name: str, calculator: str, template: Renamed) -> None:
    """Writes a package whose potential is an ASE calculator, `MODULE:CLASS`. InputError for what is no such name."""
    if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*", calculator):
        raise InputError(f"{calculator!r} names no calculator", hint="MODULE:CLASS, such as ase.calculators.emt:EMT")
    home, _, cls = calculator.partition(":")
    top, title = home.partition(".")[0], _title(name, "potential")
    needs = "" if top == "ase" else next(iter(packages_distributions().get(top, [top])))
    words = {
        "title": title,
        "name": name,
        "calculator": cls,
        "home": home,
        "class_var": ", ClassVar" if needs else "",
        "packages": f'\n    packages: ClassVar = {{"{top}": "{needs}"}}' if needs else "",
    }
    module = f"whet_{name.replace('-', '_')}"
    files = {
        f"src/{module}/potential.py": CALCULATOR.format(**words),
        "tests/test_potential.py": KIT.format(kit="PotentialConformance", title=f"{title}Potential", name=name),
    }
    potential, check = f"{title}Potential", f"plugins check {name}"
    _write(folder, name, "potentials", potential, "potential", "A potential", check, files, template, needs)


def _write(
    folder: Path,
    name: str,
    hook: str,
    cls: str,
    file: str,
    what: str,
    look: str,
    files: dict[str, str],
    template: Renamed,
    needs: str = "",
) -> None:
    module, kind = f"whet_{name.replace('-', '_')}", KINDS[hook]
    contract = kind.contract.rpartition(".")[2]
    project = re.sub(r"(?m)^description = .*$", f'description = "{what} for Whet."', template("pyproject.toml"))
    if needs:
        project = project.replace('    "numpy>=2.0",\n', f'    "{needs}",\n    "numpy>=2.0",\n')
    entry = {"contract": contract, "module": module, "file": file, "cls": cls, "hook": hook, "version": kind.version}
    every = {
        "pyproject.toml": project,
        "LICENSE": template("LICENSE"),
        ".gitignore": template(".gitignore"),
        "README.md": README.format(name=name, what=what, look=look),
        f"src/{module}/__init__.py": ENTRY.format(what=what, **entry),
        **files,
    }
    for inside, text in every.items():
        path = folder / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _title(name: str, *ends: str) -> str:
    """`my-engine` -> `My`, whose class is MyEngine; `fast` -> `Fast`."""
    for end in ends:
        name = name.removesuffix(f"-{end}") if end else name
    return "".join(part.capitalize() for part in name.split("-"))
