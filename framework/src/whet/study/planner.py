"""The planner: from a study and what is known of its results to the plan. Nothing is read, nothing runs."""

from __future__ import annotations

from collections.abc import Collection

from whet.contracts.ports import StudyPotential
from whet.running.environments import Wish
from whet.study.analysis_planner import AnalysisPlanner
from whet.study.plan import Plan
from whet.study.probe_planner import ProbePlanner
from whet.study.resolved import Resolved
from whet.study.schema import StudyFile
from whet.study.set_planner import SetPlanner
from whet.study.step_maker import StepMaker
from whet.study.strategy_planner import StrategyPlanner
from whet.study.structure_split import StructureSplit
from whet.study.study_file import Source


def plan(
    study: StudyFile,
    resolved: Resolved,
    source: Source,
    failed: Collection[str] = (),
    wishes: dict[str, Wish] | None = None,
) -> Plan:
    """The plan of a study. failed: keys of steps that have no result and get none: analyses do without them.

    wishes: what other interpreters answered before, to be kept from call to call.

    InputError, with file, line and key, where something that it needs is not there.
    """
    make = StepMaker(study, resolved, source, StructureSplit.of(study, resolved.strategies))
    strategies = StrategyPlanner(make)
    for name, entry in study.data.items():
        if any(round_.data == name for one in resolved.strategies.values() for round_ in one.rounds):
            make.data(name, entry)
    for name, potential in resolved.potentials.items():
        if potential.replay is not None and potential.fine_tuner is not None:
            make.replayed(name, potential.replay)
        strategies.plan(name)
    for one in strategies.potentials:
        role = "" if one.key else f"potential {one.ref.potential}"
        make.plan.leaves(StudyPotential, one.ref, one.key, role)
    sets = SetPlanner(make, strategies.potentials)
    sets.tests()
    sets.own_trajectories()
    sets.evaluations()
    ProbePlanner(make, strategies.potentials).all()
    make.check_monitors()
    without = make.plan.impossible(failed)
    AnalysisPlanner(study, resolved, source, make.plan, without, {} if wishes is None else wishes).all()
    return make.plan
