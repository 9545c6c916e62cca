"""subject: what a report is about, in a few words each: potentials, reference, atoms, and how they were moved."""

from __future__ import annotations

import re
from collections.abc import Iterator

from whet.contracts.component import Component
from whet.data.numbers import count
from whet.study.protocol_words import ProtocolWords
from whet.study.stored_study import StoredStudy

ROLE = "potential "
"""What the role of a potential begins with, before its name in the study."""


def subject(study: StoredStudy) -> list[str]:
    """`main: chgnet, model 0.3.0`, `reference: GFN1-xTB (tblite)`, `22 atoms (C4H12O6)`, `dynamics: NVT, 350 K: …`."""
    return [*_potentials(study), *_references(study), *_atoms(study), *_dynamics(study)]


def _potentials(study: StoredStudy) -> Iterator[str]:
    for role, one in study.stored.roles.items():
        if role.startswith(ROLE):
            yield f"{role.removeprefix(ROLE)}: {_named(one.component)}"


def _named(component: Component) -> str:
    """`mace, model small`; of what is made of others, these too."""
    words = [component.name] + [
        f"{name} {component.options[name]}" for name in ("model", "head", "modal") if component.options.get(name)
    ]
    parts = " and ".join(dict.fromkeys(_named(part) for part in component.parts.values()))
    return ", ".join(words) + (f", of {parts}" if parts else "")


def _references(study: StoredStudy) -> Iterator[str]:
    """As the labels state it; before there are any, who will give them. Of files, as the study says."""
    labeler = study.stored.roles.get("labeler")
    if study.theories:
        yield f"reference: {'; '.join(map(str, study.theories))}"
    elif labeler is not None:
        yield f"reference: {_named(labeler.component)}"
    of_files: dict[str, list[str]] = {}
    for name, theory in study.stored.theories.items():
        of_files.setdefault(theory, []).append(f"“{name}”")
    for theory, names in of_files.items():
        yield f"reference of {', '.join(names)}: {theory}"
    if not (study.theories or labeler or of_files):
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
