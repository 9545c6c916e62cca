"""The laws of the design, kept by tests."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "framework" / "src" / "whet"
FLOORS = [
    "data",
    "files",
    "contracts",
    "programs",
    "potentials",
    "dynamics",
    "plugins",
    "bias",
    "labels",
    "tasks",
    "selectors",
    "strategies",
    "sources",
    "probes",
    "analyses",
    "executors",
    "builtin",
    "running",
    "worker",
    "testing",
    "study",
    "report",
    "cli",
    "__main__",
    "__init__",
]
"""From the ground up: every room and every module of the core. Nothing of it imports `whet` itself, the topmost."""

PLUGIN_SOURCES = sorted((ROOT / "plugins").glob("*/src"))
SUPPORT = sorted((ROOT / "framework").glob("*/src"))
"""Distributions that plugins share and that are no plugins themselves."""

MODULES = [path for source in (CORE, *PLUGIN_SOURCES, *SUPPORT) for path in sorted(source.rglob("*.py"))]
TESTS = [path for path in sorted(ROOT.rglob("tests/**/*.py")) if not {".venv", ".envs"} & set(path.parts)]
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "tools"}
HEAVY = ("torch", "pymatgen", "ase", "numpy", "scipy", "sklearn", "matplotlib", "dscribe", "tblite", "mace", "chgnet")


def imports(path: Path) -> list[str]:
    """Absolute names that a module imports, at any depth."""
    found = []
    source = next((above for above in path.parents if (above / "__init__.py").is_file() is False), path.parent)
    package = path.relative_to(source).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "whet" else [node.module]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1]
            found.append(".".join([*above, *filter(None, [node.module])]))
    return found


def loaded_by(code: str) -> set[str]:
    """Top-level modules in memory after running code in a fresh interpreter."""
    script = (
        f"{code}\nimport sys, json; sys.stderr.write(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(ended.stderr.splitlines()[-1]))


def program(arguments: list[str]) -> str:
    """Code that runs the command line and fails where it fails."""
    return (
        f"import sys; sys.argv = ['whet', *{arguments!r}]\n"
        "from whet.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code"
    )


def room(name: str) -> str:
    """The room of a module of the core: `bias` of `whet.bias.errors`, `__init__` of `whet` and what it hands on."""
    first = name.partition(".")[2].partition(".")[0]
    return first if first in FLOORS else "__init__"


def core_imports() -> Iterator[tuple[Path, str, str, str]]:
    """Module, its room, what it imports of the core, and the room of that; stubs say what `__init__` hands on."""
    for path in sorted([*CORE.rglob("*.py"), *CORE.rglob("*.pyi")]):
        inside = path.relative_to(CORE)
        mine = inside.parts[0].partition(".")[0]
        for name in imports(path):
            if name == "whet" or name.startswith("whet."):
                yield inside, mine, name, room(name)


def test_every_room_has_a_floor() -> None:
    rooms = {path.name.partition(".")[0] for path in CORE.iterdir() if path.suffix or (path / "__init__.py").is_file()}
    assert rooms - {"py"} == set(FLOORS)


def test_imports_run_downward_by_floor() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, mine, name, theirs in core_imports()
        if FLOORS.index(theirs) > FLOORS.index(mine)
    ]
    assert not wrong


def test_what_draws_and_what_plans_computes_nothing() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, mine, name, theirs in core_imports()
        if mine in ("study", "report") and theirs in ("bias", "analyses")
    ]
    assert not wrong


def test_rooms_are_reached_by_imports_alone() -> None:
    """A room that is imported by its name in a string is an import that the other laws do not see.

    The table of kinds names contracts and kits, so that only what is used is imported; the registry reads it.
    """
    upward = {}
    for path in CORE.rglob("*.py"):
        mine = path.relative_to(CORE).parts[0].partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if re.fullmatch(r"whet\.\w+(\.\w*)*", text) and FLOORS.index(room(text)) > FLOORS.index(mine):
                upward.setdefault(str(path.relative_to(CORE)), set()).add(room(text))
    # The kit of a kind; and the program that another interpreter runs.
    assert upward == {"plugins/hookspecs.py": {"testing"}, "contracts/executor.py": {"worker"}}


def test_kinds_are_listed_in_one_table() -> None:
    """A list of several hooks anywhere else is one that a new kind would have to be added to."""
    from whet.plugins.hookspecs import KINDS

    nouns = {kind.noun for kind in KINDS.values()}
    wrong = []
    for path in [*CORE.rglob("*.py"), *(ROOT / "docs").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", ())
            words = {part.value for part in parts if isinstance(part, ast.Constant)}
            if max(len(words & set(KINDS)), len(words & nouns)) > 2:
                line = getattr(node, "lineno", 0)
                wrong.append(f"{path.relative_to(ROOT)}, line {line}: {sorted(map(str, words))}")
    own = "framework/src/whet/builtin.py"  # which versions it was written for, as every plugin says it
    assert [one.partition(",")[0] for one in wrong] == [own], wrong


def test_bias_knows_no_plugin() -> None:
    wrong = [
        f"{path} imports {name}" for path, mine, name, theirs in core_imports() if (mine, theirs) == ("bias", "plugins")
    ]
    assert not wrong


def test_the_report_only_draws() -> None:
    """No statistics, no analysis, no plugin, no potential: a record is all that it knows."""
    allowed = ("whet.contracts.findings", "whet.contracts.interactive_page", "whet.contracts.foundation", "whet.data")
    allowed += ("whet.report", "whet.study.record")
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (CORE / "report").rglob("*.py")
        for name in imports(path)
        if name.partition(".")[0] in ("whet", *HEAVY) and not name.startswith((*allowed, "whet.study.section"))
    ]
    assert not wrong


def test_the_core_imports_no_plugin_and_no_torch() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in CORE.rglob("*.py")
        for name in imports(path)
        if name.startswith("whet_") or name.partition(".")[0] in ("torch", "pymatgen", "dscribe", "mace", "chgnet")
    ]
    assert not wrong


def test_plugins_import_from_whet_alone() -> None:
    """A bundled plugin, what plugins share, and the template that strangers copy take no path into a room."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for source in (*PLUGIN_SOURCES, *SUPPORT, ROOT / "plugin-template" / "src")
        for path in source.rglob("*.py")
        for name in imports(path)
        if name.startswith("whet.") and room(name) != "__init__"
    ]
    assert not wrong


