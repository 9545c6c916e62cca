"""analyze: an analysis or a probe of files, from Python; Analyzed: what it found, as data frames and as a record."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.findings import Findings
from whet.data.errors import SeveralFaults, WhetError
from whet.study.file_analysis import AnalysisRequest, analysis_study, found_of, kept_in, named_sets
from whet.study.file_study import Evaluated
from whet.study.given_frames import file_of, is_frame
from whet.study.record import Record, record_of
from whet.study.schema import Given

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Analyzed:
    """What an analysis or a probe found.

    findings: one for each set that it looked at. tables: name -> data frame of pandas, those of several sets one below
    the other, with the column `set`. record: what figures and a page are drawn from. failed: step -> the fault of
    what could not be looked at, such as one material of several.

    >>> found = whet.analyze("residuals", {"chgnet": "run.extxyz"}, "chgnet", interval=10)
    >>> found.tables["residuals"]
    >>> whet.figure_of(found.record), whet.write_report(found.record, "page")
    """

    findings: Sequence[Findings]
    tables: Mapping[str, pandas.DataFrame]
    record: Record
    failed: Mapping[str, WhetError] = field(default_factory=dict)

    def __repr__(self) -> str:
        titles = ", ".join(dict.fromkeys(one.title for one in self.findings))
        lines = [f"<Analyzed: {titles}; tables: {', '.join(self.tables)}>"]
        lines += [f"{one.question} {one.claim}" for found in self.findings for one in found.verdicts]
        return "\n".join([*lines, *(f"failed: {error}" for error in self.failed.values())])


def analyze(
    name: str,
    frames: Any,
    *potentials: Evaluated,
    options: Mapping[str, Any] | None = None,
    interval: float | None = None,
    first: int | None = None,
    keys: Mapping[str, str] | None = None,
    sampled_by: str | None = None,
    groups: str = "",
    descriptor: Given | None = None,
    labeler: Given | None = None,
    reference: str | Path | None = None,
    store: str | Path | None = None,
    device: str = "cpu",
    threads: int = 1,
    environment: str | Path | None = None,
) -> Analyzed:
    """Runs an analysis, or a probe, over frames.

    >>> whet.analyze("softening", "test.extxyz", "chgnet", "mace:small").tables["softening"]
    >>> whet.analyze("equation-of-state", crystal, "chgnet").tables["properties"]

    frames: a path, frames (`ase.Atoms`, Structures of pymatgen), a list of either or of lists of frames, or a mapping
    from names of sets to one of these; several paths or lists are sets of their own, or, with `interval`, trajectories
    of one set. potentials: names
    or components, or loaded ones, as in `whet.evaluate`. store: keeps results and labels; by default a probe with a
    labeler keeps them in `.whet`, since labels cost, and all else is computed afresh. The rest: see `AnalysisRequest`.

    Raises the faults where nothing was found (UnknownName, InputError, FrameError, …); what failed beside what
    was found is in `failed`, and warned of.
    """
    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        request = AnalysisRequest(
            name,
            _sets(frames, Path(scratch), together=interval is not None),
            potentials,
            options=options or {},
            interval=interval,
            keys=keys or {},
            first=first,
            sampled_by=sampled_by,
            groups=groups,
            descriptor=descriptor,
            labeler=labeler,
            reference=Path(reference) if reference is not None else None,
            running={"device": device, "threads": threads},
            environments=(str(environment),) if environment else (),
        )
        study = analysis_study(request, store=Path(store) if store else kept_in(request, Path(scratch)))
        failed, stored = study.run().failed, study.stored
        if failed and not stored.findings(request.shown_by):
            raise SeveralFaults.or_one(failed.values())
        for error in failed.values():
            warnings.warn(str(error), stacklevel=2)
        found = found_of(request, stored)
        record = record_of(stored)
        for section in record.sections:
            for one in section.findings:
                one.hold()  # the store may go with the folder
        return Analyzed(found, stored.tables(request.shown_by), record, failed)


def _sets(frames: Any, scratch: Path, *, together: bool) -> dict[str, list[Path]]:
    if isinstance(frames, Mapping):
        return {str(name): _files(one, scratch, str(name)) for name, one in frames.items()}
    return named_sets([str(path) for path in _files(frames, scratch, "frames")], together=together)


def _files(frames: Any, scratch: Path, name: str) -> list[Path]:
    if not isinstance(frames, list | tuple) or any(map(is_frame, frames)) or not frames:
        return [file_of(frames, scratch, name)]
    return [file_of(one, scratch, f"{name}-{number}") for number, one in enumerate(frames, 1)]
