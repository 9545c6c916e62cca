"""The sum: the library's own calculator, derivatives, invariances, and what belongs to the potential inside."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import graphene, molecule
from ase.stress import full_3x3_to_voigt_6_stress
from ase.units import Bohr

from whet import Component, FrameError, KnownAnswer, Labels, PluginError, Spec, UnknownName, load
from whet.plugins.registry import registry
from whet_d3.dispersion import LAST_ELEMENT

EFS = ("energy", "forces", "stress")


def one(potential: Any, atoms: Atoms, properties: Any = EFS) -> Labels:
    (labels,) = potential.evaluate([atoms], properties)
    return labels


def added(potential: Any, atoms: Atoms) -> Labels:
    """What D3 adds."""
    whole, part = one(potential, atoms), one(potential.parts["potential"], atoms)
    stress = None if whole.stress is None or part.stress is None else whole.stress - part.stress
    return Labels(whole.energy - part.energy, whole.forces - part.forces, stress)


@pytest.mark.parametrize(
    ("options", "independent"),
    [
        ({}, {"damping": "d3bj"}),
        ({"damping": "zero"}, {"damping": "d3zero"}),
        ({"damping": "bjm"}, {"damping": "d3bjm"}),
        ({"damping": "zerom"}, {"damping": "d3zerom"}),
        ({"damping": "op"}, {"damping": "d3op"}),
        ({"damping": "cso"}, {"damping": "d3cso"}),
        ({"three_body": True}, {"damping": "d3bj", "params_tweaks": {"method": "pbe", "atm": True}}),
    ],
)
def test_is_the_potential_and_the_library_s_own_calculator(toy, with_d3, argon, options, independent) -> None:
    from dftd3.ase import DFTD3

    lengths = {"disp2": 25.0, "disp3": 21.17, "cn": 21.17, "width2": 2.0, "width3": 2.0}
    argon.calc = DFTD3(method="PBE", realspace_cutoff=lengths, **independent)
    found = added(with_d3(toy, **options), argon)
    assert found.energy == pytest.approx(argon.get_potential_energy(), abs=1e-10)
    np.testing.assert_allclose(found.forces, argon.get_forces(), atol=1e-12)
    np.testing.assert_allclose(full_3x3_to_voigt_6_stress(found.stress), argon.get_stress(), atol=1e-14)


def test_lengths_are_the_library_s(toy, with_d3, argon) -> None:
    from dftd3.ase import DFTD3

    argon.calc = DFTD3(method="PBE", damping="d3bj")
    defaults = {"cutoff": 60 * Bohr, "coordination_cutoff": 40 * Bohr, "smoothing": 0}
    assert added(with_d3(toy, **defaults), argon).energy == pytest.approx(argon.get_potential_energy(), abs=1e-10)
    off = added(with_d3(toy), argon).energy / argon.get_potential_energy() - 1
    assert -3e-3 < off < -1e-4  # what lies beyond 25 Å


def test_water_has_the_documented_energy() -> None:
    # The example of the module dftd3.ase.
    from whet_d3.damping import damping_parameters
    from whet_d3.dispersion import Dispersion

    found = Dispersion(lambda: damping_parameters("pbe", "bj", three_body=False), 25.0, 2.0, 21.17, 21.17)
    assert found.labels(molecule("H2O")).energy == pytest.approx(-0.009781920198843976, abs=1e-12)


@pytest.mark.parametrize("options", [{}, {"damping": "zero", "three_body": True}])
def test_forces_and_stress_are_derivatives_of_the_energy(toy, with_d3, argon, options) -> None:
    potential, step = with_d3(toy, **options), 2e-5
    labels = one(potential, argon)
    assert labels.stress is not None

    def energy(change: Callable[[Atoms, float], object], sign: int) -> float:
        atoms = argon.copy()
        change(atoms, sign * step)
        return one(potential, atoms, ("energy", "forces")).energy

    for atom, axis in ((0, 0), (5, 1), (18, 2)):

        def move(atoms: Atoms, by: float, atom: int = atom, axis: int = axis) -> None:
            atoms.positions[atom, axis] += by

        slope = (energy(move, 1) - energy(move, -1)) / (2 * step)
        assert labels.forces[atom, axis] == pytest.approx(-slope, abs=1e-8)
    for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):

        def strain(atoms: Atoms, by: float, i: int = i, j: int = j) -> None:
            deformation = np.eye(3)
            deformation[i, j] += by / 2
            deformation[j, i] += by / 2
            atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)

        slope = (energy(strain, 1) - energy(strain, -1)) / (2 * step) / argon.get_volume()
        assert labels.stress[i, j] == pytest.approx(slope, abs=1e-9)


def test_turning_and_moving_change_nothing(toy, with_d3, argon) -> None:
    from scipy.spatial.transform import Rotation

    potential = with_d3(toy)
    labels = one(potential, argon)
    assert labels.stress is not None
    turn = Rotation.from_rotvec([0.4, -0.7, 0.9]).as_matrix()
    turned = argon.copy()
    turned.set_cell(argon.cell.array @ turn.T)
    turned.positions = argon.positions @ turn.T + (0.3, -40.0, 7.0)
    there = one(potential, turned)
    assert there.stress is not None
    assert there.energy == pytest.approx(labels.energy, abs=1e-10)
    np.testing.assert_allclose(there.forces, labels.forces @ turn.T, atol=1e-11)
    np.testing.assert_allclose(there.stress, turn @ labels.stress @ turn.T, atol=1e-13)


def test_a_supercell_has_the_same_energy_per_atom(toy, with_d3, argon) -> None:
    potential = with_d3(toy, three_body=True)
    small, large = one(potential, argon), one(potential, argon.repeat((1, 2, 1)))
    assert small.stress is not None and large.stress is not None
    assert large.energy / 2 == pytest.approx(small.energy, abs=1e-9)
    np.testing.assert_allclose(large.forces[32:], small.forces, atol=1e-11)
    np.testing.assert_allclose(large.stress, small.stress, atol=1e-13)


def test_a_slab_has_no_images_wherever_its_layers_lie(toy, with_d3) -> None:
    """The library itself wraps positions along open directions, and answers something else for half of these."""
    layers = graphene(vacuum=0.0) + graphene(vacuum=0.0)
    layers.positions[2:, 2] += 3.4
    layers.pbc = (True, True, False)
    potential = with_d3(toy, three_body=True)
    energies, forces = [], []
    for height, lift in ((0, 0), (1, 0), (5, 3.3), (20, 18.3), (90, 12), (90, -1)):
        slab = layers.copy()
        slab.cell[2] = (0, 0, height)
        slab.positions[:, 2] += lift
        labels = potential._dispersion.labels(slab)
        assert labels.stress is None
        energies.append(labels.energy)
        forces.append(labels.forces)
    whole = layers.copy()
    whole.center(vacuum=40, axis=2)
    whole.pbc = True
    np.testing.assert_allclose(energies, potential._dispersion.labels(whole).energy, atol=1e-10)
    np.testing.assert_allclose(forces, np.broadcast_to(forces[0], np.shape(forces)), atol=1e-11)


def test_extra_labels_are_handed_through(toy, with_d3, argon) -> None:
    labels = one(with_d3(toy, three_body=True), argon)
    np.testing.assert_array_equal(labels.extra["magmoms"], np.ones(32))
    assert labels.extra["energies"].sum() == pytest.approx(labels.energy, abs=1e-9)
    assert np.ptp(labels.extra["energies"]) > 0.01
    assert labels.extra["free_energy"] == pytest.approx(labels.energy, abs=1e-12)


def test_reference_energies_count_once(toy, with_d3, argon) -> None:
    potential = with_d3(toy)
    before = one(potential, argon).energy
    toy.energy_shift = {"C": -2.0}
    assert one(potential, argon).energy == pytest.approx(before - 16)
    potential.energy_shift = {"C": 0.5}
    assert one(potential, argon).energy == pytest.approx(before - 12)


def test_the_potential_s_known_answer_is_asked_for(toy, with_d3, argon) -> None:
    toy.answer = KnownAnswer(100.0, symbols=("Na", "C"))
    with pytest.raises(PluginError, match=r"'toy'.* instead of 50"):
        one(with_d3(toy), argon)


def test_capabilities_are_those_of_both(toy, with_d3) -> None:
    found = with_d3(toy).capabilities
    assert found.elements == {"Ar", "C", "Na"}  # the library ends before Og
    assert found.theory == replace(toy.stated, dispersion="D3(BJ)")
    assert replace(found, elements=None, theory=None) == replace(toy.capabilities, elements=None, theory=None)
    with_triples = with_d3(toy, damping="zero", three_body=True).capabilities.theory
    assert with_triples.dispersion == "D3(0)-ATM"
    toy.stated, toy.elements = None, None
    found = with_d3(toy, functional="pbe").capabilities
    assert found.elements is not None and len(found.elements) == LAST_ELEMENT
    assert found.theory is None


def test_every_element_has_a_dispersion(toy, with_d3) -> None:
    dispersion = with_d3(toy)._dispersion
    for number in range(1, LAST_ELEMENT + 1):
        assert dispersion.labels(Atoms([number, number], [[0, 0, 0], [0, 0, 4.0]])).energy < -1e-4, number
    toy.elements = None
    with pytest.raises(UnknownName, match="does not know Og"):
        one(with_d3(toy), Atoms("Og"), ("energy", "forces"))


def test_atoms_on_one_place_are_refused(toy, with_d3) -> None:
    with pytest.raises(FrameError, match="Too close"):
        with_d3(toy)._dispersion.labels(Atoms("C2", [[0, 0, 0], [0, 0, 0]]))


def test_parameters_and_features_are_the_potential_s(toy, with_d3, argon) -> None:
    potential = with_d3(toy)
    assert potential.parameters().keys() == {"epsilon"}
    (features,) = potential.embed([argon])
    np.testing.assert_array_equal(features, argon.positions)


def test_the_component_holds_the_potential(tmp_path: Path, argon) -> None:
    here = registry()
    pytest.importorskip("chgnet")
    given = {"use": "d3", "potential": "chgnet"}
    component = here.resolve("potentials", Spec.parse(given, folder=tmp_path))
    again = Component.from_json(json.loads(json.dumps(component.as_json())))
    assert again.key == component.key
    assert one(here.load(again), argon).energy == one(load(given), argon).energy
    for change in ({"potential": "chgnet:0.2.0"}, {"damping": "zero"}, {"cutoff": 30.0}, {"three_body": True}):
        assert here.resolve("potentials", Spec.parse({**given, **change}, folder=tmp_path)).key != component.key
    assert here.load(component).save(tmp_path) == {}  # nothing of its own: the part keeps its files
