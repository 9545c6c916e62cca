"""predicted_frames: labeled frames with what each potential predicts for them; and the files that can hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whet.contracts.ports import Predictions
from whet.data.errors import InputError, WhetError
from whet.data.labels import LABEL_PREFIXES, Labels
from whet.plugins.frame_export import check_export, export_frames
from whet.plugins.frame_files import read_structures
from whet.study.stored_study import StoredStudy

if TYPE_CHECKING:
    from ase import Atoms

QUANTITIES = {"energy": "eV, total", "forces": "eV/Å", "stress": "eV/Å³, 3×3, tension positive"}
"""What is kept under `NAME_energy`, `NAME_forces` and `NAME_stress`, and its unit."""


def predicted_frames(study: StoredStudy, test: str) -> list[Atoms]:
    """The frames of a test set that is one file, in its order, with their labels and all predictions for them.

    Of each potential: `info["NAME_energy"]` (eV), `arrays["NAME_forces"]` (n_atoms, 3; eV/Å) and
    `info["NAME_stress"]` (3, 3; eV/Å³, tension positive), NAME as `key_names` has it. What a potential could not answer
    is not there.
    """
    pieces = study.stored.plan.all(Predictions, set=test)
    done = [(piece.ref, study.done[piece.key]) for piece in pieces if piece.key in study.done]
    if not done:
        return []
    (read,) = done[0][1].fed_by("frames")
    frames = [_labeled_copy(frame) for frame in read.frames()]
    names = key_names(str(ref.state) for ref, _ in done)
    for ref, step in done:
        found, name = Predictions.read(step, ref), names[str(ref.state)]
        for index, answer in zip(found.indices, found.predicted, strict=True):
            _add(frames[index], name, Labels.of(answer))
    return frames


def key_names(potentials: Iterable[str]) -> dict[str, str]:
    """Potential -> its NAME in keys of frames: `mace:small` is `mace_small`; no two have the same."""
    found: dict[str, str] = {}
    for potential in potentials:
        name = re.sub(r"[^A-Za-z0-9.+-]+", "_", potential).strip("_") or "potential"
        if not name[0].isalpha() or f"{name}_".casefold() in (prefix.casefold() for prefix in LABEL_PREFIXES):
            name = f"potential_{name}"  # `dft_energy` would be taken for a label
        while name in found.values():
            name += "_"
        found[potential] = name
    return found


def save_predictions(path: Path, frames: Sequence[Atoms], *, overwrite: bool = False) -> None:
    """Writes such frames in the format that the suffix names. Raises as `export_frames`."""
    export_frames(path, frames, overwrite=overwrite)


def check_save(path: Path, of: Path, *, overwrite: bool = False) -> None:
    """InputError where predictions cannot be written there: asked before anything is computed.

    of: the file that they are for. Most formats have room for labels only: what arrives is tried with one frame.
    """
    import tempfile

    from ase import Atoms

    if path.exists() and of.exists() and path.samefile(of):
        raise InputError("the file would be written over itself", where=str(path), hint="Give the other a new name")
    check_export(path, 2)
    if path.exists() and not overwrite:
        hint = "Choose another name, or add --overwrite (in Python overwrite=True)"
        raise InputError("there is another file of this name", where=str(path), hint=hint)
    lone = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.74]], cell=[9, 9, 9], pbc=True)
    labels = Labels(-1.5, lone.positions / 3, lone.cell.array / 7)
    tried = labels.attach(lone)
    _add(tried, "tried", labels)
    with tempfile.TemporaryDirectory(prefix="whet-") as folder:
        try:
            export_frames(trial := Path(folder) / path.name, [tried, tried])
            back: Mapping[str, object] = {**(frame := read_structures(trial)[0]).info, **frame.arrays}
        except WhetError:
            back = {}
    if not all(f"tried_{name}" in back for name in QUANTITIES):
        what = "a file of this format has no room for predictions beside labels"
        raise InputError(what, where=str(path), hint=".extxyz and .frames keep them")


def _labeled_copy(frame: Atoms) -> Atoms:
    copy = frame.copy()
    copy.calc = frame.calc
    return copy


def _add(frame: Atoms, name: str, labels: Labels) -> None:
    frame.info[f"{name}_energy"] = labels.energy
    frame.arrays[f"{name}_forces"] = labels.forces
    if labels.stress is not None:
        frame.info[f"{name}_stress"] = labels.stress
