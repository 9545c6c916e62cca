"""whet evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from whet.cli.parameters import (
    Device,
    EnergyKey,
    ForcesKey,
    FramesPath,
    Groups,
    Json,
    OtherInterpreter,
    Overwrite,
    StressKey,
    VirialKey,
    named_keys,
)


def evaluate(
    frames: FramesPath,
    potential: Annotated[
        list[str],
        typer.Option(
            "--potential", "-p", help="NAME, NAME:MODEL, NAME:PATH, or ./FOLDER of an exported one (repeatable)."
        ),
    ],
    first: Annotated[int | None, typer.Option(min=1, help="Only so many frames, from the beginning.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=4096, help="Potentials evaluated side by side.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=4096, help="Threads of each worker.")] = 1,
    device: Device = "cpu",
    energy_key: EnergyKey = "",
    forces_key: ForcesKey = "",
    stress_key: StressKey = "",
    virial_key: VirialKey = "",
    sampled_by: Annotated[
        str | None,
        typer.Option(help="Who sampled the frames: reference, self, rattle, minimum, unknown, or a potential."),
    ] = None,
    groups: Groups = "",
    environment: OtherInterpreter = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Also write the frames with all predictions (.extxyz, .frames).", metavar="FILE"),
    ] = None,
    overwrite: Overwrite = False,
    store: Annotated[Path | None, typer.Option(help="Keep results here, so that the same command resumes.")] = None,
    json: Json = False,
) -> None:
    """Measure potentials on labeled frames: softening, force and energy errors, with intervals.

    Softening is read by who sampled the frames, which they say themselves (`sampled_by` in their info) or
    --sampled-by. What looks suspicious in the labels is told below the table.

    --save keeps the labels as they are and adds NAME_energy (eV), NAME_forces (eV/Å) and NAME_stress (eV/Å³, tension
    positive) of each potential; mace:small is mace_small there.
    """
    import tempfile

    from whet.cli.scores import print_readings, print_scores
    from whet.cli.terminal import ProgressView, print_json, say, wrapped
    from whet.data.errors import FrameError, StepFailed
    from whet.files.naming import named_by
    from whet.study.evaluation import evaluation_study
    from whet.study.inspection import check_data
    from whet.study.predicted_frames import QUANTITIES, check_save, key_names, predicted_frames, save_predictions

    if save is not None:
        check_save(save, frames, overwrite=overwrite)
    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        study = evaluation_study(
            frames,
            potential,
            first=first,
            keys=named_keys(energy_key, forces_key, stress_key, virial_key),
            store=store or Path(scratch),
            running={"workers": workers, "threads": threads, "device": device},
            sampled_by=sampled_by,
            groups=groups,
            environments=environment or (),
        )
        with named_by("command"):
            check_data(study)
        with ProgressView(len(study.plan.steps), say_failures=False) as view:
            account = study.run(view)
        for error in account.failed.values():
            if isinstance(error, StepFailed) and store is None:
                error.hint = "Run again with --store FOLDER to keep the log"
            raise error
        found = study.stored
        scores = found.scores
        if not scores and found.unscored:
            which, why = found.unscored[0]
            raise FrameError(f"nothing can be measured: {why}", where=which)
        if save is not None:
            save_predictions(save, predicted_frames(found, frames.absolute().stem), overwrite=overwrite)
        if json:
            print_json(list(scores))
            for what in found.suspicious:
                typer.echo(f"suspicious: {what}", err=True)
            for what in found.doubts:
                typer.echo(f"note: {what}", err=True)
        else:
            print_scores(scores)
            print_readings(scores, sampler_given=sampled_by is not None)
            for which, why in found.unscored:
                say(f"no score: {which}: {why}")
            for what in found.suspicious:
                say(f"suspicious: {what}")
            for what in found.doubts:
                wrapped(f"note: {what}")
            if save is not None:
                say()
                names = " and ".join(key_names(study.file.potentials).values())
                say(f"{save}: labels, and predictions of {names}:")
                for quantity, unit in QUANTITIES.items():
                    say(f"  NAME_{quantity}: {unit}")
