"""The first screen: how biased each potential was, what fine-tuning did, what it cost, naive against periodic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.contracts.findings import Estimate
from whet.data.numbers import count, decimals_for, duration, percent, shown, with_interval
from whet.report.arms import Arm
from whet.report.contrasts import Contrast, contrast
from whet.report.findings import Findings
from whet.report.missing import missing
from whet.report.parts import Answer, Section
from whet.report.sections.first_figure import first_figure
from whet.report.sections.summary import reading_note, summary_table
from whet.study.plan import TestSet

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_ROWS = 16
"""Rows of the first figure; beyond them only the last state of each strategy is drawn."""

WORDS = {
    "soft": "soft beyond what noise explains",
    "stiff": "stiff: it over-predicts forces",
    "noise": "not shown to be soft: noise alone could make the scale so small",
    "not soft": "no softness seen",
}


def headline(findings: Findings) -> Section:
    """Answers beside one figure, and the numbers behind both."""
    test = findings.main_test
    lacking = missing(findings)
    if test is None:
        said = "No independent test set has been evaluated yet, so nothing can be said about bias."
        return Section("In short", answers=[Answer("Result", [said]), *_what_is_missing(lacking)])
    arms = findings.arms(test)
    ends = _ends(arms)
    answers = [
        Answer("How biased?", [_bias(arm, test) for arm in arms if arm.untouched]),
        Answer("After fine-tuning", _after(arms)),
        Answer("Forgotten?", _forgotten(findings)),
        Answer("Naive or periodic?", _naive_or_periodic(findings, arms)),
        Answer("Cost", _cost(findings), aside=True),
    ]
    answers = [answer for answer in answers if answer.lines] + _what_is_missing(lacking)
    return Section(
        "In short",
        pictures=[first_figure(findings, ends, test)],
        tables=[summary_table(findings, test, "summary", ends)],
        notes=[reading_note(arms)],
        answers=answers,
    )


def _what_is_missing(lacking: list[str]) -> list[Answer]:
    return [Answer("Not here", lacking, aside=True)] if lacking else []


def _ends(arms: list[Arm]) -> list[Arm]:
    """The untouched potentials, the one-scale corrections and the last state of each strategy."""
    ends = [arm for arm in arms if not arm.strategy or arm.last]
    if len(ends) <= MOST_ROWS:
        return ends
    final = {arm.series: arm for arm in ends}
    return [arm for arm in ends if not arm.strategy or final[arm.series] is arm]


def _bias(arm: Arm, test: TestSet) -> Markup:
    from markupsafe import Markup

    found = arm.scores[0].softening
    words = WORDS.get(found.reading, found.verdict)
    relative = arm.scores[0].errors.relative_force_rmse
    slopes = found.slopes
    return Markup("<b>{}</b> on “{}” ({}): {}. Scale {}, R² {}; the force error is {} of the typical force.").format(
        arm.potential,
        test.name,
        count(arm.frames, "frame"),
        words,
        with_interval(arm.scale, 3),
        shown(slopes.r2, 3),
        percent(relative),
    )


def _after(arms: list[Arm]) -> list[Markup]:
    from markupsafe import Markup

    lines = []
    for before in (arm for arm in arms if arm.untouched):
        own = [arm for arm in arms if arm.potential == before.potential]
        final = {arm.series: arm for arm in own if arm.strategy}
        if not final or before.mae.value is None:
            continue
        decimals = decimals_for([arm.mae.value for arm in (before, *final.values())])
        parts = [
            Markup("{} with {} ({})").format(
                shown(arm.mae.value, decimals), arm.state, _labels(arm) + _change(before.mae, arm.mae)
            )
            for arm in final.values()
        ]
        scales = [arm for arm in own if arm.corrected]
        if scales:
            lowest = min(arm.mae.value or 0.0 for arm in scales)
            parts.append(Markup("{} with one scale factor alone").format(shown(lowest, decimals)))
        text = Markup("<b>{}</b>: force MAE {} eV/Å → {}.")
        lines.append(text.format(before.potential, shown(before.mae.value, decimals), Markup(", ").join(parts)))
    return lines


def _labels(arm: Arm) -> str:
    return f"{arm.labels_shown} label{'' if arm.labels_shown == '1' else 's'}"


def _labels_of_both(one: Arm, other: Arm) -> str:
    same = one.labels_shown == other.labels_shown
    return f"{_labels(one)} each" if same else f"{_labels(one)} and {_labels(other)}"


def _change(before: Estimate, after: Estimate) -> str:
    if not before.value or after.value is None:
        return ""
    change = after.value / before.value - 1
    return f", {percent(change, sign=True)}"


def _forgotten(findings: Findings) -> list[Markup]:
    """What each last fine-tuning did on frames of the foundation model's training set."""
    from markupsafe import Markup

    lines = []
    for test in (test for test in findings.tests if test.kind == "replay"):
        arms = findings.arms(test)
        for before in (arm for arm in arms if arm.untouched):
            own = [arm for arm in arms if arm.potential == before.potential]
            final = {arm.series: arm for arm in own if arm.strategy}
            decimals = decimals_for([arm.mae.value for arm in (before, *final.values())])
            after = [f"{shown(arm.mae.value, decimals)} with {arm.state}" for arm in final.values()]
            if after:
                text = Markup("<b>{}</b> on “{}”: force MAE {} eV/Å → {}.")
                before_shown = shown(before.mae.value, decimals)
                lines.append(text.format(before.potential, test.name, before_shown, ", ".join(after)))
    return lines


