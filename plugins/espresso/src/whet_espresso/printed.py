"""printed_steps: the configurations in what pw.x printed, judged one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import Failure, FrameError, Labels, Recorded, frames_by_ase, opened_text, without_labels

if TYPE_CHECKING:
    pass

_ENERGY = re.compile(r"^!\s+total energy\s+=", re.MULTILINE)
_VERDICT = re.compile(r"convergence has been achieved|convergence NOT achieved", re.MULTILINE)
ENDED = "JOB DONE."


def printed_steps(path: Path) -> Iterator[Recorded]:
    """Each configuration with an energy: its labels where its self-consistency was reached.

    The energy after the exclamation mark is the free energy where electrons are smeared. Units are eV, eV/Å and eV/Å³,
    tension positive.
    """
    with opened_text(path) as file:
        text = file.read()
    verdicts = _verdicts(text)
    if not verdicts:
        unconverged = "convergence NOT achieved" in text
        why = "self-consistency was not reached" if unconverged else "it has no energy of a finished calculation"
        yield Recorded(str(path), None, Failure(why, str(path)))
        return
    try:
        frames, why = frames_by_ase(path, "espresso-out"), ""
    except FrameError as error:
        frames, why = [], error.what
    if why or len(frames) != len(verdicts):
        why = why or f"{len(frames)} structures, {len(verdicts)} energies"
        yield Recorded(str(path), None, Failure(f"what pw.x printed cannot be read ({why})", str(path)))
        return
    for index, (atoms, is_converged) in enumerate(zip(frames, verdicts, strict=True)):
        answer = _labels(atoms, str(path)) if is_converged else Failure("self-consistency was not reached", str(path))
        yield Recorded(f"{path}, configuration {index}", without_labels(atoms), answer)
    if ENDED not in text:
        yield Recorded(str(path), None, Failure("pw.x did not come to its end after these", str(path)))


def _verdicts(text: str) -> list[bool]:
    """Of each energy whether the self-consistency that gave it was reached: pw.x says so right after it."""
    starts = [found.start() for found in _ENERGY.finditer(text)]
    verdicts = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        said = _VERDICT.search(text, start, end)
        verdicts.append(said is not None and "NOT" not in said[0])
    return verdicts


def _labels(atoms: Any, log: str) -> Labels | Failure:
    found = atoms.calc.results if atoms.calc is not None else {}
    if found.get("energy") is None or found.get("forces") is None:
        return Failure("there are no forces", log)
    labels = Labels.of(atoms)
    return Labels(labels.energy, labels.forces, labels.stress)
