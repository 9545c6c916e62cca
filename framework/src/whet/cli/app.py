"""The commands of the `whet` program."""

from __future__ import annotations

from typing import Annotated

import typer

from whet.cli.check import check
from whet.cli.env import env
from whet.cli.evaluate import evaluate
from whet.cli.frames import frames
from whet.cli.label import label
from whet.cli.labels import labels
from whet.cli.models import models
from whet.cli.plugins import plugins
from whet.cli.report import report
from whet.cli.run import run
from whet.cli.status import status

app = typer.Typer(
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


for command in (run, check, status, report, evaluate, label):
    app.command()(command)
app.add_typer(plugins, name="plugins")
for name, group in (("labels", labels), ("frames", frames), ("models", models), ("env", env)):
    app.add_typer(group, name=name, no_args_is_help=True)
