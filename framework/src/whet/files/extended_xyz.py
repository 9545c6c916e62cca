"""extended_xyz: a frame as text of which every number comes back bit for bit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError
from whet.data.labels import EXTRA_SHAPES

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

BY_ATOM = {"forces", "stresses", *(name for name, (shape, _) in EXTRA_SHAPES.items() if shape == "atom")}
"""Labels that extended XYZ keeps as columns."""

TAKEN_COLUMNS = {"species", "pos", "Z", "symbols", "charge", "move_mask"}
TAKEN_WORDS = {"Lattice", "Properties", "pbc"}
"""Names of columns, and of words in the comment line, that mean something else in extended XYZ."""

WORD = re.compile(r"(?!(t|f|true|false|nan|inf|infinity)$)[a-z_][\w./+-]*", re.ASCII | re.IGNORECASE)
"""Text that every reader takes for text."""

WORDS = re.compile(
    r"(?!_json\b)(?!(t|f|true|false|nan|inf|infinity)\b)[a-z_][\w./+-]*( [\w./+-]+)+", re.ASCII | re.IGNORECASE
)
"""Text that is text in quotes. Anything else is written as JSON, which ASE's reader reads as well."""

MATRICES = {"stress", "virial"}
"""Names under which ASE's reader expects nine numbers, column by column."""

KINDS = {"f": ("R", repr), "i": ("I", repr), "u": ("I", repr), "b": ("L", "FT".__getitem__), "U": ("S", str)}
"""The type of a column, and how its words are written, by NumPy's kind of an array."""


def extended_xyz(frame: Atoms) -> str:
    """The frame as `ase.io.read` reads it back bit for bit; ASE's own writer rounds to 8 decimals.

    Raises FrameError for what has no place in the format.
    """
    import numpy as np

    columns = {name: array for name, array in frame.arrays.items() if name not in ("numbers", "positions")}
    about: dict[str, Any] = dict(frame.info)
    for name, value in (frame.calc.results if frame.calc is not None else {}).items():
        place = columns if name in BY_ATOM else about
        if name in place:
            raise FrameError(f"{name!r} is a label of the frame, and something else besides")
        place[name] = np.asarray(value)
    for name in MATRICES.intersection(about):
        matrix = np.asarray(about[name], dtype=float)
        if matrix.size not in (6, 9):
            raise FrameError(f"{name!r} has {matrix.size} numbers, not 6 or 9")
        nine = matrix[[0, 5, 4, 5, 1, 3, 4, 3, 2]] if matrix.size == 6 else matrix.ravel(order="F")
        about[name] = nine.tolist()
    if taken := TAKEN_COLUMNS.intersection(columns) | TAKEN_WORDS.intersection(about):
        raise FrameError(f"extended XYZ has another meaning for the name {min(taken)!r}")
    if not (free := _free_directions(frame)).all():
        columns["move_mask"] = free[:, 0] if (free == free[:, :1]).all() else free
    first = {"species": np.array(frame.get_chemical_symbols()), "pos": frame.positions}
    written = [_column(name, array) for name, array in (first | columns).items()]
    line = ["Properties=" + ":".join(kind for kind, _ in written)]
    line += [f'pbc="{" ".join("FT"[int(periodic)] for periodic in frame.pbc)}"']
    line += [f'Lattice="{numbers(frame.cell.array.ravel())}"'] if frame.cell.array.any() else []
    line += [f"{_key(str(key))}={_value(value)}" for key, value in about.items()]
    rows = zip(*(words for _, words in written), strict=True)
    return "\n".join((str(len(frame)), " ".join(line), *map(" ".join, rows))) + "\n"


