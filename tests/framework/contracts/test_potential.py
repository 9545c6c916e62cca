"""What the base class of potentials does for every author."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import FrameError, Labels, Spec
from whet.data.errors import NotApplied, UnknownName
from whet.plugins.registry import registry


@pytest.fixture
def potential(toy: None):
    return registry().load(registry().resolve("potentials", Spec("toy")))


def crystal() -> Atoms:
    atoms = bulk("Ar", "fcc", a=4.6, cubic=True)
    atoms.positions += np.random.default_rng(0).normal(scale=0.1, size=(4, 3))
    return atoms


def test_the_calculator_answers_as_evaluate_does(potential) -> None:
    atoms = crystal()
    (labels,) = potential.evaluate([atoms])
    atoms.calc = potential.calculator()
    assert atoms.get_potential_energy() == labels.energy
    np.testing.assert_array_equal(atoms.get_forces(), labels.forces)
    np.testing.assert_array_equal(atoms.get_stress(voigt=False), labels.stress)


class Memory:
    """A potential's `predict` that notes the sizes of its batches and has no memory for more than `fits` frames."""

    def __init__(self, potential, fits: int = 100) -> None:
        self.predict, self.fits, self.sizes = potential.predict, fits, []
        potential.predict = self

    def __call__(self, frames, properties):
        self.sizes.append(len(frames))
        if len(frames) > self.fits:
            raise RuntimeError("out of memory")
        return self.predict(frames, properties)


def test_answers_in_batches_are_those_of_single_frames(potential) -> None:
    frames = [crystal() for _ in range(7)]
    for shift, frame in enumerate(frames):
        frame.positions[0] += 0.01 * shift
    frames[3].pbc = False
    singly = list(potential.answers(frames))
    memory = Memory(potential)
    for one, other in zip(singly, potential.answers(iter(frames), batch_size=4), strict=True):
        assert one.energy == other.energy
        np.testing.assert_array_equal(one.forces, other.forces)
        assert (one.stress is None) == (other.stress is None)
    assert singly[3].stress is None
    assert memory.sizes == [3, 1, 3]  # an isolated frame is asked for no stress


def test_a_fault_in_a_batch_is_that_of_its_frame(potential) -> None:
    frames = [crystal() for _ in range(8)]
    frames[2].symbols[0] = "Xe"
    frames[5].positions[0] = np.nan
    answers = list(potential.answers(frames, batch_size=8))
    assert [place for place, one in enumerate(answers) if not isinstance(one, Labels)] == [2, 5]
    assert isinstance(answers[2], UnknownName)
    assert isinstance(answers[5], FrameError)


def test_batches_shrink_to_what_fits(potential) -> None:
    memory = Memory(potential, fits=2)
    assert len(list(potential.answers([crystal() for _ in range(12)], batch_size=8))) == 12
    assert memory.sizes[:3] == [8, 4, 2]
    assert set(memory.sizes[-2:]) == {2}
    memory.fits = 0
    with pytest.raises(RuntimeError, match="out of memory"):
        list(potential.answers([crystal(), crystal()], batch_size=2))


def test_a_potential_is_loaded_by_its_name(toy: None) -> None:
    import whet

    atoms = crystal()
    atoms.calc = whet.load({"use": "toy:hard", "scale": 2.0}).calculator()
    double = atoms.get_potential_energy()
    atoms.calc = whet.load("toy:hard").calculator()
    assert double == pytest.approx(2 * atoms.get_potential_energy())


def test_toy_forces_and_stress_are_derivatives(potential) -> None:
    """The toy is the yardstick of the seam tests, so it has to be right itself."""
    atoms, h = crystal(), 1e-5
    (labels,) = potential.evaluate([atoms])
    for i, k in ((0, 0), (2, 1)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[i, k] += sign * h
            energies.append(next(iter(potential.evaluate([moved]))).energy)
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(labels.forces[i, k], abs=1e-7)
    strain = np.zeros((3, 3))
    strain[0, 1] = strain[1, 0] = h / 2
    energies = []
    for sign in (1, -1):
        strained = atoms.copy()
        strained.set_cell(atoms.cell @ (np.eye(3) + sign * strain), scale_atoms=True)
        energies.append(next(iter(potential.evaluate([strained]))).energy)
    found = (energies[0] - energies[1]) / (2 * h) / atoms.get_volume()
    assert found == pytest.approx(labels.stress[0, 1], abs=1e-8)


def test_unknown_elements_nan_and_empty_frames_are_refused(potential) -> None:
    with pytest.raises(UnknownName, match="does not know Xe"):
        list(potential.evaluate([Atoms("Xe", cell=[9, 9, 9], pbc=True)]))
    broken = crystal()
    broken.positions[0, 0] = np.nan
    with pytest.raises(FrameError, match="positions are not finite"):
        list(potential.evaluate([broken]))
    with pytest.raises(FrameError, match="no atoms"):
        list(potential.evaluate([Atoms()]))


def test_a_nan_answer_is_an_error(potential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(potential, "predict", lambda frames, properties: [Labels(np.nan, np.zeros((4, 3)))])
    with pytest.raises(FrameError, match="energy is not finite"):
        list(potential.evaluate([crystal()]))


def test_what_was_done_is_compared_with_what_was_asked(potential) -> None:
    from whet import Applied, FineTuneRequest, FineTuneSettings, FrameSet, Weights

    frames = FrameSet([Labels(0.0, np.zeros((4, 3))).attach(crystal())])
    settings = FineTuneSettings(epochs=3, learning_rate=1e-3, weights=Weights(stress=1.0))
    request = FineTuneRequest(potential, frames, FrameSet(()), settings, seed=1)
    right = {
        "strategy": "full",
        "epochs": 3,
        "batch_size": 1,
        "learning_rate": 1e-3,
        "labels": frozenset({"energy", "forces", "stress"}),
        "trainable_parameters": 5,
    }
    Applied(**right).compare(request)
    for wrong in (
        {"strategy": "frozen"},
        {"epochs": 2},
        {"learning_rate": 1e-4},
        {"labels": frozenset({"energy", "forces"})},
        {"trainable_parameters": 0},
        {"replay_frames": 7},
    ):
        with pytest.raises(NotApplied):
            Applied(**{**right, **wrong}).compare(request)
