"""Each probe gives what MatCalc, called by hand, gives: to the last digit, with ASE's own optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from pymatgen.core.surface import SlabGenerator
from pymatgen.io.ase import AseAtomsAdaptor

from whet import Spec
from whet.plugins.registry import registry
from whet_matcalc.matcalc_import import matcalc_module

matcalc = matcalc_module()


def copper(edge: float = 3.62) -> Atoms:
    """Conventional cell, a little larger than its minimum."""
    return bulk("Cu", a=edge, cubic=True)


def structure(atoms: Atoms) -> Any:
    return AseAtomsAdaptor.get_structure(atoms)  # pyright: ignore[reportArgumentType] -- it takes ASE's for two


def found(potential: Any, atoms: Atoms, name: str, **options: Any) -> Any:
    return registry().load(registry().resolve("probes", Spec(name, options))).measured(atoms, potential)


def test_elastic(effective_medium: Any) -> None:
    by_hand = matcalc.ElasticityCalc(
        EMT(),
        fmax=0.005,
        relax_deformed_structures=True,
        r2_min=-1,
        units_GPa=True,
        relax_calc_kwargs={"optimizer": "FIRE"},
    ).calc(structure(copper()))
    tensor = by_hand["elastic_tensor"].convert_to_ieee(by_hand["structure"]).voigt
    values = found(effective_medium, copper(), "elastic").values
    assert values["bulk modulus"] == by_hand["bulk_modulus_vrh"]
    assert values["shear modulus"] == by_hand["shear_modulus_vrh"]
    assert [values[f"C{pair}"] for pair in ("11", "12", "44")] == [tensor[0, 0], tensor[0, 1], tensor[3, 3]]
    assert values["C11"] == pytest.approx(173, abs=10), "GPa; as published for this EMT"


def test_constants_are_those_of_the_standard_axes(effective_medium: Any) -> None:
    """A primitive cell as a CIF has it stands askew: its own axes are none of the cube's."""
    askew = bulk("Cu", a=3.62)
    askew.set_cell(Atoms(cell=askew.cell.cellpar(), pbc=True).cell, scale_atoms=True)
    straight, turned = (found(effective_medium, one, "elastic", fmax=1e-4).values for one in (copper(), askew))
    assert turned["C11"] == pytest.approx(straight["C11"], rel=0.005)
    given = found(effective_medium, askew, "elastic", axes="given").values
    assert abs(given["C11"] - straight["C11"]) > 10


def test_phonons(effective_medium: Any) -> None:
    primitive = structure(copper()).get_primitive_structure(tolerance=1e-3, use_site_props=True)
    by_hand = matcalc.PhononCalc(
        EMT(), min_length=10, t_min=300, t_max=300, t_step=1, fmax=0.001, write_phonon=False
    ).calc(primitive)
    measured = found(effective_medium, copper(), "phonons", length=10)
    assert measured.values["highest frequency"] == by_hand["frequencies"].max()
    assert measured.values["heat capacity"] == by_hand["thermal_properties"]["heat_capacity"][0]
    assert "optical frequency" not in measured.values, "one atom has no optical modes"
    curve = measured.curves["Phonon dispersion"]
    assert {branch for _, _, branch in curve} == set(range(6)), "three branches, on both sides of the gap in the path"
    phonon = by_hand["phonon"]
    phonon.run_qpoints([[0, 0, 0], [0.5, 0.5, 0.5]])
    at_gamma, at_l = phonon.qpoints.frequencies  # at L two legs of the path meet
    ends = {x: sorted(y for one, y, _ in curve if one == x) for x, _, _ in curve}
    assert min(curve)[0] == 0 and ends[0.0] == pytest.approx(sorted(at_gamma), abs=1e-9)
    assert any(values[::2] == pytest.approx(sorted(at_l), abs=1e-9) for values in ends.values())
    assert max(y for _, y, _ in curve) <= 1.01 * measured.values["highest frequency"]
    assert measured.notes == ["dispersion along ΓXWKΓLUWLK|UX"]
    marks = measured.marks["Phonon dispersion"]
    assert [word for _, word in marks] == ["Γ", "X", "W", "K", "Γ", "L", "U", "W", "L", "K|U", "X"]
    assert marks[0][0] == 0 and marks[-1][0] == pytest.approx(max(x for x, _, _ in curve))
    (gap,) = [x for x, word in marks if word == "K|U"]
    assert {branch for x, _, branch in curve if x == pytest.approx(gap)} == set(range(6))


