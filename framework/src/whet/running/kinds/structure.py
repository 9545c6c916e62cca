"""structure: one starting structure, from a plugin."""

from __future__ import annotations

from whet.data.frame_checks import check_frame
from whet.data.frame_log import write_frames
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Makes structure number `settings.index` with `settings.seed`; leaves `frames` (one)."""
    atoms = work.load("structures").make(work.settings["index"], work.settings["seed"])
    check_frame(atoms)
    path = work.folder / "structure.frames"
    write_frames(path, [atoms])
    return Outcome({"formula": atoms.get_chemical_formula(), "atoms": len(atoms)}, {"frames": path})
