"""check_probe: every check of a probe, on a crystal of argon that Lennard-Jones holds together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from whet.contracts.potential import Potential, Property
from whet.contracts.probe import Measured, Probe
from whet.data.errors import FrameError, PluginError
from whet.data.labels import Labels
from whet.plugins.registry import registry
from whet.testing.check import TIERS, Check, CheckFailed, NotApplicable, Tier, check, demand
from whet.testing.conformance import Conformance, Kit, Outcome, run_checks
from whet.testing.lennard_jones import LennardJones
from whet.testing.subject import Given, Subject

if TYPE_CHECKING:
    from ase import Atoms

STIFFER = 1.5
"""By which the energy is multiplied to see what a quantity makes of it."""

SAME = 2e-3
"""Relative; a relaxation from another orientation ends elsewhere by as much as its threshold lets it."""


class Stiffened(LennardJones):
    """Lennard-Jones with energy, forces and stress times a factor: every curvature times it, every minimum the same."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        for one in super().predict(frames, properties):
            stress = None if one.stress is None else self.factor * one.stress
            yield Labels(self.factor * one.energy, self.factor * one.forces, stress)


class ProbeSubject(Subject):
    """A probe under test: a component, or how a user names one."""

    hook = "probes"

    @cached_property
    def probe(self) -> Probe:
        """The living probe."""
        return registry().load(self.component)

    @property
    def crystal(self) -> Atoms:
        """Face-centered cubic argon, 32 atoms, a little smaller than its minimum."""
        from ase.build import bulk

        return bulk("Ar", "fcc", a=5.5, cubic=True) * (2, 2, 2)

    @cached_property
    def found(self) -> Measured:
        """What it finds of the crystal. NotApplicable where it refuses it."""
        return self.measure(self.crystal)

    def measure(self, atoms: Atoms, potential: Potential | None = None) -> Measured:
        """What it finds of a material. NotApplicable where it refuses it."""
        try:
            return self.probe.measured(atoms, potential or LennardJones())
        except FrameError as error:
            raise NotApplicable(f"it refuses the kit's crystal: {error.what}") from error


@check("contract")
def what_it_measures_is_declared(subject: ProbeSubject) -> None:
    """Every number and every curve is among its `quantities` and `curves`, and finite; there is at least one number."""
    demand(bool(subject.probe.quantities), "it declares no quantity")
    names = [one.name for one in (*subject.probe.quantities, *subject.probe.curves)]
    twice = [name for name in names if names.count(name) > 1]
    demand(not twice, f"two quantities or curves are called {twice[:1]}")
    try:
        demand(bool(subject.found.values), "it measures nothing")
    except PluginError as error:
        raise CheckFailed(error.what) from error


@check("contract")
def same_material_same_numbers(subject: ProbeSubject) -> None:
    """The same material and potential give the same numbers again, bit for bit.

    Fails where structures are displaced by random numbers without a seed of their own, which moves phonons and elastic
    constants from run to run.
    """
    again = subject.measure(subject.crystal)
    wrong = [name for name, value in subject.found.values.items() if again.values.get(name) != value]
    demand(not wrong, f"measured again, it gives another {', '.join(wrong)}")


@check("contract")
def what_cannot_be_measured_is_refused(subject: ProbeSubject) -> None:
    """Of a single atom without a cell it gives numbers, or refuses with a FrameError: one sentence, no traceback."""
    from ase import Atoms

    try:
        subject.measure(Atoms("Ar"))
    except NotApplicable:
        return
    except Exception as error:
        demand(False, f"of a single atom it raises {type(error).__name__}: {error}")


@check("contract")
def it_asks_for_no_more_than_it_says(subject: ProbeSubject) -> None:
    """It asks for no more frames than `most_frames` says: a plan tells labels, which cost money, by that number."""
    stated = subject.probe.most_frames(subject.probe.options)
    if stated is None:
        raise NotApplicable("it states no number of frames")
    potential = LennardJones()
    subject.measure(subject.crystal, potential)
    # A stress that is asked for later is a second call for the same frame, whose label is in the store then.
    demand(potential.calls <= 2 * stated, f"it states {stated} frames and asks {potential.calls} times")


@check("physics")
def stiffness_is_what_it_states(subject: ProbeSubject) -> None:
    """With the energy times 1.5, a quantity that states a `stiffness` p is 1.5^p times as large, others of it stay.

    A probe that states 1 of a frequency makes a soft potential look half as soft.
    """
    stated = {one.name: one.stiffness for one in subject.probe.quantities if one.stiffness is not None}
    if not stated:
        raise NotApplicable("none of its quantities states a stiffness")
    stiff = subject.measure(subject.crystal, Stiffened(STIFFER))
    for name, power in stated.items():
        if name not in subject.found.values:
            continue
        wanted, given = STIFFER**power, stiff.values[name] / subject.found.values[name]
        what = f"with the energy times {STIFFER}, {name} is {given:.3f} times as large, not {wanted:.3f}"
        demand(abs(given / wanted - 1) < 0.02, what)


@check("physics")
def order_and_place_do_not_matter(subject: ProbeSubject) -> None:
    """Atoms in another order, and all of them moved, have the same properties."""
    atoms = subject.crystal
    atoms = atoms[[*range(len(atoms) // 2, len(atoms)), *range(len(atoms) // 2)]]
    atoms.positions += (0.3, -0.2, 0.5)
    found = subject.measure(atoms)
    for name, value in subject.found.values.items():
        other = found.values.get(name)
        off = None if other is None else abs(other - value)
        demand(off is not None and off <= SAME * abs(value) + 1e-6, f"{name} is {other} then, not {value}")


PROBE_CHECKS: tuple[Check, ...] = (
    what_it_measures_is_declared,
    same_material_same_numbers,
    what_cannot_be_measured_is_refused,
    it_asks_for_no_more_than_it_says,
    stiffness_is_what_it_states,
    order_and_place_do_not_matter,
)


def check_probe(
    probe: Given,
    expected_failures: Mapping[str, str] | None = None,
    *,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of a probe; the arguments are those of `check_potential`."""
    subject = ProbeSubject(probe)
    return run_checks(PROBE_CHECKS, subject, expected_failures=expected_failures, tiers=tiers, only=only, seen=seen)


KIT = Kit(PROBE_CHECKS, check_probe)
