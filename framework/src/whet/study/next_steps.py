"""next_steps: what to do now, with the command for it, as the evidence of a study says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from whet.contracts.findings import LEAST_UNITS
from whet.contracts.ports import LabeledFrames
from whet.contracts.ref import Ref
from whet.data.numbers import count, percent
from whet.study.failed_steps import failed_steps, number_failed
from whet.study.stored_study import StoredStudy
from whet.study.take_home import export_command
from whet.study.tuned_states import tuned_states

Score = Mapping[str, Any]
"""See `whet.study.scores.scores_of`."""

MOST = 3
"""Steps that are named; more would be no advice."""


@dataclass(frozen=True)
class NextStep:
    """what: to do, and why, in a sentence. command: for a shell in the folder of the study file; may be empty."""

    what: str
    command: str = ""


def next_steps(study: StoredStudy) -> list[NextStep]:
    """What to do now, the most urgent first; never what the study cannot do.

    | the study                                          | what is said                                          |
    |----------------------------------------------------|-------------------------------------------------------|
    | has steps that failed                              | look into the log, then run again                     |
    | has steps without a result                         | run                                                   |
    | has no independent test set                        | name one                                              |
    | does not decide for lack of trajectories           | sample so many: `tests.NAME.trajectories`             |
    | does not know who sampled a file, or what belongs  | say it: `sampled_by`, `groups`                        |
    | together                                           |                                                       |
    | has a fine-tuned state that errs less              | export the best one                                   |
    | fine-tunes nothing, and the potential errs         | add a strategy, or labeled frames to fine-tune on     |
    | has fine-tuned states, none of which errs less     | gather more frames                                    |
    """
    if unfinished := list(_unfinished(study)):
        return unfinished[:MOST]
    main = _main_set(study)
    if not main:
        return [_name_a_test(study)]
    return [*_undecided(study, main), *_fine_tuned(study, main)][:MOST]


def _unfinished(study: StoredStudy) -> Iterator[NextStep]:
    asked = study.stored.asked
    if failed := failed_steps(study):
        others = number_failed(failed) - 1
        more = f" and {count(others, 'other step')}" if others else ""
        yield NextStep(f"Look why {failed[0].title}{more} failed.", failed[0].command)
        yield NextStep("When that is mended, run the study again: what has a result is kept.", asked.command("run"))
    elif study.waiting:
        yield NextStep(f"Run what has no result yet: {count(len(study.waiting), 'step')}.", asked.command("run"))


def _main_set(study: StoredStudy) -> list[Score]:
    """Scores of the set that answers: the first independent one on which slopes can be read, else the first."""
    sets: dict[str, list[Score]] = {}
    for score in study.scores:
        if score["set_kind"] == "independent":
            sets.setdefault(score["set"], []).append(score)
    moving = [scores for scores in sets.values() if any(one["softening"]["sampler"] != "minimum" for one in scores)]
    return next(iter([*moving, *sets.values()]), [])


def _name_a_test(study: StoredStudy) -> NextStep:
    roles, asked = study.stored.roles, study.stored.asked
    if "labeler" in roles and any(role.startswith("dynamics") for role in roles):
        what = "Name a test set, without which nothing can be said of bias: dynamics that the labeler drives."
        return NextStep(what, asked.command("check", "--set", f"tests.reference.trajectories={LEAST_UNITS}"))
    return NextStep(
        "Name a test set under `tests:`, a file of labeled frames: without one nothing can be said of bias."
    )


def _undecided(study: StoredStudy, main: list[Score]) -> Iterator[NextStep]:
    """What lets the main set decide how soft the untouched potentials are."""
    open_ones = [one for one in main if _is_untouched(one) and one["softening"]["reading"] == "undecided"]
    if not open_ones:
        return
    name, slopes = main[0]["set"], open_ones[0]["softening"]
    sampled = {
        piece.ref.trajectory
        for piece in study.stored.plan.all(LabeledFrames, set=name, set_kind="independent")
        if piece.ref.trajectory is not None
    }
    whose = study.names.text(open_ones[0]["potential"])
    if sampled and not set(".=") & set(name):
        wanted = max(2 * len(sampled), LEAST_UNITS)
        what = f"Whether {whose} is soft is undecided: sample {wanted} trajectories of “{name}”, not {len(sampled)}."
        what += " This says what that costs:"
        yield NextStep(what, study.stored.asked.command("check", "--set", f"tests.{name}.trajectories={wanted}"))
    elif slopes["sampler"] == "unknown":
        what = f"Say who sampled the frames of “{name}” (`sampled_by:`): it decides how softness is read."
        yield NextStep(what, study.stored.asked.command("run"))
    elif not slopes["units_of"]:
        what = f"Say which frames of “{name}” belong together (`groups:`): it decides how sure a number is."
        yield NextStep(what, study.stored.asked.command("run"))


def _fine_tuned(study: StoredStudy, main: list[Score]) -> Iterator[NextStep]:
    name = main[0]["set"]
    tuned = [one for one in main if one["strategy"] and not one["correction"]]
    for before in filter(_is_untouched, main):
        own = [one for one in tuned if _potential(study, one) == before["potential"]]
        best = min(own, key=lambda one: one["forces"]["mae"], default=None)
        whose = study.names.text(before["potential"])
        if best is None:
            if not study.stored.plan.of_kind("fine-tune"):
                yield from _not_tuned(study, before, whose)
        elif _errs_less(best, before):
            change = percent(1 - best["forces"]["mae"] / before["forces"]["mae"])
            tuned_one, state = study.names.text(best["potential"]), _state_of(study, best)
            what = f"Take {tuned_one} with you: its force error on “{name}” is {change} lower."
            yield NextStep(what, export_command(study, study.stored.asked, state))
        else:
            what = (
                f"No fine-tuned state of {whose} is shown to err less on “{name}”: gather more frames (`strategies:`)."
            )
            yield NextStep(what, study.stored.asked.command("check"))


def _not_tuned(study: StoredStudy, before: Score, whose: str) -> Iterator[NextStep]:
    """Of a study that fine-tunes nothing."""
    roles, asked = study.stored.roles, study.stored.asked
    if "labeler" in roles and any(role.startswith("dynamics") for role in roles):
        what = f"Fine-tune {whose} on trajectories of its own. This says how many labels that takes:"
        yield NextStep(what, asked.command("check", "--set", "strategies.naive=3"))
    else:
        yield NextStep(
            f"To fine-tune {whose}, give labeled frames under `data:` and a strategy of the preset `subsets`."
        )


def _is_untouched(score: Score) -> bool:
    return not score["strategy"] and not score["correction"]


def _potential(study: StoredStudy, score: Score) -> str:
    """The study's name of the potential of a score, whose label begins with it."""
    names = [name for name in study.names.shown if score["potential"].startswith(f"{name} ")]
    return max(names, key=len, default="")


def _errs_less(after: Score, before: Score) -> bool:
    """Whether its force error is lower, and the intervals of the two do not meet where both are known."""
    one, other = after["forces"], before["forces"]
    if after["softening"]["units"] < LEAST_UNITS or not one["mae"] < other["mae"]:
        return False
    ends = one.get("mae_interval"), other.get("mae_interval")
    return ends[0] is None or ends[1] is None or ends[0][1] < ends[1][0]


def _state_of(study: StoredStudy, score: Score) -> str:
    """The full name of the fine-tuned state that a score is of."""
    ref = Ref(_potential(study, score), score["strategy"], score["round"], score["seed"], score["size"])
    said = (str(ref), ref.seed)
    return next(one.name for one in tuned_states(study) if (str(one.ref), one.ref.seed) == said)
