"""ExternalForces: a run in LAMMPS whose forces the potential computes at every step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from whet import Labels, State
from whet_lammps.orientation import VOIGT
from whet_lammps.simulation import LammpsSimulation

if TYPE_CHECKING:
    from whet import Potential, Start
    from whet_lammps.options import LammpsOptions

RENEWAL = 100
"""Steps after which LAMMPS gets ready anew, and only then can a run be gone on with bit for bit: between them a
Nosé-Hoover chain carries on the temperature from step to step, and a restart computes it from the velocities."""


class ExternalForces(LammpsSimulation):
    """LAMMPS's `fix external` asks the potential.

    Atoms are never wrapped into the cell and neighbor lists never rebuilt: nothing in LAMMPS needs them, and so a run
    can be gone on with bit for bit.
    """

    def __init__(self, start: Start, potential: Potential, options: LammpsOptions) -> None:
        super().__init__(start, potential, options)
        self._positions = start.atoms.positions
        self._fault: BaseException | None = None
        self._labels: Labels | None = None
        self._is_known = False

    @property
    def labels(self) -> Labels:
        assert self._labels is not None
        return self._labels

    def begin(self) -> None:
        self._labels = self._evaluated(self.start.cell.array)
        self._is_known = True
        super().begin()
        self._settle(self.oriented.vectors(self.start.positions), self.gathered("v"), self.gathered("f"))

    def advance(self, steps: int) -> None:
        if self._is_chained and self.library is not None and steps and self.step % RENEWAL == 0:
            moving = self._moving()
            self._is_known = True
            self._wrap(moving["x"])
            self.run("run 0 post no")
            self._settle(**moving)
        super().advance(steps)

    def save(self) -> State | None:
        if self._is_chained and self.step % RENEWAL:
            return None
        moving = self._moving()
        self._wrap(moving["x"])
        restart = self.restart()
        self._settle(**moving)
        return {
            **restart,
            **moving,
            "positions": self._positions,
            **self.labels.as_arrays(),
        }

    def restore(self, state: State) -> None:
        self._labels = Labels.from_arrays(state)
        self._positions = state["positions"]
        self._is_known = True
        super().restore(state)
        self._settle(state["x"], state["v"], state["f"])

    def forces(self) -> Iterable[str]:
        yield "pair_style zero 1.0"
        yield "pair_coeff * *"
        yield "neigh_modify once yes"
        yield "fix potential all external pf/callback 1 1"
        yield "fix_modify potential energy yes virial yes"

    def connect(self) -> None:
        self.lammps.set_fix_external_callback("potential", self._asked, None)

    def run(self, text: str) -> None:
        super().run(text)
        if self._fault is not None:
            raise self._fault

    def structure(self) -> tuple[np.ndarray, np.ndarray]:
        return self._positions, self.cell()

    @property
    def _is_chained(self) -> bool:
        return self.options.coupling == "nose-hoover"

    def _moving(self) -> dict[str, np.ndarray]:
        return {name: self.gathered(name) for name in ("x", "v", "f")}

    def _wrap(self, x: np.ndarray) -> None:
        """Puts the atoms into the cell: LAMMPS would lose those that are more than one cell away."""
        inside = (x - self.lammps.extract_box()[0]) @ np.linalg.inv(self.box())
        self._put("x", x - np.floor(inside) * self.start.pbc @ self.box())

    def _settle(self, x: np.ndarray, v: np.ndarray, f: np.ndarray) -> None:
        """What LAMMPS wrapped into the cell, or drew anew, as it got ready or wrote a file is put back as it was."""
        for name, values in (("x", x), ("v", v), ("f", f)):
            self._put(name, values)
        images = np.zeros(3 * len(self.start), dtype=np.intc)
        self.lammps.scatter_atoms("image", 0, 3, np.ctypeslib.as_ctypes(images))
        self._is_known = False

    def _put(self, name: str, values: np.ndarray) -> None:
        self.lammps.scatter_atoms(name, 1, 3, np.ctypeslib.as_ctypes(np.ascontiguousarray(values).ravel()))

    def _asked(self, _: Any, step: int, n_local: int, tags: np.ndarray, x: np.ndarray, f: np.ndarray) -> None:
        """LAMMPS asks for forces. A fault is kept for later: raised here, it would be lost in C."""
        if self._fault is not None:
            return
        try:
            order = tags[:n_local] - 1
            cell = self.cell()
            if not self._is_known:
                inside = np.empty((n_local, 3))
                inside[order] = x[:n_local]
                self._positions = self.oriented.back(inside)
                self._labels = self._evaluated(cell)
            labels = self.labels
            f[:n_local] = self.oriented.vectors(labels.forces)[order]
            self.lammps.fix_external_set_energy_global("potential", labels.energy)
            if labels.stress is not None:
                virial = -self.oriented.tensor(labels.stress) * abs(np.linalg.det(cell))
                six = [float(virial[place]) for place in VOIGT]
                self.lammps.fix_external_set_virial_global("potential", six)
        except BaseException as fault:
            self._fault = fault

    def _evaluated(self, cell: np.ndarray) -> Labels:
        frame = self.start.copy()
        frame.set_constraint()
        frame.set_cell(cell)
        frame.positions = self._positions
        (labels,) = self.potential.evaluate([frame], self.options.properties)
        return labels
