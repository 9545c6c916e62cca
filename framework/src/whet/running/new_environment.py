"""create_environment: an interpreter of its own for plugins whose packages clash with the others."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from whet.data.errors import InputError
from whet.programs.keeper import NOT_RUN
from whet.programs.program import Program


def create_environment(
    folder: Path, plugins: Sequence[str], *, constraints: Iterable[Path] = (), python: Path | None = None
) -> list[str]:
    """Makes a virtual environment with this Whet and some plugins; returns what it then offers (`hook name`).

    plugins: `NAME` (the distribution `whet-NAME`), a requirement of pip, or a plugin's folder. constraints: files
    for pip, beside a `constraints.txt` in a plugin's folder. Torch, and what plugins of torch share, come only where a
    plugin requires them; torch is then of the version that is installed here, where one is. What a plugin lists in its
    extra `no-deps` comes without the packages that it requires itself. An environment that is there already is brought
    up to date; a folder of other things is refused. Raises InputError, with the place of pip's log, where it cannot be
    made.
    """
    _check_free(folder)
    own, found = _own_source(), list(constraints)
    here = ["-e"] if own and own.editable else []
    sources = [source for plugin in plugins if (source := _folder_of(plugin))]
    required = {name for source in sources for name in _required(source)}
    support = {name: path for name, path in own.support.items() if name in required} if own else {}
    wanted = [word for path in (own.folder, *support.values()) for word in (*here, str(path))] if own else []
    wanted = wanted or [f"whet=={version('whet')}"]
    for plugin in plugins:
        source = _folder_of(plugin)
        wanted += [_requirement(plugin)] if source is None else [*here, str(source)]
    found += [limits for source in sources if (limits := source / "constraints.txt").is_file()]
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        _run([str(python or sys.executable), "-m", "venv", str(folder)], folder)
    # What a constraint names is installed only where something requires it.
    (folder / LIMITS).write_text("\n".join(_limits(own, support)) + "\n", encoding="utf-8")
    limits = [word for path in (folder / LIMITS, *found) for word in ("-c", str(path))]
    install = [str(interpreter), "-m", "pip", "install", "--disable-pip-version-check", *limits]
    _run([*install, *wanted], folder)
    if alone := without_dependencies(interpreter):
        _run([*install, "--no-deps", *alone], folder)
    offers, faults = environment_faults(folder)
    if faults:
        raise InputError(faults[0], where=str(folder))
    return offers


LOG = "install.log"

LIMITS = "limits.txt"
"""Whet's own constraints for pip, in the environment's folder."""

NO_DEPS = """
import importlib.metadata, json, sys
from pip._vendor.packaging.requirements import Requirement

found = set()
for one in importlib.metadata.distributions():
    if any(point.group == "whet" for point in one.entry_points):
        for line in one.requires or ():
            asked = Requirement(line)
            fits = [bool(asked.marker) and asked.marker.evaluate({"extra": extra}) for extra in ("no-deps", "")]
            if fits == [True, False]:
                asked.marker = None
                found.add(str(asked))
