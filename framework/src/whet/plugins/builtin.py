"""What the framework itself offers, through the same hooks as everybody: what joins others, and its own files."""

from __future__ import annotations

from whet.contracts.committee import Committee
from whet.contracts.potential import Potential
from whet.files.ase_files import AseFile
from whet.files.extxyz_stream import ExtendedXyz
from whet.files.frame_format import FrameFormat
from whet.files.whet_frames import WhetFrames
from whet.plugins.hookspecs import hookimpl

whet_api = 1


@hookimpl
def potentials() -> list[type[Potential]]:
    """The committee."""
    return [Committee]


@hookimpl
def formats() -> list[type[FrameFormat]]:
    """Whet's own frames, extended XYZ, and what ASE reads."""
    return [WhetFrames, ExtendedXyz, AseFile]