def test_importing_whet_imports_nothing_heavy() -> None:
    assert not loaded_by("import whet; from whet import hookimpl").intersection((*HEAVY, "pydantic"))


@pytest.mark.parametrize("package", ["whet", "whet.testing"])
def test_every_public_name_is_there(package: str) -> None:
    """The list is a stub, which no import statement checks."""
    module = importlib.import_module(package)
    assert module.__all__
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short_and_named(path: Path) -> None:
    text = path.read_text()
    assert path.stem not in EMPTY_NAMES
    assert ast.get_docstring(ast.parse(text)), "every module says what it is"
    if len(text.splitlines()) > 400:
        assert "lines" in text.splitlines()[0], "past 400 lines the first line says why"


@pytest.mark.parametrize("source", PLUGIN_SOURCES, ids=lambda source: source.parent.name)
def test_a_plugin_is_nothing_but_a_plugin(source: Path) -> None:
    project = tomllib.loads((source.parent / "pyproject.toml").read_text())["project"]
    name = source.parent.name
    assert project["name"] == f"whet-{name}"
    assert name in project["entry-points"]["whet"]
    assert (source.parent / "README.md").is_file()
    assert list((source.parent / "tests").glob("test_*.py"))


def test_entry_points_of_plugins_import_nothing_heavy() -> None:
    found = loaded_by("from whet.plugins.registry import registry; assert registry().listings()")
    assert not found.intersection(HEAVY)


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["plugins", "--json"]])
def test_fast_commands_import_nothing_heavy(arguments: list[str]) -> None:
    found = loaded_by(program(arguments))
    assert not found.intersection(HEAVY)


