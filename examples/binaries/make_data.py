"""How the *.extxyz here were made: `python make_data.py STORE FOLDER` (GPAW, hours of one core; it resumes).

Sixty binaries of MatCalc's benchmark of elastic constants, drawn at random, four copies of each, rattled and strained,
labeled with PBE. One copy of each is for training, three are for tests.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

import whet
from whet import Labels, Spec, export_frames, frame_key, read_labeled
from whet.plugins.registry import registry

SEED = 20261128
MATERIALS = 60
COPIES = 4
MOST = 4
"""Atoms of a cell."""
LARGEST = 140.0
"""Å³, of a cell: layers in a long cell take an hour."""

METALS = {"Li", "Be", "B", "Na", "Mg", "Al", "Si", "K", "Ca", "Sc", "Rb", "Sr", "Y", "Zr", "Cs", "Ba", "La", "Hf"}
OTHERS = {"C", "N", "O", "F", "P", "S", "Cl", "As", "Se", "Br", "Te", "I"}
"""A compound of one of the first with one of the second has few electrons, paired, and mostly a gap."""

LABELER = {"cutoff": 400.0, "k_spacing": 0.45, "smearing": 0.1, "density": 1e-4, "keep": "nothing"}


def crystals() -> list[Atoms]:
    """The crystals, in the order in which they were drawn, each with its name."""
    file = Path(os.environ["WHET_REFERENCE_DATA"]) / "benchmarks" / "mp-binary-pbe-elasticity-2025.1.json.gz"
    entries = sorted(json.loads(gzip.decompress(file.read_bytes())), key=lambda entry: entry["mp_id"])
    fit = [made for made in map(crystal, entries) if len(made) <= MOST and is_compound(made)]
    drawn = (fit[place] for place in np.random.default_rng(SEED).permutation(len(fit)))
    return [one for one in drawn if one.get_volume() <= LARGEST][:MATERIALS]


def is_compound(made: Atoms) -> bool:
    """Whether a metal is bound to what is none, whose atoms are not bound to each other (as in peroxides, azides)."""
    first, second = neighbor_list("ij", made, 2.0)
    bound = zip(made.symbols[first], made.symbols[second], strict=True)
    elements = set(made.symbols)
    of_both = len(elements & METALS) == 1 and len(elements & OTHERS) == 1
    return of_both and not any(OTHERS.issuperset(pair) for pair in bound)


def crystal(entry: Mapping[str, Any]) -> Atoms:
    given = entry["structure"]
    symbols = [site["species"][0]["element"] for site in given["sites"]]
    places = [site["abc"] for site in given["sites"]]
    name = f"{entry['formula']} {entry['mp_id']}"
    return Atoms(symbols, scaled_positions=places, cell=given["lattice"]["matrix"], pbc=True, info={"material": name})


def copies(folder: Path) -> Iterator[Atoms]:
    """One copy of each crystal in turn, then the next of each: what is labeled when it is stopped is of all of them."""
    file = folder / "crystals.extxyz"
    export_frames(file, crystals(), overwrite=True)
    here = registry()
    words = {"file": str(file), "displacement": 0.1, "strain": 0.03}
    source = here.load(here.resolve("structures", Spec("rattled", words)))
    for index in range(MATERIALS * COPIES):
        yield source.make(index, SEED)


def without_stress(frame: Atoms) -> Atoms:
    """Forces have converged at this cutoff, stresses have not: that of HfN is wrong by 33 GPa."""
    return replace(Labels.of(frame), stress=None).attach(frame)


def main(store: Path, folder: Path) -> None:
    """Labels every copy that the files in the folder do not have yet, once, and writes those that have labels."""
    store.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.extxyz" for name in ("train", "test")}
    known = {frame_key(frame): frame for file in files.values() if file.exists() for frame in read_labeled(file)}
    every = list(copies(store))
    report = whet.label_frames(
        [frame for frame in every if frame_key(frame) not in known],
        {"use": "gpaw", "processes": os.cpu_count(), **LABELER},
        store,
        progress=lambda done, total: print(f"{done} of {total}", flush=True),  # noqa: T201 -- a script's own words
    )
    for failed in report.failed:
        print(failed)  # noqa: T201
    known |= {frame_key(frame): frame for frame in report.labeled}
    labeled = [without_stress(known[key]) for key in map(frame_key, every) if key in known]
    first: dict[str, Atoms] = {}
    for frame in labeled:
        first.setdefault(frame.info["material"], frame)
    export_frames(files["train"], list(first.values()), overwrite=True)
    export_frames(files["test"], [one for one in labeled if one is not first[one.info["material"]]], overwrite=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
