"""A frame as bytes, every float bit for bit: what files of frames are made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ase import Atoms


def pack(frame: Atoms) -> bytes:
    """The frame with all its arrays, info, constraints and labels; the same frame gives the same bytes.

    One line of JSON, then the arrays that it names, one after the other (little-endian, C order). Info that JSON
    cannot hold becomes text.
    """
    import numpy as np

    results = frame.calc.results if frame.calc is not None else {}
    arrays: dict[str, Any] = {"cell": np.asarray(frame.cell), "pbc": frame.pbc}
    arrays |= {f"atoms/{name}": array for name, array in sorted(frame.arrays.items())}
    arrays |= {f"labels/{name}": np.asarray(value) for name, value in sorted(results.items()) if value is not None}
    stored = {
        name: np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(np.shape(array))
        for name, array in arrays.items()
    }
    about = {
        "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in stored.items()],
        "info": {str(key): _plain(value) for key, value in frame.info.items()},
        "constraints": [_plain(constraint.todict()) for constraint in frame.constraints],
    }
    head = json.dumps(about, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return head + b"".join(array.tobytes() for array in stored.values())


def unpack(content: bytes) -> Atoms:
    """The frame that `pack` packed. ValueError, KeyError or TypeError for other bytes."""
    import numpy as np
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.constraints import dict2constraint

    end = content.index(b"\n") + 1
    about = json.loads(content[:end])
    found: dict[str, Any] = {}
    for name, kind, shape in about["arrays"]:
        dtype = np.dtype(kind)
        count = int(np.prod(shape, dtype=int))
        found[name] = np.frombuffer(content, dtype, count, end).reshape(shape).astype(dtype.newbyteorder("="))
        end += count * dtype.itemsize
    frame = Atoms(cell=found.pop("cell"), pbc=found.pop("pbc"))
    frame.arrays = {name[6:]: array for name, array in found.items() if name.startswith("atoms/")}
    frame.info = about["info"]
    frame.set_constraint([dict2constraint(one) for one in about["constraints"]])
    if labels := {name[7:]: array for name, array in found.items() if name.startswith("labels/")}:
        frame.calc = SinglePointCalculator(frame)
        frame.calc.results = {name: array[()] for name, array in labels.items()}
    return frame


def _plain(value: Any) -> Any:
    """What JSON can hold: NumPy's arrays and numbers as lists and numbers, anything foreign as text."""
    import numpy as np

    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
