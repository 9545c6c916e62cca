"""whet export"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import Json, Set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whet.study.potential_export import ExportedPotential
    from whet.study.stored_study import StoredStudy
    from whet.study.tuned_states import TunedState


def export(
    place: Annotated[Path, typer.Argument(help="The study file, or a store.", metavar="STUDY|STORE")],
    state: Annotated[
        str, typer.Argument(help='Which fine-tuned state: naive, "main naive 2", "periodic 3".', metavar="[STATE]")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Where to: a new folder (default: STUDY-STATE, here).", metavar="FOLDER")
    ] = None,
    set_: Set = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    json: Json = False,
) -> None:
    """Take a fine-tuned potential out of its study: files, energy shift, scores, how to load it.

    Where the potential's own package has a place for the energy shift, the folder has a file that this package reads
    without Whet. Without STATE it is the one fine-tuned state, or a list of those that there are.
    """
    from whet.cli.terminal import print_json
    from whet.data.errors import InputError
    from whet.study.potential_export import export_potential
    from whet.study.tuned_states import states_called

    overrides = list(set_ or ())
    study = _study(place, overrides)
    found = states_called(state, study)
    if len(found) > 1:
        if not json:
            _print_states(study, found, place, overrides)
        which = f"{len(found)} states are called {state!r}" if state else f"{len(found)} fine-tuned states are there"
        hint = "Say which" if not json else f"Say which: {', '.join(one.name for one in found)}"
        raise InputError(which, where=study.name, hint=hint)
    said = export_potential(study, found[0].name, out, overwrite=overwrite)
    if json:
        upstream = None if said.upstream is None else str(said.upstream)
        print_json({**vars(said), "folder": str(said.folder), "upstream": upstream})
        return
    say_exported(said)


def say_exported(said: ExportedPotential) -> None:
    """Where a potential lies that was taken out of its study, and how it is used from now on."""
    from whet.cli.terminal import say, wrapped

    say(f"{said.state} ({said.potential}): {said.folder}/ (see README.md there)")
    if said.upstream is not None:
        say(f"For {said.potential} itself, without Whet: {said.upstream}, with the energy shift in it")
    else:
        wrapped(f"No file for the potential's own package: {said.without}")
    named = said.folder if said.folder.is_absolute() else f"./{said.folder}"
    say(f'In ASE: atoms.calc = whet.load("{named}").calculator()')
    say(f"Measure it: whet evaluate FRAMES --potential {named}")


def _study(place: Path, overrides: Sequence[str]) -> StoredStudy:
    """What the store has of a study that is named by its file, or of the last one that was run in a store."""
    from whet.cli.opened import opened
    from whet.data.errors import InputError
    from whet.study.stored_study import StoredStudy

    if not (place / "plans").is_dir():
        return opened(place, overrides).study
    if overrides:
        raise InputError("--set goes with a study file, not with a store", where=str(place))
    return StoredStudy.open(place)


def _print_states(study: StoredStudy, found: Sequence[TunedState], place: Path, overrides: Sequence[str]) -> None:
    """One line each, with its command."""
    from whet.cli.terminal import print_table, say
    from whet.study.invocation import Invocation
    from whet.study.potential_origin import PotentialOrigin
    from whet.study.take_home import export_command

    trained = [str(PotentialOrigin(study, one).trainings[0].values["train"]) for one in found]
    commands = [export_command(study, Invocation(str(place), overrides), one.name) for one in found]
    rows = [(one.name, *rest) for one, *rest in zip(found, trained, commands, strict=True)]
    print_table(("state", "trained on", "command"), rows, right=(1,))
    say()
