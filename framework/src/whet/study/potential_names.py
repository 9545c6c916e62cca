"""PotentialNames: what people read for a potential's name in a study: its architecture, where the name says nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from whet.contracts.findings import Cell, Figure, Findings, Table, Verdict
from whet.contracts.ref import Ref
from whet.study.stored_plan import StoredPlan

ROLE = "potential "
"""What the role of a potential begins with, before its name in the study."""

SAYS_NOTHING = ("main", "model", "potential")
"""Names of which a reader learns nothing, where the study has one potential."""

OF_COLUMNS = ("field", "name", "groupby", "key", "as", "fields", "type")
"""Keys of a figure's specification below which stand names of columns and words of Vega-Lite."""


class PotentialNames:
    """Puts names that people read into findings when they are shown. Stored findings, and `scores.json`, keep the
    study's own.

    shown: name in the study -> what people read: `CHGNet 0.3.0`, or `tuned (MACE my.model)`.
    """

    def __init__(self, architectures: Mapping[str, str], kept: Iterable[str] = ()) -> None:
        """architectures: name in the study -> what its component is called. kept: the study's other names, of sets and
        strategies, in which nothing is replaced."""
        self._kept = set(kept)
        plain = {name: _shown(name, title, len(architectures)) for name, title in architectures.items()}
        often = Counter(plain.values())
        in_full = {name: f"{name} ({title})" for name, title in architectures.items()}
        # A strategy of the same name cannot be told from the potential in a sentence.
        self.shown = {
            name: name if name in self._kept else words if often[words] == 1 else in_full[name]
            for name, words in plain.items()
        }

    @classmethod
    def of(cls, stored: StoredPlan) -> Self:
        """Of a study, by the components that it has."""
        found = {
            role.removeprefix(ROLE): one.component.called for role, one in stored.roles.items() if role.startswith(ROLE)
        }
        return cls(found, (name for piece in stored.plan.pieces for name in _own_names(piece.ref)))

    def text(self, words: str) -> str:
        """A sentence or a label with the names that people read."""
        return self._pattern.sub(self._replaced, words) if self._pattern is not None and words else words

    def findings(self, found: Findings) -> Findings:
        """The same findings with the names that people read, in sentences, cells and figures."""
        if self._pattern is None:
            return found
        return replace(
            found,
            label=self.text(found.label),
            tables=tuple(map(self._table, found.tables)),
            figures=tuple(map(self._figure, found.figures)),
            verdicts=tuple(map(self._verdict, found.verdicts)),
            notes=tuple(map(self.text, found.notes)),
        )

    def scores(self, found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Scores (`StoredStudy.scores`) as a terminal shows them."""
        return [{**score, "potential": self.text(score["potential"])} for score in found]

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """What stays as it is, then the names: as whole words, and not where a path, a key or an option goes on."""
        renamed = sorted((name for name, words in self.shown.items() if words != name), key=len, reverse=True)
        if not renamed:
            return None
        names = "|".join(map(re.escape, renamed))
        whole = [one for one in self._kept if re.search(rf"\b(?:{names})\b", one)]
        stays = [r"`[^`]*`", *(re.escape(one) for one in sorted(whole, key=len, reverse=True))]
        return re.compile(rf"({'|'.join(stays)})|(?<![\w/.\[\"-])({names})(?![\w/=-]|[.:]\w)")

    def _replaced(self, match: re.Match[str]) -> str:
        return match[1] if match[1] is not None else self.shown[match[2]]

    def _table(self, table: Table) -> Table:
        rows = tuple(tuple(map(self._cell, row)) for row in table.rows)
        return replace(table, caption=self.text(table.caption), rows=rows)

    def _cell(self, cell: Cell) -> Cell:
        return self.text(cell) if isinstance(cell, str) else cell

    def _figure(self, figure: Figure) -> Figure:
        svg = re.sub(r"(?<=>)[^<>]+(?=<)", lambda match: self.text(match[0]), figure.svg)
        spec = None if figure.spec is None else self._specified(figure.spec)
        page = figure.page.named(self.shown) if figure.page else None
        words = {"caption": self.text(figure.caption), "text": self.text(figure.text)}
        return replace(figure, **words, spec=spec, svg=svg, page=page)

    def _specified(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: one if key in OF_COLUMNS else self._specified(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._specified(one) for one in value]
        return self.text(value) if isinstance(value, str) else value

    def _verdict(self, verdict: Verdict) -> Verdict:
        said = {name: self.text(getattr(verdict, name)) for name in ("claim", "evidence", "limits")}
        return replace(verdict, **said)


def _shown(name: str, architecture: str, potentials: int) -> str:
    """Of one potential: as little as says both what it is and which one of the study."""
    own, built = _letters(name), _letters(architecture)
    if (potentials == 1 and name in SAYS_NOTHING) or own in built:
        return architecture
    return name if built in own else f"{name} ({architecture})"


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _own_names(ref: Ref) -> Iterable[str]:
    """Names that the user gave to a set or a strategy; sets of own trajectories are named after their potential."""
    yield from filter(None, [ref.strategy])
    if ref.set and ref.set_kind in ("independent", "replay"):
        yield ref.set
