"""whet analyze"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import (
    Device,
    EnergyKey,
    ForcesKey,
    Groups,
    Json,
    OtherInterpreter,
    StressKey,
    VirialKey,
    femtoseconds,
    named_keys,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whet.contracts.findings import Findings
    from whet.data.errors import WhetError
    from whet.running.runner import Account
    from whet.running.watcher import Watcher
    from whet.study.study import Study


def analyze(
    name: Annotated[str, typer.Argument(help="An analysis or a probe: `whet plugins` lists them.", metavar="NAME")],
    files: Annotated[
        list[str],
        typer.Argument(help="Frames, SET=FRAMES to name their set, a probe's materials; or a study.", metavar="FILE"),
    ],
    potential: Annotated[
        list[str] | None,
        typer.Option("--potential", "-p", help="NAME, NAME:MODEL, NAME:PATH, or ./FOLDER (repeatable)."),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="Time between frames, fs: each file is a trajectory.", metavar="FS", parser=femtoseconds),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Option of the analysis or probe; of a study, a key.", metavar="KEY=VALUE"),
    ] = None,
    sampled_by: Annotated[
        str | None,
        typer.Option(help="Who sampled the frames: reference, self, rattle, minimum, unknown, or a potential."),
    ] = None,
    groups: Groups = "",
    first: Annotated[int | None, typer.Option(min=1, help="Only so many frames of each set.")] = None,
    descriptor: Annotated[str | None, typer.Option(help="Of environments (default: the one installed).")] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Probe: CSV of material, quantity, value to compare with.", metavar="TABLE")
    ] = None,
    labeler: Annotated[str | None, typer.Option(help="Probe: measures the reference.", metavar="NAME")] = None,
    energy_key: EnergyKey = "",
    forces_key: ForcesKey = "",
    stress_key: StressKey = "",
    virial_key: VirialKey = "",
    environment: OtherInterpreter = None,
    workers: Annotated[int | None, typer.Option(min=1, max=4096, help="Steps side by side.")] = None,
    threads: Annotated[int, typer.Option(min=1, max=4096, help="Threads of each worker.")] = 1,
    device: Device = "cpu",
    store: Annotated[Path | None, typer.Option(help="Keep results here, so that the same command resumes.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write a page with tables and figures.", metavar="FOLDER")
    ] = None,
    json: Json = False,
) -> None:
    """Run one analysis, or one probe, over files of frames, or over what a study has by now.

    whet analyze softening test.extxyz -p chgnet -p mace:small

    whet analyze elastic POSCAR -p chgnet --reference measured.csv

    whet analyze rdf chgnet=run.xyz reference=aimd.xyz --interval 10

    whet analyze coverage study.yaml
    """
    import tempfile

    from whet.cli.terminal import say
    from whet.data.errors import InputError, SeveralFaults
    from whet.files.naming import named_by
    from whet.report.page import write_report
    from whet.report.report_folder import ReportFolder
    from whet.study.file_analysis import AnalysisRequest, analysis_study, found_of, kept_in, named_sets
    from whet.study.inspection import check_data
    from whet.study.record import record_of
    from whet.study.study_file import is_study, read_settings

    if is_study(name):
        raise InputError("the name of the analysis comes first", where=name, hint=f"whet analyze {files[0]} {name}")
    if is_study(files[0]):
        words = {"FILE": files[1:], "--potential": potential, "--interval": interval, "--sampled-by": sampled_by}
        words |= {"--groups": groups, "--first": first, "--descriptor": descriptor, "--reference": reference}
        words |= {"--labeler": labeler, "--environment": environment, "--store": store, "--out": out}
        if given := [word for word, value in words.items() if value]:
            hint = "Change a key of the study with --set KEY=VALUE; `whet report` draws its page"
            raise InputError(f"{given[0]} goes with files of frames, not with a study", where=files[0], hint=hint)
        _of_study(Path(files[0]), name, set_ or (), workers, json=json)
        return
    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        request = AnalysisRequest(
            name,
            named_sets(files, together=interval is not None),
            potential or (),
            options=read_settings(set_ or ()),
            interval=interval,
            keys=named_keys(energy_key, forces_key, stress_key, virial_key),
            first=first,
            sampled_by=sampled_by,
            groups=groups,
            descriptor=descriptor,
            labeler=labeler,
            reference=reference,
            running={"workers": workers, "threads": threads, "device": device},
            environments=environment or (),
        )
        if out is not None:
            ReportFolder(out).check_place()
        study = analysis_study(request, store=store or kept_in(request, Path(scratch)))
        faults = _run(study, study.run, is_kept=store is not None)
        stored = study.stored
        if faults and not stored.findings(request.shown_by):
            with named_by("command"):
                check_data(study)  # where a file is at fault: what this command can do about it
            raise SeveralFaults.or_one(faults)
        _show(found_of(request, stored), json=json)
        if out is not None:
            say(f"Page: {write_report(record_of(stored), out)}")
        if faults:
            raise SeveralFaults.or_one(faults)


def _of_study(path: Path, name: str, overrides: Sequence[str], workers: int | None, *, json: bool) -> None:
    from whet.data.errors import InputError, SeveralFaults
    from whet.study.study import Study

    loaded = Study.load(path, overrides)
    if faults := _run(loaded, lambda view: loaded.analyze(name, view, workers=workers), is_kept=True):
        raise SeveralFaults.or_one(faults)
    stored = loaded.stored
    found = [stored.names.findings(one) for one in stored.findings(name)]
    if not found:
        raise InputError(
            f"{name} has nothing to look at in this study yet", where=str(path), hint="`whet status` tells what it has"
        )
    _show(found, json=json)


def _run(study: Study, run: Callable[[Watcher], Account], *, is_kept: bool) -> list[WhetError]:
    """Runs it, with progress. The faults of steps that failed; what others found stands beside them."""
    from whet.cli.terminal import ProgressView
    from whet.data.errors import StepFailed

    with ProgressView(len(study.plan.steps), say_failures=False) as view:
        account = run(view)
    for error in account.failed.values():
        if isinstance(error, StepFailed) and not is_kept:
            error.hint = "Run again with --store FOLDER to keep the log"
    return list(account.failed.values())


def _show(found: Sequence[Findings], *, json: bool) -> None:
    from whet.cli.findings import print_findings
    from whet.cli.terminal import print_json

    if json:
        print_json([one.as_json() for one in found])
    else:
        print_findings(found)
