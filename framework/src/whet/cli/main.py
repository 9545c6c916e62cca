"""The `whet` program: runs its commands, and says in one line how a fault ended it."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from whet.cli.streams import flush_output, guard_streams
from whet.data.errors import StepFailed, WhetError
from whet.data.refusals import REFUSALS, refusal

INTERRUPTED = "whet: interrupted; the same command goes on from here"


def main() -> NoReturn:
    """Exit code 0: done. 2: a fault that one line explains. 1: a fault that nobody foresaw. 130: interrupted."""
    guard_streams()
    try:
        _run()
        flush_output()
    except WhetError as error:
        _say(f"whet: {error}")
        sys.exit(1 if isinstance(error, StepFailed) else 2)
    except KeyboardInterrupt:
        _say(INTERRUPTED)
        sys.exit(130)
    except SystemExit as end:
        if end.code == 130:  # typer takes an interrupt for itself, and says nothing
            _say(INTERRUPTED)
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


def _run() -> None:
    """The command. Ends without SystemExit where its exit code is 0, and after all that it says is written."""
    if sys.argv[1:] in (["plugins"], ["plugins", "--json"]):
        # Past typer, which takes half as long as finding all plugins: this one is to start fast.
        from whet.cli.listing import list_plugins

        list_plugins(json=len(sys.argv) > 2)
        return
    from whet.cli.app import app

    try:
        app(standalone_mode=True)
    except SystemExit as end:
        flush_output()
        if end.code:
            raise


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 -- the program's own answer


def _traceback_file() -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="whet-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name
