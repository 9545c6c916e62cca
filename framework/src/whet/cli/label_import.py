"""whet labels import"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import (
    EnergyKey,
    ForcesKey,
    Json,
    Option,
    StoreFolder,
    StressKey,
    VirialKey,
    named_keys,
)

if TYPE_CHECKING:
    from whet.files.unit_system import UnitSystem
    from whet.labels.label_import import ImportReport, Remark
    from whet.labels.theory_statement import TheoryStatement

PATHS = "Extended XYZ, .db, .traj, .npz, .frames, DeePMD folders, folders of calculations."
SHOWN = 3
"""Frames that are named of each kind; the log names all."""


def import_labels(
    paths: Annotated[list[Path], typer.Argument(help=PATHS, metavar="PATH...")],
    theory: Annotated[str, typer.Option(help="Functional or Hamiltonian: PBE.", metavar="METHOD")] = "",
    code: Annotated[str, typer.Option(help="The program that made the labels: VASP.", metavar="NAME")] = "",
    hubbard: Annotated[
        list[str] | None, typer.Option("--u", help="U of an element in eV (repeatable): Fe=4.0.", metavar="EL=EV")
    ] = None,
    dispersion: Annotated[str, typer.Option(help="Dispersion correction: D3(BJ).", metavar="NAME")] = "",
    pseudopotentials: Annotated[str, typer.Option(help="Their family: PAW_PBE.54.", metavar="NAME")] = "",
    setting: Annotated[
        list[str] | None, typer.Option(help="What else moves a number (repeatable).", metavar="KEY=VALUE")
    ] = None,
    labeler: Annotated[
        str, typer.Option("--labeler", "-l", help="The labels are just what this labeler computes.", metavar="NAME")
    ] = "",
    option: Option = None,
    units: Annotated[
        str, typer.Option(help="Of extended XYZ and .npz: eV,Å or hartree,bohr or kcal/mol,Å.", metavar="ENERGY,LENGTH")
    ] = "",
    stress_unit: Annotated[str, typer.Option(help="GPa, kbar, ...; else energy/length³.", metavar="UNIT")] = "",
    stress_sign: Annotated[
        str, typer.Option(help="What a positive stress is: tension (ASE) or compression.", metavar="WORD")
    ] = "",
    energy_key: EnergyKey = "",
    forces_key: ForcesKey = "",
    stress_key: StressKey = "",
    virial_key: VirialKey = "",
    large_force: Annotated[float, typer.Option(min=0, help="Report larger forces, in eV/Å.", metavar="NUMBER")] = 50.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, and write nothing.")] = False,
    store: StoreFolder = Path(".whet"),
    json: Json = False,
) -> None:
    """Put labels that you have in the label store, so that nothing computes them again.

    Their theory has to be said, with --theory or --labeler; only calculations state it themselves. Every good label is
    kept, once. A damaged frame is refused, and costs no other. What looks suspicious is reported, and kept. The same
    command goes on where it was stopped. Exit code 2 if a frame was refused, or had another label already.
    """
    from whet.cli.terminal import CountView, print_json
    from whet.files.naming import named_by
    from whet.labels.label_checks import Finding
    from whet.labels.label_import import import_labels as run_import
    from whet.labels.label_import import write_log
    from whet.plugins.frame_files import find_sources
    from whet.running.store import Store

    said = {"method": theory, "code": code, "dispersion": dispersion, "pseudopotentials": pseudopotentials}
    statement = _statement(said, hubbard or (), setting or (), labeler, option or ())
    written = _units(units, stress_unit, stress_sign)
    named = named_keys(energy_key, forces_key, stress_key, virial_key)
    sources = find_sources(*paths)
    for source in sources:
        source.check_units(written)
        if not source.format.states_theory:
            _check_theory(statement, source.path)
    opened = Store(store)
    with nullcontext() if dry_run else opened.at_work(), CountView("frames read") as view, named_by("command"):
        report = run_import(
            (record for source in sources for record in source.records(named, written)),
            opened.labels,
            statement,
            large_force=large_force,
            dry_run=dry_run,
            progress=view.at,
        )
    for name in {"stress", "virial"} & set(named) if report.new and not report.with_stress else ():
        report.suspicious.append(Finding(f"no-{name}", f"no frame has a {name} under the key {named[name]!r}"))
    log = None if dry_run else write_log(report, opened.root / "imports")
    if json:
        print_json({**report.as_json(), "dry_run": dry_run, "log": log and str(log)})
    else:
        _print(report, dry_run, log)
    if not report.is_clean:
        raise typer.Exit(2)


def _statement(
    said: dict[str, str], hubbard: Sequence[str], setting: Sequence[str], labeler: str, option: Sequence[str]
) -> TheoryStatement:
    """What the user says about the theory. InputError where it is said in two ways, or makes no sense."""
    from whet.data.errors import InputError
    from whet.labels.theory_statement import TheoryStatement
    from whet.running.frame_labeling import labeler_of
    from whet.study.study_file import read_settings

    parts = {name: value for name, value in said.items() if value}
    if labeler:
        if parts or hubbard or setting:
            hint = "Leave --theory, --code, --u, --dispersion, --pseudopotentials and --setting away"
            raise InputError("a labeler has its whole theory", where="--labeler", hint=hint)
        return TheoryStatement(exact=labeler_of({"use": labeler, **read_settings(option)}).theory)
    if option:
        raise InputError("--set is an option of a labeler, and none is named", hint="Use --setting KEY=VALUE")
    return TheoryStatement(
        **parts,  # pyright: ignore[reportArgumentType] -- all of them are text
        hubbard_u=dict(map(_hubbard, hubbard)),
        settings=read_settings(setting, "--setting"),
    )


def _check_theory(statement: TheoryStatement, path: Path) -> None:
    """InputError where neither the file nor the user states the theory."""
    from whet.data.errors import InputError

    try:
        statement.alone()
    except InputError as error:
        raise error.at(str(path)) from None


def _hubbard(word: str) -> tuple[str, float]:
    from ase.data import atomic_numbers

    from whet.data.errors import InputError

    symbol, _, value = word.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if symbol not in atomic_numbers or not abs(number) < float("inf"):
        raise InputError(f"{word!r} is no U of an element", where="--u", hint="For example --u Fe=4.0")
    return symbol, number


def _units(units: str, stress_unit: str, stress_sign: str) -> UnitSystem | None:
    """The units of files that state none. InputError where they are said in part."""
    from whet.data.errors import InputError
    from whet.files.unit_system import UnitSystem

    if units:
        return UnitSystem.parse(units, stress_unit, stress_sign)
    if stress_unit or stress_sign:
        raise InputError("the units of energy and length are missing", where="--stress-unit", hint="Add --units eV,Å")
    return None


def _print(report: ImportReport, dry_run: bool, log: Path | None) -> None:
    from whet.cli.terminal import print_table, say

    for key, theory in report.theories.items():
        say(f"{theory}, fingerprint {key[:8]}: {report.imported[key]} new labels")
    for note, count in report.notes.most_common(SHOWN):
        say(f"{note}: {count} frames")
    say()
    added = f"skipped; {report.completed} gave a label the stress that it lacked"
    rows = [
        ("read", str(report.read), ""),
        ("would be imported" if dry_run else "imported", str(report.new), f"{report.with_stress} with stress"),
        ("duplicates", str(len(report.duplicates)), "skipped" if not report.completed else added),
        ("conflicts", str(len(report.conflicts)), "skipped: another label is there"),
        ("refused", str(len(report.refused)), ""),
        ("suspicious", str(len(report.suspicious)), "kept" if report.suspicious else ""),
    ]
    print_table(("frames", "", ""), rows, right=(1,))
    for kind, attribute in (("refused", "refused"), ("conflict", "conflicts")):
        remarks: list[Remark] = getattr(report, attribute)
        for remark in remarks[:SHOWN]:
            say(f"{kind}: {remark.place}: {remark.what}")
        if len(remarks) > SHOWN:
            say(f"{kind}: and {len(remarks) - SHOWN} more")
    for finding in report.suspicious:
        say(f"suspicious: {finding}")
    if log is not None:
        say()
        say(f"All of them: {log}")
    elif dry_run:
        say()
        say("Nothing was written; --json names every frame.")
