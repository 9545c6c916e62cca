"""What looks wrong in many labels together: found where it was put, and not found in sound data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Labels, read_labeled
from whet.labels.label_checks import Finding, LabelChecks

REFERENCE = {"Na": -1.3, "Cl": -1.8, "Ar": -0.1}


def crystals(count: int = 60, **changed: Callable[[int, Labels], Labels]) -> list[tuple[Atoms, Labels]]:
    """Salt and argon around equilibrium: energy and pressure of a bulk modulus of 25 GPa, forces of 1 eV/Å or so."""
    random, found = np.random.default_rng(0), []
    for index in range(count):
        base = bulk("NaCl", "rocksalt", a=5.6, cubic=True) if index % 3 else bulk("Ar", "fcc", a=5.3, cubic=True)
        strain = random.normal(scale=0.02)
        atoms = base.copy()
        atoms.set_cell(base.cell.array * (1 + strain), scale_atoms=True)
        modulus, volume = 25 / 160.2, base.cell.volume
        energy = (
            sum(REFERENCE[s] for s in atoms.symbols) + 4.5 * modulus * volume * strain**2 + random.normal(scale=0.02)
        )
        stress = np.eye(3) * (3 * modulus * strain + random.normal(scale=0.002))
        forces = random.normal(scale=np.exp(random.normal(scale=0.3)), size=(len(atoms), 3))
        labels = Labels(energy, forces, stress)
        for change in changed.values():
            labels = change(index, labels)
        found.append((atoms, labels))
    return found


def findings(labeled: Sequence[tuple[Atoms, Labels]]) -> dict[str, Finding]:
    checks = LabelChecks()
    for index, (atoms, labels) in enumerate(labeled):
        checks.add(str(index), atoms, labels)
    return {finding.kind: finding for finding in checks.findings()}


def test_nothing_is_found_in_sound_labels() -> None:
    assert findings(crystals()) == {}
    assert findings([]) == {}
    assert findings(crystals(1)) == {}


@pytest.mark.parametrize(
    "name", ["lgps/train-50", "lgps/test-50", "lgps/test-400", "mptrj/mpf-TP", "mptrj/mptrj-random-1k"]
)
def test_nothing_is_made_up_about_real_labels(reference_data: Path, name: str) -> None:
    frames = read_labeled(reference_data / f"{name}.extxyz")
    found = findings([(frame, Labels.of(frame)) for frame in frames])
    expected = {"lgps/train-50": {"missing-stress"}, "mptrj/mptrj-random-1k": {"large-forces"}}
    assert set(found) == expected.get(name, set())
    if name == "lgps/train-50":
        without = sum(Labels.of(frame).stress is None for frame in frames)
        assert found["missing-stress"].what == f"{without} of 1001 periodic frames have no stress"
        assert len(found["missing-stress"].places) == without


def test_large_and_outlying_forces_are_named() -> None:
    def far(index: int, labels: Labels) -> Labels:
        return Labels(labels.energy, labels.forces * {7: 300.0, 11: 2000.0}.get(index, 1.0), labels.stress)

    found = findings(crystals(far=far))
    assert found["large-forces"].places == ("7", "11")
    moderate = findings(crystals(far=lambda i, one: Labels(one.energy, one.forces * (0.0 if i else 40.0), one.stress)))
    assert "outlying-forces" not in moderate  # one frame with forces is no measure

    def somewhat(index: int, labels: Labels) -> Labels:
        forces = labels.forces / np.linalg.norm(labels.forces, axis=1).max()
        return Labels(labels.energy, forces * (45.0 if index == 5 else 1 + index / 1000), labels.stress)

    found = findings(crystals(somewhat=somewhat))
    assert set(found) == {"outlying-forces"}
    assert found["outlying-forces"].places == ("5",)


def test_a_free_energy_besides_is_told() -> None:
    def smeared(index: int, labels: Labels) -> Labels:
        extra = {"free_energy": np.array(labels.energy - 0.004 * (index == 3))}
        return Labels(labels.energy, labels.forces, labels.stress, extra)

    found = findings(crystals(smeared=smeared))
    assert set(found) == {"two-energies"}
    assert found["two-energies"].places == ("3",)
    assert "1 frames have a free energy besides, up to 1 meV/atom" in found["two-energies"].what


def test_energies_of_two_scales_are_named() -> None:
    """A fifth of the frames has other reference energies: of chlorine only, so that a constant would not tell."""

    def shifted(index: int, labels: Labels) -> Labels:
        return labels.shifted(3.0 * (4 if index % 3 else 0)) if index % 5 == 1 else labels

    found = findings(crystals(120, shifted=shifted))
    assert set(found) == {"two-energy-scales"}
    assert set(found["two-energy-scales"].places) == {str(i) for i in range(120) if i % 5 == 1 and i % 3}
    assert "apart, 16 frames against 104" in found["two-energy-scales"].what


def test_energies_of_two_scales_are_seen_in_real_labels(reference_data: Path) -> None:
    frames = read_labeled(reference_data / "lgps" / "test-50.extxyz")
    mixed = [
        (frame, Labels.of(frame).shifted(1.0 * len(frame) * (index % 4 == 0))) for index, frame in enumerate(frames)
    ]
    found = findings(mixed)["two-energy-scales"]
    assert found.places == tuple(map(str, range(0, 200, 4)))


def test_a_stress_of_the_opposite_sign_is_told() -> None:
    def turned(index: int, labels: Labels) -> Labels:
        assert labels.stress is not None
        return Labels(labels.energy, labels.forces, -labels.stress)

    found = findings(crystals(turned=turned))
    assert set(found) == {"stresses-and-energies"}
    assert "stresses of the opposite sign" in found["stresses-and-energies"].what
    assert findings(crystals(12, turned=turned)) == {}  # too few to say


def test_frames_that_lie_far_apart_tell_it_by_their_pressures() -> None:
    def turned(index: int, labels: Labels) -> Labels:
        assert labels.stress is not None
        return Labels(labels.energy, labels.forces, -labels.stress)

    far = [(atoms.copy(), labels) for atoms, labels in crystals(turned=turned)]
    for number, (atoms, _) in enumerate(far):
        atoms.positions[number % len(atoms)] += 1.5  # another one in the next frame of salt, and of argon
    found = findings(far)
    assert set(found) == {"stress-sign"}
    assert "the pressure rises with the volume" in found["stress-sign"].what
    assert "60 frames of equal compositions" in found["stress-sign"].what


def test_a_stress_of_the_opposite_sign_is_told_in_real_labels(reference_data: Path) -> None:
    frames = read_labeled(reference_data / "lgps" / "test-400.extxyz")
    turned = []
    for frame in frames:
        labels = Labels.of(frame)
        assert labels.stress is not None
        turned.append((frame, Labels(labels.energy, labels.forces, -labels.stress)))
    assert set(findings(turned)) == {"stress-sign"}


def test_labels_that_are_there_already_are_compared_with_and_not_named() -> None:
    checks = LabelChecks()
    labeled = crystals(60, shifted=lambda i, labels: labels.shifted(40.0 if i >= 50 else 0.0))
    for index, (atoms, labels) in enumerate(labeled):
        checks.add(str(index), atoms, labels, is_new=index >= 50)
    (finding,) = checks.findings()
    assert finding.kind == "two-energy-scales"
    assert finding.places == tuple(map(str, range(50, 60)))
