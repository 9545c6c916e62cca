"""A label as the label store keeps it: the frame that it belongs to, packed as every frame of Whet's is."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from whet.data.frame_identity import former_frame_key, frame_key, total_charge
from whet.data.labels import Labels, without_labels
from whet.data.packed import pack, unpack

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

MOST_TEXT = 1000
"""Letters of info that are kept with a structure."""

ARCHIVE = b"PK"
"""How a label begins that was kept before there was one way to pack a frame: as a NumPy archive."""


def pack_label(frame: Atoms, labels: Labels) -> bytes:
    """Everything that the frame's key covers, its plain info (text, numbers), and its labels, bit for bit."""
    kept = _bare(frame.numbers, frame.positions, frame.cell, frame.pbc, frame.get_initial_magnetic_moments())
    kept.info = _plain(without_labels(frame).info)
    if charge := total_charge(frame):
        kept.info["charge"] = charge
    labeled = labels.attach(kept)
    if labels.stress is not None and labeled.calc is not None:
        labeled.calc.results["stress"] = labels.stress  # ASE's six numbers keep only a symmetric one
    return pack(labeled)


def unpack_label(content: bytes, key: str) -> tuple[Atoms, Labels]:
    """The structure and its labels. ValueError, KeyError or TypeError for other bytes, or those of another key."""
    if content.startswith(ARCHIVE):
        return _from_archive(content, key)
    frame = unpack(content)
    labels, frame.calc = Labels.of(frame), None
    if frame_key(frame) != key:
        raise ValueError("its structure is not the one of its key")
    return frame, labels


def _from_archive(content: bytes, key: str) -> tuple[Atoms, Labels]:
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays: dict[str, np.ndarray] = dict(archive)
    info = json.loads(str(arrays["info"])) if "info" in arrays else {}
    if "spin" not in arrays and (unread := sorted({"total_charge", "total_spin"} & set(info))):
        # From when MACE's names were not read: is its frame charged or neutral?
        raise ValueError(f"it was stored when `{unread[0]}` was not yet read as part of the frame")
    frame = _bare(*(arrays[name] for name in ("numbers", "positions", "cell", "pbc", "initial_magmoms")))
    frame.info = info
    if charge := float(arrays["charge"]):
        frame.info["charge"] = charge
    # The first ones were kept without info: their multiplicity is the one that makes the key.
    for spin in (frame.info.get("spin"), *(() if "info" in arrays else range(1, 32))):
        if spin is not None:
            frame.info["spin"] = spin
        if key in (frame_key(frame), former_frame_key(frame)):
            return frame, Labels.from_arrays(arrays)
    raise ValueError("its structure is not the one of its key")


def _bare(numbers: Any, positions: Any, cell: Any, pbc: Any, moments: np.ndarray) -> Atoms:
    from ase import Atoms

    frame = Atoms(numbers, positions=positions, cell=cell, pbc=pbc)
    if moments.any() or moments.ndim > 1:
        frame.set_initial_magnetic_moments(moments)
    return frame


def _plain(info: Mapping[Any, Any]) -> dict[str, Any]:
    """Text and numbers of a frame's info; the rest is not the label store's business."""
    found = {}
    for name, value in info.items():
        value = value.item() if getattr(value, "shape", None) == () else value
        is_short = not isinstance(value, str) or len(value) <= MOST_TEXT
        is_finite = not isinstance(value, float) or abs(value) < float("inf")
        if isinstance(value, str | int | float | bool) and is_short and is_finite:
            found[str(name)] = value
    return found
