"""AseSimulation: the moving state of one run: atoms, driving potential, integrator and random numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from whet import Labels, Simulation, State, initial_momenta, units
from whet_ase_md.integrators import integrator, parts

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Potential, Protocol, Start


class AseSimulation(Simulation):
    """One of ASE's integrators over a copy of the start."""

    def __init__(self, start: Start, potential: Potential, protocol: Protocol) -> None:
        self.protocol = protocol
        self.random = np.random.default_rng(start.seed)
        self.driver = Driver(potential, protocol)
        self._atoms = start.atoms.copy()
        self._atoms.set_momenta(initial_momenta(start.atoms, protocol, self.random), apply_constraint=False)
        self._connect()

    @property
    def atoms(self) -> Atoms:
        return self._atoms

    @property
    def labels(self) -> Labels:
        # Cached: an evaluation only where an integrator left the atoms moved.
        self._atoms.get_forces(apply_constraint=False)
        return self.driver.labels

    def advance(self, steps: int) -> None:
        for _ in range(steps):
            self.integrator.step()

    def save(self) -> State:
        return {
            "random": np.array(json.dumps(self.random.bit_generator.state)),
            "positions": self._atoms.get_positions(),
            "momenta": self._atoms.get_momenta(),
            "cell": np.array(self._atoms.cell),
            **self.labels.as_arrays(),
            **{f"{part}.{name}": np.array(value) for part, name, value in self._inner()},
        }

    def restore(self, state: State) -> None:
        self._atoms.set_constraint(self.held)
        self._atoms.set_cell(state["cell"])
        self._atoms.set_positions(state["positions"], apply_constraint=False)
        self._atoms.set_momenta(state["momenta"], apply_constraint=False)
        self._connect()
        self.driver.remember(self._atoms, Labels.from_arrays(state))
        self.random.bit_generator.state = json.loads(str(state["random"]))
        for part, name, value in list(self._inner()):
            saved = state[f"{part}.{name}"]
            # A Python float that never changed stays one: NumPy's scalars may round a power differently.
            if not np.array_equal(saved, value):
                setattr(parts(self.integrator)[part], name, saved[()])

    def _connect(self) -> None:
        self.held = list(self._atoms.constraints)
        self.integrator: Any = integrator(self._atoms, self.protocol, self.random)
        self._atoms.calc = self.driver

    def _inner(self) -> Iterator[tuple[str, str, Any]]:
        """The numbers and arrays that ASE's integrator keeps between two steps: part, name, value."""
        for part, owner in parts(self.integrator).items():
            for name, value in vars(owner).items():
                if isinstance(value, float | np.ndarray):
                    yield part, name, value


class Driver(Calculator):
    """The driving potential as ASE's integrators want it: everything that a step needs in one evaluation."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012 -- as ASE declares it

    def __init__(self, potential: Potential, protocol: Protocol) -> None:
        super().__init__()
        self.potential = potential
        self.wanted = protocol.properties

    def calculate(
        self, atoms: Atoms | None = None, properties: list[str] | None = None, system_changes: list[str] = all_changes
    ) -> None:
        """Fills `results`. Raises what `Potential.evaluate` raises."""
        self.results = {}
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        self.atoms.set_constraint()  # the integrator's business, not the potential's
        (labels,) = self.potential.evaluate([self.atoms], self.wanted)
        self._answer(labels)

    def remember(self, atoms: Atoms, labels: Labels) -> None:
        """Takes an earlier answer for `atoms`, so that they are not evaluated again."""
        self.atoms = atoms.copy()
        self.atoms.set_constraint()
        self._answer(labels)

    def _answer(self, labels: Labels) -> None:
        self.labels = labels
        self.results = {"energy": labels.energy, "free_energy": labels.energy, "forces": labels.forces}
        if labels.stress is not None:
            self.results["stress"] = np.array([labels.stress[i, j] for i, j in units.VOIGT])
