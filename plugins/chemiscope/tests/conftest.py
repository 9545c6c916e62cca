"""A map of made-up data: water in two sets and a trajectory, with a planted outlier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from analysis_inputs import study
from whet import Descriptor, Findings, Ref
from whet.contracts.analysis import Piece
from whet.contracts.ports import Data
from whet.testing.given_work import GivenWork
from whet_chemiscope.descriptor_map import DescriptorMap, MapOptions

Run = Callable[..., Findings]


class Everything(Descriptor):
    """Positions as they are: six features and more, which frames are drawn with."""

    name = "everything"

    def describe(self, frames: Sequence[Atoms], elements: Sequence[str]) -> Iterator[np.ndarray]:
        for frame in frames:
            yield np.concatenate([frame.positions, frame.positions**2, np.sin(3 * frame.positions)], axis=1)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the map over pieces. descriptor: None for a study without one. The rest are its options."""

    def ran(*data: Data, descriptor: Descriptor | None = None, **options: Any) -> Findings:
        made = DescriptorMap(MapOptions(**options))
        pieces = study(*data, roles=["descriptor"] if descriptor else [])
        by_key = {piece.key: one for piece, one in zip(pieces.pieces, data, strict=True)}
        (wanted,) = made.wants(pieces)
        inputs = {
            role: [by_key[piece.key] for piece in feeds if isinstance(piece, Piece)]
            for role, feeds in wanted.inputs.items()
        }
        backends = {role: descriptor for role in wanted.components if descriptor}
        findings = made.run(GivenWork(tmp_path, inputs, backends))
        findings.check()
        return findings

    return ran


@pytest.fixture
def everything() -> Descriptor:
    return Everything(Everything.Options())


NEAR = Ref(set="near", set_kind="independent")
OLD = Ref(set="old", set_kind="independent")
MAIN = Ref("main")
