"""whet labels: list, show, export, import"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.label_import import import_labels
from whet.cli.parameters import Json, Overwrite, StoreFolder

if TYPE_CHECKING:
    from whet.data.theory import LevelOfTheory
    from whet.labels.theory_summary import TheorySummary
    from whet.running.store import Store

labels = typer.Typer(help="The labels of a store: look at them, take them out, put in those that you have.")

Theory = Annotated[
    str, typer.Argument(help="Beginning of a fingerprint, or a name (`whet labels list`).", metavar="THEORY")
]
STORE = Path(".whet")


@labels.command("list")
def list_labels(store: StoreFolder = STORE, json: Json = False) -> None:
    """List the levels of theory of which there are labels."""
    from whet.cli.terminal import print_json, print_table, say

    opened = _opened(store)
    found = [_summary(opened, theory) for theory, _ in opened.labels.counts()]
    if json:
        print_json([summary.as_json() for summary in found])
        return
    if not found:
        say(f"There are no labels in {store}.")
        return
    rows = []
    for summary in found:
        damaged = f" ({len(summary.damaged)} damaged)" if summary.damaged else ""
        counts = (str(summary.labels), str(summary.with_stress), str(summary.labels - summary.with_stress))
        name = str(summary.theory) + damaged
        rows.append((summary.theory.fingerprint[:8], name, *counts, _short(sorted(summary.elements))))
    print_table(("", "theory", "labels", "stress", "none", "elements"), rows, right=(2, 3, 4))


@labels.command()
def show(theory: Theory, store: StoreFolder = STORE, json: Json = False) -> None:
    """Show the whole of a level of theory, and what labels there are. Exit code 2 if one is damaged."""
    from whet.cli.terminal import print_json, print_table, say

    opened = _opened(store)
    summary = _summary(opened, opened.labels.theory(theory))
    if json:
        print_json(summary.as_json())
    else:
        say(f"{summary.theory}")
        say()
        print_table(("theory", ""), _theory_rows(summary.theory))
        say()
        listed = [f"{name} ({count})" for name, count in summary.formulas.most_common(4)]
        more = f" and {len(summary.formulas) - 4} more" if len(summary.formulas) > 4 else ""
        rows = [
            ("number", f"{summary.labels}, {summary.with_stress} with stress"),
            ("elements", " ".join(sorted(summary.elements))),
        ]
        if summary.formulas:
            least, most = summary.energy
            rows += [
                ("formulas", ", ".join(listed) + more),
                ("energy", f"{least:.4f} to {most:.4f} eV per atom"),
                ("largest force", f"{summary.largest_force:.3f} eV/Å"),
            ]
        rows += [
            (f"isolated {symbol}", ", ".join(f"{energy:.6f} eV" for energy in energies))
            for symbol, energies in sorted(summary.isolated.items())
        ]
        print_table(("labels", ""), rows)
        for place, reason in summary.damaged:
            say(f"damaged: {place}: {reason}")
    if summary.damaged:
        raise typer.Exit(2)


@labels.command()
def export(
    theory: Theory,
    out: Annotated[
        Path,
        typer.Argument(help="What to write; its suffix names the format: .extxyz, .deepmd, .db, ...", metavar="OUT"),
    ],
    prefix: Annotated[
        str, typer.Option(help="Before the names of labels in extended XYZ: REF_ for MACE.", metavar="TEXT")
    ] = "",
    element: Annotated[
        list[str] | None,
        typer.Option("--elements", help="Only frames of these elements: Li,P,S (repeatable).", metavar="SYMBOLS"),
    ] = None,
    first: Annotated[int | None, typer.Option(min=1, help="Only so many frames.", metavar="N")] = None,
    overwrite: Overwrite = False,
    store: StoreFolder = STORE,
) -> None:
    """Write the labels of one level of theory for another program, all or nothing."""
    from whet.cli.terminal import say
    from whet.labels.label_export import export_labels

    opened = _opened(store)
    found = opened.labels.theory(theory)
    symbols = _symbols(element or ())
    chosen = {"prefix": prefix, "elements": symbols, "first": first}
    done = export_labels(opened.labels, found, out, **chosen, overwrite=overwrite)
    say(f"{out}: {done.frames} frames of {found}, fingerprint {found.fingerprint[:8]}")
    if not done.whole:
        say("This format has no room for all of a label: energy, forces and stress may be missing in it.")
    if done.atoms:
        say(f"{done.atoms} isolated atoms are left out: this format has no room for their multiplicity.")
    if done.bare:
        say(f"{done.bare} of them have a charge, spin or initial moments, which this format may drop:")
        say("imported from it they would be other frames.")


labels.command("import")(import_labels)


def _opened(store: Path) -> Store:
    """The store, as it is. InputError where there is none."""
    from whet.data.errors import InputError
    from whet.running.move_marks import refuse_moved
    from whet.running.store import Store

    refuse_moved(store)
    if not store.is_dir():
        hint = "Give it with --store; `whet label` and `whet labels import` make one"
        raise InputError("there is no such store", where=str(store), hint=hint)
    return Store(store)


def _summary(store: Store, theory: LevelOfTheory) -> TheorySummary:
    from whet.labels.theory_summary import TheorySummary

    summary = TheorySummary(theory)
    for record in store.labels.recorded(theory):
        summary.add(record)
    return summary


def _theory_rows(theory: LevelOfTheory) -> list[tuple[str, str]]:
    """Every part of a theory, a row each."""
    import json

    parts = theory.as_json()
    parts |= parts.pop("settings")
    rows = [("fingerprint", theory.fingerprint)]
    for name, value in parts.items():
        if value not in ("", {}, None):
            rows.append((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return rows


def _short(elements: list[str]) -> str:
    return " ".join(elements) if len(elements) <= 8 else f"{' '.join(elements[:6])} and {len(elements) - 6} more"


def _symbols(given: Sequence[str]) -> list[str]:
    """Chemical symbols out of `Li,P,S` words. InputError for one that is none."""
    from ase.data import atomic_numbers

    from whet.data.errors import InputError

    found = [symbol.strip() for word in given for symbol in word.split(",") if symbol.strip()]
    for symbol in found:
        if symbol not in atomic_numbers:
            raise InputError(f"{symbol!r} is no chemical symbol", where="--elements", hint="For example Li,P,S")
    return found
