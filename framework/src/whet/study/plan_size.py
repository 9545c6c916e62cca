"""check_size: about how many steps a study comes to, by arithmetic alone, before one of them is planned."""

from __future__ import annotations

from whet.study.resolved import Resolved
from whet.study.schema import StudyFile
from whet.study.study_file import Source
from whet.study.yaml_tree import Keys

SAMPLED = 3
"""Steps of a trajectory: its structure, its dynamics, its labels; one more where structures are relaxed before."""


def check_size(study: StudyFile, resolved: Resolved, source: Source) -> None:
    """InputError, with the key that most of it comes from, where there are more steps than `running.most_steps`."""
    parts = estimate(study, resolved)
    total, most = sum(parts.values()), study.running.most_steps
    if total > most:
        keys = max(parts, key=lambda one: parts[one])
        hint = f"{parts[keys]:,} of them come from this key. If all are meant: `running: {{most_steps: {total}}}`"
        raise source.fault(keys, f"the study comes to about {total:,} steps, and {most:,} are allowed", hint)


def estimate(study: StudyFile, resolved: Resolved) -> dict[Keys, int]:
    """About how many steps strategies, tests, own trajectories, probes and analyses come to; rather too many."""
    potentials, sampled = len(study.potentials), SAMPLED + (study.minimize is not None)
    found: dict[Keys, int] = {}
    tuned, last, sets = 0, 0, len(study.tests)
    states: dict[Keys, int] = {}
    for name, strategy in study.strategies.items():
        rounds = resolved.strategies[name].rounds
        trajectories = sum(0 if round_.sampler == "data" else round_.trajectories for round_ in rounds)
        repeats = len(strategy.seeds) * sum(strategy.is_for(potential) for potential in study.potentials)
        members = strategy.committee * (2 if strategy.committee > 1 else 1)  # each with its sample of the frames
        trained = len(rounds) * (1 + members + (strategy.committee > 1))
        states["strategies", name] = repeats * len(rounds)
        tuned += repeats * len(rounds)
        last += repeats * max(sum(round_.sampler == "data" for round_ in rounds), 1)
        found["strategies", name] = repeats * (sampled * trajectories + trained + 1)
    for keys, number in states.items():  # each potential is evaluated on each set
        found[keys] += number * sets
    for name, test in study.tests.items():
        found["tests", name] = (sampled * test.trajectories if test.file is None else 1) + potentials
    own = {"none": 0, "last": potentials + last, "all": potentials + tuned}[study.self_generated.of]
    if study.dynamics is not None and study.labeler is not None and own:
        runs = own * sampled * study.self_generated.trajectories
        found["self_generated", "trajectories"] = runs + own * (potentials + last + 2)  # and its scores
    for probe in resolved.probes:
        asked = potentials + (tuned if probe.all_rounds else last) + probe.reference
        found["probes", probe.name] = len(probe.materials.names) * (1 + asked)
    # An analysis has a step for each set; those that follow trajectories or trainings have one.
    found["analyses",] = len(resolved.analyses) * (sets + 1)
    return found
