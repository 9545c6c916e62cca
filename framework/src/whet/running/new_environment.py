"""create_environment: an interpreter of its own for plugins whose packages clash with the others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from urllib.parse import unquote, urlparse

from whet.data.errors import InputError


def create_environment(
    folder: Path, plugins: Sequence[str], *, constraints: Iterable[Path] = (), python: Path | None = None
) -> list[str]:
    """Makes a virtual environment with this Whet and some plugins; returns what it then offers (`hook name`).

    plugins: `NAME` (the distribution `whet-NAME`), a requirement of pip, or a plugin's folder. constraints: files
    for pip, beside a `constraints.txt` in a plugin's folder. Torch is of the version that is installed here, where
    one is. An environment that is there already is brought up to date. Raises InputError, with the place of pip's
    log, where it cannot be made.
    """
    own, found = _own_folder(), list(constraints)
    wanted = [f"-e{own}", *(f"-e{path.parent}" for path in own.glob("*/pyproject.toml"))] if own else []
    wanted = wanted or [f"whet=={version('whet')}"]
    for plugin in plugins:
        source = _folder_of(plugin)
        wanted.append(_requirement(plugin) if source is None else f"-e{source}" if own else str(source))
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
    log = folder / "install.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n")
        file.flush()
        try:
            ended = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT)
        except OSError as error:
            raise InputError(f"{command[0]} cannot be run ({error.strerror})", where=str(folder)) from error
    if ended.returncode:
        said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "ERROR:" in line]
        raise InputError(
            f"the environment cannot be made ({said[0].strip() if said else 'pip failed'})",
            where=str(folder),
            hint=f"pip's own words are in {log}",
        )


def _own_folder() -> Path | None:
    """The folder of Whet's sources, where this is a developer's installation; support distributions lie in it."""
    told = distribution("whet").read_text("direct_url.json")
    origin = json.loads(told) if told else {}
    return Path(unquote(urlparse(origin["url"]).path)) if origin.get("dir_info", {}).get("editable") else None


def _folder_of(plugin: str) -> Path | None:
    """The folder that a plugin's word names: itself, or the one beside Whet's sources."""
    if (Path(plugin) / "pyproject.toml").is_file():
        return Path(plugin).resolve()
    own = _own_folder()
    beside = own.parent / "plugins" / plugin if own else None
    return beside if beside and (beside / "pyproject.toml").is_file() else None


def _requirement(plugin: str) -> str:
    if "/" in plugin:
        raise InputError("there is no plugin in this folder (no pyproject.toml)", where=plugin)
    return plugin if plugin.startswith("whet-") or any(sign in plugin for sign in "=<>@[ ") else f"whet-{plugin}"
