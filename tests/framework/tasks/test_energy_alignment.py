"""Where reference energies come from: planted ones are recovered by isolated atoms where a fit cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet import FrameSet, InputError, Labels, LevelOfTheory, ReferenceEnergies, isolated_atom
from whet.contracts.labeling import lowest_atoms
from whet.contracts.potential import Capabilities, Property
from whet.tasks.energy_alignment import EnergySource, alignment
from whet.testing.lennard_jones import LennardJones

PLANTED = {"Ar": -431.7, "Ne": 128.2, "Kr": -900.1}


class Pairs(LennardJones):
    """Lennard-Jones; lone: eV that an isolated atom has, or what it raises."""

    lone: float | Exception = 0.0
    theory: LevelOfTheory | None = None

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, theory=self.theory)

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        for frame, labels in zip(frames, super().predict(frames, properties), strict=True):
            if len(frame) == 1 and isinstance(self.lone, Exception):
                raise self.lone
            yield labels.shifted(self.lone if len(frame) == 1 and isinstance(self.lone, float) else 0.0)


def clusters(*formulas: str, off: Mapping[str, float] = PLANTED) -> FrameSet:
    """Random clusters with the labels of Lennard-Jones and a planted energy of each element."""
    random, found = np.random.default_rng(0), []
    for formula in formulas:
        frame = Atoms(formula)
        frame.positions = 3.8 * np.array(list(np.ndindex(3, 3, 3)))[: len(frame)]
        frame.positions += random.normal(0, 0.05, frame.positions.shape)
        (labels,) = LennardJones().evaluate([frame], ("energy", "forces"))
        found.append(labels.shifted(sum(off[symbol] for symbol in frame.get_chemical_symbols())).attach(frame))
    return FrameSet(found)


def aligned_by(bare: Any, frames: FrameSet, source: EnergySource) -> ReferenceEnergies:
    """The alignment of frames that the potential has predicted."""
    return alignment(bare, frames, list(bare.evaluate(frames, ("energy", "forces"))), source)


ONE_COMPOSITION = clusters("ArNe2Kr", "Ar2Ne4Kr2", "ArNe2Kr")


def test_planted_energies_are_recovered_where_a_fit_cannot() -> None:
    fitted = aligned_by(Pairs(), ONE_COMPOSITION, EnergySource("fit"))
    assert fitted.rank == 1
    assert max(abs(fitted.shift[symbol] - energy) for symbol, energy in PLANTED.items()) > 100
    aligned = aligned_by(Pairs(), ONE_COMPOSITION, EnergySource("atoms", PLANTED))
    assert (aligned.source, aligned.rank, aligned.determined, list(aligned.span)) == ("atoms", 3, True, [])
    assert dict(aligned.shift) == pytest.approx(PLANTED)
    assert aligned.residual < 1e-9
    assert aligned.note == ""


def test_the_potentials_own_atom_counts() -> None:
    """A potential all of whose energies, those of atoms too, lie elsewhere."""
    potential = Pairs()
    potential.energy_shift = {"Ar": 5.0, "Ne": 7.0, "Kr": -2.0}
    aligned = aligned_by(potential, ONE_COMPOSITION, EnergySource("atoms", PLANTED))
    assert dict(aligned.shift) == pytest.approx({"Ar": -436.7, "Ne": 121.2, "Kr": -898.1})
    assert aligned.residual < 1e-9


@pytest.mark.parametrize(
    ("lone", "said"),
    [
        (RuntimeError("no edges"), "the potential does not answer an isolated atom of Ar (RuntimeError)"),
        (float("nan"), "the potential does not answer an isolated atom of Ar (energy is not finite (NaN or infinite))"),
        (
            -3.0,
            "isolated atoms leave 3.00 eV/atom between labels and potential: it knows no atoms, or theirs are energies "
            "of another theory or state",
        ),
    ],
)
def test_a_potential_that_knows_no_atoms_is_fitted_and_says_so(lone: Any, said: str) -> None:
    potential = Pairs()
    potential.lone = lone
    aligned = aligned_by(potential, ONE_COMPOSITION, EnergySource("atoms", PLANTED))
    fitted = aligned_by(Pairs(), ONE_COMPOSITION, EnergySource("fit"))
    assert aligned == replace(fitted, note=said)
    assert list(aligned.span) == ["ArKrNe2"]


def test_cohesive_energies_of_two_theories_may_differ() -> None:
    potential = Pairs()
    potential.lone = -0.5
    aligned = aligned_by(potential, ONE_COMPOSITION, EnergySource("atoms", PLANTED))
    assert (aligned.source, aligned.residual) == ("atoms", pytest.approx(0.5))


def test_a_later_round_keeps_the_shifts_of_the_first() -> None:
    """What a training did to isolated atoms is no difference of theories."""
    first = aligned_by(Pairs(), ONE_COMPOSITION, EnergySource("atoms", PLANTED))
    trained = Pairs()
    trained.lone = 0.7
    again = aligned_by(trained, ONE_COMPOSITION, EnergySource("atoms", PLANTED, before=first))
    assert dict(again.shift) == pytest.approx(PLANTED)
    lost = replace(aligned_by(Pairs(), ONE_COMPOSITION, EnergySource("fit")), note="it knows no atoms")
    assert aligned_by(trained, ONE_COMPOSITION, EnergySource("atoms", PLANTED, before=lost)).note == "it knows no atoms"


def test_an_element_without_an_atom_is_named() -> None:
    with pytest.raises(InputError, match="no energy of an isolated atom of Kr, Ne"):
        aligned_by(Pairs(), ONE_COMPOSITION, EnergySource("atoms", {"Ar": 1.0}))


def test_the_foundations_energies_shift_nothing_and_far_labels_are_told() -> None:
    same = clusters("ArNe2Kr", "Ar", off=dict.fromkeys(PLANTED, 0.01))
    found = aligned_by(Pairs(), same, EnergySource("foundation"))
    assert (dict(found.shift), found.source, found.note) == ({}, "foundation", "")
    assert found.residual == pytest.approx(0.01)
    far = aligned_by(Pairs(), clusters("Ar2", off={"Ar": 0.4}), EnergySource("foundation"))
    assert far.note == "the labels are 400 meV/atom from the potential's energies: are the theories one?"


MP = LevelOfTheory("PBE/PBE+U", "VASP")


@pytest.mark.parametrize(
    ("labels", "potential", "refused"),
    [
        (LevelOfTheory("PBE", "CP2K"), MP, ""),
        (LevelOfTheory("PBE+U", "VASP", hubbard_u={"Fe": 5.3}), MP, ""),
        (LevelOfTheory("r2SCAN", "VASP"), MP, "the labels are r2SCAN"),
        (LevelOfTheory("PBE", "VASP", dispersion="D3(BJ)"), MP, r"the labels are PBE-D3\(BJ\)"),
        (LevelOfTheory("PBE", "VASP"), replace(MP, settings={"corrections": "MP2020"}), "corrected by MP2020"),
        (LevelOfTheory("r2SCAN", "VASP"), None, ""),
    ],
)
def test_theories_are_compared_where_both_are_known(
    labels: LevelOfTheory, potential: LevelOfTheory | None, refused: str
) -> None:
    pairs, source = Pairs(), EnergySource("foundation", theories=[labels])
    pairs.theory = potential
    frames = clusters("Ar2", off={"Ar": 0.0})
    if refused:
        with pytest.raises(InputError, match=refused):
            aligned_by(pairs, frames, source)
    else:
        assert aligned_by(pairs, frames, source).source == "foundation"


def test_nothing_is_shifted_where_nothing_is_asked() -> None:
    assert aligned_by(Pairs(), ONE_COMPOSITION, EnergySource("none")) == ReferenceEnergies({}, 0, 0.0, 0, "none")


def test_the_ground_state_is_the_lowest_of_several() -> None:
    atoms = [Labels(energy, np.zeros((1, 3))).attach(isolated_atom("O")) for energy in (-1.5, -1.9, -1.6)]
    assert lowest_atoms(atoms) == {"O": -1.9}
    with pytest.raises(InputError, match="has 2 atoms, and should have one"):
        lowest_atoms([Labels(0.0, np.zeros((2, 3))).attach(Atoms("O2"))])


@pytest.mark.parametrize("stated", [{"charge": -1}, {"total_charge": 2.0}])
def test_an_ion_is_no_atom(stated: dict[str, float]) -> None:
    """The anion of a halogen is lower than its atom: as the lowest it would be taken for the ground state."""
    anion = Labels(-3.6, np.zeros((1, 3))).attach(isolated_atom("Cl"))
    anion.info.update(stated)
    with pytest.raises(InputError, match=r"frame 1 \(Cl\) has the charge [+-]\d"):
        lowest_atoms([Labels(0.0, np.zeros((1, 3))).attach(isolated_atom("Cl")), anion])