LIGHT = ["cli", "plugins", "contracts", "dynamics", "builtin", "data", "files", "programs", "__init__", "__main__"]
"""What listing may import, beside the rooms that hold what is listed."""


def test_listing_imports_nothing_that_computes() -> None:
    """`whet plugins` imports every module that offers something; what that one needs to compute is imported there."""
    script = f"{program(['plugins'])}\nimport sys, json; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = [name for name in json.loads(ended.stderr.splitlines()[-1]) if name.startswith("whet.")]
    listed = ["tasks", "analyses", "probes", "selectors", "strategies", "sources", "potentials", "executors"]
    assert {room(name) for name in loaded} <= {*LIGHT, *listed}


def test_check_imports_no_torch(study_file: Path, toy: None) -> None:
    assert not loaded_by(program(["check", str(study_file)])).intersection({"torch", "pymatgen", "chgnet", "mace"})


def test_every_option_is_described() -> None:
    from whet.contracts import rounds
    from whet.contracts.options import Options
    from whet.plugins.registry import registry
    from whet.study import schema, strategy

    offers = [offered for p in registry().plugins for listed in p.offers.values() for offered in listed]
    classes = {offered.Options for offered in offers if hasattr(offered, "Options")}
    classes |= {
        c
        for m in (rounds, schema, strategy)
        for c in vars(m).values()
        if isinstance(c, type) and issubclass(c, Options)
    }
    undescribed = [
        f"{c.__module__}.{c.__name__}.{name}" for c in classes for name, text in c.descriptions().items() if not text
    ]
    assert not undescribed


def test_every_hook_is_documented_and_used() -> None:
    from whet.plugins.hookspecs import KINDS
    from whet.plugins.registry import registry

    for hook, kind in KINDS.items():
        assert kind.summary
        assert any(hook in plugin.offers for plugin in registry().plugins), f"no bundled plugin uses {hook}"


READS_FRAMES = {
    "framework/src/whet/files/ase_files.py",  # the way in for all files of other programs
    "plugins/packmol/src/whet_packmol/packing.py",  # what packmol wrote a moment before
}


def test_files_of_frames_have_one_way_in() -> None:
    """Whoever asks ASE by himself misses the judges of calculations, and what is refused on the way in."""
    asking = re.compile(r"\bio\.i?read\(|from ase\.io import .*\bi?read\b")
    found = {str(path.relative_to(ROOT)) for path in MODULES if asking.search(path.read_text())}
    assert found - {"framework/src/whet/files/extended_xyz.py", "framework/src/whet/data/ase_format.py"} == READS_FRAMES


def test_nothing_prints_but_the_command_line() -> None:
    printing = re.compile(r"^\s*print\(", re.MULTILINE)
    wrong = [
        path
        for path in MODULES
        if printing.search(path.read_text()) and path.relative_to(ROOT).parts[3:4] not in (("cli",), ("worker.py",))
    ]
    assert not wrong


def test_processes_are_started_by_programs() -> None:
    """So that none outlives Whet. What asks an interpreter a short question, and the kit, may do it themselves."""
    allowed = ("programs/program.py", "running/new_environment.py", "testing/fresh_interpreter.py")
    starting = re.compile(
        r"\b(subprocess\.(run|Popen|call|check_\w+)|os\.(system|popen|fork|spawn\w+|posix_spawn\w*))\("
    )
    found = {str(path) for path in MODULES if starting.search(path.read_text())}
    wrong = [path for path in found if not path.endswith((*allowed, "programs/keeper.py"))]
    assert not wrong
    assert len(found) == len(allowed) + 1
