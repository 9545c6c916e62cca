"""next_steps: what to do now, with the command for it, as the evidence of a study says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whet.contracts.findings import LEAST_UNITS
from whet.contracts.ports import LabeledFrames
from whet.data.numbers import count, percent
from whet.study.best_state import READINGS, UNDECIDED, Score, are_apart, best_of, main_set, potential_of, state_of
from whet.study.failed_steps import failed_steps, number_failed
from whet.study.stored_study import StoredStudy
from whet.study.take_home import export_command

UNSETTLED = "not equilibrated"
"""Word of a verdict that says why nothing is decided."""

LEAST_EQUILIBRATION = 1000
"""Steps that are advised where there were hardly any."""

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
    | decides on no set, as dynamics is not equilibrated | equilibrate longer: `dynamics.equilibration`          |
    | decides on no set, for lack of trajectories        | sample so many: `tests.NAME.trajectories`             |
    | does not know who sampled a file, or what belongs  | say it: `sampled_by`, `groups`                        |
    | together                                           |                                                       |
    | has a fine-tuned state that errs less              | export the best one                                   |
    | fine-tunes nothing, and the potential errs         | add a strategy, or labeled frames to fine-tune on     |
    | has fine-tuned states, none of which errs less     | gather more frames                                    |
    """
    if unfinished := list(_unfinished(study)):
        return unfinished[:MOST]
    main = main_set(study)
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


def _name_a_test(study: StoredStudy) -> NextStep:
    roles, asked = study.stored.roles, study.stored.asked
    if "labeler" in roles and any(role.startswith("dynamics") for role in roles):
        what = "Name a test set, without which nothing can be said of bias: dynamics that the labeler drives."
        return NextStep(what, asked.command("check", "--set", f"tests.reference.trajectories={LEAST_UNITS}"))
    return NextStep(
        "Name a test set under `tests:`, a file of labeled frames: without one nothing can be said of bias."
    )


def _undecided(study: StoredStudy, main: list[Score]) -> Iterator[NextStep]:
    """What lets the main set decide how soft the untouched potentials are, where no set decides it."""
    decided = {one["potential"] for one in study.scores if one["softening"]["reading"] != UNDECIDED}
    open_ones = [one for one in main if _is_untouched(one) and one["potential"] not in decided]
    if not open_ones:
        return
    name, slopes = main[0]["set"], open_ones[0]["softening"]
    sampled = {
        piece.ref.trajectory
        for piece in study.stored.plan.all(LabeledFrames, set=name, set_kind="independent")
        if piece.ref.trajectory is not None
    }
    whose = study.names.text(open_ones[0]["potential"])
    if UNSETTLED in slopes["verdict"] and len(sampled) >= LEAST_UNITS:
        yield from _longer(study, whose, name)
    elif sampled and not set(".=") & set(name):
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


def _longer(study: StoredStudy, whose: str, name: str) -> Iterator[NextStep]:
    """More trajectories that begin too early decide nothing either."""
    dynamics = [one for role, one in study.stored.roles.items() if role.startswith("dynamics")]
    steps = dynamics[0].component.options.get("equilibration") if dynamics else None
    if not isinstance(steps, int):
        return
    wanted = max(2 * steps, LEAST_EQUILIBRATION)
    what = (
        f"Whether {whose} is soft is undecided, as the dynamics of “{name}” is not equilibrated: take {wanted:,} steps"
    )
    what += f" before the first frame, not {steps:,}. This says what that costs:"
    yield NextStep(what, study.stored.asked.command("check", "--set", f"dynamics.equilibration={wanted}"))


def _fine_tuned(study: StoredStudy, main: list[Score]) -> Iterator[NextStep]:
    name = main[0]["set"]
    tuned = [one for one in main if one["strategy"] and not one["correction"]]
    for before in filter(_is_untouched, main):
        own = [one for one in tuned if potential_of(study, one) == before["potential"]]
        best = best_of(own)
        whose = study.names.text(before["potential"])
        if best is None:
            if not study.stored.plan.of_kind("fine-tune"):
                yield from _not_tuned(study, before, whose)
        elif _errs_less(best, before):
            change = percent(1 - best["forces"]["mae"] / before["forces"]["mae"])
            tuned_one, state = study.names.text(best["potential"]), state_of(study, best)
            what = f"Take {tuned_one} with you: its force error on “{name}” is {change} lower{_why(study, best, own)}."
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


def _errs_less(after: Score, before: Score) -> bool:
    """Whether its force error is lower, and the intervals of the two do not meet where both are known."""
    one, other = after["forces"], before["forces"]
    if after["softening"]["units"] < LEAST_UNITS or not one["mae"] < other["mae"]:
        return False
    ends = one.get("mae_interval"), other.get("mae_interval")
    return ends[0] is None or ends[1] is None or ends[0][1] < ends[1][0]


def _why(study: StoredStudy, best: Score, tuned: list[Score]) -> str:
    """Why this one, where others err as little in forces: `, and it is not soft, unlike naive 3 (stiff)`."""
    reading = best["softening"]["reading"]
    ends = {one["strategy"]: one for one in sorted(tuned, key=lambda one: (one["round"], one["size"] or 0))}
    others = [one for one in ends.values() if one is not best and not are_apart(one, best)]
    worse = [one for one in others if READINGS.index(one["softening"]["reading"]) > READINGS.index(reading)]
    if not worse or reading == UNDECIDED:
        return ""
    names = ", ".join(f"{study.names.text(one['potential'])} ({one['softening']['reading']})" for one in worse)
    return f", and it is {reading}, unlike {names}"
