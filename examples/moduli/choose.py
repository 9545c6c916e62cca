"""Chooses binaries of MatCalc's benchmark files at random, and writes them as materials and tables of a Whet study.

python examples/moduli/choose.py [FOLDER]

FOLDER (by default this one) gets `elastic.extxyz` with `elastic.csv`, and `phonons.extxyz` with `phonons.csv`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import write

import whet

POTENTIALS = ("chgnet", "mace:small")
SEED = 20261128


@dataclass(frozen=True)
class Benchmark:
    """A file of the benchmarks. numbers: its keys -> the quantities that the probe gives. most: atoms of a crystal.

    count: crystals that are drawn.
    """

    probe: str
    file: str
    numbers: Mapping[str, str]
    most: int
    count: int


BENCHMARKS = (
    Benchmark(
        "elastic",
        "mp-binary-pbe-elasticity-2025.1.json.gz",
        {"bulk_modulus_vrh": "bulk modulus", "shear_modulus_vrh": "shear modulus"},
        most=20,
        count=60,
    ),
    Benchmark(
        "phonons", "alexandria-binary-pbe-phonon-2025.1.json.gz", {"heat_capacity": "heat capacity"}, most=12, count=20
    ),
)


def atoms_of(entry: Mapping[str, Any]) -> Atoms:
    """The crystal of an entry, called by its formula and number."""
    given = entry["structure"]
    symbols = [site["species"][0]["element"] for site in given["sites"]]
    places = [site["abc"] for site in given["sites"]]
    name = f"{entry['formula']} {entry['mp_id']}"
    return Atoms(symbols, scaled_positions=places, cell=given["lattice"]["matrix"], pbc=True, info={"material": name})


def chosen(entries: Sequence[Mapping[str, Any]], known: frozenset[str], most: int, count: int) -> list[Any]:
    """So many entries, drawn at random from those with known elements and at most so many atoms."""
    fit = [
        entry
        for entry in sorted(entries, key=lambda entry: entry["mp_id"])
        if len(entry["structure"]["sites"]) <= most and known.issuperset(atoms_of(entry).get_chemical_symbols())
    ]
    return [fit[place] for place in np.random.default_rng(SEED).permutation(len(fit))[:count]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    data = Path(os.environ["WHET_REFERENCE_DATA"]) / "benchmarks"
    answers = [whet.load(name).capabilities.elements for name in POTENTIALS]
    known = frozenset.intersection(*(one for one in answers if one is not None))
    given.folder.mkdir(parents=True, exist_ok=True)
    for one in BENCHMARKS:
        entries = json.loads(gzip.decompress((data / one.file).read_bytes()))
        drawn = chosen(entries, known, one.most, one.count)
        write(given.folder / f"{one.probe}.extxyz", [atoms_of(entry) for entry in drawn])
        with (given.folder / f"{one.probe}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["material", "quantity", "value"])
            for entry in drawn:
                name = atoms_of(entry).info["material"]
                table.writerows([name, quantity, entry[key]] for key, quantity in one.numbers.items())


if __name__ == "__main__":
    main()
