"""whet init"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from whet.cli.parameters import Set


def init(
    structures: Annotated[
        Path, typer.Option("--structures", help="File of structures: CIF, POSCAR, extended XYZ, ...", metavar="FILE")
    ],
    potential: Annotated[str, typer.Option("--potential", "-p", help="NAME, NAME:MODEL or NAME:PATH.", metavar="NAME")],
    labeler: Annotated[
        str,
        typer.Option("--labeler", "-l", help="What computes reference labels (`whet plugins`).", metavar="NAME"),
    ],
    out: Annotated[Path, typer.Option(help="The study file to write.", metavar="FILE")] = Path("study.yaml"),
    set_: Set = None,
) -> None:
    """Write a study file to begin with: it has comments, works as it is, and asks nothing.

    It samples with the potential, labels, fine-tunes and tests from structures that no training uses. Where the file
    has too few structures the study starts from copies with displaced atoms. No file is overwritten.
    """
    from whet.cli.terminal import say, wrapped
    from whet.data.numbers import count
    from whet.study.first_study import init_study

    made = init_study(structures, potential, labeler, out, overrides=set_ or ())
    say(f"{made.path}: {made.study.file.name}")
    if made.copies:
        wrapped(
            f"{structures} has {count(made.structures, 'structure')} and {made.needed} are needed, so that each "
            "trajectory starts from a copy of its own with displaced atoms (`structures:`)."
        )
    say("Next:")
    say(f"  whet check {made.path}   # what it costs, and whether all is there")
    say(f"  whet run {made.path}     # runs it, resumes it, ends with a report")
