"""EnsembleAnalysis: what the analyses of this plugin have in common: what they look at, and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from whet import Analysis, Options, Port, SampledTrajectory, StudyPieces, Wanted, Work
from whet_observables.ensembles import Ensemble, ensembles

ROLE = "trajectories"
PORT = Port(SampledTrajectory, what="trajectories of the test sets and each potential's own; not those of training")

OptionsT = TypeVar("OptionsT", bound=Options)


class EnsembleAnalysis(Analysis[OptionsT]):
    """Looks at every trajectory that is no training data, each once, in one step. rests_on: BibTeX of its methods."""

    inputs: ClassVar = {ROLE: PORT}
    rests_on: ClassVar[Sequence[str]] = ()

    @classmethod
    def references(cls, options: OptionsT) -> Sequence[str]:
        return cls.rests_on

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        once = {piece.key: piece for piece in study.all(SampledTrajectory) if piece.ref.set_kind != "training"}
        return [Wanted({ROLE: list(once.values())})] if once else []

    def ensembles(self, work: Work) -> list[Ensemble]:
        """The trajectories of the step, by who drove them under which conditions."""
        return ensembles(work.all(ROLE, SampledTrajectory))
