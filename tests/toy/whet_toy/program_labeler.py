"""A labeler that runs a program that takes its time: see `stand_in.py`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from whet import CodeLabeler, Labels, LevelOfTheory


class ToyProgramLabeler(CodeLabeler):
    """Runs the stand-in, whose journal is the folder $WHET_TOY_JOURNAL."""

    name = "toy-program"
    program = ("{python}", "-I", "-S", str(Path(__file__).with_name("stand_in.py")))

    @property
    def theory(self):
        return LevelOfTheory("toy-program", code="toy")

    @property
    def argv(self):
        return [*super().argv, os.environ["WHET_TOY_JOURNAL"]]

    def prepare(self, frame, folder):
        (folder / "told.json").write_text(json.dumps({"energy": float(frame.positions.sum())}))

    def read(self, frame, folder):
        import numpy as np

        energy = json.loads((folder / "out.json").read_text())["energy"]
        return Labels(energy, np.zeros((len(frame), 3)), np.zeros((3, 3)))
