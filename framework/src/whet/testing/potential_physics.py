"""Checks of a potential's physics: derivatives, invariances, extensivity, smoothness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from whet.data.units import GPA
from whet.testing import structures
from whet.testing.check import CheckFailed, NotApplicable, check, demand
from whet.testing.tolerance import TOLERANCES

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet.data.labels import Labels
    from whet.testing.potential_subject import PotentialSubject

NODES = 6
"""Of the quadrature along a path: exact to rounding for paths of some 0.1 Å, where a difference quotient would have
to choose between float32's rounding and the third derivative."""


@check("physics")
def forces_are_the_slope_of_the_energy(subject: PotentialSubject) -> None:
    """Along a path the energy changes by minus the work of the forces.

    Where it does not, dynamics heats or cools by itself. Usual causes: forces of another head or another unit, a
    detached part of the graph, a term that enters the energy only.
    """
    import numpy as np

    subject.needs_gradient()
    frame, dice = subject.crystal, np.random.default_rng(7)
    paths = []
    for atom, axis in ((0, 0), (3, 1), (6, 2)):
        single = np.zeros((len(frame), 3))
        single[atom, axis] = subject.tolerance.path
        paths.append((f"atom {atom} along {'xyz'[axis]}", single))
    paths.append(("all atoms at once", 0.4 * subject.tolerance.path * dice.standard_normal((len(frame), 3))))
    for what, path in paths:

        def moved(t: float, path: np.ndarray = path) -> Atoms:
            atoms = frame.copy()
            atoms.positions += t * path
            return atoms

        found, work, scale = _along(subject, moved, lambda t, labels, path=path: -float((labels.forces * path).sum()))
        _compare(subject, what, found, work, scale, {-1.0: "their sign is wrong"})


@check("physics")
def stress_is_the_strain_derivative(subject: PotentialSubject) -> None:
    """Under a strain the energy changes by volume times stress, tension positive, in eV/Å³; shears included.

    Usual causes: VASP's or a virial's sign, GPa or kbar, the other Voigt order, a missing factor of two in the shear,
    atoms that are not strained along with the cell.
    """
    import numpy as np

    if "stress" not in subject.properties:
        raise NotApplicable("it has no stress")
    subject.needs_gradient()
    frame = subject.crystal
    known = {
        -1.0: "its sign is wrong: whet's stress is positive under tension",
        GPA: "it is in GPa",
        -GPA: "it is in GPa, with the wrong sign",
        GPA / 10: "it is in kbar",
        -GPA / 10: "it is in kbar, with the wrong sign",
        1 / frame.get_volume(): "it is not divided by the volume",
        -1 / frame.get_volume(): "it is a virial: not divided by the volume, and of the other sign",
    }
    wrong = []
    for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):
        mode = np.zeros((3, 3))
        mode[i, j] = mode[j, i] = subject.tolerance.path / 6

        def deformation(t: float, mode: np.ndarray = mode) -> np.ndarray:
            return np.eye(3) + (t - 0.5) * mode

        def strained(t: float, deformation: Callable[[float], np.ndarray] = deformation) -> Atoms:
            atoms = frame.copy()
            atoms.set_cell(frame.cell.array @ deformation(t), scale_atoms=True)
            return atoms

        def power(
            t: float,
            labels: Labels,
            mode: np.ndarray = mode,
            deformation: Callable[[float], np.ndarray] = deformation,
            strained: Callable[[float], Atoms] = strained,
        ) -> float:
            assert labels.stress is not None
            rate = np.linalg.inv(deformation(t)) @ mode
            return strained(t).get_volume() * float((labels.stress * rate).sum())

        found, work, scale = _along(subject, strained, power)
        try:
            _compare(subject, f"strain {'xyz'[i]}{'xyz'[j]}", found, work, scale, known)
        except CheckFailed as failure:
            wrong.append(str(failure))
    demand(not wrong, f"{wrong[0]} ({len(wrong)} of 6 strains are wrong)" if wrong else "")


