"""subject: what a report is about, in a few words each: potentials, reference, atoms, and how they were moved."""

from __future__ import annotations

import re
from collections.abc import Iterator

from whet.data.numbers import count
from whet.study.protocol_words import ProtocolWords
from whet.study.stored_study import StoredStudy


def subject(study: StoredStudy) -> list[str]:
    """`CHGNet 0.3.0`, `reference: GFN1-xTB (tblite)`, `22 atoms (C4H12O6)`, `dynamics: NVT, 350 K: …`."""
    return [*_potentials(study), *_references(study), *_atoms(study), *_dynamics(study)]


def _potentials(study: StoredStudy) -> Iterator[str]:
    yield from study.names.shown.values()


def _references(study: StoredStudy) -> Iterator[str]:
    """As the labels state it; before there are any, who will give them. Of files, as the study says."""
    labeler = study.stored.roles.get("labeler")
    if study.theories:
        yield f"reference: {'; '.join(map(str, study.theories))}"
    elif labeler is not None:
        yield f"reference: {labeler.component.called}"
    of_files: dict[str, list[str]] = {}
    for name, theory in study.stored.theories.items():
        of_files.setdefault(theory, []).append(f"“{name}”")
    for theory, names in of_files.items():
        yield f"reference of {', '.join(names)}: {theory}"
    if not (study.theories or labeler or of_files or study.stored.asked.is_of_files):
        yield "reference: the study does not name it (`theory:` of a file)"


def _atoms(study: StoredStudy) -> Iterator[str]:
    found = {step.values["formula"]: step.values["atoms"] for step in study.of_task("structure")}
    if not found:
        return
    least, most = min(found.values()), max(found.values())
    elements = sorted({symbol for formula in found for symbol in re.findall("[A-Z][a-z]?", formula)})
    number = count(least, "atom") if least == most else f"{least:,} to {count(most, 'atom')}"
    of = next(iter(found)) if len(found) == 1 else f"{', '.join(elements)}; {len(found)} compositions"
    yield f"{number} ({of})"


def _dynamics(study: StoredStudy) -> Iterator[str]:
    known = [ProtocolWords(one.options) for one in study.engines]
    yield from dict.fromkeys(f"dynamics: {one.whole}" for one in known if one.is_known)