sys.stdout.write(json.dumps(sorted(found)))
"""
"""What the plugins of an interpreter list in their extra `no-deps`."""


def without_dependencies(interpreter: Path) -> list[str]:
    """Requirements that the plugins there want installed without the packages that these require themselves."""
    asked = subprocess.run([interpreter, "-c", NO_DEPS], capture_output=True, text=True)
    return json.loads(asked.stdout) if asked.returncode == 0 else []


def _limits(own: _Source | None, installed: Iterable[str]) -> list[str]:
    limits = [f"{name} @ {path.as_uri()}" for name, path in own.support.items() if name not in installed] if own else []
    try:
        return [*limits, f"torch=={version('torch').partition('+')[0]}"]
    except PackageNotFoundError:
        return limits


def _check_free(folder: Path) -> None:
    """InputError where there is something that is no environment: pip and venv would write over it."""
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise InputError("there is a file of this name", where=str(folder), hint="Choose another name")
    inside = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if inside - {LOG} and "pyvenv.cfg" not in inside:
        what = "there is something in this folder, and it is no environment"
        raise InputError(what, where=str(folder), hint="Choose another name")


def environment_faults(folder: Path) -> tuple[list[str], list[str]]:
    """What an environment offers (`hook name`), and what is wrong with it, a sentence each."""
    interpreter = folder / "bin" / "python"
    if not interpreter.is_file():
        return [], [f"there is no interpreter {interpreter}; make it: whet env create {folder.name} --plugin PLUGIN"]
    asked = subprocess.run([interpreter, "-m", "whet", "plugins", "--json"], capture_output=True, text=True)
    if asked.returncode:
        last = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
        return [], [f"Whet does not run in it: {last}"]
    lines = json.loads(asked.stdout)
    faults = [f"{line['name']}: {line['problem']}" for line in lines if line["problem"]]
    code = "import importlib.metadata as m; print(m.version('whet'))"
    there = subprocess.run([interpreter, "-c", code], capture_output=True, text=True).stdout.strip()
    if there != version("whet"):
        faults.append(f"it has whet {there}, this is {version('whet')}: run whet env create again")
    faults += clashes(interpreter)
    return [f"{line['hook']} {line['name']}" for line in lines if not line["problem"]], faults


def clashes(interpreter: Path) -> list[str]:
    """Packages there that do not fit together, a sentence each; what was installed alone lacks what it requires."""
    asked = subprocess.run([interpreter, "-m", "pip", "check"], capture_output=True, text=True)
    if not asked.returncode:
        return []
    alone = {_name(one) for one in without_dependencies(interpreter)}
    return [line for line in asked.stdout.strip().splitlines() if _name(line) not in alone]


def _run(command: Sequence[str], folder: Path) -> None:
    """Runs a command, its output in the environment's log. InputError with the last that it said where it fails."""
    log = folder / LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    before = log.stat().st_size if log.is_file() else 0
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n")
        file.flush()
        with Program(command, Path.cwd(), stdout=file) as program:
            code = program.wait()
    if code:
        words = log.read_bytes()[before:].decode("utf-8", errors="replace").splitlines()
        # pip first says which versions it passed over, and then what is wrong.
        said = [line for line in words if line.startswith("ERROR:") and "Ignored the following" not in line]
        if code == NOT_RUN:
            said = words[-1:]
        raise InputError(
            f"the environment cannot be made ({said[0].strip() if said else 'pip failed'})",
            where=str(folder),
            hint=f"pip's own words are in {log}",
        )


@dataclass(frozen=True)
class _Source:
    """Where Whet was installed from, if that is a folder; support distributions lie in it."""

    folder: Path
    editable: bool

    @property
    def support(self) -> dict[str, Path]:
        """Distribution -> its folder."""
        return {_project(path.parent)["name"]: path.parent for path in sorted(self.folder.glob("*/pyproject.toml"))}


def _own_source() -> _Source | None:
    told = distribution("whet").read_text("direct_url.json")
    origin = json.loads(told) if told else {}
    folder = Path(unquote(urlparse(origin.get("url", "")).path))
    if "dir_info" not in origin or not (folder / "pyproject.toml").is_file():
        return None
    return _Source(folder, bool(origin["dir_info"].get("editable")))


def _folder_of(plugin: str) -> Path | None:
    """The folder that a plugin's word names: itself, or the one beside Whet's sources."""
    if (Path(plugin) / "pyproject.toml").is_file():
        return Path(plugin).resolve()
    own = _own_source()
    beside = own.folder.parent / "plugins" / plugin if own else None
    return beside if beside and (beside / "pyproject.toml").is_file() else None


def _project(folder: Path) -> dict[str, Any]:
    """What the `pyproject.toml` of a folder says of the distribution. InputError where it cannot be read."""
    path = folder / "pyproject.toml"
    try:
        return {"name": "", **tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})}
    except (OSError, ValueError) as error:
        raise InputError(f"the project file cannot be read ({error})", where=str(path)) from error


def _required(source: Path) -> set[str]:
    """Names of the distributions that a plugin in a folder requires."""
    return {_name(one) for one in _project(source).get("dependencies", ())}


def _name(requirement: str) -> str:
    """`Whet_Torch>=0.1` -> `whet-torch`."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


def _requirement(plugin: str) -> str:
    if "/" in plugin:
        raise InputError("there is no plugin in this folder (no pyproject.toml)", where=plugin)
    return plugin if plugin.startswith("whet-") or any(sign in plugin for sign in "=<>@[ ") else f"whet-{plugin}"
