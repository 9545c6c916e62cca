"""whet fine-tune"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import (
    Device,
    EnergyKey,
    ForcesKey,
    FramesPath,
    Groups,
    Json,
    OtherInterpreter,
    StressKey,
    VirialKey,
    named_keys,
)

if TYPE_CHECKING:
    from whet.study.fine_tuned_file import FineTunedFile


def fine_tune(
    frames: FramesPath,
    potential: Annotated[str, typer.Option("--potential", "-p", help="NAME, NAME:MODEL or NAME:PATH.", metavar="NAME")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the fine-tuning (default: POTENTIAL-FRAMES, here).", metavar="FOLDER"),
    ] = None,
    valid: Annotated[
        Path | None, typer.Option(help="Labeled frames to score on, which training does not see.", metavar="FILE")
    ] = None,
    valid_fraction: Annotated[
        float, typer.Option(help="Without --valid: the share of FRAMES that is held back to score on.", metavar="SHARE")
    ] = 0.2,
    epochs: Annotated[
        int | None, typer.Option(min=0, help="Passes over the training frames (default: 20).", metavar="N")
    ] = None,
    method: Annotated[
        str, typer.Option(help="What is trained: full (default), frozen, lora, head-only, multihead-replay.")
    ] = "",
    learning_rate: Annotated[
        float | None, typer.Option(help="Initial learning rate (default: the potential's own).", metavar="NUMBER")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split and of the training.", metavar="N")] = 1,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Any other key of a study file: --set fine_tune.batch_size=4 (repeatable).", metavar="K=VALUE"
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=4096, help="Threads of the training.")] = 1,
    device: Device = "cpu",
    energy_key: EnergyKey = "",
    forces_key: ForcesKey = "",
    stress_key: StressKey = "",
    virial_key: VirialKey = "",
    sampled_by: Annotated[
        str | None, typer.Option(help="Who sampled the frames to score on: as for whet evaluate.")
    ] = None,
    groups: Groups = "",
    environment: OtherInterpreter = None,
    json: Json = False,
) -> None:
    """Fine-tune a potential on a labeled file, and score it before and after on frames that training did not see.

    Held back are whole trajectories or groups where frames name them. Energies of the file's theory are aligned with
    the potential's before the first step; what the package did is compared with what was asked. The folder gets a study
    file, so that `whet run`, `whet report` and `whet status` know it; the same command goes on where it was stopped.
    """
    from whet.cli.terminal import ProgressView
    from whet.files.naming import named_by
    from whet.study.file_tuning import TuningRequest, tuning_study
    from whet.study.fine_tuned_file import FineTunedFile
    from whet.study.inspection import check_data
    from whet.study.study_file import read_settings

    given = {"epochs": epochs, "strategy": method or None, "learning_rate": learning_rate}
    request = TuningRequest(
        frames,
        potential,
        valid,
        valid_fraction,
        seed,
        {word: value for word, value in given.items() if value is not None},
        read_settings(set_ or ()),
        {"threads": threads, "device": device},
        named_keys(energy_key, forces_key, stress_key, virial_key),
        sampled_by,
        groups,
        environment or (),
    )
    folder = out or Path(re.sub(r"[^\w.-]+", "-", f"{request.label}-{frames.absolute().stem}"))
    with named_by("command"):
        study = tuning_study(request, folder)
        check_data(study)
    done = [key for key in study.plan.steps if study.store.is_done(key)]
    with ProgressView(len(study.plan.steps), done, say_failures=False) as view:
        account = study.run(view)
    for error in account.failed.values():
        raise error
    _tell(FineTunedFile.of(study, request.copies), folder, json, sampler_given=sampled_by is not None)


def _tell(made: FineTunedFile, folder: Path, json: bool, *, sampler_given: bool) -> None:
    from whet.cli.export import say_exported
    from whet.cli.scores import print_readings, print_scores
    from whet.cli.terminal import print_json, say, wrapped
    from whet.data.frame_groups import units_in_words
    from whet.data.numbers import count

    if json:
        print_json(
            {
                "folder": str(folder),
                "study": str(folder / "study.yaml"),
                "potential": str(made.exported.folder),
                "upstream": None if made.exported.upstream is None else str(made.exported.upstream),
                "train": made.train,
                "copies": made.copies,
                "applied": dict(made.applied),
                "before": made.before,
                "after": made.after,
                "notes": list(made.evaluation.notes),
            }
        )
        return
    scores = [score for score in (made.before, made.after) if score is not None]
    print_scores(scores)
    print_readings(scores, sampler_given=sampler_given)
    say()
    done = made.applied
    how = f"{count(done['epochs'], 'epoch')}, learning rate {done['learning_rate']:g}, batches of {done['batch_size']}"
    wrapped(f"Trained on {count(made.train, 'frame')}: {done['strategy']}, {how} (as the package did it).")
    if scores:
        units, of = scores[0]["softening"]["units"], scores[0]["softening"]["units_of"]
        few = " Without four independent groups there are no intervals: more frames say more." if units < 4 else ""
        known = f" of {units_in_words(units, of)}" if of not in ("", "frames") else ""
        wrapped(f"Scored on {count(scores[0]['frames'], 'frame')}{known} that training did not see.{few}")
    else:
        wrapped("Not scored: no frame was held back.")
    if made.copies:
        wrapped(f"Left out: {count(made.copies, 'frame')} that the file has more than once.")
    for note in made.evaluation.notes:
        say(note if note.startswith(("no score", "suspicious")) else f"note: {note}")
    say()
    say_exported(made.exported)
    say(f"More: whet report {folder / 'study.yaml'}")
