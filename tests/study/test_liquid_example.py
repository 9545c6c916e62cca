"""The example of a molecular liquid: what its page says of bonds and of regions is what its frames give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from analysis_inputs import found, labeled_frames, rows
from whet import Spec, Study, read_labeled
from whet.analyses.coverage import Coverage
from whet.bias.bonds import BondLengths, follow
from whet.contracts.ports import LabeledFrames
from whet.contracts.ref import Ref
from whet.data.frames import FrameSet
from whet.data.topology import BondTopology
from whet.plugins.registry import registry

FOLDER = Path(__file__).parents[2] / "examples" / "liquid"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
STRATEGIES = ("naive", "periodic", "hybrid")

Trajectory = list[Atoms]


def trajectories(name: str) -> list[Trajectory]:
    """Of a file; what a strategy took up again is one."""
    each: dict[str, Trajectory] = {}
    for frame in read_labeled(FOLDER / f"{name}.extxyz"):
        each.setdefault(str(frame.info["trajectory"]), []).append(frame)
    return list(each.values())


def pieces(name: str) -> list[Trajectory]:
    """Of a strategy: what each round added to each trajectory."""
    each: dict[tuple[str, int], Trajectory] = {}
    for trajectory in trajectories(name):
        for frame in trajectory:
            each.setdefault((str(frame.info["trajectory"]), frame.info["round"]), []).append(frame)
    return list(each.values())


def driven_by(driver: str, names: Sequence[str] = STRATEGIES) -> list[Trajectory]:
    """Each once: the first trajectory of naive is that of periodic."""
    every = [piece for name in names for piece in pieces(name) if piece[0].info["driver"] == driver]
    return list({piece[0].positions.tobytes(): piece for piece in every}.values())


def bonds(every: Sequence[Trajectory], pairs: np.ndarray) -> BondLengths:
    """The same bonds in all of them: their atoms are in one order."""
    each = [follow(BondTopology.joining(every[0][0], pairs), trajectory) for trajectory in every]
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
    for name, every in groups.items():
        summary = bonds(every, pairs).summary()
        numbers = " | ".join(
            f"{summary[kind].mean:.3f} ± {summary[kind].width:.3f}" for kind in ("C3-O1", "C3-O2", "C4-O2")
        )
        assert f"| {name} | {len(every)} | {numbers} |" in PAGE


def gathered(name: str) -> list[LabeledFrames]:
    """What each round of each run of a strategy added to each trajectory."""
    every = pieces(name)
    names = [str(piece[0].info["trajectory"]) for piece in every]
    added = []
    for piece, trajectory in zip(every, names, strict=True):
        by = Ref("CHGNet", name, int(piece[0].info["round"]), int(piece[0].info["seed"]))
        ref = Ref(set=name, set_kind="training", gathered_by=by, trajectory=names.index(trajectory))
        added.append(labeled_frames(ref, FrameSet(piece)))
    return added


@pytest.mark.skipif("soap" not in registry().names("descriptors"), reason="whet-soap is not installed")
def test_the_shares_are_those_of_the_page(tmp_path: Path) -> None:
    soap = registry().load(registry().resolve("descriptors", Spec("soap", {})))
    data = [one for name in STRATEGIES for one in gathered(name)]
    table = rows(found(Coverage, tmp_path, *data, descriptor=soap), "unique")
    pairs = [row for row in table if row["set B"] != "its earlier rounds"]
    assert len(pairs) == 6
    for row in pairs:
        a, b = (row[side].removesuffix(" (4 runs)") for side in ("set A", "set B"))
        own = [row[f"B's own, held out: {which}"] for which in ("mean", "lowest", "highest")]
        null = [f"{100 * share:.0f}" for share in own]
        numbers = f"{100 * row['share of A not in B']:.0f} % | {null[0]} % ({null[1]} to {null[2]} %)"
        assert f"| {a} | {b} | {numbers} | {row['new regions?']} |" in PAGE


def test_the_study_is_valid() -> None:
    study = Study.load(FOLDER / "study.yaml")
    assert {name: len(entry.seeds) for name, entry in study.file.strategies.items()} == dict.fromkeys(STRATEGIES, 4)
