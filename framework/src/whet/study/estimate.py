"""check_size: about how many steps a study comes to, by arithmetic alone, before one of them is planned."""

from __future__ import annotations

from whet.study.rounds import Round, Strategy
from whet.study.schema import StudyFile
from whet.study.study_file import Source

Keys = tuple[str | int, ...]

SAMPLED = 3
"""Steps of a trajectory: its structure, its dynamics, its labels."""


def check_size(study: StudyFile, source: Source) -> None:
    """InputError, with the key that most of it comes from, where there are more steps than `running.most_steps`."""
    parts = estimate(study)
    total, most = sum(parts.values()), study.running.most_steps
    if total > most:
        keys = max(parts, key=lambda one: parts[one])
        hint = f"{parts[keys]:,} of them come from this key. If all are meant: `running: {{most_steps: {total}}}`"
        raise source.fault(keys, f"the study comes to about {total:,} steps, and {most:,} are allowed", hint)


def estimate(study: StudyFile) -> dict[Keys, int]:
    """About how many steps each strategy, the tests and the trajectories of their own come to; rather too many."""
    potentials = len(study.potentials)
    found: dict[Keys, int] = {}
    tuned, last, sets = 0, 0, len(study.tests)
    members: dict[Keys, int] = {}
    for name, strategy in study.strategies.items():
        rounds, trajectories = _size(strategy, name)
        repeats = len(strategy.seeds) * sum(strategy.is_for(potential) for potential in study.potentials)
        trained = rounds * (1 + strategy.committee + (strategy.committee > 1))
        members["strategies", name] = repeats * rounds
        tuned += repeats * rounds
        last += repeats * (rounds if strategy.preset_of(name) == "subsets" else 1)
        found["strategies", name] = repeats * (SAMPLED * trajectories + trained + 1)
    for keys, number in members.items():  # each potential is evaluated on each set
        found[keys] += number * sets
    for name, test in study.tests.items():
        found["tests", name] = (SAMPLED * test.trajectories if test.file is None else 1) + potentials
    own = {"none": 0, "last": potentials + last, "all": potentials + tuned}[study.self_generated.of]
    if study.dynamics is not None and study.labeler is not None and own:
        sampled = own * SAMPLED * study.self_generated.trajectories
        found["self_generated", "trajectories"] = sampled + own * (potentials + last + 1)
    return found


def _size(strategy: Strategy, name: str) -> tuple[int, int]:
    """Rounds and trajectories of a strategy with one seed, without expanding a preset."""
    if isinstance(strategy.rounds, list):
        return len(strategy.rounds), sum(_trajectories(round_) for round_ in strategy.rounds)
    preset = strategy.preset_of(name)
    if preset == "subsets":
        return len(strategy.sizes), 0
    extra = strategy.trajectories - 1
    more = strategy.rounds * extra if preset == "hybrid" else extra if preset == "packed-first" else 0
    return strategy.rounds, strategy.rounds + more


def _trajectories(round_: Round) -> int:
    return 0 if round_.sampler == "data" else round_.trajectories
