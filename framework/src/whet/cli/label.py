"""whet label"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from whet.cli.parameters import Json, Option, Overwrite, StoreFolder


def label(
    frames: Annotated[Path, typer.Argument(help="Structures (extended XYZ, or what ASE reads).", metavar="FRAMES")],
    labeler: Annotated[
        str, typer.Option("--labeler", "-l", help="NAME of a labeler (`whet plugins`).", metavar="NAME")
    ],
    option: Option = None,
    store: StoreFolder = Path(".whet"),
    out: Annotated[
        Path | None,
        typer.Option(help="Also write the labeled frames; the suffix names the format.", metavar="FILE"),
    ] = None,
    first: Annotated[
        int | None, typer.Option(min=1, help="Only so many frames, from the beginning.", metavar="N")
    ] = None,
    isolated_atoms: Annotated[
        bool, typer.Option("--isolated-atoms", help="Also label a single atom of each element: reference energies.")
    ] = False,
    device: Annotated[
        str, typer.Option(help="Where a teacher's potential lives: cpu, cuda, cuda:1, mps, xpu.")
    ] = "cpu",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Label frames. Each label is kept in the store the moment it arrives.

    The same command goes on where it was stopped, and no label is ever computed twice. Without --out the labels are
    in the store only: `whet labels export`. Exit code 2 if a frame failed.
    """
    from whet.cli.terminal import CountView, print_json, print_table, say
    from whet.data.errors import FrameError, InputError
    from whet.plugins.frame_export import check_export, export_frames
    from whet.running.frame_labeling import frames_to_label, label_frames, labeler_of
    from whet.study.study_file import read_settings

    made = labeler_of({"use": labeler, **read_settings(option or ())}, device=device)
    structures = frames_to_label(frames)
    if first is not None and first > len(structures):
        raise FrameError(f"{first} frames were asked for, the file has {len(structures)}", where=str(frames))
    if out is not None:
        if out.exists() and out.samefile(frames):
            raise InputError("the file would be written over itself", where=str(out), hint="Give the other a new name")
        check_export(out, len(structures[:first]))
    with CountView("labels") as view:
        report = label_frames(structures[:first], made, store, isolated_atoms=isolated_atoms, progress=view.at)
    is_written = out is not None and bool(report.labeled)
    if not json:
        theory = report.theory
        say(f"{theory}, fingerprint {theory.fingerprint[:8]}")
        say(f"{len(report.labeled)} of {report.asked} labeled: {report.bought} computed now, {report.found} found")
        for failed in report.failed:
            say(f"failed: {failed}" + (f"; log: {failed.log}" if failed.log else ""))
        if report.isolated:
            say()
            print_table(("isolated atom", "eV"), [(s, f"{e:.6f}") for s, e in report.isolated.items()], right=(1,))
        say()
        if not report.labeled:
            say("There is no label" + (f": {out} is not written." if out is not None else "."))
        elif not is_written:
            say(f"In {store}: whet labels export {theory.fingerprint[:8]} OUT")
    if is_written:
        assert out is not None
        try:
            export_frames(out, report.labeled, overwrite=overwrite)
        except InputError as error:
            error.hint += f". The labels are kept in {store}"
            raise
    if json:
        print_json({**report.as_json(), "out": str(out) if is_written else None})
    elif is_written:
        say(f"{out}: {len(report.labeled)} frames")
    if report.failed:
        raise typer.Exit(2)
