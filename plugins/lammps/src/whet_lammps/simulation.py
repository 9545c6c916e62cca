"""LammpsSimulation: the moving state of one run in LAMMPS, whoever computes its forces."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from whet import InputError, Simulation, State, Stopped, Unsupported, initial_momenta, key_of
from whet_lammps.commands import groups, integration, preparation
from whet_lammps.data_file import ANGSTROM_PER_PS, Types, write_data_file
from whet_lammps.library import LammpsFault, Library
from whet_lammps.orientation import Orientation

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Potential, Start
    from whet_lammps.options import LammpsOptions


class LammpsSimulation(Simulation):
    """A LAMMPS instance with the structure in it. Raises InputError for a command of the user that it refuses."""

    def __init__(self, start: Start, potential: Potential, options: LammpsOptions) -> None:
        self.start, self.potential, self.options = start.atoms, potential, options
        self.folder, self.seed = start.folder, start.seed
        self.oriented = Orientation(start.atoms)
        self.types = Types(start.atoms)
        self.momenta = initial_momenta(start.atoms, options, np.random.default_rng(start.seed))
        self.library: Library | None = None

    def advance(self, steps: int) -> None:
        if self.library is None:
            self.begin()
        if steps:
            self.run(f"run {steps} pre no post no")

    @property
    def atoms(self) -> Atoms:
        frame = self.start.copy()
        positions, cell = self.structure()
        frame.set_cell(cell)
        frame.set_positions(positions, apply_constraint=False)
        velocities = self.oriented.back(self.gathered("v")) / ANGSTROM_PER_PS
        frame.set_momenta(velocities * frame.get_masses()[:, None], apply_constraint=False)
        return frame

    def save(self) -> State | None:
        return self.restart()

    def restart(self) -> State:
        """LAMMPS's own restart file, and the step."""
        path = self.folder / "restart.partial"
        self.told(f'write_restart "{path}"', written=False)
        restart = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        path.unlink()
        return {"restart": restart, "step": np.array(self.step)}

    def restore(self, state: State) -> None:
        path, step = self.folder / "restart.partial", int(state["step"])
        path.write_bytes(state["restart"].tobytes())
        self.prepare(f'read_restart "{path}"', f"resumed-{step}.lammps", [self.seed, step])
        path.unlink()

    def close(self) -> None:
        if self.library is not None:
            self.library.close()
            self.library = None

    @property
    def lammps(self) -> Any:
        """The library's own object."""
        assert self.library is not None
        return self.library.lammps

    @property
    def step(self) -> int:
        """Steps done, as LAMMPS counts them."""
        return int(self.lammps.extract_global("ntimestep"))

    @abstractmethod
    def forces(self) -> Iterable[str]:
        """Commands that give the atoms their forces."""

    def connect(self) -> None:
        """What is to be done between these commands and those that integrate."""

    @abstractmethod
    def structure(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions (n_atoms, 3) and cell (3, 3), Å, as the structure has them, not wrapped."""

    def begin(self) -> None:
        """Puts the start into LAMMPS, and makes it ready for the first step."""
        path = self.folder / "start.data"
        self.folder.mkdir(parents=True, exist_ok=True)
        full = self.options.barostat == "full"
        write_data_file(path, self.start, self.momenta, self.oriented, self.types, can_tilt=full)
        self.prepare(f'read_data "{path}"', "lammps", [self.seed])

    def prepare(self, source: str, name: str, seed: list[int]) -> None:
        """A fresh instance with the structure from `source`, after all commands and before the next step."""
        self.library = Library(self.folder, name, self.options.arguments)
        for text in (*preparation(self.start), source, *groups(self.start), *self.forces()):
            self.told(text)
        self.connect()
        for text in integration(self.start, self.oriented, self.options, int(key_of(seed)[:6], 16) + 1):
            self.told(text)
        for text in self.options.extra:
            try:
                self.library.command(text)
            except LammpsFault as fault:
                raise InputError(f"LAMMPS refuses {text!r} ({fault})", where="extra") from None
        self.library.write(f"run {self.options.steps} upto")
        self.told("thermo 0", written=False)
        self.run("run 0 post no")

    def run(self, text: str) -> None:
        """A command that moves the atoms. Stopped where LAMMPS cannot."""
        assert self.library is not None
        try:
            self.library.command(text, written=False)
        except LammpsFault as fault:
            raise Stopped("lammps", f"LAMMPS stopped ({fault})") from fault

    def told(self, text: str, *, written: bool = True) -> None:
        """A command of ours; one that fails is not known to the installed LAMMPS."""
        assert self.library is not None
        try:
            self.library.command(text, written=written)
        except LammpsFault as fault:
            raise Unsupported(f"this LAMMPS refuses {text!r} ({fault})") from fault

    def gathered(self, name: str) -> np.ndarray:
        """(n_atoms, 3) of a property (`x`, `v`, `f`) as LAMMPS has it, in the order of the structure."""
        return np.array(self.lammps.gather_atoms(name, 1, 3)).reshape(-1, 3)

    def box(self) -> np.ndarray:
        """(3, 3) Å, the present cell of LAMMPS."""
        low, high, xy, yz, xz, _, _ = self.lammps.extract_box()
        return np.array([[high[0] - low[0], 0, 0], [xy, high[1] - low[1], 0], [xz, yz, high[2] - low[2]]], dtype=float)

    def cell(self) -> np.ndarray:
        """(3, 3) Å, the present cell as the structure has it; only in npt does it change."""
        return self.oriented.back(self.box()) if self.options.ensemble == "npt" else self.start.cell.array
