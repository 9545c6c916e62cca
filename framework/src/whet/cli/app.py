"""The commands of the `whet` program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from whet.cli.analyze import analyze
from whet.cli.check import check
from whet.cli.env import env
from whet.cli.evaluate import evaluate
from whet.cli.export import export
from whet.cli.fine_tune import fine_tune
from whet.cli.frames import frames
from whet.cli.init import init
from whet.cli.label import label
from whet.cli.labels import labels
from whet.cli.log import log
from whet.cli.models import models
from whet.cli.plugins import plugins
from whet.cli.report import report
from whet.cli.run import run
from whet.cli.status import status
from whet.cli.store import store
from whet.data.errors import InputError

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What is wrong with a command line; where its module lies depends on typer's version."""


class SentenceGroup(TyperGroup):
    """A group that lists each command with a whole sentence, in as many lines as that takes."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """As of any group, but that nothing is cut."""
        rows = [(name, self.commands[name].get_short_help_str(limit=1000)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, what if what.endswith(".") else f"{what}.") for name, what in rows])


class OneLineGroup(SentenceGroup):
    """The program's commands. What is wrong with a command line is one line, as every other fault is."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """As of any group. Raises InputError."""
        with _in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        """As of any group. Raises InputError."""
        with _in_one_line():
            return super().invoke(*args, **kwargs)


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # shows the help
            raise
        said: Any = error
        what = " ".join(said.format_message().split()).rstrip(".")
        command = said.ctx.command_path if said.ctx is not None else "whet"
        raise InputError(what[:1].lower() + what[1:], hint=f"See `{command} --help`") from None


app = typer.Typer(
    cls=OneLineGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"whet {version('whet')}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Measure how biased a universal interatomic potential is on your system, and fine-tune the bias away."""


for command in (init, run, check, status, log, report, analyze, export, evaluate, fine_tune, label):
    app.command()(command)
app.add_typer(plugins, name="plugins", cls=SentenceGroup)
for name, group in (("labels", labels), ("frames", frames), ("models", models), ("env", env), ("store", store)):
    app.add_typer(group, name=name, no_args_is_help=True, cls=SentenceGroup)
