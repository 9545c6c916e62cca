"""ResolvedProbe: a probe of a study with its materials, and what potentials are held against."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from whet.contracts.component import Component, Spec, expanded
from whet.data.errors import InputError, WhetError, suggestion
from whet.data.input_files import located, regular_file
from whet.plugins.registry import registry
from whet.study.faults import FaultList
from whet.study.named_files import StructureFile, structure_file
from whet.study.questions import Questions
from whet.study.schema import Paths, StudyFile
from whet.study.study_file import Source
from whet.study.yaml_tree import Keys

COLUMNS = ("material", "quantity", "value")
"""Of a table of reference values, which may have others: a `unit` has to be the probe's."""

Values = Mapping[str, Mapping[str, float]]
"""Material -> quantity -> number."""


@dataclass(frozen=True)
class ResolvedProbe:
    """A probe under its name in the study.

    components: by environment, since a probe runs where the potential is. reference: whether the labeler is asked, too.
    given: values of the user's table. all_rounds: whether potentials of every round are probed, or those of the last.
    """

    name: str
    components: Mapping[str, Component]
    materials: StructureFile
    reference: bool
    given: Values = field(default_factory=dict)
    all_rounds: bool = False


@dataclass
class ProbeQuestions:
    """What is asked about the probes of a study."""

    study: StudyFile
    source: Source
    asked: dict[str, dict[str, int]] = field(default_factory=dict)

    def ask(self, questions: Questions, environments: Iterable[str], labeler: str | None, faults: FaultList) -> None:
        """Asks for each probe in every environment that has a potential, and the labeler's where it is asked."""
        for name, entry in self.study.probes.items():
            places = {*environments} | ({labeler} if labeler is not None and self._wants_labeler(name) else set())
            for place in sorted(places):
                with faults.kept():
                    spec = Spec(entry.use or name, expanded(dict(entry.model_extra or {})), self.source.folder)
                    number = questions.ask(("probes", name), "probes", spec, place)
                    self.asked.setdefault(name, {})[place] = number

    def resolved(self, answers: Mapping[int, Component], faults: FaultList) -> list[ResolvedProbe]:
        """The probes. Faults: no materials, no labeler where one is named, a table that cannot be read."""
        found: list[ResolvedProbe] = []
        files: dict[Keys, StructureFile] = {}
        for name, entry in self.study.probes.items():
            with faults.kept():
                keys = self._materials(name)
                if keys not in files:
                    files[keys] = structure_file(self.source, self._path(keys), keys)
                given: Values = {}
                if entry.reference not in (None, "labeler", "none"):
                    given = self._table(name, entry.reference, files[keys].names)
                if entry.reference == "labeler" and self.study.labeler is None:
                    where: Keys = ("probes", name, "reference")
                    raise self.source.fault(where, "there is no labeler to ask", "Give `labeler:`, or a table")
                components = {env: answers[i] for env, i in self.asked.get(name, {}).items() if i in answers}
                every = entry.of == "all"
                found.append(ResolvedProbe(name, components, files[keys], self._wants_labeler(name), given, every))
        return found

    def _wants_labeler(self, name: str) -> bool:
        asked: str | Literal["labeler", "none"] | None = self.study.probes[name].reference
        return self.study.labeler is not None and asked in (None, "labeler")

    def _materials(self, name: str) -> Keys:
        """Where the study says which materials are probed. InputError where it does not."""
        if self.study.probes[name].materials is not None:
            return "probes", name, "materials"
        if self.study.materials is not None:
            return ("materials",)
        given = self.study.structures
        if isinstance(given, dict) and "file" in given and "use" not in given:
            return "structures", "file"
        hint = "Give `materials: FILE`, beside `probes:` for all of them or in this one"
        raise self.source.fault(("probes", name), "there are no materials to probe", hint)

    def _path(self, keys: Keys) -> Paths:
        if keys == ("materials",):
            return self.study.materials or []
        if keys == ("structures", "file"):
            assert isinstance(self.study.structures, dict)
            return str(self.study.structures["file"])
        return self.study.probes[str(keys[1])].materials or []

    def _table(self, name: str, path: str, materials: Iterable[str]) -> Values:
        """The values of a CSV file, of these materials. InputError, with its line, for what is none.

        A quantity that the probe has not is a fault, where its plugin is here: the number would stand beside nothing.
        """
        here, use = registry(), self.study.probes[name].use or name
        measured = None
        if here.knows("probes", use):
            measured = {one.name: one.unit for one in here.find("probes", use).quantities}
        try:
            return _values(regular_file(located(expanded(path), self.source.folder)), set(materials), measured)
        except WhetError as error:
            raise self.source.placed(error, ("probes", name, "reference")) from None


def _values(file: Path, materials: set[str], quantities: Mapping[str, str] | None) -> Values:
    """quantities: name -> unit of what the probe measures, where that is known."""
    found: dict[str, dict[str, float]] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            hint = f"Its columns: {', '.join(rows.fieldnames or ()) or 'none'}; wanted: {', '.join(COLUMNS)}"
            raise InputError(f"the table has no column {missing[0]!r}", where=str(file), hint=hint)
        for row in rows:
            place = f"{file}, line {rows.line_num}"
            try:
                value = float(row["value"])
            except (TypeError, ValueError):
                raise InputError(f"{row['value']!r} is no number", where=place) from None
            if not math.isfinite(value):
                raise InputError(f"{row['value']!r} is no finite number", where=place)
            if quantities is not None and row["quantity"] not in quantities:
                hint = suggestion(str(row["quantity"]), quantities) or f"Known: {', '.join(quantities)}"
                raise InputError(f"the probe measures no {row['quantity']!r}", where=place, hint=hint)
            if quantities is not None and row.get("unit") not in (None, "", quantities[row["quantity"]]):
                unit = quantities[row["quantity"]] or "no unit"
                raise InputError(f"{row['quantity']} is in {row['unit']}, the probe has {unit}", where=place)
            if row["material"] in materials:
                found.setdefault(row["material"], {})[row["quantity"]] = value
    if not found:
        known = ", ".join(sorted(materials)[:8])
        what = "the table has none of the materials that are probed"
        raise InputError(what, where=str(file), hint=f"They are called {known}")
    return found
