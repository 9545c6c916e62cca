"""Analyses as steps: each is asked what it wants of what there is, in the interpreter that has its plugin."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from whet.contracts.analysis import Piece, StudyPieces, Wanted
from whet.contracts.component import Component
from whet.contracts.ports import Found, StudyPotential
from whet.contracts.ref import Ref
from whet.data.errors import InputError, PluginError, WhetError
from whet.data.identity import key_of
from whet.running.environments import Environment, Wish
from whet.running.step import Step
from whet.study.plan import Plan, PlannedAnalysis
from whet.study.resolved import Placed, Resolved, ResolvedAnalysis
from whet.study.schema import StudyFile
from whet.study.study_file import Source


@dataclass
class AnalysisPlanner:
    """Adds the steps of analyses to a plan.

    without: keys of steps that will not have a result. wishes: what other interpreters answered before.
    """

    study: StudyFile
    resolved: Resolved
    source: Source
    plan: Plan
    without: Collection[str] = ()
    wishes: dict[str, Wish] = field(default_factory=dict)
    _found: list[Piece] = field(default_factory=list)

    def all(self) -> None:
        """Every analysis of the study, each after those whose findings it reads."""
        for analysis in self.resolved.analyses:
            self.one(analysis)

    def one(self, analysis: ResolvedAnalysis) -> None:
        """The steps of one analysis. InputError, with its key, where it wants what there is not."""
        component, keys = analysis.placed.component, ("analyses", analysis.name)
        environment = self.resolved.environments[analysis.placed.environment]
        try:
            wish = self._wish(environment, component)
            steps = [self._step(component, wanted, analysis, wish) for wanted in wish.wanted]
        except WhetError as error:
            raise error.at(self.source.place(keys)) from None
        self.plan.analyses.append(PlannedAnalysis(analysis.name, wish.place, tuple(dict.fromkeys(steps))))
        for key, wanted in zip(steps, wish.wanted, strict=True):
            if key not in self.without:
                self._found.append(Piece(Found.kind, wanted.ref, key, component.name))

    def _wish(self, environment: Environment, component: Component) -> Wish:
        pieces = self._pieces()
        if not environment.name:
            return environment.wish(component, pieces)
        asked = key_of([environment.name, component.as_json(), pieces.as_json()])
        if asked not in self.wishes:  # starting an interpreter takes seconds
            self.wishes[asked] = environment.wish(component, pieces)
        return self.wishes[asked]

    def _pieces(self) -> StudyPieces:
        """What there is and will be for an analysis to look at."""
        pieces = [piece for piece in self.plan.pieces if piece.key not in self.without]
        presets = {name: strategy.preset for name, strategy in self.resolved.strategies.items()}
        return StudyPieces(self.study.name, [*pieces, *self._found], list(self.resolved.roles), presets)

    def _step(self, task: Component, wanted: Wanted, analysis: ResolvedAnalysis, wish: Wish) -> str:
        inputs: dict[str, list[str]] = {}
        refs: dict[str, list[Ref]] = {}
        components: dict[str, Component] = {}
        places = [analysis.placed.environment]
        for role, feeds in wanted.inputs.items():
            for one in feeds:
                if isinstance(one, Piece) and not one.key:
                    if len(feeds) > 1:
                        what = f"the input {role!r} of a step of it has an untouched potential beside others"
                        raise PluginError(what, hint="Want a step for each potential, and one that joins them")
                    components[role] = self._role(one.role, places)
                    continue
                key = one.key if isinstance(one, Piece) else self._step(wish.task_of(one), one, analysis, wish)
                inputs.setdefault(role, []).append(key)
                refs.setdefault(role, []).append(one.ref)
                if isinstance(one, Piece) and one.kind == StudyPotential.kind:
                    places.append(self.resolved.potentials[one.ref.potential].placed.environment)
        for role, of_study in wanted.components.items():
            components[role] = self._role(of_study, places)
        named = {place for place in places if place}
        if len(named) > 1:
            raise InputError(f"a step of it would need the environments {' and '.join(sorted(named))} at once")
        options = {**task.options, **wanted.options}
        step = Step(
            Component(**{**vars(task), "options": options}),
            components,
            {role: tuple(keys) for role, keys in inputs.items()},
            {},
            {role: tuple(each) for role, each in refs.items()},
            f"{analysis.name}: {wanted.label}" if wanted.label else analysis.name,
            next(iter(named), ""),
        )
        return self.plan.add(step)

    def _role(self, role: str, places: list[str]) -> Component:
        placed: Placed = self.resolved.roles[role]
        places.append(placed.environment)
        return placed.component
