"""What materials are called: as they say themselves, else by their formulas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ase import Atoms

SAID = ("material", "name", "material_id", "mp_id", "label")
"""Keys of `info` that name a material, the first that it has."""


def material_names(frames: Sequence[Atoms]) -> list[str]:
    """A name for each, none of which stands twice: `NaCl`; of several that would have the same, `NaCl 1`, `NaCl 2`."""
    names = [material_of(frame) for frame in frames]
    often, seen, found = Counter(names), Counter[str](), set[str]()
    for place, name in enumerate(names):
        if often[name] > 1:
            seen[name] += 1
            names[place] = f"{name} {seen[name]}"
        while names[place] in found:
            names[place] += "'"
        found.add(names[place])
    return names


def material_of(frame: Atoms) -> str:
    """The material that a frame is of, which other frames may be of, too."""
    said = next((str(frame.info[key]).strip() for key in SAID if frame.info.get(key) is not None), "")
    return said if said and said.isprintable() else frame.get_chemical_formula("metal", empirical=True)
