"""The example of LiCl's properties: its labels are those of which its reference numbers were made."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import whet
from whet.plugins.registry import registry

FOLDER = Path(__file__).parents[2] / "examples" / "licl-properties"


class Recorded(whet.Potential):
    """Answers with the labels of a file, and knows nothing else."""

    name = "recorded"
    asked = 0

    @property
    def capabilities(self) -> whet.Capabilities:
        return whet.Capabilities()

    def predict(self, frames: Sequence[Atoms], properties: Sequence[str]) -> Iterator[whet.Labels]:
        for frame in frames:
            self.asked += 1
            yield next(whet.Labels.of(known) for known in LABELED if _same(known, frame))


LABELED = whet.read_labeled(FOLDER / "pbe-labels.extxyz")


def _same(one: Atoms, other: Atoms) -> bool:
    if one.get_chemical_symbols() != other.get_chemical_symbols():
        return False
    apart = one.get_scaled_positions(wrap=False) - other.get_scaled_positions(wrap=False)
    return bool(np.abs(one.cell.array - other.cell.array).max() < 1e-6 and np.abs(apart - np.rint(apart)).max() < 1e-6)


def probes() -> dict[str, dict[str, float]]:
    """Options of each, as the script that made the reference has them."""
    spec = importlib.util.spec_from_file_location("make_reference", FOLDER / "make_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PROBES


@pytest.mark.skipif("elastic" not in registry().names("probes"), reason="whet-matcalc is not installed")
@pytest.mark.parametrize("name", ["elastic", "phonons", "equation-of-state"])
def test_the_labels_give_the_reference(name: str) -> None:
    crystal = bulk("LiCl", "rocksalt", a=5.15, cubic=True)
    here = registry()
    probe: whet.Probe = here.load(here.resolve("probes", whet.Spec(name, probes()[name])))
    potential = Recorded(whet.Options())
    found = probe.measured(crystal, potential)
    with (FOLDER / f"pbe-{name}.csv").open(encoding="utf-8", newline="") as file:
        given = {row["quantity"]: float(row["value"]) for row in csv.DictReader(file)}
    assert given and potential.asked
    assert dict(found.values) == pytest.approx(given, rel=1e-6, abs=1e-6)


def test_the_study_asks_as_the_reference_was_asked() -> None:
    study = whet.Study.load(FOLDER / "study.yaml")
    for one in study.resolved.probes:
        options = {key: value for component in one.components.values() for key, value in component.options.items()}
        assert probes()[one.name].items() <= options.items()
        assert one.given["LiCl"] and not one.reference