def _free_directions(frame: Atoms) -> np.ndarray:
    """(n_atoms, 3): whether an atom may move along x, y, z: what ASE's reader restores as a constraint.

    Raises FrameError for a constraint that is more than that.
    """
    import numpy as np
    from ase.constraints import FixAtoms, FixCartesian, FixedLine, FixedPlane, FixScaled

    free = np.ones((len(frame), 3), dtype=bool)
    for constraint in frame.constraints:
        if isinstance(constraint, FixAtoms):
            fixed = np.eye(3)
        elif isinstance(constraint, FixCartesian):
            fixed = np.eye(3)[np.asarray(constraint.mask, dtype=bool)]
        elif isinstance(constraint, FixedPlane):
            fixed = np.atleast_2d(constraint.dir)
        elif isinstance(constraint, FixedLine):
            fixed = np.eye(3) - np.outer(constraint.dir, constraint.dir)
        elif isinstance(constraint, FixScaled):
            # A coordinate along a cell vector stays where the atom does not move along the reciprocal vector.
            fixed = frame.cell.reciprocal().array[np.asarray(constraint.mask, dtype=bool)]
        else:
            fixed = None
        along = None if fixed is None else _axes(fixed)
        if along is None:
            hint = ".frames and .traj keep every constraint"
            name = type(constraint).__name__
            raise FrameError(f"the constraint {name} has no place in extended XYZ, which fixes x, y, z", hint=hint)
        free[constraint.index] &= ~along  # pyright: ignore[reportAttributeAccessIssue]
    return free


def _axes(fixed: np.ndarray) -> np.ndarray | None:
    """(3,): the axes that the directions (any, 3) span together; None where that is no matter of axes."""
    import numpy as np

    lengths = np.linalg.norm(fixed, axis=1, keepdims=True)
    unit = fixed[lengths[:, 0] > 1e-12] / lengths[lengths[:, 0] > 1e-12]
    along = np.linalg.norm(unit, axis=0) > 1e-6
    return along if np.linalg.matrix_rank(unit, tol=1e-6) == along.sum() else None


def _column(name: str, array: np.ndarray) -> tuple[str, list[str]]:
    """A column's name, type and width, and the words of each atom. FrameError for what no column can hold."""
    table = array.reshape(len(array), array[0].size)
    kind, convert = KINDS.get(array.dtype.kind, ("", str))
    rows = [" ".join(map(convert, row)) for row in table.tolist()]
    fits = kind != "I" or int(abs(table).max(initial=0)) < 2**31  # ASE reads whole numbers into 32 bits
    whole = kind != "S" or all(len(row.split()) == table.shape[1] for row in rows)
    if not (kind and fits and whole and re.fullmatch(r"[^\s:=\"'\\{}\[\]]+", name)):
        raise FrameError(f"the array {name!r} ({array.dtype}) has no place in extended XYZ")
    return f"{name}:{kind}:{table.shape[1]}", rows


def _key(key: str) -> str:
    if not key or not key.isprintable():
        raise FrameError(f"the key {key!r} has no place in extended XYZ")
    return key if WORD.fullmatch(key) else _quoted(key)


def _value(value: Any) -> str:
    """A value of the comment line. FrameError for nested lists that are not rectangular, which ASE cannot read."""
    import numpy as np

    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, list) and len(value) > 1 and all(type(one) is float for one in value):
        return f'"{numbers(value)}"'
    if isinstance(value, bool):
        return "FT"[value]
    if type(value) is float or (type(value) is int and abs(value) < 2**63):
        return repr(value)
    if isinstance(value, str) and WORD.fullmatch(value):
        return value
    if isinstance(value, str) and WORDS.fullmatch(value):
        return _quoted(value)
    text = json.dumps(value, default=lambda other: other.tolist() if hasattr(other, "tolist") else str(other))
    try:
        np.array(json.loads(text))
    except ValueError as error:
        raise FrameError(f"the info {text[:40]} has no place in extended XYZ ({error})") from None
    return _quoted(f"_JSON {text}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def numbers(values: Any) -> str:
    """Floats with as many digits as bring the very same float back."""
    return " ".join(repr(float(value)) for value in values)
