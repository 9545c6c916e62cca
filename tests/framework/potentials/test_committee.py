"""Committees: mean, spread, what they can do, and their way through a component."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from whet import Capabilities, Component, InputError, Labels, LevelOfTheory, Potential, Spec
from whet.data.errors import OptionsError
from whet.plugins.discovery import discover
from whet.plugins.registry import Registry, registry
from whet.potentials.committee import Committee, CommitteeOptions


class Fixed(Potential):
    """Answers what it was told."""

    name = "fixed"

    def __init__(self, forces: float, elements: frozenset[str] | None = None, theory: LevelOfTheory | None = None):
        super().__init__(self.Options())
        self.forces, self.elements, self.theory = forces, elements, theory

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(elements=self.elements, cutoff=self.forces, theory=self.theory)

    def predict(self, frames, properties):
        for frame in frames:
            pull = np.zeros((len(frame), 3))
            pull[:, 0] = self.forces
            yield Labels(10 * self.forces, pull, self.forces * np.eye(3) if "stress" in properties else None)


def committee(*members: Potential) -> Committee:
    parts = {f"potential-{place}": member for place, member in enumerate(members, start=1)}
    return Committee(CommitteeOptions.model_validate({"members": ["a", "b"]}), None, parts)


def test_mean_and_spread() -> None:
    frame = bulk("Ar", "fcc", a=5.3, cubic=True)
    members = [Fixed(1.0), Fixed(2.0), Fixed(6.0)]
    members[0].energy_shift = {"Ar": 3.0}  # of its own fine-tuning: it counts once
    (found,) = committee(*members).evaluate([frame])
    assert found.energy == pytest.approx((10 + 12 + 20 + 60) / 3)
    np.testing.assert_allclose(found.forces, np.outer(np.ones(4), [3, 0, 0]))
    assert found.stress is not None
    np.testing.assert_allclose(found.stress, 3 * np.eye(3))
    np.testing.assert_allclose(found.extra["force_spread"], np.std([1, 2, 6]))
    (again,) = committee(*members).evaluate([frame], ("energy", "forces"))
    assert again.stress is None


def test_the_spread_does_not_turn_with_the_frame() -> None:
    class Turned(Fixed):
        def predict(self, frames, properties):
            for labels in super().predict(frames, properties):
                yield Labels(labels.energy, labels.forces[:, [1, 2, 0]])

    frame = bulk("Ar", "fcc", a=5.3, cubic=True)
    (found,) = committee(Fixed(1.0), Turned(1.0)).evaluate([frame], ("energy", "forces"))
    # Two unit vectors at a right angle: each is √2/2 from their mean.
    np.testing.assert_allclose(found.extra["force_spread"], np.sqrt(0.5))


def test_it_can_do_what_all_members_can() -> None:
    theory = LevelOfTheory("PBE", "VASP")
    both = committee(Fixed(4.0, frozenset({"Ar", "Ne"}), theory), Fixed(5.0, frozenset({"Ar", "Kr"}), theory))
    assert both.capabilities.elements == {"Ar"} and both.capabilities.cutoff == 5.0
    assert both.capabilities.theory == theory
    mixed = committee(Fixed(4.0, None, theory), Fixed(5.0, None, LevelOfTheory("r2SCAN", "VASP")))
    assert mixed.capabilities.theory is None and mixed.capabilities.elements is None


def test_named_in_a_study_it_is_a_potential_like_any_other(toy: None) -> None:
    here = Registry(discover())
    component = here.resolve("potentials", Spec("committee", {"members": ["toy", {"use": "toy", "model": "hard"}]}))
    assert sorted(component.parts) == ["potential-1", "potential-2"]
    living = here.load(Component.from_json(component.as_json()))
    soft, hard = (here.load(component.parts[f"potential-{place}"]) for place in (1, 2))
    frame = bulk("Ar", "fcc", a=5.3, cubic=True) * 2
    frame.rattle(0.1, seed=1)
    (one,), (two,) = (list(member.evaluate([frame])) for member in (soft, hard))
    (found,) = living.evaluate([frame])
    np.testing.assert_allclose(found.forces, (one.forces + two.forces) / 2)
    assert found.extra["force_spread"].shape == (len(frame),) and found.extra["force_spread"].max() > 0
    other = here.resolve("potentials", Spec("committee", {"members": ["toy", "toy"]}))
    assert other.key != component.key


def test_too_few_members_are_refused(toy: None, tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match=r"members: .*at least 2"):
        registry().resolve("potentials", Spec("committee", {"members": ["toy"]}))
    with pytest.raises(InputError, match="two members at least, not 1"):
        Committee.of([Component("potentials", "toy")])