def _naive_or_periodic(findings: Findings, arms: list[Arm]) -> list[Markup]:
    """The paired difference of the two presets, for each potential and each pair of such strategies."""
    from markupsafe import Markup

    strategies = findings.study.file.strategies
    lines = []
    for potential in findings.potentials:
        final = {arm.strategy: arm for arm in arms if arm.potential == potential and arm.strategy}
        preset = {name: strategies[name].preset_of(name) for name in final}
        for first in (name for name in final if preset[name] == "naive"):
            for second in (name for name in final if preset[name] == "periodic"):
                found = contrast(final[first], final[second])
                better = second if (found.change.value or 0) < 0 else first
                where = "" if found.over_seeds else " on these frames"
                verdict = f"{better} is better{where}" if found.resolved else "no difference resolved"
                decimals = decimals_for([found.change.value, *(found.change.interval or ())])
                change = with_interval(found.change, decimals, sign=True, unit="eV/Å")
                text = Markup("<b>{}</b>: <b>{}</b>. {} − {}: force MAE {} over the same {}; {}; {}.")
                frames, labels = count(found.frames, "frame"), _labels_of_both(final[second], final[first])
                lines.append(text.format(potential, verdict, second, first, change, frames, _runs(found), labels))
    return lines


def _runs(found: Contrast) -> str:
    """What the seeds say beside the frames."""
    if found.over_seeds is None:
        return "one run each, and another may differ by more"
    ends = [shown(end, decimals_for(found.over_seeds), sign=True, tiny=False) for end in found.over_seeds]
    return f"[{ends[0]}, {ends[1]}] over {found.change.seeds} seeds"


def _cost(findings: Findings) -> list[str]:
    labels, spent = findings.results.labels, findings.results.cost
    lines = []
    if labels["labeled"]:
        along = f" and {labels['dynamics']} along reference dynamics" if labels["dynamics"] else ""
        lines.append(f"{count(labels['bought'], 'label')} computed{along}, tests included.")
    shares = sorted(((seconds, kind) for kind, seconds in spent.items() if seconds >= 0.05), reverse=True)
    names = {"md": "dynamics", "label": "labels", "fine-tune": "fine-tuning", "evaluate": "evaluation"}
    parts = [f"{names.get(kind, kind)} {duration(seconds)}" for seconds, kind in shares[:4]]
    if parts:
        lines.append(f"{duration(sum(spent.values()))} of work: {', '.join(parts)}.")
    return lines
