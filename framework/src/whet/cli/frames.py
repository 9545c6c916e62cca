"""whet frames: show, convert, make"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whet.cli.frame_making import make
from whet.cli.parameters import Json, Overwrite

if TYPE_CHECKING:
    from ase import Atoms

SHOWN = 5
"""Frames that are refused and named."""

frames = typer.Typer(help="Files of frames, such as the trajectories of a study: look at one, convert it, make one.")

File = Annotated[
    Path, typer.Argument(help="A file of frames (*.frames, or what ASE reads), or a folder.", metavar="FILE")
]


@frames.command()
def show(file: File, json: Json = False) -> None:
    """Show what a file of frames holds. One that a simulation still writes to is shown as far as it is.

    Exit code 2 if a frame is damaged, or none that could be used.
    """
    from whet.cli.terminal import print_json

    opened = _open(file)
    found = _Summary()
    for atoms in opened.frames:
        found.add(atoms)
    if json:
        refused = [{"place": place, "what": what} for place, what in opened.refused]
        about = {"file": str(file), "frames": found.count, "torn": opened.is_torn, "refused": refused}
        print_json({**about, "notes": opened.notes, **found.as_json()})
    else:
        _print(file, opened, found)
    if opened.refused:
        raise typer.Exit(2)


def _print(file: Path, opened: _Opened, found: _Summary) -> None:
    from whet.cli.terminal import print_table, say

    say(str(file) if found.count else f"{file}: no frame")
    if found.count:
        say()
        print_table(("frames", str(found.count)), found.rows())
        say()
        print_table(("", "least", "mean", "most"), found.range_rows(), right=(1, 2, 3))
        if found.forces.count:
            say()
            say(f"The largest force is in frame {found.forces.where}; the first frame is 0.")
        if found.broken:
            say(f"Numbers that are not finite: in {len(found.broken)} of the frames, first in frame {found.broken[0]}.")
    for note, count in opened.notes.items():
        say(f"{note}: {count} frames")
    for place, what in opened.refused[:SHOWN]:
        say(f"refused: {place}: {what}")
    if len(opened.refused) > SHOWN:
        say(f"refused: and {len(opened.refused) - SHOWN} more")
    if opened.is_torn:
        say()
        say("The file ends in the middle of a frame, which does not count: a write was cut off or goes on.")


@frames.command()
def convert(
    file: File,
    out: Annotated[
        Path,
        typer.Argument(
            help="What to write; its suffix names the format (.extxyz, .traj, .lammpstrj, ...).", metavar="OUT"
        ),
    ],
    first: Annotated[
        int | None, typer.Option(min=1, help="Only so many frames, from the beginning.", metavar="N")
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Of these, only so many, from the end.", metavar="N")] = None,
    every: Annotated[int, typer.Option(min=1, help="Of these, one in N, beginning with the first.", metavar="N")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Write frames in the format of another program, all or nothing."""
    from whet.cli.terminal import say
    from whet.data.errors import FrameError, InputError
    from whet.plugins.frame_export import export_frames

    read = _open(file)
    for place, what in read.refused:
        raise FrameError(what, where=place)
    opened = read.frames
    if out.exists() and out.samefile(file):
        raise InputError("the file would be written over itself", where=str(file), hint="Give the other a new name")
    for asked in (first, last):
        if asked is not None and asked > len(opened):
            raise FrameError(f"{asked} frames were asked for, the file has {len(opened)}", where=str(file))
    chosen = range(len(opened))[:first]
    chosen = (chosen[-last:] if last else chosen)[::every]
    export_frames(out, opened, chosen, overwrite=overwrite)
    say(f"{out}: {len(chosen)} of {len(opened)} frames of {file}")
    for note, count in read.notes.items():
        say(f"{note}: {count} frames")


frames.command()(make)