@check("physics")
def translation_changes_nothing(subject: PotentialSubject) -> None:
    """Moving all atoms by the same vector changes neither energy nor forces nor stress."""
    for frame in (subject.crystal, structures.molecule(subject.pair)):
        moved = frame.copy()
        moved.positions += (0.11, -0.23, 0.17)
        _same(subject, "moved", subject.answer(moved), subject.answer(frame))


@check("physics")
def rotation_turns_forces_and_stress(subject: PotentialSubject) -> None:
    """Turning the whole frame leaves the energy, and turns forces and stress along.

    Fails where cell vectors are taken for columns, or where a model is not equivariant.
    """
    from dataclasses import replace

    from scipy.spatial.transform import Rotation

    turn = Rotation.from_rotvec([0.4, -0.7, 0.9]).as_matrix()
    for frame in (subject.crystal, structures.molecule(subject.pair)):
        turned = frame.copy()
        turned.set_cell(frame.cell.array @ turn.T)
        turned.positions = frame.positions @ turn.T
        labels = subject.answer(frame)
        stress = None if labels.stress is None else turn @ labels.stress @ turn.T
        wanted = replace(labels, forces=labels.forces @ turn.T, stress=stress)
        _same(subject, "turned", subject.answer(turned), wanted)


@check("physics")
def order_of_atoms_changes_nothing(subject: PotentialSubject) -> None:
    """Listing the same atoms in another order reorders the forces and changes nothing else."""
    from dataclasses import replace

    import numpy as np

    frame = subject.crystal
    order = np.random.default_rng(1).permutation(len(frame))
    labels = subject.answer(frame)
    _same(subject, "reordered", subject.answer(frame[order]), replace(labels, forces=labels.forces[order]))


@check("physics")
def images_are_the_same_atoms(subject: PotentialSubject) -> None:
    """Atoms moved by whole lattice vectors, far out of the cell, are the same atoms.

    Unwrapped trajectories look like that. Neighbor lists that assume wrapped positions lose neighbors here.
    """
    import numpy as np

    frame = subject.crystal
    moved = frame.copy()
    moved.positions += np.outer(np.arange(len(frame)) - 4, frame.cell.array[0]) + 7 * frame.cell.array[2]
    _same(subject, "out of the cell", subject.answer(moved), subject.answer(frame))


