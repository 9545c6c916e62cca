"""check_references: words of a study file that name another piece of it, or a selector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whet.contracts.component import Spec
from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.contracts.rounds import Round
from whet.data.errors import WhetError, suggestion
from whet.plugins.registry import registry
from whet.study.faults import FaultList
from whet.study.resolved_strategies import ResolvedStrategy
from whet.study.schema import StudyFile
from whet.study.study_file import Source
from whet.study.yaml_tree import Keys

DRIVERS = ("labeler", "foundation")
"""What drives, beside the study's potentials by their names, and in a round `current`."""


def samplers(study: StudyFile) -> dict[str, Ref]:
    """What each word of `sampled_by` says of frames: a ref that knows who sampled or relaxed them, and nothing else."""
    return {
        "reference": Ref(sampled_by=LABELER),
        "rattle": Ref(sampled_by=RATTLE),
        "minimum": Ref(minimum_of=LABELER),
        "unknown": Ref(),
        **{name: Ref(sampled_by=Ref(name)) for name in study.potentials},
    }


def check_references(
    study: StudyFile, strategies: Mapping[str, ResolvedStrategy], source: Source, faults: FaultList
) -> None:
    """Adds a fault for each word that names nothing. Names of what is wrong itself are left alone."""
    check = _Check(study, source, faults)
    for name, test in study.tests.items():
        check.driver(test.driver, ("tests", name, "driver"))
        check.sampler(test.sampled_by, ("tests", name, "sampled_by"))
    for name, strategy in study.strategies.items():
        for potential in strategy.of or ():
            check.potential(potential, ("strategies", name, "of"))
    for name, strategy in strategies.items():
        spelled_out = study.strategies[name].spelled_out is not None
        for place, round_ in enumerate(strategy.rounds if spelled_out else strategy.rounds[:1]):
            check.round(round_, ("strategies", name, *(("rounds", place) if spelled_out else ())))


class _Check:
    def __init__(self, study: StudyFile, source: Source, faults: FaultList) -> None:
        self._study, self._source, self._faults = study, source, faults

    def potential(self, name: str, keys: Keys) -> None:
        known = self._study.potentials
        if name not in known and not self._source.lacks("potentials", name):
            self._fault(keys, f"the study has no potential {name!r}", name, [*known])

    def driver(self, word: str, keys: Keys, *more: str) -> None:
        known = [*DRIVERS, *more, *self._study.potentials]
        if word not in known and not self._source.lacks("potentials", word):
            self._fault(keys, f"there is no driver {word!r}", word, known)

    def sampler(self, word: str | None, keys: Keys) -> None:
        known = [*samplers(self._study)]
        if word is not None and word not in known and not self._source.lacks("potentials", word):
            self._fault(keys, f"nobody called {word!r} samples here", word, known)

    def round(self, round_: Round, keys: Keys) -> None:
        if round_.sampler in ("md", "minimize"):
            self.driver(round_.driver, (*keys, "driver"), "current")
        if round_.sampler == "data":
            self._data(round_.data, keys)
        if round_.selection is not None:
            self._selector(round_.selection, (*keys, "selection"))

    def _data(self, name: str | None, keys: Keys) -> None:
        if self._source.lacks("data", *([name] if name else [])):
            return
        if name is None:
            hint = "Give `data: NAME`, one of the study's `data:`"
            self._faults.add(self._source.fault(keys, "a round with `sampler: data` needs data", hint))
        elif name not in self._study.data:
            known = ", ".join(self._study.data) or "none: the study has no `data:`"
            self._faults.add(self._source.fault(keys, f"there is no data {name!r}", f"Known: {known}"))

    def _selector(self, given: str | dict[str, Any], keys: Keys) -> None:
        try:
            registry().resolve("selectors", Spec.parse(given, folder=self._source.folder))
        except WhetError as error:
            self._faults.add(self._source.placed(error, keys))

    def _fault(self, keys: Keys, what: str, word: str, known: list[str]) -> None:
        hint = suggestion(word, known) or f"Known: {', '.join(known)}"
        self._faults.add(self._source.fault(keys, what, hint))
