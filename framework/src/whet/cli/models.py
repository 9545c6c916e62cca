"""whet models: list, prefetch, verify, trust"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from whet.cli.parameters import Json

models = typer.Typer(help="Foundation models: what there is, where it lies, and whether it answers right.")

Names = Annotated[list[str] | None, typer.Argument(help="POTENTIAL:MODEL, such as mace:small.", metavar="[MODEL]...")]


@models.command("list")
def list_models(json: Json = False) -> None:
    """List the named models of every installed potential. Loads none of them."""
    from whet.cli.terminal import print_json, say
    from whet.plugins.models import named_models

    found = [(model, model.foundation.find()) for model in named_models()]
    if json:
        print_json(
            [
                {
                    "name": model.name,
                    "licence": model.foundation.licence,
                    "theory": str(model.foundation.theory or ""),
                    "reference": model.foundation.reference,
                    "known_answer": model.foundation.answer is not None,
                    "files": {
                        role: {"sha256": file.sha256, "size": file.size, "url": file.url, "shipped": file.shipped}
                        for role, file in model.foundation.files.items()
                    },
                    "here": None if here is None else {role: str(path) for role, path in here.items()},
                }
                for model, here in found
            ]
        )
        return
    if not found:
        say("No installed potential has named models.")
        return
    longest = max(len(model.model) for model, _ in found)
    before = ""
    for model, here in found:
        if model.potential != before:
            before = model.potential
            say(before)
        known = model.foundation
        place = "here" if here else "url" if all(file.url for file in known.files.values()) else "pip"
        size = f"{known.size / 1e6:.1f}" if known.size else "?"
        theory = known.theory.method if known.theory else ""
        say(f"  {place:<4}  {model.model:<{longest}}  {size:>5}  {theory:<9}  {known.licence}".rstrip())
    say()
    say("MB, theory of the training labels, licence. here: it lies here;")
    say("url: whet models prefetch POTENTIAL:MODEL; pip: it comes with its package.")


@models.command()
def prefetch(names: Names = None) -> None:
    """Download named models into the cache, so that compute nodes need no network. A broken download goes on."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from whet.cli.terminal import say
    from whet.data.errors import InputError
    from whet.plugins.models import named_model

    if not names:
        raise InputError("no model is named", hint="For example: whet models prefetch mace:small (`whet models list`)")
    console = Console(stderr=True, highlight=False, markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    for model in [named_model(name) for name in names]:
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
            bar = bars.add_task(model.name, total=None)
            files = model.foundation.obtain(
                lambda had, total, bar=bar, bars=bars: bars.update(bar, completed=had, total=total or None)
            )
        for path in files.values():
            say(f"{model.name}: {path}")


@models.command()
def verify(names: Names = None, json: Json = False) -> None:
    """Check the checksum and the known answer of named models, or of all that lie here. Exit code 2 if one is wrong."""
    from whet.cli.terminal import print_json, say
    from whet.plugins.models import named_model, named_models

    chosen = [named_model(name) for name in names or ()]
    found: list[dict[str, str]] = []
    for model in chosen or [m for m in named_models() if m.foundation.find() is not None or m.altered()]:
        fault = model.fault()
        right = "checksum and answer are right"
        if not all(file.sha256 for file in model.foundation.files.values()):
            right = "is here; no checksum is known"
        elif model.foundation.answer is None:
            right = "checksum is right; no answer is known"
        found.append({"model": model.name, "fault": fault or "", "verdict": fault or right})
        if not json:
            say(f"{model.name}: {fault or right}")
    if json:
        print_json(found)
    if any(one["fault"] for one in found):
        raise typer.Exit(2)


@models.command()
def trust(
    files: Annotated[list[Path] | None, typer.Argument(help="Model files.", metavar="[FILE]...")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what is trusted.")] = False,
    remove: Annotated[
        list[str] | None, typer.Option(help="Trust no longer: a file, or the beginning of its SHA-256 (repeatable).")
    ] = None,
    json: Json = False,
) -> None:
    """Trust files that run code when they are loaded, by their content: a changed file is not trusted.

    Without this, only published models that are known by their checksum, files made here, and files that run no code
    are loaded. Nothing is loaded by trusting it.
    """
    from whet.cli.terminal import print_json, say
    from whet.data.errors import InputError
    from whet.plugins.trusted_files import TrustedFiles

    trusted = TrustedFiles()
    if not (files or listed or remove):
        raise InputError("no file is named", hint="whet models trust FILE, or --list")
    removed = trusted.remove([trusted.named(given).sha256 for given in remove or ()])
    added = trusted.add(files or ())
    if json:
        said = {"removed": removed, "added": added, "trusted": trusted.entries if listed else []}
        print_json({word: [vars(entry) for entry in entries] for word, entries in said.items()})
        return
    for entry in removed:
        say(f"{entry.sha256[:12]}  {entry.name}: no longer trusted")
    for entry in added:
        say(f"{entry.sha256[:12]}  {entry.name}: {entry.by} on {entry.date}; whoever loads it runs the code in it")
    if listed:
        for entry in trusted.entries:
            say(f"{entry.sha256[:12]}  {entry.date}  {entry.by:<14}  {entry.name}")
