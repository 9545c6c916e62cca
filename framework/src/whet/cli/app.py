"""The commands of the `whet` program."""

from __future__ import annotations

import typer

from whet.cli.check import check
from whet.cli.env import env
from whet.cli.evaluate import evaluate
from whet.cli.models import models
from whet.cli.plugins import plugins
from whet.cli.report import report
from whet.cli.run import run
from whet.cli.status import status

app = typer.Typer(
    help="Measure how biased a universal interatomic potential is on your system, and fine-tune the bias away.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (run, check, status, report, evaluate):
    app.command()(command)
app.add_typer(plugins, name="plugins")
for name, group in (("models", models), ("env", env)):
    app.add_typer(group, name=name, no_args_is_help=True)
