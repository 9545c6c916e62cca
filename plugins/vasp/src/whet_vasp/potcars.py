"""Potcars: pseudopotentials in the user's own library, chosen by element, checked against their titels.

They are licensed to the user: none is copied into a store. A calculation's folder has a link to a file in the user's
cache, which nobody else may read.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from whet import InputError, file_digest, key_of, replacing, suggestion, user_cache

USUAL = {
    "_sv": "Ba Be Ca Cs K Li Rb Sc Sr Y Zr",
    "_pv": "Cr Cu Fe Hf Mg Mn Mo Na Nb Ni Os Re Rh Ru Ta Tc Ti V W",
    "_d": "Ga Ge In Pb Sn Tl",
    "_3": "Dy Er Ho Lu Nd Pm Pr Sm Tb Tm Yb",
}
"""Ending of the name -> elements, as the Materials Project chooses pseudopotentials; of all others the name is bare."""


def usual_potcar(library: Path, element: str) -> str:
    """The name in the library with which to begin: that of the Materials Project, else the shortest that there is.

    InputError where the library has none of the element, or is not there.
    """
    if not library.is_dir():
        raise InputError("there is no such folder", where=str(library), hint="It should be that of the POTCARs")
    usual = next((element + end for end, elements in USUAL.items() if element in elements.split()), element)
    names = [one.name for one in library.iterdir() if re.fullmatch(rf"{element}(_.*)?", one.name)]
    if not names:
        raise InputError(f"the library has no POTCAR of {element}", where=str(library))
    return usual if usual in names else min(names, key=lambda name: (len(name), name))


def titel_of(path: Path) -> str:
    """The first line of a POTCAR: `PAW_PBE Na_pv 19Sep2006`. InputError where the file is none."""
    with _opened(path) as file:
        titel = " ".join(file.readline().split())
    if not titel.startswith(("PAW", "US")):
        raise InputError(f"it is no POTCAR: it begins with {titel[:40]!r}", where=str(path))
    return titel


def find_potcar(library: Path, element: str, wanted: str) -> Path:
    """The file of an element. wanted: a name in the library (`Na_pv`), or a titel, which the file must have.

    Raises InputError where it is not there, has another titel, or is of another element.
    """
    words = wanted.split()
    name = words[1] if len(words) > 1 else wanted
    for suffix in ("", ".gz"):
        path = library / name / f"POTCAR{suffix}"
        if path.is_file():
            break
    else:
        if not library.is_dir():
            raise InputError("there is no such folder", where=str(library), hint="`library:` names that of the POTCARs")
        near = suggestion(name, [folder.name for folder in library.iterdir()])
        raise InputError(f"the library has no POTCAR {name!r}", where=str(library), hint=near)
    titel = titel_of(path)
    if len(words) > 1 and titel != " ".join(words):
        raise InputError(f"its titel is {titel!r}, and {' '.join(words)!r} was asked for", where=str(path))
    if re.split(r"[_.\d]", titel.split()[1])[0] != element:
        raise InputError(f"it is of another element ({titel}) than {element}", where=str(path))
    return path


def valence(path: Path) -> float:
    """Valence electrons of the pseudopotential."""
    with _opened(path) as file:
        for line in file:
            if found := re.search(r"ZVAL\s*=\s*([\d.]+)", line):
                return float(found[1])
    raise InputError("it does not state its valence electrons (ZVAL)", where=str(path))


def joined(potcars: Sequence[Path]) -> Path:
    """One file with these pseudopotentials in their order, in the user's cache, readable by the user alone."""
    cache = user_cache() / "whet" / "potcars"
    path = cache / key_of([file_digest(potcar) for potcar in potcars])
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        cache.chmod(0o700)
        # The folder is closed to others, so that the partial file, which is not, is seen by nobody.
        with replacing(path) as partial, partial.open("w", encoding="utf-8") as out:
            for potcar in potcars:
                with _opened(potcar) as file:
                    out.writelines(file)
        path.chmod(0o400)
    return path


def titels(potcars: Mapping[str, Path]) -> dict[str, str]:
    """Element -> titel."""
    return {element: titel_of(path) for element, path in sorted(potcars.items())}


def _opened(path: Path):
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