@check("physics")
def choice_of_cell_changes_nothing(subject: PotentialSubject) -> None:
    """Other vectors of the same lattice, skewed or left-handed, describe the same crystal.

    Fails where a volume is a signed determinant, or where only the nearest cells are searched for neighbors.
    """
    frame = subject.crystal
    for what, vectors in (
        ("skewed", [[1, 0, 0], [1, 1, 0], [0, -1, 1]]),
        ("left-handed", [[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    ):
        other = frame.copy()
        other.set_cell(vectors @ frame.cell.array)
        other.wrap()
        _same(subject, f"a {what} cell", subject.answer(other), subject.answer(frame))


@check("physics")
def supercells_are_multiples(subject: PotentialSubject) -> None:
    """A supercell has a multiple of the energy, and the same forces and stress.

    Fails where a cell smaller than the cutoff lacks images, or where a global feature averages over the atoms.
    """
    from dataclasses import replace

    import numpy as np

    labels = subject.answer(subject.crystal)
    wanted = replace(labels, energy=2 * labels.energy, forces=np.tile(labels.forces, (2, 1)))
    _same(subject, "doubled", subject.answer(subject.crystal.repeat((1, 1, 2))), wanted)


@check("physics")
def distant_fragments_do_not_feel_each_other(subject: PotentialSubject) -> None:
    """Two molecules 80 Å apart have the sum of their energies, and their own forces."""
    import numpy as np

    near = structures.molecule(subject.pair)
    far = structures.molecule((subject.pair[1], subject.pair[0]))
    apart = far.copy()
    apart.positions += (0, 0, 80.0)
    first, second = subject.answers([near, far])
    together = subject.answer(near + apart)
    off = abs(together.energy - first.energy - second.energy) / len(together.forces)
    limit = subject.tolerance.energy
    demand(off <= limit, f"the energy is not the sum: {off:.2g} eV/atom (allowed: {limit:.0e})")
    worst = float(np.abs(together.forces - np.concatenate([first.forces, second.forces])).max())
    demand(worst <= subject.tolerance.forces, f"a force differs by {worst:.2g} eV/Å")


@check("physics")
def smooth_at_the_cutoff(subject: PotentialSubject) -> None:
    """Energy and forces do not jump when a neighbor crosses the cutoff.

    A jump makes dynamics heat up and relaxations never end. Multiply with a cutoff function that ends smoothly.
    """
    import numpy as np

    cutoff = subject.capabilities.cutoff
    if cutoff is None:
        raise NotApplicable("it states no cutoff")
    noise = TOLERANCES[subject.capabilities.dtype]
    limits = {"energy": max(1e-5, 2 * noise.energy), "force": max(1e-4, noise.forces)}
    first, second = subject.pair
    for pair in ((first, second), (first, first)):
        apart = [cutoff + sign * step for step in (1e-4, 1e-3) for sign in (-1, 1)]
        near_in, near_out, far_in, far_out = subject.answers([structures.dimer(pair, r) for r in apart])
        # What goes to zero steeply differs over 0.001 Å as well; extrapolated to no distance, only a jump is left.
        near, far = near_in.forces - near_out.forces, far_in.forces - far_out.forces
        jumps = {
            "energy": abs(10 * (near_in.energy - near_out.energy) - (far_in.energy - far_out.energy)) / 9,
            "force": float(np.abs(10 * near - far).max()) / 9,
        }
        for what, jump in jumps.items():
            unit = "eV" if what == "energy" else "eV/Å"
            demand(
                jump <= limits[what], f"the {what} of {pair[0]}–{pair[1]} jumps by {jump:.2g} {unit} at {cutoff:g} Å"
            )


@check("physics")
def smooth_along_a_path(subject: PotentialSubject) -> None:
    """An atom that travels through a crystal sees no jump of the energy, whatever cutoffs it crosses on the way."""
    import numpy as np

    frame, steps = subject.crystal, 60
    frames = []
    for step in range(steps + 1):
        moved = frame.copy()
        moved.positions[0] += np.array([0.35, 0.5, 0.4]) * step / steps
        frames.append(moved)
    # Fourth differences of a smooth curve are below 1e-3 eV at steps of 0.012 Å; a jump J leaves 3 J in them.
    rough = np.abs(np.diff(subject.energies(frames), 4))
    limit = 1e-3 + 6 * len(frame) * subject.tolerance.energy
    worst = int(rough.argmax())
    demand(
        rough[worst] <= limit,
        f"the energy jumps by some {rough[worst] / 3:.2g} eV after {(worst + 2) / steps:.2f} of the path",
    )


@check("physics")
def forces_sum_to_zero(subject: PotentialSubject) -> None:
    """The forces on all atoms add up to nothing; else the whole system starts to drift."""
    import numpy as np

    subject.needs_gradient()
    for frame in (subject.crystal, structures.molecule(subject.pair)):
        total = float(np.abs(subject.answer(frame).forces.sum(axis=0)).max())
        demand(total <= subject.tolerance.forces, f"the sum is {total:.2g} eV/Å for {frame.get_chemical_formula()}")


@check("physics")
def isolated_atom(subject: PotentialSubject) -> None:
    """A lone atom has a finite energy, in a box or without one, and no force.

    Isolated atoms give reference energies; graphs without edges break many models.
    """
    import numpy as np

    for symbol in set(subject.pair):
        atom = structures.lone_atom(symbol)
        free, boxed = subject.answer(atom), subject.answer(structures.boxed(atom, 15.0))
        demand(float(np.abs(free.forces).max()) <= subject.tolerance.forces, f"a lone {symbol} feels a force")
        off = abs(free.energy - boxed.energy)
        limit = subject.tolerance.energy
        demand(off <= limit, f"a lone {symbol} has another energy in a box, by {off:.2g} eV (allowed: {limit:.0e})")


@check("physics")
def molecule_needs_no_cell(subject: PotentialSubject) -> None:
    """A molecule without a cell has the energy and the forces that it has in a large box."""
    from dataclasses import replace

    molecule = structures.molecule(subject.pair)
    inside = subject.answer(structures.boxed(molecule, 14.0))
    free = subject.answer(molecule)
    _same(subject, "without a cell", replace(free, stress=None), replace(inside, stress=None))


@check("physics")
def float64_is_float64(subject: PotentialSubject) -> None:
    """Where float64 is stated, tiny displacements change the energy smoothly, far below float32's rounding.

    One table, one constant or one neighbor vector in float32 spoils phonons and tight relaxations.
    """
    if subject.capabilities.dtype != "float64":
        raise NotApplicable("it states float32")
    import numpy as np

    frames = []
    for step in range(9):
        moved = subject.crystal
        moved.positions[3] += np.array([0.6, 0.48, 0.64]) * step * 1e-6
        frames.append(moved)
    energies = np.array(subject.energies(frames))
    # Over 1e-5 Å any smooth curve is a parabola: fourth differences are rounding and nothing else.
    noise = float(np.abs(np.diff(energies, 4)).max())
    limit = 1e-11 * max(1.0, float(np.abs(energies).max()))
    demand(noise <= limit, f"moves of 1e-6 Å show a rounding of {noise:.1g} eV (allowed: {limit:.0e})")


@check("physics")
def float32_agrees_with_float64(subject: PotentialSubject) -> None:
    """A potential that offers both gives the same answers in both, within float32's rounding."""
    from whet.contracts.component import Component
    from whet.plugins.registry import registry

    offered: Any = registry().find("potentials", subject.component.name).Options
    if "dtype" not in offered.model_fields:
        raise NotApplicable("it has no option `dtype`")
    both = []
    for dtype in ("float32", "float64"):
        options = {**subject.component.options, "dtype": dtype}
        potential = subject.load(Component(**{**vars(subject.component), "options": options}))
        demand(potential.capabilities.dtype == dtype, f"asked for {dtype}, it states {potential.capabilities.dtype}")
        both += list(potential.evaluate([subject.crystal], subject.properties))
    if differs := TOLERANCES["float32"].difference(*both):
        raise CheckFailed(differs)


def _along(
    subject: PotentialSubject, frame_at: Callable[[float], Atoms], rate: Callable[[float, Labels], float]
) -> tuple[float, float, float]:
    """Energy difference between the ends of a path; the integral of `rate` over it; and of its absolute value."""
    import numpy as np

    places, weights = np.polynomial.legendre.leggauss(NODES)
    places, weights = (places + 1) / 2, weights / 2
    first, last = subject.energies([frame_at(0.0), frame_at(1.0)])
    answers = subject.answers([frame_at(float(t)) for t in places])
    rates = np.array([rate(float(t), labels) for t, labels in zip(places, answers, strict=True)])
    return last - first, float(weights @ rates), float(weights @ np.abs(rates))


def _compare(
    subject: PotentialSubject, what: str, found: float, work: float, scale: float, known: dict[float, str]
) -> None:
    """CheckFailed, with the likely cause, where an energy difference is not the work."""
    tolerance = subject.tolerance
    limit = tolerance.work * scale + 8 * tolerance.energy
    if abs(found - work) <= limit:
        return
    ratio = found / work if work else float("inf")
    causes = [text for factor, text in known.items() if abs(ratio / factor - 1) < 0.05]
    cause = f"; {causes[0]}" if causes else ""
    raise CheckFailed(f"{what}: the energy changes by {found:.6g} eV, the answer says {work:.6g} eV{cause}")


def _same(subject: PotentialSubject, what: str, found: Labels, wanted: Labels) -> None:
    if differs := subject.tolerance.difference(found, wanted):
        raise CheckFailed(f"{what}: {differs}")
