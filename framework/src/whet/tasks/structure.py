"""structure: one starting structure, from a plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from whet.contracts.component import Component
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

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """One."""
        return 1

    def run(self, work: Work) -> Outcome:
        """Leaves `frames` (one)."""
        atoms = work.load("structures").make(self.options.index, self.options.seed)
        check_frame(atoms)
        path = work.folder / "structure.frames"
        write_frames(path, [atoms])
        return Outcome({"formula": atoms.get_chemical_formula(), "atoms": len(atoms)}, {"frames": path})
