"""Files of basis sets and pseudopotentials: which of them an element has."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from whet import FrameError


def data_folder(program: str) -> Path | None:
    """The folder of data that comes with CP2K; None where it cannot be found (CP2K itself knows where it is)."""
    places = [Path(os.environ["CP2K_DATA_DIR"])] if "CP2K_DATA_DIR" in os.environ else []
    if found := shutil.which(program):
        prefix = Path(found).resolve().parent.parent
        places += [prefix / below for below in ("share/cp2k/data", "share/cp2k", "data", "../data")]
    return next((place for place in places if (place / "GTH_POTENTIALS").is_file()), None)


def check_elements(
    symbols: Iterable[str], basis: dict[str, str], potential: dict[str, str], files: dict[str, list[Path]]
) -> None:
    """FrameError for an element without its basis set or pseudopotential, or where the two count other electrons.

    basis, potential: name by symbol. files: the files to look into, under `basis` and `potential`.
    """
    for symbol in sorted(set(symbols)):
        electrons = {}
        for kind, names in (("basis", basis), ("potential", potential)):
            name = names[symbol]
            of_element = _entries(tuple(files[kind])).get(symbol, [])
            entry = next((aliases for aliases in of_element if name in aliases), None)
            if entry is None:
                known = sorted({aliases[0] for aliases in of_element})
                where = ", ".join(path.name for path in files[kind])
                has = f"it has {', '.join(known[:8])}" if known else "it has nothing there"
                raise FrameError(
                    f"{symbol} has no {kind} {name!r} in {where} ({has}); "
                    f"name one under `{kind}_by_element`, or add a file to `{kind}_files`"
                )
            electrons[kind] = {int(count) for alias in entry for count in re.findall(r"-q(\d+)$", alias)}
        if all(electrons.values()) and not electrons["basis"] & electrons["potential"]:
            of_basis, of_potential = (min(electrons[kind]) for kind in ("basis", "potential"))
            raise FrameError(
                f"{symbol}: basis {basis[symbol]!r} is made for {of_basis} electrons, pseudopotential "
                f"{potential[symbol]!r} leaves {of_potential}; name a pair that fits under "
                "`basis_by_element` and `potential_by_element`"
            )


@cache
def _entries(files: tuple[Path, ...]) -> dict[str, list[list[str]]]:
    """By symbol: the names of each entry, from the line that an entry begins with (`Si GTH-PBE-q4 GTH-PBE`)."""
    found: dict[str, list[list[str]]] = {}
    for path in files:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if match := re.match(r"\s*([A-Z][a-z]?)\s+([A-Za-z]\S*(?:\s+[A-Za-z]\S*)*)\s*$", line.partition("#")[0]):
                found.setdefault(match[1], []).append(match[2].split())
    return found
