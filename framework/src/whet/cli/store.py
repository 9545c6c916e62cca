"""whet store: verify, prune, move, export"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import Json, Overwrite, Set, StudyPath

if TYPE_CHECKING:
    from whet.running.verification import Verification
    from whet.study.pruning import Pruning

store = typer.Typer(help="Stores: check what is in them, remove what no study needs, move them, hand on a study.")

MOST_LISTED = 20
"""Leftovers that are listed by name."""


@store.command()
def verify(
    place: Annotated[
        Path, typer.Argument(help="A store, or a study: then only its steps are looked at.", metavar="[STORE|STUDY]")
    ] = Path(".whet"),
    set_: Set = None,
    json: Json = False,
) -> None:
    """Check by content every result, its files, every label and every plan. Exit code 2 if anything is damaged."""
    from whet.cli.opened import opened
    from whet.cli.terminal import CountView, print_json
    from whet.study.store_verification import verify_store

    what = place if _is_store(place) else opened(place, set_ or ()).study
    with CountView("steps and labels checked") as view:
        found = verify_store(what, view.at)
    if json:
        print_json(found.as_json())
    else:
        _print_verification(found)
    if not found.is_whole:
        raise typer.Exit(2)


def _print_verification(found: Verification) -> None:
    from datetime import datetime

    from whet.cli.terminal import print_table, say, wrapped
    from whet.data.numbers import amount, count

    unfinished = f" ({found.unfinished} without a result)" if found.unfinished else ""
    numbers = f"{count(found.steps, 'step')}{unfinished}, {count(found.labels, 'label')}, {count(found.plans, 'plan')}"
    say(f"{numbers}: {count(len(found.damaged), 'fault') if found.damaged else 'all whole'}. Store: {found.store}")
    if found.damaged:
        say()
        print_table(
            ("damaged", "which", "fault"), [(one.kind, f"{one.title}\n{one.where}", one.what) for one in found.damaged]
        )
        say()
        for remedy in dict.fromkeys(one.remedy for one in found.damaged):
            kinds = ", ".join(dict.fromkeys(one.kind for one in found.damaged if one.remedy == remedy))
            wrapped(f"{kinds}: {remedy}.")
        for one in found.damaged:
            if one.used_by:
                wrapped(f"the label of {one.title} ({one.where}) was used by: {', '.join(one.used_by)}")
    for key, labels in found.waiting.items():
        say(f"{key}: {count(labels, 'label')} in its log; the next `whet run` takes them in")
    for key in found.busy:
        say(f"{key}: a process holds it; it was not looked at")
    if found.left_out:
        say(f"{count(found.left_out, 'file')} were left out when the study was exported")
    for one in found.leftovers[:MOST_LISTED]:
        date = datetime.fromtimestamp(one.written).date()
        say(f"left over: {one.path.relative_to(found.store)} ({one.kind}, {amount(one.size)}, {date})")
    if len(found.leftovers) > MOST_LISTED:
        say(f"and {len(found.leftovers) - MOST_LISTED} more left over (--json has them all)")


@store.command()
def prune(
    studies: Annotated[
        list[Path],
        typer.Argument(help="The study files that use the store: what they need is kept.", metavar="STUDY..."),
    ],
    set_: Set = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove what is listed.")] = False,
    all_others: Annotated[
        bool, typer.Option("--all-others", help="Also what only studies need that are not given.")
    ] = False,
    keep_earlier: Annotated[
        bool, typer.Option("--keep-earlier", help="Keep what earlier versions of the given studies needed.")
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(
            help="A leftover: its path in the store, partial-file or damaged-log (repeatable).", metavar="WHICH"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the steps of a store that none of its studies needs, and remove them with --yes. Labels stay."""
    from whet.cli.opened import opened
    from whet.cli.terminal import CountView, print_json, say
    from whet.data.errors import InputError, WhetError
    from whet.data.numbers import amount, count
    from whet.study.pruning import prune_store
    from whet.study.study import Study

    found = [opened(path, set_ or ()).study for path in studies]
    roots = {one.store.root.resolve() for one in found}
    if len(roots) > 1:
        hint = "Prune one store at a time"
        raise InputError(f"these studies have different stores: {', '.join(map(str, sorted(roots)))}", hint=hint)
    kept = [one.stored for one in found]
    for path in studies:  # a plan in the store may be less than the study: after `whet analyze`, after a failure
        with suppress(WhetError):
            kept.append(Study.load(path, set_ or ()).stored.stored)
    pruning = prune_store(found[0].store, kept, all_others=all_others, keep_earlier=keep_earlier)
    chosen = pruning.named(also or ())
    stayed: list[str] = []
    if not json:
        _print_pruning(pruning)
    if yes:
        with CountView("steps removed") as view:
            stayed = pruning.remove(chosen, view.at)
    if json:
        print_json({**pruning.as_json(), "removed": yes, "stayed": stayed})
        return
    for key in [*pruning.busy, *stayed]:
        say(f"{key}: a process holds it; it stays")
    if yes:
        leftovers = f" and {count(len(chosen), 'leftover')}" if chosen else ""
        say(f"Removed {count(len(pruning.steps) - len(stayed), 'step')}{leftovers}. No label was removed.")
    elif pruning.steps or pruning.plans or chosen:
        say(f"Nothing was removed. The same command with --yes frees {amount(pruning.size)}.")


