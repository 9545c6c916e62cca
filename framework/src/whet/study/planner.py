"""The planner: from a study and what is known of its results to the plan. Nothing is read, nothing runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from whet.contracts.ports import StudyPotential
from whet.contracts.rounds import Round
from whet.running.environments import Wish
from whet.study.analysis_planner import AnalysisPlanner
from whet.study.named_files import StructureFile
from whet.study.plan import Plan
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
    slices = structure_split_of(study, resolved, source)
    make = StepMaker(study, resolved, source, slices)
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
    make.check_monitors()
    without = make.plan.impossible(failed)
    AnalysisPlanner(study, resolved, source, make.plan, without, {} if wishes is None else wishes).all()
    return make.plan


def structure_split_of(study: StudyFile, resolved: Resolved, source: Source) -> StructureSplit:
    """How many starting structures each purpose takes. InputError where the file of structures has too few."""
    training: dict[int, int] = {}
    for name, strategy in study.strategies.items():
        fresh = _fresh(resolved.strategies[name].rounds)
        for seed in strategy.seeds if fresh else ():
            training[seed] = max(training.get(seed, 0), fresh)
    tests = {name: test.trajectories for name, test in study.tests.items() if test.file is None}
    samples = study.dynamics is not None and study.labeler is not None
    own = study.self_generated.trajectories if samples and study.self_generated.of != "none" else 0
    slices = StructureSplit(training, tests, own)
    if isinstance(resolved.structures, StructureFile) and slices.total > (there := len(resolved.structures.unique)):
        parts = ", ".join(slices.parts())
        hint = "No structure is used for two purposes, and none with two seeds: give more, or ask less"
        what = f"the study needs {slices.total} different structures ({parts}), the file has {there}"
        raise source.fault(("structures", "file"), what, hint)
    return slices


def _fresh(rounds: Sequence[Round]) -> int:
    """How many structures these rounds start from."""
    fresh, moved = 0, False
    for round_ in rounds:
        moves = round_.sampler in ("md", "minimize")
        if moves and round_.start == "last":
            fresh += 0 if moved else 1
        elif round_.sampler != "data":
            fresh += round_.trajectories
        moved = moved or moves
    return fresh
