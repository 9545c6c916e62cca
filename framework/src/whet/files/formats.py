"""The formats that Whet itself reads, in the order in which a file is shown to them."""

from __future__ import annotations

from whet.files.ase_files import AseFile
from whet.files.deepmd_files import DeepmdSystem
from whet.files.extxyz_stream import ExtendedXyz
from whet.files.frame_format import FrameFormat
from whet.files.lammps_files import LammpsData, LammpsDump
from whet.files.npz_frames import NpzArchive
from whet.files.whet_frames import WhetFrames

FORMATS: tuple[FrameFormat, ...] = (
    WhetFrames(),
    DeepmdSystem(),
    NpzArchive(),
    LammpsDump(),
    LammpsData(),
    ExtendedXyz(),
    AseFile(),
)
"""The last one takes everything."""
