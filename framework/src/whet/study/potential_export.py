"""export_potential: a fine-tuned potential in a folder of its own, for use without the study and without Whet."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from whet.contracts.component import Component, FileRef, Spec
from whet.contracts.potential import Potential
from whet.contracts.upstream_model import UpstreamModel
from whet.data.durable import write_text
from whet.data.errors import InputError, PluginError, StoreError, WhetError
from whet.data.identity import JSON
from whet.data.refusals import unwritable
from whet.plugins.potential_folder import DESCRIPTION, PotentialFolder, mapped
from whet.plugins.registry import registry
from whet.study.potential_card import Card, card
from whet.study.potential_origin import PotentialOrigin
from whet.study.stored_study import StoredStudy
from whet.study.tuned_states import TunedState, state_called

README = "README.md"
WEIGHTS = "weights"
"""Where the files lie as they are in the store."""

COMPARED = 3
"""Training frames that the upstream file is asked for."""


@dataclass(frozen=True)
class ExportedPotential:
    """folder: what was written. upstream: the file or folder for the potential's own package; None where there is none,
    for the reason `without`."""

    folder: Path
    state: str
    potential: str
    upstream: Path | None = None
    without: str = ""


def export_potential(
    study: StoredStudy, state: str = "", folder: str | Path | None = None, *, overwrite: bool = False
) -> ExportedPotential:
    """Writes a fine-tuned state into a folder: its files, a description by which Whet loads it, a card, and where the
    potential's package has a place for the energy shift, a file that this package reads.

    state: `naive`, `main naive 2`, `periodic 3 seed 1`; by default the only one that there is. folder: by default one
    named after study and state, here. overwrite: an export that was there before is replaced. Raises InputError where
    something else is there or several states are meant, UnknownName where none is, StoreError where files of the store
    are gone or the folder cannot be written, PluginError where the upstream file answers something else.

    >>> whet.export_potential(whet.Study.open(".whet"), "naive", "my-potential")
    >>> atoms.calc = whet.load("./my-potential").calculator()
    """
    found = state_called(state, study)
    target = Path(folder) if folder is not None else Path(default_folder(study, found))
    with _fresh(target, overwrite=overwrite) as partial:
        return replace(_write(PotentialOrigin(study, found), partial, target), folder=target)


def default_folder(study: StoredStudy, state: TunedState) -> str:
    """`toy-main-naive-2`"""
    return re.sub(r"[^\w.-]+", "-", f"{study.name} {state.name}").strip("-.") or "potential"


def _write(origin: PotentialOrigin, partial: Path, target: Path) -> ExportedPotential:
    component = _copied(origin, partial)
    upstream, without, agreement = _upstream(origin, partial)
    said: dict[str, JSON] = {"study": origin.study.name, "state": origin.state.name, "whet": version("whet")}
    if upstream is not None:
        path = str(upstream.path.relative_to(partial))
        said["upstream"] = {"path": path, "options": dict(upstream.options), "python": upstream.python}
    text = card(Card(origin, component, target, upstream, without, agreement))
    write_text(partial / README, text)
    listed = sorted(str(path.relative_to(partial)) for path in partial.rglob("*") if path.is_file())
    PotentialFolder(partial, component, {**said, "files": [*listed, DESCRIPTION]}).write()
    there = None if upstream is None else target / upstream.path.relative_to(partial)
    return ExportedPotential(target, origin.state.name, component.name, there, without)


def _copied(origin: PotentialOrigin, folder: Path) -> Component:
    """The component, its files copied from the store into the folder. InputError where one is gone or was changed."""

    def copy(within: tuple[str, ...], role: str, ref: FileRef) -> FileRef:
        source = ref.locate(origin.study.store.root)
        place = folder.joinpath(WEIGHTS, *within, source.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        return FileRef(ref.sha256, str(place.relative_to(folder)), ref.origin)

    return mapped(origin.component, copy)


def _upstream(origin: PotentialOrigin, folder: Path) -> tuple[UpstreamModel | None, str, str]:
    """The file for the potential's own package; or why there is none. And how it was compared."""
    here, component = registry(), origin.component
    try:
        potential: Potential = here.load(component, store=origin.study.store.root)
        made = potential.export(folder)
    except WhetError as error:
        if where := origin.made.recipe.environment:
            error.hint = f"Export with the interpreter of the environment {where!r}, which has the plugin"
        return None, str(error), ""
    files = [path for path in made.path.rglob("*") if path.is_file()] if made.path.is_dir() else [made.path]
    here.vouch_for_made(component, files, start=potential)
    return made, "", _compared(origin, potential, made)


def _compared(origin: PotentialOrigin, potential: Potential, made: UpstreamModel) -> str:
    """How far apart the file and the potential are on training frames. PluginError where it is another potential."""
    frames = [] if origin.train is None else list(origin.train[:COMPARED])
    if not frames:
        return ""
    here = registry()
    spec = Spec(potential.name, {"model": str(made.path.absolute()), **made.options})
    again: Potential = here.load(here.resolve("potentials", spec))
    energy = force = 0.0
    wanted = potential.evaluate(frames, ("energy", "forces"))
    for frame, mine, theirs in zip(frames, wanted, again.evaluate(frames, ("energy", "forces")), strict=True):
        off = abs(theirs.energy - mine.energy)
        allowed = 2e-5 * len(frame) + 1e-6 * abs(mine.energy)  # single precision, of sums over many atoms
        if not off <= allowed:
            what = (
                f"the exported file of {potential.name!r} answers {theirs.energy:.6f} eV instead of {mine.energy:.6f}"
            )
            raise PluginError(what, where=frame.get_chemical_formula(), hint="This is a fault of the plugin")
        energy = max(energy, off)
        force = max(force, float(abs(theirs.forces - mine.forces).max()))
    number = "one training frame" if len(frames) == 1 else f"{len(frames)} training frames"
    return f"On {number} the two differ by at most {energy:.1g} eV and {force:.1g} eV/Å."


@contextmanager
def _fresh(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """An empty folder beside the target, which takes its name in the end.

    An export that Whet wrote is replaced where that is wanted; nothing else is removed. InputError where it cannot.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        _check_replaceable(target, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=target.parent, prefix=f".{target.name}-", ignore_cleanup_errors=True
        ) as scratch:
            partial = Path(scratch) / "new"
            partial.mkdir()
            yield partial
            if target.exists():
                target.rename(Path(scratch) / "old")
            partial.rename(target)
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(target, error) from error


def _check_replaceable(target: Path, *, overwrite: bool) -> None:
    if not (target / DESCRIPTION).is_file():
        raise InputError("this is there already, and is no export", where=str(target), hint="Choose another folder")
    if not overwrite:
        hint = "Choose another folder, or say --overwrite"
        raise InputError("a potential was exported here already", where=str(target), hint=hint)
    said: Mapping[str, JSON] = PotentialFolder.read(target).said
    known = {str(name) for name in said.get("files", ())}
    there = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    if foreign := [name for name in there if name not in known]:
        raise InputError(f"{foreign[0]} is not of the export", where=str(target), hint="Move it away")
