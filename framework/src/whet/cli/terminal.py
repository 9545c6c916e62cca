"""What a terminal shows: tables that fit 80 columns, and progress."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from whet.data.errors import WhetError
from whet.data.loss_file import said_losses
from whet.running.events import Event, RunWaits, StepLost, StepSubmitted
from whet.running.step import Step

GAP = 2
"""Spaces between the columns of a table."""

ROOMY = 40
"""Letters of a column in which sentences can be read."""


def print_json(value: Any) -> None:
    """JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def say(line: str = "") -> None:
    """A line on standard output, as it is: never wrapped, never colored."""
    sys.stdout.write(line + "\n")


def wrapped(text: str, indent: str = "") -> None:
    """A paragraph on standard output, in lines that fit the terminal."""
    whole: Any = {"break_long_words": False, "break_on_hyphens": False}  # of keys and paths
    for line in textwrap.wrap(text, width(), initial_indent=indent, subsequent_indent=indent, **whole):
        say(line)


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = (), whole: bool = False
) -> None:
    """A table on standard output. right: numbers of the columns of figures. whole: only headings are broken over lines.

    No word is broken, so that keys and paths can be copied and found: rather, lines get longer than the terminal.
    """
    listed = [tuple(row) for row in rows]
    room = width()
    columns = list(zip(headings, *listed, strict=True))
    widths = _widths(columns, room - GAP * (len(headings) - 1), whole)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place in right else "left", width=widths[place])
    for row in listed:
        table.add_row(*row)
    room = max(room, sum(widths) + GAP * len(widths))
    Console(file=sys.stdout, width=room, highlight=False, markup=False, emoji=False).print(table)


def _widths(columns: Sequence[Sequence[str]], room: int, whole: bool) -> list[int]:
    """Letters of each column: of its longest line, or fewer where they all do not fit, but those of its longest word,
    or cell where these are kept whole.

    Where even these do not fit, a line is too long in any case, and no column is made narrower than `ROOMY`.
    """
    widths = [max(cell_len(line) for cell in column for line in cell.splitlines() or [""]) for column in columns]
    least = [least_width(heading, cells, whole) for heading, *cells in columns]
    if sum(least) > room:
        return [min(width, max(word, ROOMY)) for width, word in zip(widths, least, strict=True)]
    while sum(widths) > room and (free := [place for place, width in enumerate(widths) if width > least[place]]):
        widths[max(free, key=lambda place: widths[place])] -= 1
    return widths


def least_width(heading: str, cells: Iterable[str], whole: bool) -> int:
    """Letters of a column's longest word, or of its longest cell where these are kept whole."""
    words = [heading, *([] if whole else cells)]
    pieces = [word for text in words for word in text.split()] + [*(cells if whole else [])]
    return max(map(cell_len, pieces), default=0)


def width() -> int:
    """Letters of a line: of the terminal, or 80 where nobody looks at one."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 80


class _Bars:
    """Bars on standard error, while it is entered; none where that is no terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()


class ProgressView(_Bars):
    """Progress of a run on standard error: bars on a terminal, a line for each finished step elsewhere.

    steps: how many there are. done: keys of those that had their result before.
    """

    def __init__(self, steps: int, done: Iterable[str] = (), *, say_failures: bool = True) -> None:
        super().__init__()
        self._say_failures = say_failures
        self._steps, self._over = steps, set(done)
        self._tasks: dict[str, TaskID] = {}
        self._all = self._bars.add_task("steps", total=steps, completed=len(self._over), said="")
        self._tenths: dict[str, int] = {}
        self._titles: dict[str, str] = {}
        self._faults: set[str] = set()

    def began(self, step: Step) -> None:
        """A bar for the step. One that is done again, as its result was damaged, is not over any more."""
        if (before := self._tasks.pop(step.key, None)) is not None:  # it was lost, or waited for what feeds it
            self._bars.remove_task(before)
        self._over.discard(step.key)
        self._tasks[step.key] = self._bars.add_task(f"  {step.title or step.kind}"[:44], total=None, said="")

    def progress(self, step: Step, done: int, total: int) -> None:
        """Moves the step's bar."""
        self._bars.update(self._tasks[step.key], completed=done, total=total)

    def losses(self, step: Step, losses: Mapping[str, float]) -> None:
        """Beside the step's bar; elsewhere than on a terminal a line at each tenth of the training."""
        said, task = said_losses(losses), self._tasks[step.key]
        self._bars.update(task, said=said)
        if self._console.is_terminal or not said:
            return
        bar = next(one for one in self._bars.tasks if one.id == task)
        epoch, epochs = int(losses.get("epoch", 0)), int(bar.total or 0)
        if epochs and (tenth := 10 * epoch // epochs) > self._tenths.get(step.key, 0):
            self._tenths[step.key] = tenth
            self._line(f"{step.title or step.kind}: epoch {epoch} of {epochs}, {said}")

    def happened(self, event: Event) -> None:
        """Says what is lost, and that nothing can go on while another run is at work."""
        match event:
            case StepSubmitted():
                self._titles[event.step] = event.title or event.step
            case StepLost(again=True) if self._say_failures:
                self._line(f"lost, tried again: {self._titles.get(event.step, event.step)}: {event.why}")
            case RunWaits():
                self._line(str(event))
            case _:
                pass

    def _line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def ended(self, step: Step, fault: WhetError | None, seconds: float) -> None:
        """Takes the bar away; says what happened."""
        self._bars.remove_task(self._tasks.pop(step.key))
        self._over.add(step.key)
        self._bars.update(self._all, completed=len(self._over))
        if fault is not None:
            if not self._say_failures:
                return
            title = step.title or step.key
            what = str(fault).removeprefix(f"{title}: ")
            again = what in self._faults
            self._faults.add(what)
            self._line(f"failed, for the same reason: {title}" if again else f"failed: {fault}")
        elif not self._console.is_terminal:
            self._console.print(f"[{len(self._over)}/{self._steps}] {step.title or step.kind} ({seconds:.1f} s)")


class CountView(_Bars):
    """Progress of one long thing on standard error: a bar on a terminal, a line at each tenth elsewhere.

    Nothing is said elsewhere than on a terminal where the total is not known.
    """

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what, self._said = what, 0
        self._task = self._bars.add_task(what, total=None, said="")

    def at(self, done: int, total: int | None = None) -> None:
        """So many are done."""
        self._bars.update(self._task, completed=done, total=total)
        if self._console.is_terminal or not total:
            return
        if (tenth := 10 * done // total) > self._said:
            self._said = tenth
            self._console.print(f"[{done}/{total}] {self._what}", soft_wrap=True)