def _print_pruning(pruning: Pruning) -> None:
    from datetime import datetime

    from whet.cli.terminal import print_table, say
    from whet.data.numbers import amount, count

    say(f"{pruning.store.root}: {count(pruning.kept, 'step')} needed, {len(pruning.steps)} not.")
    if pruning.steps:
        say()
        rows = [(kind, str(number), amount(size)) for kind, number, size in pruning.by_kind()]
        print_table(
            ("not needed", "steps", "size"), [*rows, ("", str(len(pruning.steps)), amount(pruning.size))], right=(1, 2)
        )
        say()
    for path, name in pruning.plans.items():
        date = datetime.fromtimestamp(path.stat().st_mtime).date()
        say(f"plan of {date}, which goes too: {name} ({path.name})")
    if waiting := sum(step.labels for step in pruning.steps):
        say(f"{count(waiting, 'label')} in logs of these steps go into the label store first.")
    for one in pruning.leftovers[:MOST_LISTED]:
        date = datetime.fromtimestamp(one.written).date()
        say(f"left over: {one.path.relative_to(pruning.store.root)} ({one.kind}, {amount(one.size)}, {date})")
    if pruning.leftovers:
        say("What is left over stays, unless it is named with --also.")


@store.command()
def move(
    place: Annotated[Path, typer.Argument(help="The store.", metavar="STORE")],
    to: Annotated[
        Path | None, typer.Argument(help="Where it is to be: a new folder, on whatever disk.", metavar="TO")
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Take a move back that was broken off: the copy goes, the store stays.")
    ] = False,
    json: Json = False,
) -> None:
    """Move a store; after a kill the same command goes on. The old one is removed when all was compared by content."""
    from whet.cli.terminal import CountView, print_json, say
    from whet.data.errors import InputError
    from whet.data.numbers import amount, count
    from whet.running.moving import move_store
    from whet.study.stored_plan import StoredPlan
    from whet.study.study_files import study_files_of

    if cancel:
        if to is not None:
            raise InputError("--cancel takes the store alone", where=str(to), hint=f"whet store move --cancel {place}")
        _cancel_move(place, json=json)
        return
    if to is None:
        raise InputError("where is it to be?", where=str(place), hint="Name a new folder: whet store move STORE TO")
    files = study_files_of(place)
    views: dict[str, CountView] = {}
    with ExitStack() as shown:

        def progress(what: str, done: int, total: int) -> None:
            if what not in views:
                shown.close()  # that of what was done before
                views[what] = shown.enter_context(CountView(f"files {what}"))
            views[what].at(done, total)

        moved = move_store(place, to, progress)
    plans, _ = StoredPlan.all_in(moved.store)
    right = study_files_of(moved.store)  # they say it already
    names = sorted({one.name for one in plans.values()} - {*files.values(), *right.values()})
    if json:
        said = {"store": str(moved.store), "files": moved.files, "size": moved.size, "left": list(map(str, moved.left))}
        print_json({**said, "study_files": list(map(str, files)), "other_studies": names})
        return
    say(f"{moved.store}: {count(moved.files, 'file')}, {amount(moved.size)}.")
    for path in moved.left:
        say(f"stays where it was, as nobody copied it: {path}")
    if files or names:
        say(f"Say `store: {moved.store}` in")
    for path in files:
        say(f"  {path}")
    if names:
        say(f"  the files of {', '.join(names)}, which are not beside the store")


def _cancel_move(place: Path, *, json: bool) -> None:
    from whet.cli.terminal import print_json, say
    from whet.data.numbers import count
    from whet.running.move_cancelling import cancel_move

    cancelled = cancel_move(place)
    if json:
        said = {"store": str(cancelled.store), "moving_to": str(cancelled.target), "removed": cancelled.files}
        print_json({**said, "left": list(map(str, cancelled.left))})
        return
    removed = f" {count(cancelled.files, 'copied file')} removed from {cancelled.target}." if cancelled.files else ""
    say(f"{cancelled.store}: the store stays here.{removed}")
    for path in cancelled.left:
        say(f"stays where it is, as it is no copy: {path}")


@store.command()
def export(
    study: StudyPath,
    out: Annotated[Path, typer.Argument(help="What to write: NAME.tar.gz or NAME.zip.", metavar="FILE")],
    set_: Set = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave the files of these steps out: fine-tune, md, ... (repeatable).", metavar="KIND"),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Pack one study with its results and labels, for somebody to unpack and look at with `whet report`."""
    from whet.cli.opened import opened
    from whet.cli.terminal import CountView, print_json, say
    from whet.data.numbers import amount, count
    from whet.study.export import STORE, export_study
    from whet.study.study_file import rewritten

    overrides = list(set_ or ())
    found = opened(study, overrides)
    moved = [] if found.study.store.root == (found.folder / STORE).absolute() else [f"store={STORE}"]
    text = rewritten(study, [*overrides, *moved])
    with CountView("steps packed") as view:
        said = export_study(
            found.study, out, without=without or (), study_file=text, overwrite=overwrite, progress=view.at
        )
    size = out.stat().st_size
    if json:
        print_json({**vars(said), "path": str(said.path), "packed": size})
        return
    say(
        f"{out}: {amount(size)}, {count(said.steps, 'step')}, {count(said.labels, 'label')}; unpacks to {said.folder}/."
    )
    if said.unfinished:
        say(f"{count(said.unfinished, 'step')} without a result: not in it.")
    for kind, left in said.left_out.items():
        say(f"left out: files of {kind}, {amount(left)}")


def _is_store(place: Path) -> bool:
    return place.is_dir() and any(
        (place / name).exists() for name in ("store.json", "steps", "labels.sqlite", "moved.json")
    )
