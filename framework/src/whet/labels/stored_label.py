"""A label as the label store keeps it: one NumPy archive, without pickles, of the structure and the labels."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from whet.data.frame_identity import former_frame_key, frame_key, multiplicity, total_charge
from whet.data.labels import Labels, without_labels

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

MOST_TEXT = 1000
"""Letters of info that are kept with a structure."""


def packed_label(frame: Atoms, labels: Labels) -> bytes:
    """Everything that the frame's key covers, its plain info (text, numbers), and its labels."""
    import numpy as np

    arrays: dict[str, Any] = {
        "numbers": frame.numbers,
        "positions": frame.positions,
        "cell": np.asarray(frame.cell),
        "pbc": frame.pbc,
        "charge": np.float64(total_charge(frame)),
        "spin": np.int64(multiplicity(frame) or 0),
        "initial_magmoms": frame.get_initial_magnetic_moments(),
        "info": np.array(json.dumps(_plain(without_labels(frame).info))),
        **labels.as_arrays(),
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpacked_labels(content: bytes) -> Labels:
    """The labels alone. ValueError or KeyError for other bytes."""
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        _refuse_ambiguous(archive)
        return Labels.from_arrays(archive)


def unpacked_label(content: bytes, key: str) -> tuple[Atoms, Labels]:
    """The structure and its labels. ValueError where they are not those of that key."""
    import numpy as np
    from ase import Atoms

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays: dict[str, np.ndarray] = dict(archive)
    _refuse_ambiguous(arrays)
    frame = Atoms(arrays["numbers"], positions=arrays["positions"], cell=arrays["cell"], pbc=arrays["pbc"])
    moments = arrays["initial_magmoms"]
    if moments.any() or moments.ndim > 1:
        frame.set_initial_magnetic_moments(moments)
    if "info" in arrays:
        frame.info = json.loads(str(arrays["info"]))
    if charge := float(arrays["charge"]):
        frame.info["charge"] = charge
    for spin in (frame.info.get("spin"), *_spins(arrays)):
        if spin is not None:
            frame.info["spin"] = spin
        if key in (frame_key(frame), former_frame_key(frame)):
            return frame, Labels.from_arrays(arrays)
    raise ValueError("its structure is not the one of its key")


def _refuse_ambiguous(arrays: Mapping[str, np.ndarray]) -> None:
    """ValueError for a label from when MACE's names were not read: is its frame charged or neutral?"""
    if "spin" in arrays or "info" not in arrays:
        return
    unread = sorted({"total_charge", "total_spin"} & set(json.loads(str(arrays["info"]))))
    if unread:
        raise ValueError(f"it was stored when `{unread[0]}` was not yet read as part of the frame")


def _spins(arrays: dict[str, np.ndarray]) -> Iterable[int]:
    """Labels of early versions were kept without the multiplicity: it is the one that makes the key."""
    return () if "info" in arrays else range(1, 32)


def _plain(info: dict[Any, Any]) -> dict[str, Any]:
    """Text and numbers of a frame's info; the rest is not the label store's business."""
    found = {}
    for name, value in info.items():
        value = value.item() if getattr(value, "shape", None) == () else value
        is_short = not isinstance(value, str) or len(value) <= MOST_TEXT
        is_finite = not isinstance(value, float) or abs(value) < float("inf")
        if isinstance(value, str | int | float | bool) and is_short and is_finite:
            found[str(name)] = value
    return found
