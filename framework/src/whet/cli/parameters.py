"""Parameters that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyPath = Annotated[Path, typer.Argument(help="The study file (or a folder with a study.yaml).", metavar="STUDY")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a key: --set potentials.main=mace:small (repeatable).", metavar="KEY=VALUE"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", help="Folder of the report (default: beside the study, report/, and with --set report-WORDS/)."
    ),
]
StoreFolder = Annotated[Path, typer.Option("--store", help="The store: it keeps the labels.", metavar="FOLDER")]
Option = Annotated[
    list[str] | None, typer.Option("--set", help="An option of the labeler (repeatable).", metavar="KEY=VALUE")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace another file of this name.")]

FramesPath = Annotated[
    Path, typer.Argument(help="Labeled frames: a file, or a folder of calculations.", metavar="FRAMES")
]
Groups = Annotated[
    str, typer.Option(help="Key in the frames of what belongs together, or `frames`: each stands alone.")
]
Device = Annotated[str, typer.Option(help="Where potentials live: cpu, cuda, cuda:1, mps, xpu.")]

OtherInterpreter = Annotated[
    list[str] | None,
    typer.Option(
        "--environment",
        help="Interpreter that has the potentials' plugins, of all or (repeatable) POTENTIAL=PYTHON of one.",
        metavar="PYTHON",
    ),
]

EnergyKey = Annotated[str, typer.Option(help="Name of the energies in the files.", metavar="KEY")]
ForcesKey = Annotated[str, typer.Option(help="Name of the forces.", metavar="KEY")]
StressKey = Annotated[str, typer.Option(help="Name of the stress.", metavar="KEY")]
VirialKey = Annotated[str, typer.Option(help="Name of the virial, -stress x volume.", metavar="KEY")]


def femtoseconds(text: str) -> float:
    """A number that may have no other unit. typer.BadParameter."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number of femtoseconds; 2 ps are 2000") from None


def named_keys(energy: str, forces: str, stress: str, virial: str) -> dict[str, str]:
    """Label -> key, of the labels whose keys the user named."""
    given = {"energy": energy, "forces": forces, "stress": stress, "virial": virial}
    return {name: key for name, key in given.items() if key}
