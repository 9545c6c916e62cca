"""The hooks. Each lists light classes: importing the module of a plugin imports neither torch nor ASE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from whet.contracts.descriptor import Descriptor
    from whet.contracts.dynamics import MDEngine
    from whet.contracts.fine_tuning import FineTuner
    from whet.contracts.labeling import Labeler
    from whet.contracts.potential import Potential
    from whet.contracts.structures import StructureSource
    from whet.files.frame_format import FrameFormat

API = 1
"""Version of these hooks. A plugin states the one that it was written for: `whet_api = 1` in its entry-point module."""

GROUP = "whet"
"""The entry-point group; also pluggy's project name."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

HOOKS = {
    "potentials": "potential",
    "fine_tuners": "fine-tuner",
    "md_engines": "MD engine",
    "labelers": "labeler",
    "descriptors": "descriptor",
    "structures": "structure source",
    "formats": "format",
}
"""Hook -> what one of its backends is called in messages."""

CONTRACTS = {
    "potentials": "whet.contracts.potential.Potential",
    "fine_tuners": "whet.contracts.fine_tuning.FineTuner",
    "md_engines": "whet.contracts.dynamics.MDEngine",
    "labelers": "whet.contracts.labeling.Labeler",
    "descriptors": "whet.contracts.descriptor.Descriptor",
    "structures": "whet.contracts.structures.StructureSource",
    "formats": "whet.files.frame_format.FrameFormat",
}
"""Hook -> the class that what it offers is derived from; named, so that only what is used is imported."""


@hookspec
def potentials() -> list[type[Potential]]:  # pyright: ignore[reportReturnType]
    """Interatomic potentials."""


@hookspec
def fine_tuners() -> list[type[FineTuner]]:  # pyright: ignore[reportReturnType]
    """Fine-tuners; each has the name of the potential that it fine-tunes."""


@hookspec
def md_engines() -> list[type[MDEngine]]:  # pyright: ignore[reportReturnType]
    """Molecular-dynamics engines."""


@hookspec
def labelers() -> list[type[Labeler]]:  # pyright: ignore[reportReturnType]
    """Labelers: quantum-chemistry codes, or potentials in the role of a teacher."""


@hookspec
def descriptors() -> list[type[Descriptor]]:  # pyright: ignore[reportReturnType]
    """Descriptors of atomic environments."""


@hookspec
def structures() -> list[type[StructureSource]]:  # pyright: ignore[reportReturnType]
    """Sources of starting structures."""


@hookspec
def formats() -> list[type[FrameFormat]]:  # pyright: ignore[reportReturnType]
    """Formats of files of frames: read, and perhaps written, by every command that takes or makes such files."""
