"""Parsl for Whet. Importing this module imports no Parsl."""

from __future__ import annotations

from whet import Executor, hookimpl
from whet_parsl.executor import ParslExecutor

whet_api = {"executors": 1}


@hookimpl
def executors() -> list[type[Executor]]:
    return [ParslExecutor]
