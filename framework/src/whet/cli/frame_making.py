"""whet frames make"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from whet.cli.parameters import Overwrite


def make(
    source: Annotated[str, typer.Argument(help="NAME of a source of structures (`whet plugins`).", metavar="SOURCE")],
    out: Annotated[
        Path, typer.Argument(help="What to write; its suffix names the format (.extxyz, .frames, ...).", metavar="OUT")
    ],
    option: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the source (repeatable).", metavar="KEY=VALUE")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="How many. By default all, where there is an end to them.", metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.", metavar="N")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Make structures: rattled copies, volume scans, isolated molecules, dimers, packed liquids.

    What was drawn at random says so (`sampled_by: rattle`): softening is read by it.
    """
    from whet.cli.terminal import say
    from whet.plugins.frame_export import check_export, export_frames
    from whet.plugins.frame_making import make_frames
    from whet.study.study_file import read_settings

    check_export(out, count or 1)
    made = make_frames({"use": source, **read_settings(option or ())}, count, seed=seed)
    export_frames(out, made, overwrite=overwrite)
    say(f"{out}: {len(made)} frames of {source}")
