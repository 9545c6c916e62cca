"""The `whet` program: runs its commands, and says in one line how a fault ended it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from whet.cli.streams import flush_output, guard_streams
from whet.data.errors import StepFailed, WhetError
from whet.data.refusals import REFUSALS, refusal


def main() -> NoReturn:
    """Exit code 0: done. 2: a fault that one line explains. 1: a fault that nobody foresaw.

    130, 143, 129: ended by Ctrl-C, SIGTERM, SIGHUP, with all that it started.
    """
    signals = _Signals()
    try:
        _answer(signals)
    finally:
        signals.restore()


def _answer(signals: _Signals) -> NoReturn:
    guard_streams()
    try:
        _run()
        flush_output()
    except WhetError as error:
        for line in str(error).splitlines():
            _say(f"whet: {line}")
        sys.exit(1 if isinstance(error, StepFailed) else 2)
    except KeyboardInterrupt as interrupt:
        signals.leave(interrupt)
    except SystemExit as end:
        if end.code == 130:  # typer takes an interrupt for itself, and says nothing
            signals.leave(end)
        raise
    except BrokenPipeError:  # whoever read it has gone
        sys.exit(141)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSALS and error.filename is not None:
            _say(f"whet: {refusal(error, os.fsdecode(error.filename))}")
            sys.exit(2)
        _say(f"whet: a fault that nobody foresaw; the traceback is in {_traceback_file()}")
        sys.exit(1)
    sys.exit(0)


class _Interrupt(KeyboardInterrupt):
    """A signal came. Not the class itself: where that passes through an `exec`, Python ends by SIGINT in the end."""


class _Signals:
    """SIGTERM and SIGHUP end a command in good order, as Ctrl-C does."""

    def __init__(self) -> None:
        self._number = signal.SIGINT
        # `nohup` has SIGHUP ignored: so it stays.
        as_usual = (signal.SIG_DFL, signal.default_int_handler)
        signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        self._taken = {n: before for n in signals if (before := signal.getsignal(n)) in as_usual}
        for number in self._taken:
            signal.signal(number, self._end)

    def restore(self) -> None:
        """Leaves the signals as they were, for whoever called the program as a function; but what has ended the command
        may come a second time while it is on its way out."""
        for number, before in self._taken.items():
            is_end = number == self._number != signal.SIGINT
            signal.signal(number, signal.SIG_IGN if is_end else before)

    def _end(self, number: int, _: object) -> None:
        if number == signal.SIGINT:
            raise _Interrupt
        if self._number == signal.SIGINT:  # once: `timeout` sends its signal twice
            self._number = signal.Signals(number)
            raise _Interrupt(self._number.name)

    def leave(self, end: BaseException) -> NoReturn:
        """Says what ended the command and what is kept, and ends with 128 + the signal's number."""
        how = "interrupted" if self._number == signal.SIGINT else f"ended by {self._number.name}"
        kept = "".join(f"; {note}" for note in _notes(end))
        with suppress(OSError):  # the terminal may be gone
            _say(f"whet: {how}{kept}; the same command goes on from here")
        sys.exit(128 + self._number)


def _run() -> None:
    """The command. Ends without SystemExit where its exit code is 0, and after all that it says is written."""
    if sys.argv[1:] in (["plugins"], ["plugins", "--json"]):
        # Past typer, which takes half as long as finding all plugins: this one is to start fast.
        # Imports make objects and no garbage: to look for some takes a tenth of the time.
        gc.disable()
        try:
            from whet.cli.listing import list_plugins

            list_plugins(json=len(sys.argv) > 2)
        finally:
            gc.enable()
        return
    from whet.cli.app import app

    try:
        app(standalone_mode=True)
    except SystemExit as end:
        flush_output()
        if end.code:
            raise


def _notes(end: BaseException | None) -> list[str]:
    """What was said of an interrupt on its way here (`add_note`), in which typer may have wrapped it."""
    while end is not None and not isinstance(end, KeyboardInterrupt):
        end = end.__cause__ or end.__context__
    return list(getattr(end, "__notes__", ()))


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 -- the program's own answer


def _traceback_file() -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="whet-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name
