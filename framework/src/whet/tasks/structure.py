"""structure: one starting structure, from a plugin."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.task import Outcome, Task, Work
from whet.data.frame_checks import check_frame
from whet.data.frame_log import write_frames


class StructureSettings(Options):
    """Settings of a step `structure`."""

    index: int = Field(ge=0)
    """Which of the source's structures."""
    seed: int = Field(ge=0)
    """Of the source."""


class Structure(Task):
    """Makes a starting structure."""

    name = "structure"
    result_version = 2
    Options = StructureSettings
    components: ClassVar = {"structures": "structures"}

    def run(self, work: Work) -> Outcome:
        """Leaves `frames` (one)."""
        atoms = work.load("structures").make(self.options.index, self.options.seed)
        check_frame(atoms)
        path = work.folder / "structure.frames"
        write_frames(path, [atoms])
        return Outcome({"formula": atoms.get_chemical_formula(), "atoms": len(atoms)}, {"frames": path})