@dataclass
class _Opened:
    """frames: read one by one where the file is Whet's own. is_torn: whether that ends in the middle of one. refused:
    place and reason of those that are none. notes: what was left out of others, and of how many.
    """

    frames: Sequence[Atoms]
    is_torn: bool = False
    refused: list[tuple[str, str]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


def _open(file: Path) -> _Opened:
    """The frames of a file or folder. InputError, FrameError where there is none that can be read."""
    from whet.data.errors import FrameError
    from whet.data.frame_log import FrameLog
    from whet.files.whet_frames import WhetFrames
    from whet.plugins.frame_files import find_sources

    sources = find_sources(file, structures=True)
    if len(sources) == 1 and isinstance(sources[0].format, WhetFrames):
        log = FrameLog(file)
        if not log and not log.is_torn:
            raise FrameError("there is no frame in it", where=str(file))
        return _Opened(log, log.is_torn)
    found: list[Atoms] = []
    opened = _Opened(found)
    for one in (one for source in sources for one in source.read()):
        if isinstance(one.atoms, FrameError):
            opened.refused.append((one.place, str(one.atoms)))
        else:
            found.append(one.atoms)
            if one.note:
                opened.notes[one.note] += 1
    if not found:
        place, what = opened.refused[0]
        more = f"; the other {len(opened.refused) - 1} frames have a fault too" if len(opened.refused) > 1 else ""
        raise FrameError(f"{what}{more}", where=place)
    return opened


@dataclass
class _Range:
    """Least, mean and most of a number, and the frame of the most. digits: how many a table shows after the point."""

    what: str
    unit: str
    digits: int
    least: float = float("inf")
    most: float = float("-inf")
    total: float = 0.0
    count: int = 0
    where: int = 0

    def add(self, value: float, frame: int) -> None:
        if value > self.most:
            self.most, self.where = value, frame
        self.least = min(self.least, value)
        self.total += value
        self.count += 1

    def row(self) -> tuple[str, ...]:
        """The numbers as the table shows them."""
        numbers = (self.least, self.total / self.count, self.most)
        return (f"{self.what}, {self.unit}".removesuffix(", "), *(f"{number:z.{self.digits}f}" for number in numbers))


@dataclass
class _Summary:
    """What a file holds, gathered frame by frame."""

    count: int = 0
    keys: set[str] = field(default_factory=set)
    formulas: Counter[str] = field(default_factory=Counter)
    elements: set[str] = field(default_factory=set)
    periodic: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    broken: list[int] = field(default_factory=list)
    atoms: _Range = field(default_factory=lambda: _Range("atoms", "", 0))
    volume: _Range = field(default_factory=lambda: _Range("volume", "Å³", 1))
    density: _Range = field(default_factory=lambda: _Range("density", "g/cm³", 3))
    energy: _Range = field(default_factory=lambda: _Range("energy", "eV per atom", 4))
    forces: _Range = field(default_factory=lambda: _Range("largest force", "eV/Å", 3))
    temperature: _Range = field(default_factory=lambda: _Range("temperature", "K", 0))

    def add(self, atoms: Atoms) -> None:
        """Takes one more frame into account."""
        import numpy as np
        from ase import units

        from whet.data.errors import FrameError
        from whet.data.frame_identity import frame_key
        from whet.data.kinetics import degrees_of_freedom, temperature

        index, results = self.count, atoms.calc.results if atoms.calc is not None else {}
        self.count += 1
        try:
            self.keys.add(frame_key(atoms))
        except FrameError:  # a charge that is no number: it is a structure all the same
            self.keys.add(f"frame {index}")
        self.formulas[atoms.get_chemical_formula()] += 1
        self.elements.update(atoms.get_chemical_symbols())
        directions = [axis for axis, periodic in zip("xyz", atoms.pbc, strict=True) if periodic]
        self.periodic[" ".join(directions) or "in no direction"] += 1
        self.labels.update(list(results))
        own = ("numbers", "positions")
        self.others.update(name for name in (*atoms.arrays, *map(str, atoms.info)) if name not in own)
        measured: list[tuple[_Range, Any]] = [(self.atoms, len(atoms))]
        if atoms.pbc.all() and (volume := atoms.cell.volume) > 0:
            measured += [
                (self.volume, volume),
                (self.density, atoms.get_masses().sum() / volume / (units.kg / units.m**3 * 1e3)),
            ]
        if len(atoms) and (energy := results.get("energy")) is not None:
            measured.append((self.energy, energy / len(atoms)))
        if (forces := results.get("forces")) is not None:
            with np.errstate(over="ignore"):
                measured.append((self.forces, np.linalg.norm(forces, axis=1).max(initial=0.0)))
        if atoms.has("momenta") and degrees_of_freedom(atoms) > 0:
            measured.append((self.temperature, temperature(atoms)))
        whole = all(np.isfinite(array).all() for array in (atoms.positions, atoms.cell.array))
        if not whole or not all(np.isfinite(value) for _, value in measured):
            self.broken.append(index)
        for numbers, value in measured:
            if np.isfinite(value):
                numbers.add(float(value), index)

    @property
    def ranges(self) -> list[_Range]:
        """Those that there is something to say about."""
        every = (self.atoms, self.volume, self.density, self.energy, self.forces, self.temperature)
        return [numbers for numbers in every if numbers.count]

    def rows(self) -> list[tuple[str, str]]:
        """What the file holds, in words."""
        listed = ", ".join(name for name, _ in self.formulas.most_common(3))
        more = f" and {len(self.formulas) - 3} more" if len(self.formulas) > 3 else ""
        return [
            ("different", str(len(self.keys))),
            ("formula", listed + more),
            ("elements", " ".join(sorted(self.elements))),
            ("periodic", self._named(self.periodic)),
            ("labels", self._named(self.labels)),
            ("besides", self._named(self.others)),
        ]

    def range_rows(self) -> list[tuple[str, ...]]:
        return [numbers.row() for numbers in self.ranges]

    def as_json(self) -> dict[str, Any]:
        """The same with numbers as numbers; energies per atom in eV, forces in eV/Å, temperatures in K."""
        return {
            "different": len(self.keys),
            "formulas": self.formulas,
            "elements": sorted(self.elements),
            "periodic": self.periodic,
            "labels": self.labels,
            "besides": self.others,
            "not_finite": self.broken,
            "ranges": {
                numbers.what.replace(" ", "_"): {
                    "unit": numbers.unit,
                    "least": numbers.least,
                    "mean": numbers.total / numbers.count,
                    "most": numbers.most,
                    "frame_of_most": numbers.where,
                }
                for numbers in self.ranges
            },
        }

    def _named(self, counts: Counter[str]) -> str:
        """Names, with the number of frames that have it where it is not all of them."""
        every = self.count
        return ", ".join(n if times == every else f"{n} ({times} frames)" for n, times in counts.items()) or "none"
