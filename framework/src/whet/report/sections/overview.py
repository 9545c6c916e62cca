"""What was run, what came out in a few sentences, and what went wrong."""

from __future__ import annotations

from whet.bias.differences import force_difference
from whet.report.parts import Section, Table, with_interval
from whet.study.plan import Member, TestSet
from whet.study.results import Results, Score
from whet.study.study import Study


def headline(study: Study, results: Results) -> Section:
    """How soft each potential was, what fine-tuning did, what it cost, and whether the strategies differ."""
    lines = []
    for test in results.plan.tests:
        if test.kind != "independent":
            continue
        for name in study.file.potentials:
            lines += _of_potential(results, Member(name), test)
    return Section("In short", [line for line in lines if line])


def _of_potential(results: Results, untouched: Member, test: TestSet) -> list[str]:
    before = results.score(untouched, test)
    if before is None:
        return []
    after = [s for m in results.plan.members if (s := _last(results, m, untouched, test)) is not None]
    lines = [f"<b>{before.label}</b> on <i>{test.name}</i> ({before.errors.frames} frames): {_sentence(before)}."]
    for score in after:
        training = results.training(score.member)
        cost = f"{training['train'] + training['valid']} labels" if training else ""
        lines.append(f"After <b>{score.label.removeprefix(untouched.label).strip()}</b> ({cost}): {_sentence(score)}.")
    by_strategy = {score.member.strategy: score for score in after}
    if {"naive", "periodic"} <= set(by_strategy):
        lines.append(_compared(by_strategy["naive"], by_strategy["periodic"]))
    return lines


def _last(results: Results, member: Member, untouched: Member, test: TestSet) -> Score | None:
    return results.score(member, test) if member.last and member.potential == untouched.potential else None


def _sentence(score: Score) -> str:
    slopes, forces = score.softening.slopes, score.errors.forces
    scale = with_interval(slopes.scale, slopes.scale_interval)
    r2 = "" if slopes.r2 is None else f" (R² {slopes.r2:.3f})"
    return (
        f"softening scale {scale}{r2}, force MAE {with_interval(forces.mae, forces.mae_interval)} eV/Å; "
        f"{score.softening.verdict}"
    )


def _compared(naive: Score, periodic: Score) -> str:
    found = force_difference(naive.comparison, periodic.comparison)
    interval = "" if found.interval is None else f" [{found.interval[0]:+.4f}, {found.interval[1]:+.4f}]"
    verdict = (
        ("periodic is better" if found.change < 0 else "naive is better")
        if found.resolved
        else "no difference resolved"
    )
    return (
        f"Periodic against naive, force MAE on the same {found.frames} frames: {found.change:+.4f} eV/Å{interval}: "
        f"<b>{verdict}</b>. The interval is over frames only; another run of the study may differ by more."
    )


def plan_section(study: Study, results: Results) -> Section:
    """Plan, theory, versions, counts, failures."""
    cast, plan = study.cast, study.plan
    done = {kind: sum(study.store.is_done(s.key) for s in plan.of_kind(kind)) for kind in plan.counts()}
    text = []
    if not results.complete:
        missing = sum(plan.counts().values()) - sum(done.values())
        text.append(f"<b class=warning>Incomplete: {missing} of {len(plan.steps)} steps have no result yet.</b>")
    if results.theories:
        text.append("Reference labels: " + "; ".join(str(theory) for theory in results.theories) + ".")
    labels = results.labels
    if labels["labeled"]:
        text.append(
            f"{labels['labeled']} labels were used; {labels['bought']} of them were computed for this study, "
            "the others were on the shelf or shared between strategies."
        )
    text += [f"<b class=warning>{len(results.failures)} frames could not be labeled.</b>"] if results.failures else []
    text += [f"{title} ended early: {reason}." for title, reason in results.stopped]
    mixed = [name for name, numbers in results.versions.items() if len(numbers) > 1]
    if mixed:
        text.append(f"<b class=warning>Results of several versions are mixed: {', '.join(mixed)}.</b>")
    for title in results.stale:
        text.append(
            f"<b class=warning>{title} was made from an input that was since recomputed and came out different.</b>"
        )
    components = [
        [
            f"potential {name}",
            player.role.component.name,
            _options(player.role.component.options),
            player.role.environment,
        ]
        for name, player in cast.potentials.items()
    ]
    for title, role in (("labeler", cast.labeler), ("structures", cast.structures), ("descriptor", cast.descriptor)):
        if role is not None:
            components.append([title, role.component.name, _options(role.component.options), role.environment])
    for environment, engine in cast.engines.items():
        components.append(["dynamics", engine.name, _options(engine.options), environment])
    seconds = results.cost
    steps = [[kind, done[kind], count, seconds.get(kind, 0.0)] for kind, count in plan.counts().items()]
    versions = [[name, ", ".join(numbers)] for name, numbers in results.versions.items()]
    tables = [
        Table("components", "What was put together", ["role", "component", "options", "environment"], components),
        Table("steps", "Steps", ["kind", "done", "planned", "seconds of work"], steps),
        Table("versions", "Packages that made these results", ["package", "version"], versions),
    ]
    if results.failures:
        rows = [[title, entry["index"], entry["reason"], entry["log"]] for title, entry in results.failures]
        tables.append(Table("failures", "Frames that could not be labeled", ["step", "frame", "reason", "log"], rows))
    return Section("What was run", text, tables)


def _options(options: object) -> str:
    return ", ".join(f"{key}: {value}" for key, value in dict(options).items())  # pyright: ignore[reportArgumentType, reportCallIssue]
