"""Extended tight binding for Whet. Importing this module imports neither tblite nor NumPy."""

from __future__ import annotations

from whet import Labeler, hookimpl
from whet_tblite.labeler import TbliteLabeler

whet_api = {"labelers": 1}


@hookimpl
def labelers() -> list[type[Labeler]]:
    return [TbliteLabeler]
