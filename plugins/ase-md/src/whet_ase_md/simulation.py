"""Simulation: the moving state of one run: atoms, driving potential, integrator and random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ase import units
from ase.calculators.calculator import Calculator, all_changes

from whet import Labels, Property
from whet_ase_md.integrators import integrator, parts

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Potential
    from whet_ase_md.engine import AseMDOptions


class Stopped(Exception):
    """The run cannot go on; the message says why."""


class Simulation:
    """One run, step by step. Nothing in it depends on anything but its arguments.

    step: steps done. begun: whether the start has been evaluated without a fault.
    """

    def __init__(self, start: Atoms, potential: Potential, options: AseMDOptions, seed: int) -> None:
        self.options = options
        self.step = 0
        self.begun = False
        self.random = np.random.default_rng(seed)
        self.start_volume = start.get_volume() if options.ensemble == "npt" else 0.0
        self.driver = Driver(potential, stress=options.ensemble == "npt", max_force=options.max_force)
        self.atoms = start.copy()
        self.atoms.set_momenta(_thermal_momenta(self.atoms, options.temperature, self.random))
        self._connect()

    def begin(self) -> None:
        """Evaluates the start. Raises Stopped, and what the potential raises."""
        self.atoms.get_forces()
        self.begun = True

    def advance(self) -> None:
        """One step. Raises Stopped, and what the potential raises; the state is of no use then."""
        self.integrator.step()
        self._check()
        self.step += 1

    def frame(self) -> Atoms:
        """A copy of the atoms with their velocities that carries the potential's labels."""
        frame = self.atoms.copy()
        frame.set_constraint()
        return self.labels.attach(frame)

    @property
    def labels(self) -> Labels:
        """The potential's answer for the state as it is."""
        self.atoms.get_forces()  # cached: an evaluation only where an integrator left the atoms moved
        return self.driver.labels

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next step depends on, besides the random numbers' state."""
        labels = self.labels
        stress = {} if labels.stress is None else {"stress": labels.stress}
        return {
            "positions": self.atoms.get_positions(),
            "momenta": self.atoms.get_momenta(),
            "cell": np.array(self.atoms.cell),
            "energy": np.array(labels.energy),
            "forces": labels.forces,
            **stress,
            **{f"{part}.{name}": np.array(value) for part, name, value in self._inner()},
        }

    def restore(self, state: dict[str, np.ndarray], step: int, random: dict[str, Any]) -> None:
        """Goes on from what `state` gave."""
        self.atoms.set_constraint()
        self.atoms.set_cell(state["cell"])
        self.atoms.set_positions(state["positions"])
        self.atoms.set_momenta(state["momenta"])
        self._connect()
        self.driver.remember(self.atoms, Labels(float(state["energy"]), state["forces"], state.get("stress")))
        self.random.bit_generator.state = random
        for part, name, value in list(self._inner()):
            saved = state[f"{part}.{name}"]
            # A Python float that never changed stays one: NumPy's scalars may round a power differently.
            if not np.array_equal(saved, value):
                setattr(parts(self.integrator)[part], name, saved[()])
        self.step, self.begun = step, True

    def _connect(self) -> None:
        self.integrator: Any = integrator(self.atoms, self.options, self.random)
        self.atoms.calc = self.driver

    def _inner(self) -> Any:
        """The numbers and arrays that ASE's integrator keeps between two steps: part, name, value."""
        for part, owner in parts(self.integrator).items():
            for name, value in vars(owner).items():
                if isinstance(value, float | np.ndarray):
                    yield part, name, value

    def _check(self) -> None:
        options = self.options
        freedom = 3 * len(self.atoms) - 3
        temperature = 2 * self.atoms.get_kinetic_energy() / (freedom * units.kB)
        limit = options.max_temperature or 20 * options.temperature + 2000
        if not temperature <= limit:
            raise Stopped(f"the temperature is {temperature:.4g} K (limit {limit:g} K)")
        if self.start_volume:
            ratio = self.atoms.get_volume() / self.start_volume
            if not 1 / options.max_volume_change <= ratio <= options.max_volume_change:
                raise Stopped(
                    f"the volume is {ratio:.3g} times the start's (limit: factor {options.max_volume_change:g})"
                )


class Driver(Calculator):
    """The driving potential as ASE's integrators want it: everything that a step needs in one evaluation."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012 -- as ASE declares it

    def __init__(self, potential: Potential, *, stress: bool, max_force: float) -> None:
        super().__init__()
        self.potential = potential
        self.max_force = max_force
        self.wanted: tuple[Property, ...] = ("energy", "forces", "stress") if stress else ("energy", "forces")

    def calculate(
        self, atoms: Atoms | None = None, properties: list[str] | None = None, system_changes: list[str] = all_changes
    ) -> None:
        """Fills `results`. Raises Stopped for an absurd force, and what `Potential.evaluate` raises."""
        self.results = {}
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        self.atoms.set_constraint()  # the integrator's business, not the potential's
        (labels,) = self.potential.evaluate([self.atoms], self.wanted)
        largest = float(np.sqrt((labels.forces**2).sum(axis=1).max()))
        if largest > self.max_force:
            raise Stopped(f"the largest force is {largest:.4g} eV/Å (limit {self.max_force:g} eV/Å)")
        self._answer(labels)

    def remember(self, atoms: Atoms, labels: Labels) -> None:
        """Takes an earlier answer for `atoms`, so that they are not evaluated again."""
        self.atoms = atoms.copy()
        self._answer(labels)

    def _answer(self, labels: Labels) -> None:
        self.labels = Labels(labels.energy, labels.forces, labels.stress if "stress" in self.wanted else None)
        self.results = {"energy": labels.energy, "free_energy": labels.energy, "forces": labels.forces}
        if self.labels.stress is not None:
            self.results["stress"] = self.labels.stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]


def _thermal_momenta(atoms: Atoms, temperature: float, random: np.random.Generator) -> np.ndarray:
    """Maxwell-Boltzmann momenta (n_atoms, 3) in ASE's units, the center of mass at rest."""
    masses = atoms.get_masses()[:, None]
    momenta = random.standard_normal((len(atoms), 3)) * np.sqrt(masses * units.kB * temperature)
    return momenta - masses * (momenta.sum(axis=0) / masses.sum())
