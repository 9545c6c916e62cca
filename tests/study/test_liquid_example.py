"""The example of a molecular liquid: what its page says of bonds and of regions is what its frames give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from whet import Spec, Study, read_labeled
from whet.bias.bonds import BondLengths, follow
from whet.bias.coverage import NeighborDistances
from whet.bias.held_out import HeldOut
from whet.bias.principal_components import PrincipalComponents
from whet.data.topology import BondTopology
from whet.plugins.registry import registry

FOLDER = Path(__file__).parents[2] / "examples" / "liquid"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
STRATEGIES = ("naive", "periodic", "hybrid")

Trajectory = list[Atoms]


def trajectories(name: str) -> list[Trajectory]:
    """Of a file; what a strategy took up again is one."""
    found: dict[str, Trajectory] = {}
    for frame in read_labeled(FOLDER / f"{name}.extxyz"):
        found.setdefault(str(frame.info["trajectory"]), []).append(frame)
    return list(found.values())


def pieces(name: str) -> list[Trajectory]:
    """Of a strategy: what each round added to each trajectory."""
    found: dict[tuple[str, int], Trajectory] = {}
    for trajectory in trajectories(name):
        for frame in trajectory:
            found.setdefault((str(frame.info["trajectory"]), frame.info["round"]), []).append(frame)
    return list(found.values())


def driven_by(driver: str, names: Sequence[str] = STRATEGIES) -> list[Trajectory]:
    """Each once: the first trajectory of naive is that of periodic."""
    found = [piece for name in names for piece in pieces(name) if piece[0].info["driver"] == driver]
    return list({piece[0].positions.tobytes(): piece for piece in found}.values())


def bonds(found: Sequence[Trajectory], pairs: np.ndarray) -> BondLengths:
    """The same bonds in all of them: their atoms are in one order."""
    each = [follow(BondTopology.joining(found[0][0], pairs), trajectory) for trajectory in found]
    units = np.repeat(np.arange(len(each)), [len(one.lengths) for one in each])
    return BondLengths(each[0].topology, np.concatenate([one.lengths for one in each]), units)


def test_the_bonds_are_those_of_the_page() -> None:
    reference = trajectories("reference")
    pairs = BondTopology.of(reference[0][0]).pairs
    groups: Mapping[str, list[Trajectory]] = {
        "GFN1-xTB": reference,
        "untouched": driven_by("untouched"),
        "periodic, after round 1": driven_by("periodic-1"),
        "periodic, after round 2": driven_by("periodic-2"),
        "hybrid, after round 1": driven_by("hybrid-1"),
    }
    for name, found in groups.items():
        summary = bonds(found, pairs).summary()
        numbers = " | ".join(
            f"{summary[kind].mean:.3f} ± {summary[kind].width:.3f}" for kind in ("C3-O1", "C3-O2", "C4-O2")
        )
        assert f"| {name} | {len(found)} | {numbers} |" in PAGE


@pytest.mark.skipif("soap" not in registry().names("descriptors"), reason="whet-soap is not installed")
def test_the_shares_are_those_of_the_page() -> None:
    soap = registry().load(registry().resolve("descriptors", Spec("soap", {})))
    parts = [(name, piece) for name in STRATEGIES for piece in pieces(name)]
    features = [np.concatenate(list(soap.describe(piece, ["C", "H", "O"]))) for _, piece in parts]
    symbols = [[symbol for frame in piece for symbol in frame.get_chemical_symbols()] for _, piece in parts]
    space = PrincipalComponents.fit(features)
    distances = NeighborDistances.of([space.project(one) for one in features], symbols)
    of = {name: [place for place, part in enumerate(parts) if part[0] == name] for name in STRATEGIES}
    rows = re.findall(r"(?m)^\| (\w+) \| (\w+) \| (\d+) % \| (\d+) % \((\d+) to (\d+) %\) \|$", PAGE)
    assert len(rows) == 6
    for a, b, *said in rows:
        seen = {parts[place][1][0].positions.tobytes() for place in of[b]}
        own = [place for place in of[a] if parts[place][1][0].positions.tobytes() not in seen]
        share = distances.unique(own, of[b])
        units: dict[str, list[int]] = {}
        for place in of[b]:
            units.setdefault(str(parts[place][1][0].info["trajectory"]), []).append(place)
        weights = {symbol: one.environments for symbol, one in share.by_element.items()}
        null = HeldOut.of_regions(distances, list(units.values())).weighted(weights)
        assert share.share is not None
        found = [share.share, float(np.mean(null)), min(null), max(null)]
        assert [f"{100 * one:.0f}" for one in found] == said, (a, b)


def test_the_study_is_valid() -> None:
    study = Study.load(FOLDER / "study.yaml")
    assert {name: len(entry.seeds) for name, entry in study.file.strategies.items()} == dict.fromkeys(STRATEGIES, 4)
