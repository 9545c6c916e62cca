"""The `whet` program: its commands, and how faults end it."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from whet.cli.check import check
from whet.cli.evaluate import evaluate
from whet.cli.plugins import plugins
from whet.cli.report import report
from whet.cli.run import run
from whet.cli.status import status
from whet.data.errors import StepFailed, WhetError

app = typer.Typer(
    help="Measure how biased a universal interatomic potential is on your system, and fine-tune the bias away.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (run, check, status, report, evaluate, plugins):
    app.command()(command)


def main() -> NoReturn:
    """Exit code 0: done. 2: a fault that one line explains. 1: a fault that nobody foresaw. 130: interrupted."""
    try:
        if sys.argv[1:] in (["plugins"], ["plugins", "--json"]):
            # Past typer, whose coercion of parameters takes a third as long as finding all plugins.
            plugins(json=len(sys.argv) > 2)
            sys.exit(0)
        app(standalone_mode=True)
    except WhetError as error:
        _say(f"whet: {error}")
        sys.exit(1 if isinstance(error, StepFailed) else 2)
    except KeyboardInterrupt:
        _say("whet: interrupted; the same command goes on from here")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
    except Exception:
        _say(f"whet: a fault that nobody foresaw; the traceback is in {_traceback_file()}")
        sys.exit(1)
    sys.exit(0)


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 -- the program's own answer


def _traceback_file() -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="whet-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name
