"""CodeOutput: the output of a code, read by dpdata, whose labels count once its own words say that it converged."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from whet import FrameError, FrameFormat, Labels, ReadFrame, opened_text, read_by_ase, without_labels

if TYPE_CHECKING:
    import re

    import numpy as np
    from ase import Atoms

PRESSURE_OFF = 2e-5
"""eV/Å³; a third of a stress's trace and the pressure printed beside it are no farther apart, after their rounding."""

COMPRESSED = (".gz", ".bz2", ".xz")


class CodeOutput(FrameFormat):
    """dpdata reads the numbers. Whether they are labels is judged here: dpdata hardly asks whether a code converged."""

    packages: ClassVar[Mapping[str, str]] = {"dpdata": "dpdata>=1.1"}
    fixes_keys = True

    dpdata_name: ClassVar[str]
    """What dpdata calls the format."""
    ase_name: ClassVar[str] = ""
    """What ASE calls it: its reader gives the structures of an output whose labels do not count."""
    mark: ClassVar[re.Pattern[bytes]]
    """What stands at the beginning of such a file."""
    virial_sign: ClassVar[float] = 1.0
    """1 where what dpdata takes for the virial is one, −1 where it is the stress times the volume."""

    def recognizes(self, path: Path, head: bytes) -> bool:
        return self.mark.search(head) is not None

    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Labels are left out, and a note says why, where the code does not say that it converged."""
        with opened_text(path) as file:
            text = file.read()
        if reason := self.doubt(text):
            yield from self._structures(path, f"its labels are left out: {reason}")
            return
        for index, (frame, labels) in enumerate(self._labeled(path, text)):
            place = f"{path}, frame {index}"
            try:
                yield ReadFrame(place, labels.checked(len(frame)).attach(frame))
            except FrameError as error:
                yield ReadFrame(place, error)

    @abstractmethod
    def doubt(self, text: str) -> str:
        """Why what is printed is no label; empty where it is."""

    def identity(self, text: str) -> dict[str, Any]:
        """Total charge (`charge`, e) and multiplicity (`spin`, 2S + 1) as far as they are printed."""
        return {}

    def energy(self, text: str, found: float) -> float:
        """The energy that the forces belong to, eV. found: what dpdata takes for it."""
        return found

    def pressure(self, text: str) -> float | None:
        """The pressure that is printed beside the stress, eV/Å³; None where there is none."""
        return None

    def structures(self, path: Path) -> Iterator[ReadFrame]:
        """The structures of an output without labels."""
        return read_by_ase(path, self.ase_name)

    def _structures(self, path: Path, note: str) -> Iterator[ReadFrame]:
        none = True
        for one in self.structures(path):
            none = False
            if isinstance(one.atoms, FrameError):
                yield ReadFrame(one.place, FrameError(f"{note}; {one.atoms.what}"))
            else:
                yield ReadFrame(one.place, without_labels(one.atoms), note)
        if none:
            raise FrameError(note, where=str(path))

    def _labeled(self, path: Path, text: str) -> Iterator[tuple[Atoms, Labels]]:
        """Raises FrameError where dpdata reads nothing, or half of it."""
        import numpy as np

        data = self.data(path, text)
        counts = {name: len(data.get(name, ())) for name in ("coords", "cells", "energies", "forces")}
        if len(set(counts.values())) > 1 or not counts["energies"]:
            listed = ", ".join(f"{count} {name}" for name, count in counts.items())
            raise FrameError(f"dpdata finds no whole frame in it ({listed})", where=str(path))
        for index in range(counts["energies"]):
            frame = atoms_of(data, index)
            frame.info.update(self.identity(text))
            stress = None
            if "virials" in data and frame.pbc.all():
                stress = -self.virial_sign * np.asarray(data["virials"][index]) / abs(frame.cell.volume)
                self._check_sign(stress, text)
            energy = self.energy(text, float(data["energies"][index]))
            yield frame, Labels(energy, np.asarray(data["forces"][index], dtype=float), stress)

    def data(self, path: Path, text: str, *, labeled: bool = True) -> dict[str, Any]:
        """The arrays that dpdata reads. FrameError where it cannot."""
        import tempfile

        if path.suffix.lower() not in COMPRESSED:
            return read_by_dpdata(path, self.dpdata_name, labeled)
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / path.stem
            plain.write_text(text, encoding="utf-8")
            return read_by_dpdata(plain, self.dpdata_name, labeled)

    def _check_sign(self, stress: np.ndarray, text: str) -> None:
        """FrameError where the stress is not of the sign that the printed pressure has."""
        import numpy as np

        printed = self.pressure(text)
        if printed is None:
            return
        found = -float(np.trace(stress)) / 3
        if abs(found - printed) > PRESSURE_OFF + 1e-3 * abs(printed):
            what = f"the stress that dpdata reads has a pressure of {found:.5g} eV/Å³, and {printed:.5g} is printed"
            raise FrameError(what, hint="Is this version of dpdata another than the tested one?")


def read_by_dpdata(path: Path, name: str, labeled: bool = True) -> dict[str, Any]:
    """The arrays that dpdata reads from a file or folder, in Å and eV. FrameError for whatever it raises."""
    import contextlib
    import io
    import warnings

    import dpdata

    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            found = (dpdata.LabeledSystem if labeled else dpdata.System)(str(path.absolute()), fmt=name)
    except Exception as error:  # dpdata lets through whatever its parsers stumble over
        said = " ".join(str(error).split())[:200]
        raise FrameError(f"dpdata cannot read it ({type(error).__name__}: {said})", where=str(path)) from error
    return found.data


def atoms_of(data: Mapping[str, Any], index: int) -> Atoms:
    """The structure of one of dpdata's frames. FrameError for a name of atoms that is no element's."""
    from ase import Atoms
    from ase.data import atomic_numbers

    names = [str(name) for name in data["atom_names"]]
    if strangers := [name for name in names if name not in atomic_numbers]:
        raise FrameError(f"the kind of atoms {strangers[0]!r} is called as no element is")
    is_open = bool(data.get("nopbc", False))
    return Atoms(
        [names[kind] for kind in data["atom_types"]],
        positions=data["coords"][index],
        cell=None if is_open else data["cells"][index],
        pbc=not is_open,
    )
