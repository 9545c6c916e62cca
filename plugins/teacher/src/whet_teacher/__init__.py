"""Potentials as teachers. Importing this module imports nothing heavy."""

from __future__ import annotations

from whet import Labeler, hookimpl
from whet_teacher.labeler import TeacherLabeler

whet_api = {"labelers": 1}


@hookimpl
def labelers() -> list[type[Labeler]]:
    return [TeacherLabeler]
