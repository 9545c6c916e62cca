"""Cp2kLabeler: density-functional labels by CP2K's Quickstep."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import CodeLabeler, Failure, InputError, Labels, LevelOfTheory, Recorded, file_digest, read_json, write_json
from whet_cp2k.options import Cp2kOptions
from whet_cp2k.references import CP2K

if TYPE_CHECKING:
    from ase import Atoms

INPUT, ALLOWED = "cp2k.inp", "allowed.json"


class Cp2kLabeler(CodeLabeler[Cp2kOptions]):
    """Density-functional theory by CP2K: Gaussians and plane waves, pseudopotentials of Goedecker, Teter and Hutter.

    Forces belong to the free energy; a stress is given for frames that are periodic in all directions. Along open
    directions the frame is isolated and needs vacuum in the cell. A frame's total charge is `info["charge"]` (e), its
    multiplicity `info["spin"]` (2S + 1), which is then kept; with initial magnetic moments alone the total moment is
    free. Extra labels: `magmoms` (μB, Mulliken's) where the calculation is spin-polarized.
    """

    name = "cp2k"
    title = "CP2K"
    unpickles = False
    program = ("cp2k.psmp",)

    @classmethod
    def references(cls, options: Cp2kOptions) -> Sequence[str]:
        return (CP2K,)

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        from whet_cp2k.log_file import begins_log

        return begins_log(head)

    @classmethod
    def recorded(cls, output: Path) -> Iterator[Recorded]:
        """Why there is nothing to be had from a log."""
        from whet_cp2k.log_file import log_fault

        yield from log_fault(output)

    @classmethod
    def find_files(cls, options: Cp2kOptions) -> Mapping[str, Path]:
        """Files of basis sets and pseudopotentials that are given by path, by their names."""
        paths = [Path(name) for name in _files(options) if "/" in name]
        found = {path.name: path for path in paths}
        if len(found) < len(paths):
            raise InputError("two files of basis sets or pseudopotentials have the same name", hint="Rename one")
        return found

    @classmethod
    def variations(cls, options: Cp2kOptions) -> Mapping[str, Any]:
        return {
            "xc": "PBEsol" if options.xc != "PBEsol" else "PBE",
            "basis": "SZV-MOLOPT-SR-GTH",
            "basis_by_element": {**options.basis_by_element, "O": "SZV-MOLOPT-SR-GTH"},
            "basis_files": [*options.basis_files, "BASIS_SET"],
            "potential": "GTH-BLYP",
            "potential_by_element": {**options.potential_by_element, "O": "GTH-BLYP"},
            "potential_files": [*options.potential_files, "POTENTIAL"],
            "input": {"FORCE_EVAL": {"DFT": {"QS": {"EPS_DEFAULT": 1e-11}}}},
        }

    @property
    def theory(self) -> LevelOfTheory:
        given = self.options.as_json().items()
        words = {key: value for key, value in given if key not in self.Options.not_identity and value != {}}
        for option in ("basis_files", "potential_files"):
            words[option] = [self._identity(name) for name in words[option]]
        dispersion = words.pop("dispersion", None)
        if dispersion is None:
            del words["dispersion_cutoff"]
        chosen = {"basis": "basis_by_element", "pseudopotentials": "potential_by_element"}
        by_element = {name: words.pop(option) for name, option in chosen.items() if option in words}
        family, method = words.pop("potential"), words.pop("xc")
        return LevelOfTheory(method, "CP2K", dispersion, pseudopotentials=family, settings=words, by_element=by_element)

    @property
    def argv(self) -> list[str]:
        return [*super().argv, "-i", INPUT]

    def prepare(self, frame: Atoms, folder: Path) -> None:
        from whet_cp2k.calculation import sections
        from whet_cp2k.data_files import check_elements, data_folder
        from whet_cp2k.sections import written

        options = self.options
        local = {f"file:{role}": path for role, path in self.files.items()}
        for path in self.files.values():
            shutil.copyfile(path, folder / path.name)
        options = options.model_copy(
            update={
                key: [local[name].name if name in local else name for name in getattr(options, key)]
                for key in ("basis_files", "potential_files")
            }
        )
        made = sections(frame, options)
        write_json(folder / ALLOWED, {"max_iterations": options.max_iterations})
        symbols = set(frame.symbols)
        place = data_folder(super().argv[0])
        files = {
            kind: [folder / name if (folder / name).is_file() else (place or folder) / name for name in names]
            for kind, names in (("basis", options.basis_files), ("potential", options.potential_files))
        }
        if all(path.is_file() for paths in files.values() for path in paths):
            basis = {symbol: options.basis_by_element.get(symbol, options.basis) for symbol in symbols}
            potential = {symbol: options.potential_by_element.get(symbol, options.potential) for symbol in symbols}
            check_elements(symbols, basis, potential, files)
        (folder / INPUT).write_text(written(made), encoding="utf-8")

    def read(self, frame: Atoms, folder: Path) -> Labels | Failure:
        from whet_cp2k.output import read_output

        options = self.options
        return read_output(
            folder,
            len(frame),
            with_stress=bool(frame.pbc.all()),
            net_force=options.net_force,
            max_iterations=self._iterations(folder),
        )

    def is_complete(self, folder: Path) -> bool:
        from whet_cp2k.output import ENDED, OUTPUT

        output = folder / OUTPUT
        return output.is_file() and ENDED in output.read_text(encoding="utf-8", errors="replace")

    def can_do_better(self, folder: Path) -> bool:
        from whet_cp2k.output import OUTPUT, is_converged

        if is_converged((folder / OUTPUT).read_text(encoding="utf-8", errors="replace")):
            return False
        return self._iterations(folder) < self.options.max_iterations

    def fault(self, folder: Path) -> str:
        from whet_cp2k.output import why_it_ended

        return why_it_ended(folder, self._iterations(folder)) or super().fault(folder)

    def _iterations(self, folder: Path) -> int:
        """How many were allowed when the calculation was prepared."""
        allowed = folder / ALLOWED
        return int(read_json(allowed)["max_iterations"]) if allowed.is_file() else self.options.max_iterations

    def _identity(self, name: str) -> str:
        """A file by what is in it, where it did not come with CP2K."""
        file = self.files.get(name.removeprefix("file:"))
        return f"sha256:{file_digest(file)}" if name.startswith("file:") and file else name


def _files(options: Cp2kOptions) -> list[str]:
    return [*options.basis_files, *options.potential_files]