def test_optical_modes_at_gamma(effective_medium: Any) -> None:
    """The two atoms of a hexagonal cell move against each other."""
    crystal = bulk("Cu", "hcp", a=2.56, c=4.18)
    measured = found(effective_medium, crystal, "phonons", length=8, imaginary=0.2)
    assert 3 < measured.values["optical frequency"] <= measured.values["highest frequency"] + 1e-6


def test_a_surface(effective_medium: Any) -> None:
    relaxed = matcalc.RelaxCalc(EMT(), fmax=0.02).calc(structure(copper()).to_conventional())
    bulk_energy = relaxed["energy"] / len(relaxed["final_structure"])
    (slab,) = SlabGenerator(relaxed["final_structure"], (1, 1, 1), 10, 15, center_slab=True).get_slabs(symmetrize=True)
    by_hand = matcalc.SurfaceCalc(EMT(), fmax=0.02).calc({"slab": slab, "bulk_energy_per_atom": bulk_energy})
    values = found(effective_medium, copper(), "surface", miller=[1, 1, 1]).values
    assert values["surface energy"] == by_hand["surface_energy"] * 16.02176634
    assert (
        values["surface energy"]
        < found(effective_medium, copper(), "surface", miller=[1, 1, 0]).values["surface energy"]
    ), "the closest packed surface costs least"


def test_a_slab_is_not_strained_by_a_poor_start(effective_medium: Any) -> None:
    near, far = (found(effective_medium, copper(edge), "surface").values for edge in (3.59, 3.75))
    assert near["surface energy"] == pytest.approx(far["surface energy"], rel=0.01)


def test_a_vacancy(effective_medium: Any) -> None:
    (by_hand,) = matcalc.DefectCalc(EMT(), fmax=0.02).calc_defects(structure(copper()), min_length=7)
    assert found(effective_medium, copper(), "defect", length=7).values == {
        "formation energy": by_hand["formation_energy"]
    }


def test_an_interstitial_atom_of_another_element(effective_medium: Any, tmp_path: Any) -> None:
    nickel = bulk("Ni", a=3.5)
    nickel.write(tmp_path / "elements.extxyz")
    energy = matcalc.RelaxCalc(EMT(), fmax=0.02).calc(structure(nickel))["energy"]
    (by_hand,) = matcalc.DefectCalc(EMT(), fmax=0.02, chemical_potentials={"Ni": energy}).calc_defects(
        structure(copper()), min_length=7, vacancies=False, interstitials={"Ni": [(0.5, 0.5, 0.5)]}
    )
    options = {"element": "Ni", "at": [0.5, 0.5, 0.5], "elements": str(tmp_path / "elements.extxyz"), "length": 7}
    assert found(effective_medium, copper(), "defect", **options).values == {
        "formation energy": by_hand["formation_energy"]
    }


