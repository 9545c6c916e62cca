"""A potential as labeler: the same numbers, failures as values, and a theory that follows the potential."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import (
    Capabilities,
    Failure,
    FrameError,
    Labels,
    Options,
    Potential,
    Property,
    Spec,
    UndeterminedEnergy,
    UnknownName,
)
from whet.contracts.energy_span import energy_doubts
from whet.data.errors import OptionsError
from whet.plugins.discovery import FoundPlugin, discover
from whet.plugins.registry import Registry


class SpringOptions(Options):
    """A spring to the origin."""

    stiffness: float = 1.0
    """eV/Å²."""
    model: str | None = None
    """A file, for its content."""


class Springs(Potential[SpringOptions]):
    """Every atom on a spring; knows copper and hydrogen, and refuses lone atoms."""

    name = "springs"
    unpickles = False

    @classmethod
    def find_files(cls, options: SpringOptions) -> Mapping[str, Path]:
        return {"checkpoint": Path(options.model)} if options.model else {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(elements=frozenset({"Cu", "H"}))

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        options = self.options
        for frame in frames:
            if len(frame) == 1:
                raise FrameError("a lone atom")
            stress = np.eye(3) if "stress" in properties else None
            energy = options.stiffness / 2 * (frame.positions**2).sum()
            yield Labels(float(energy), -options.stiffness * frame.positions, stress)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry([*discover(), FoundPlugin("springs", "toys", "1", {"potentials": [Springs]})])


def teacher(registry: Registry, potential: Any) -> Any:
    return registry.load(registry.resolve("labelers", Spec("teacher", {"potential": potential})))


def test_labels_are_the_potential_s(registry: Registry, tmp_path: Path) -> None:
    frames = [bulk("Cu", cubic=True), molecule("H2")]
    potential = registry.load(registry.resolve("potentials", Spec("springs", {"stiffness": 3.0})))
    labeler = teacher(registry, {"use": "springs", "stiffness": 3.0})
    answers = list(labeler.label(frames, tmp_path))
    for frame, answer in zip(frames, answers, strict=True):
        wanted = ("energy", "forces", "stress") if frame.pbc.all() else ("energy", "forces")
        (expected,) = potential.evaluate([frame], wanted)
        assert answer.energy == expected.energy
        np.testing.assert_array_equal(answer.forces, expected.forces)
        assert (answer.stress is None) == (expected.stress is None)


def test_the_energy_shift_of_a_fine_tuned_teacher_counts(registry: Registry, tmp_path: Path) -> None:
    labeler = teacher(registry, "springs")
    (before,) = labeler.label([molecule("H2")], tmp_path)
    theory = labeler.theory.fingerprint
    labeler.parts["potential"].energy_shift = {"H": -2.0}
    (after,) = labeler.label([molecule("H2")], tmp_path)
    assert after.energy == pytest.approx(before.energy - 4.0)
    assert labeler.theory.fingerprint != theory


def test_a_teacher_whose_fit_does_not_determine_an_energy_says_so(registry: Registry, tmp_path: Path) -> None:
    labeler = teacher(registry, "springs")
    labeler.parts["potential"].energy_shift = {"H": -2.0, "Cu": 1.0}
    labeler.parts["potential"].energy_span = ["CuH"]
    fitted, other = Atoms("CuH", [[0, 0, 0], [2, 0, 0]]), molecule("H2")
    with pytest.warns(UndeterminedEnergy, match="the energy of H cannot be compared"):
        list(labeler.label([fitted, other], tmp_path))
    assert not list(energy_doubts(labeler, fitted))
    assert len(list(energy_doubts(labeler, other))) == 1


def test_a_frame_that_the_potential_refuses_fails_alone(registry: Registry, tmp_path: Path) -> None:
    frames = [molecule("H2O"), Atoms("H"), molecule("H2")]
    unknown, lone, fine = teacher(registry, "springs").label(frames, tmp_path)
    assert isinstance(unknown, Failure) and "does not know O" in unknown.reason
    assert isinstance(lone, Failure) and "a lone atom" in lone.reason
    assert isinstance(fine, Labels)


def test_the_theory_follows_the_potential(registry: Registry, tmp_path: Path) -> None:
    one, other, moved = (tmp_path / name for name in ("one.pt", "other.pt", "moved.pt"))
    one.write_text("weights")
    other.write_text("other weights")
    moved.write_text("weights")
    theories = [
        teacher(registry, potential).theory
        for potential in ("springs", {"use": "springs", "stiffness": 2.0}, f"springs:{one}", f"springs:{other}")
    ]
    assert len({theory.fingerprint for theory in theories}) == 4
    assert teacher(registry, f"springs:{moved}").theory.fingerprint == theories[2].fingerprint
    assert theories[0].method == "teacher:springs"
    assert theories[0].code == "whet"


def test_a_teacher_that_nobody_knows(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'springs'"):
        teacher(registry, "sprigns")
    with pytest.raises(OptionsError, match="stifness"):
        teacher(registry, {"use": "springs", "stifness": 2.0})
    with pytest.raises(OptionsError, match="missing"):
        registry.resolve("labelers", Spec("teacher", {}))
