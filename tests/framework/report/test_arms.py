"""Arms and contrasts: seeds taken together, and what is told apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from whet.contracts.findings import Estimate
from whet.report.arms import Arm
from whet.report.contrasts import contrast
from whet.report.findings import Findings
from whet.report.sections.learning import softness


@pytest.fixture(scope="module")
def arms(subsets) -> list[Arm]:
    findings = Findings(subsets, subsets.results)
    test = next(test for test in findings.tests if test.name == "second")
    return [arm for arm in findings.arms(test) if arm.potential == "$two$"]


def test_seeds_are_one_arm(arms):
    assert [arm.state for arm in arms] == ["untouched", "one scale", "few, 1 frame", "few, 6 frames"]
    assert [len(arm.scores) for arm in arms] == [1, 3, 3, 3]


def test_interval_of_the_mean_is_that_of_equal_seeds(arms):
    score = arms[0].scores[0]
    twice = Arm("$two$", "", "untouched", (score, score), (0, 0))
    assert twice.mae.value == pytest.approx(arms[0].mae.value)
    assert twice.mae.interval == pytest.approx(arms[0].mae.interval, rel=0.01)  # other draws
    assert twice.scale.interval == pytest.approx(arms[0].scale.interval, rel=0.01)
    assert twice.mae.spread == 0


def test_no_interval_where_seeds_left_out_different_frames(arms):
    score = arms[-1].scores[0]
    fewer = dataclasses.replace(score, comparison=score.comparison.without([0], "for the test"))
    arm = Arm("$two$", "few", "few", (score, fewer), (4, 4))
    assert arm.mae.interval is None
    assert arm.scale.interval is None
    assert arm.mae.value is not None


def test_contrast_of_an_arm_with_itself_is_not_resolved(arms):
    found = contrast(arms[-1], arms[-1])
    assert found.change.value == 0
    assert not found.resolved


def test_contrast_needs_both_frames_and_seeds(arms):
    found = contrast(arms[-2], arms[-1])
    changes = [b.errors.forces.mae - a.errors.forces.mae for a, b in zip(arms[-2].scores, arms[-1].scores, strict=True)]
    assert found.change.value == pytest.approx(np.mean(changes))
    assert found.change.seeds == 3
    assert found.over_seeds is not None
    frames = found.change.interval
    assert frames is not None
    apart = all(not low <= 0 <= high for low, high in (frames, found.over_seeds))
    assert found.resolved == apart


def test_untouched_against_fine_tuned_is_resolved_over_frames(arms):
    found = contrast(arms[0], arms[-1])
    assert found.change.value is not None
    assert found.change.value < 0
    assert found.resolved


def test_softness_keeps_the_interval_right_side_up():
    assert softness(Estimate(0.8, (0.7, 0.9))).interval == pytest.approx((0.1, 0.3))
    assert softness(Estimate(1.1, (0.9, 1.3))).interval == pytest.approx((0.0, 0.3))
    assert softness(Estimate(None)).value is None


def test_equal_one_scale_corrections_are_one_row(whole):
    findings = Findings(whole, whole.results)
    arms = findings.arms(findings.tests[0])
    assert [arm.state for arm in arms if arm.corrected] == ["one scale"]
