"""How pbe-*.csv and pbe-labels.extxyz here were made: `python make_reference.py STORE FOLDER` (GPAW; it resumes).

Elastic constants, the optical mode at Γ and the equation of state of rock salt LiCl, as PBE has them: the probes of the
study ask GPAW in the place of a potential.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from ase.build import bulk

import whet

LABELER = {"use": "gpaw", "cutoff": 600.0, "k_spacing": 0.45, "keep": "nothing"}
"""That of ../softening, where its convergence is told."""

PROBES = {
    "elastic": {},
    "phonons": {"length": 5.0},
    "equation-of-state": {},
}
"""As the study has them."""


def main(store: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    crystal = bulk("LiCl", "rocksalt", a=5.15, cubic=True)
    crystal.info["material"] = "LiCl"
    for name, options in PROBES.items():
        found = whet.analyze(name, crystal, options=options, labeler=LABELER, store=store)
        with (folder / f"pbe-{name}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["material", "quantity", "value"])
            for row in found.tables["properties"].to_dict("records"):
                table.writerow([row["material"], row["quantity"], repr(row["value"])])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
