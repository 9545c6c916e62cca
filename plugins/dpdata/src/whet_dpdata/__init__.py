"""Outputs of codes that no labeler of Whet knows, read by dpdata. Importing this module imports no dpdata."""

from __future__ import annotations

from whet import FrameFormat, hookimpl
from whet_dpdata.abacus import AbacusOutput
from whet_dpdata.aims import AimsOutput
from whet_dpdata.gaussian import GaussianOutput
from whet_dpdata.orca import OrcaOutput
from whet_dpdata.siesta import SiestaOutput

whet_api = {"formats": 1}


@hookimpl
def formats() -> list[type[FrameFormat]]:
    return [AbacusOutput, AimsOutput, GaussianOutput, OrcaOutput, SiestaOutput]