def test_a_hop(effective_medium: Any) -> None:
    """The vacancy's hop in copper; EMT is known for about 0.7 eV."""
    relaxed = matcalc.RelaxCalc(EMT(), fmax=0.05).calc(structure(copper()))["final_structure"]
    cell = relaxed.copy().make_supercell([2, 2, 2])
    apart = np.array([cell[0].distance(one) for one in cell])
    hops = int(np.flatnonzero(apart[1:] < apart[1:].min() + 1e-6)[0]) + 1
    start, end = cell.copy(), cell.copy()
    end.translate_sites(hops, cell[0].frac_coords - cell[hops].frac_coords, to_unit_cell=False)
    for one in (start, end):
        one.remove_sites([0])
    band = matcalc.NEBCalc(EMT(), fmax=0.05)
    ends = band.calc_endpoints(start, end, relax_calc_kwargs={"optimizer": "FIRE"})
    by_hand = band.calc_images(*(one["final_structure"] for one in ends), n_images=3, autosort_tol=0)
    measured = found(effective_medium, copper(), "barrier", length=7, images=3)
    assert measured.values["barrier"] == by_hand["barrier"]
    assert measured.values["reaction energy"] == by_hand["reaction_energy"]
    assert len(measured.curves["Minimum-energy path"]) == 5
    assert 0.4 < measured.values["barrier"] < 1.0


def test_a_path_to_a_given_end(effective_medium: Any, tmp_path: Any) -> None:
    cell = copper(3.59) * (2, 2, 2)
    start, end = cell.copy(), cell.copy()
    hops = int(np.argmin(cell.get_distances(0, range(1, 32), mic=True))) + 1
    end.positions[hops] += cell.get_distance(hops, 0, mic=True, vector=True)
    del start[0], end[0]
    start.info["material"] = end.info["material"] = "copper"
    end.write(tmp_path / "ends.extxyz")
    given = found(effective_medium, start, "barrier", final=str(tmp_path / "ends.extxyz"), images=3)
    assert given.values["barrier"] == pytest.approx(0.7, abs=0.2)
    assert given.values["reaction energy"] == pytest.approx(0, abs=1e-3)


def test_mixing(effective_medium: Any) -> None:
    pure, other = copper(), copper()
    other.symbols[:] = "Ni"
    relaxer = matcalc.RelaxCalc(EMT(), fmax=0.02)
    ends = [relaxer.calc(structure(one))["energy"] / 4 for one in (pure, other)]
    mixed = structure(pure).copy().make_supercell([2, 2, 2])
    for place in np.random.default_rng([7, 16, 0]).choice(range(32), 16, replace=False):
        mixed.replace(int(place), "Ni")
    by_hand = 1000 * (relaxer.calc(mixed)["energy"] / 32 - 0.5 * ends[0] - 0.5 * ends[1])
    options = {"replace": "Cu", "by": "Ni", "fractions": [0.5], "configurations": 1, "seed": 7, "length": 7}
    measured = found(effective_medium, copper(), "mixing", **options)
    assert measured.values == {"mixing energy": by_hand}
    assert measured.curves["Mixing energy"] == [(0.0, 0.0, 0), (0.5, by_hand, 0), (1.0, 0.0, 0)]
    assert found(effective_medium, copper(), "mixing", **{**options, "seed": 8}).values != measured.values


def test_mixing_in_given_arrangements(effective_medium: Any, tmp_path: Any) -> None:
    ordered = copper()
    ordered.symbols[0] = "Ni"
    ordered.write(tmp_path / "ordered.extxyz")
    options = {"replace": "Cu", "by": "Ni", "structures": str(tmp_path / "ordered.extxyz")}
    curve = found(effective_medium, copper(), "mixing", **options).curves["Mixing energy"]
    assert [x for x, _, _ in curve] == [0, 0.25, 1]


PLANTED = [("elastic", "shear modulus", 1), ("phonons", "highest frequency", 0.5)]


@pytest.mark.parametrize(("name", "quantity", "power"), PLANTED)
def test_a_planted_softness_is_found(
    effective_medium: Any, softened: Any, name: str, quantity: str, power: float
) -> None:
    options = {"fmax": 1e-4} if name == "elastic" else {"length": 9}
    soft, hard = (found(one, copper(), name, **options).values[quantity] for one in (softened, effective_medium))
    assert (soft / hard) ** (1 / power) == pytest.approx(0.8, rel=1e-3)
