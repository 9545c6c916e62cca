"""create_environment: an interpreter of its own for plugins whose packages clash with the others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from urllib.parse import unquote, urlparse

from whet.data.errors import InputError
from whet.programs.keeper import NOT_RUN
from whet.programs.program import Program


def create_environment(
    folder: Path, plugins: Sequence[str], *, constraints: Iterable[Path] = (), python: Path | None = None
) -> list[str]:
    """Makes a virtual environment with this Whet and some plugins; returns what it then offers (`hook name`).

    plugins: `NAME` (the distribution `whet-NAME`), a requirement of pip, or a plugin's folder. constraints: files
    for pip, beside a `constraints.txt` in a plugin's folder. Torch is of the version that is installed here, where
    one is. An environment that is there already is brought up to date; a folder of other things is refused. Raises
    InputError, with the place of pip's log, where it cannot be made.
    """
    _check_free(folder)
    own, found = _own_source(), list(constraints)
    here = ["-e"] if own and own.editable else []
    wanted = [f"whet=={version('whet')}"]
    if own:
        wanted = [word for path in (own.folder, *own.support) for word in (*here, str(path))]
    for plugin in plugins:
        source = _folder_of(plugin)
        wanted += [_requirement(plugin)] if source is None else [*here, str(source)]
        if source is not None and (source / "constraints.txt").is_file():
            found.append(source / "constraints.txt")
    with suppress(PackageNotFoundError):
        wanted.append(f"torch=={version('torch').partition('+')[0]}")
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        _run([str(python or sys.executable), "-m", "venv", str(folder)], folder)
    limits = [word for path in found for word in ("-c", str(path))]
    _run([str(interpreter), "-m", "pip", "install", "--disable-pip-version-check", *limits, *wanted], folder)
    offers, faults = environment_faults(folder)
    if faults:
        raise InputError(faults[0], where=str(folder))
    return offers


LOG = "install.log"


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
    clashes = subprocess.run([interpreter, "-m", "pip", "check"], capture_output=True, text=True)
    if clashes.returncode:
        faults += clashes.stdout.strip().splitlines()
    return [f"{line['hook']} {line['name']}" for line in lines if not line["problem"]], faults


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
    def support(self) -> list[Path]:
        return [path.parent for path in sorted(self.folder.glob("*/pyproject.toml"))]


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


def _requirement(plugin: str) -> str:
    if "/" in plugin:
        raise InputError("there is no plugin in this folder (no pyproject.toml)", where=plugin)
    return plugin if plugin.startswith("whet-") or any(sign in plugin for sign in "=<>@[ ") else f"whet-{plugin}"
