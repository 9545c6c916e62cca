"""Frames in the files of other programs, for Whet. Importing this module imports neither ASE nor NumPy."""

from __future__ import annotations

from whet import FrameFormat, hookimpl
from whet_exchange.deepmd_files import DeepmdSystem
from whet_exchange.lammps_files import LammpsData, LammpsDump
from whet_exchange.npz_frames import NpzArchive

whet_api = {"formats": 1}


@hookimpl
def formats() -> list[type[FrameFormat]]:
    return [DeepmdSystem, NpzArchive, LammpsDump, LammpsData]
