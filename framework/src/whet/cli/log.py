"""whet log"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import Set, StudyPath

if TYPE_CHECKING:
    from whet.running.step import Step
    from whet.study.study_state import StudyState

LINES = 40
"""That are shown without `--all`."""

PAUSE = 0.5
"""Seconds between two looks at a log that is followed."""

LISTED = 20
"""Steps that are listed where several are called so."""


def log(
    study: StudyPath,
    step: Annotated[str, typer.Argument(help="A key, the beginning of one, or words of the title.", metavar="STEP")],
    set_: Set = None,
    every: Annotated[bool, typer.Option("--all", help=f"All of it, not the last {LINES} lines.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows, until the step ends.")] = False,
) -> None:
    """Show the log of a step: what the packages that it used have said, and why it failed."""
    from whet.cli.opened import opened
    from whet.study.study_state import StudyState

    found = opened(study, set_ or (), checked=False)
    state = StudyState(found.study, found.workers)
    wanted = _wanted(state, step)
    path = state.log_of(wanted.key)
    if not path and follow and state.steps[wanted.key].word in ("running", "handed on"):
        path = str(found.study.store.folder(wanted.key) / "log.txt")
    _tell(state, wanted, path)
    place = _show(Path(path), every=every) if path else 0
    if follow and path:
        _follow(state, wanted, Path(path), place)


def _wanted(state: StudyState, words: str) -> Step:
    """The one step that is meant. InputError, after a list of them, where there are several."""
    from whet.cli.terminal import print_table
    from whet.data.errors import InputError
    from whet.study.step_names import short_keys, steps_called

    found = steps_called(words, state.study.stored.plan.steps.values())
    if len(found) == 1:
        return found[0]
    keys = short_keys([*state.study.stored.plan.steps.values()])
    short = dict(zip(state.study.stored.plan.steps, keys, strict=True))
    print_table(
        ("key", "step", "state"),
        [(short[one.key], one.title, state.steps[one.key].word) for one in found[:LISTED]],
    )
    more = f", of which {LISTED} are listed" if len(found) > LISTED else ""
    hint = "Give more words, or the beginning of a key"
    raise InputError(f"{len(found)} steps are called {words!r}{more}", hint=hint)


def _tell(state: StudyState, step: Step, path: str) -> None:
    """Which step it is, and how it stands; on standard error, as it is not of the log."""
    from whet.data.loss_file import NAME as LOSSES
    from whet.data.loss_file import last_losses, said_losses

    one = state.steps[step.key]
    why = f": {one.why}" if one.why and one.word != "failed" else ""
    typer.echo(f"{one.title} ({step.key}), {one.word}{why}", err=True)
    if one.word == "failed":
        typer.echo(f"failed: {one.why}", err=True)
    folder = state.study.store.folder(step.key)
    if losses := last_losses(folder):
        said = f"epoch {losses.get('epoch', 0):.0f}, {said_losses(losses)}"
        typer.echo(f"losses: {said}, all in {folder / LOSSES}", err=True)
    typer.echo(f"log: {path}" if path else "It has no log yet.", err=True)


def _show(path: Path, *, every: bool) -> int:
    """Writes the log, or its end; gives how many bytes of it were read."""
    from whet.cli.terminal import say

    if not path.is_file():
        return 0
    with path.open("rb") as file:
        lines = deque(file, None if every else LINES)
        place = file.tell()
    for line in lines:
        say(line.decode("utf-8", "replace").rstrip("\n"))
    return place


def _follow(state: StudyState, step: Step, path: Path, place: int) -> None:
    """Writes what comes, until the step has ended and all is written."""
    import sys

    from whet.study.study_state import StudyState

    while True:
        goes_on = StudyState(state.study, state.workers).goes_on(step.key)
        if path.is_file():
            with path.open("rb") as file:
                file.seek(place)
                sys.stdout.write(file.read().decode("utf-8", "replace"))
                place = file.tell()
            sys.stdout.flush()
        if not goes_on:
            return
        time.sleep(PAUSE)
