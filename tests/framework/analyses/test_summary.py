"""Summary: what a report answers first, from scores that were planted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from scored_sets import NEAR, OLD, evaluated, first_data, found_by, rows_by, scores_of, tuned
from whet.analyses.parts.first_figure import first_figure
from whet.analyses.parts.series_table import SeriesRow
from whet.analyses.parts.softness import Softness, reading_and_why
from whet.analyses.summary import MOST_ROWS, Summary
from whet.bias.curvature import Curvature
from whet.bias.softening import Slopes
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.findings import Estimate, Findings, Table
from whet.contracts.ref import LABELER, Ref

MAIN = Ref("main")
NAIVE = [Ref("main", "naive", 1, seed, last=True) for seed in (1, 2, 3)]
PERIODIC = [Ref("main", "periodic", 2, seed, last=True) for seed in (1, 2, 3)]
EARLIER = Ref("main", "periodic", 1, 1)


def summary(tmp_path, on=NEAR, naive=0.8, periodic=0.95, seeds=1, others=(), noise=0.02):
    """Findings on a set where the untouched potential has the scale 0.7."""
    first = [evaluated(state, on, naive, noise=noise) for state in NAIVE[:seeds]]
    second = [evaluated(state, on, periodic, noise=noise) for state in PERIODIC[:seeds]]
    states = [*NAIVE[:seeds], EARLIER, *PERIODIC[:seeds]]
    scores = scores_of(
        tmp_path,
        *(evaluated(MAIN, on, 0.7, noise=noise), *first, evaluated(EARLIER, on, 0.8, noise=noise), *second),
        fine_tunings=[tuned(state) for state in states],
        training=[first_data("main", "naive", 1, 0.6)],
    )
    return found_by(Summary, tmp_path, sets=[scores, *others])


def answers(findings):
    return {verdict.question: verdict for verdict in findings.verdicts}


def test_answers_what_was_planted(tmp_path):
    found = answers(summary(tmp_path))
    biased, after = (found[q] for q in ("How soft?", "After fine-tuning"))
    said = "main: soft by 30\N{NO-BREAK SPACE}% (curvature ratio 0.70 [0.70, 0.70], "
    said += "read from s, as these frames are rattled)"
    assert biased.claim == said
    assert "main on “near” (12 frames): s 0.70 [0.70, 0.70], soft; 1/b 0.70" in biased.evidence
    assert "RMSE 0.30 of the reference's root mean square; energy MAE 0.0 meV/atom as predicted" in biased.evidence
    assert "Relative to the reference" in biased.limits and "all force components" in biased.limits
    assert "with naive 1 (10 labels, −" in after.evidence
    assert "with one factor on the forces alone; energy MAE " in after.evidence
    assert {verdict.units for verdict in found.values()} == {12}
    assert all(verdict.decided for verdict in found.values())


def test_noise_is_no_decision(tmp_path):
    scores = scores_of(tmp_path, evaluated(MAIN, scale=0.9, noise=0.6, seed=3))
    found = answers(found_by(Summary, tmp_path, sets=[scores]))["How soft?"]
    assert not found.decided
    assert "soft by" not in found.claim


def test_frames_of_unknown_origin_decide_nothing_and_say_the_way_out(tmp_path):
    scores = scores_of(tmp_path, evaluated(MAIN, replace(NEAR, sampled_by=None), scale=0.7, noise=0.3))
    verdict = answers(found_by(Summary, tmp_path, sets=[scores]))["How soft?"]
    assert not verdict.decided
    assert "these frames do not decide" in verdict.claim and "between s = 0." in verdict.claim
    assert "`sampled_by:`, in the study" in verdict.limits


def test_frames_that_may_belong_together_decide_nothing(tmp_path):
    on = replace(NEAR, groups="")
    found = found_by(Summary, tmp_path, sets=[scores_of(tmp_path, evaluated(MAIN, on, scale=0.7))])
    (verdict,) = found.verdicts
    assert "undecided: nobody says which frames belong together" in verdict.claim
    assert "`groups:` in the study" in verdict.limits


def test_raw_and_fitted_energy_errors_stand_in_the_first_table(tmp_path):
    """Planted: energies all off by 2.5 eV/atom, which reference energies take up."""
    scores = scores_of(tmp_path, evaluated(MAIN, scale=0.7, shift=2.5))
    found = found_by(Summary, tmp_path, sets=[scores])
    row = rows_by(found, "summary", "state")["untouched"]
    assert row["MAE E raw"] == pytest.approx(2500)
    assert row["MAE E fitted here"] == pytest.approx(0, abs=1e-6)
    said = answers(found)["How soft?"].evidence
    zero = (
        "energies have another zero than the reference's (offset 2.5 eV/atom); energy MAE 0.0 meV/atom after removing"
    )
    assert zero in said and "one constant (one composition)" in said
    shown = {column.name for column in found.table("summary").columns if column.shown}
    assert shown >= {"MAE E raw", "MAE E fitted here", "MAE F", "curvature ratio", "reading", "uncentred R²"}


@pytest.mark.parametrize(("frames", "decided"), [(6, False), (8, True)])
def test_undecided_below_four_trajectories(tmp_path, frames, decided):
    sampled = replace(NEAR, sampled_by=LABELER, groups="trajectories")  # two frames each
    scores = scores_of(tmp_path, evaluated(MAIN, sampled, 0.7, noise=0.01, frames=frames))
    (verdict,) = found_by(Summary, tmp_path, sets=[scores]).verdicts
    assert (verdict.decided, verdict.units, verdict.of) == (decided, frames // 2, "trajectories")
    assert verdict.claim.startswith("main: soft by 30" if decided else "main: undecided: 3 trajectories (curvature")
    assert "main on “near”" in verdict.evidence


def test_what_was_forgotten(tmp_path):
    old = scores_of(tmp_path, evaluated(MAIN, OLD, 0.95), evaluated(NAIVE[0], OLD, 0.9))
    found = answers(summary(tmp_path, others=[old]))["Forgotten?"]
    assert found.claim == "main on “old”: force error +100\N{NO-BREAK SPACE}% with naive 1"


def test_table_has_the_ends_and_other_sets_every_state(tmp_path):
    far = Ref(set="Far & wide", set_kind="independent")
    other = scores_of(tmp_path, evaluated(MAIN, far), evaluated(EARLIER, far))
    old = scores_of(tmp_path, evaluated(MAIN, OLD))
    found = summary(tmp_path, others=[other, old])
    assert list(rows_by(found, "summary", "state")) == [
        "untouched",
        "one factor",
        "Deng's 1/s",
        "naive 1",
        "periodic 2",
    ]
    assert list(rows_by(found, "summary-2-far-wide", "state")) == ["untouched", "periodic 1"]
    assert "forgotten" in found.table("summary-3-old").caption
    rows = rows_by(found, "summary", "state")
    assert (rows["untouched"]["labels"], rows["one factor"]["labels"], rows["naive 1"]["labels"]) == (None, 1, 10)


def test_labels_of_seeds_that_differ(tmp_path):
    tunings = [tuned(NAIVE[0]), tuned(NAIVE[1], train=9)]
    scores = scores_of(tmp_path, *(evaluated(state) for state in NAIVE[:2]), fine_tunings=tunings)
    rows = rows_by(found_by(Summary, tmp_path, sets=[scores]), "summary", "state")
    assert rows["naive 1"]["labels"] == "10–11"


def test_first_figure_clips_what_exploded(tmp_path):
    found = summary(tmp_path, naive=40.0)
    assert found.figures[0].prominent
    points = rows_by(found, "in-short", "quantity", "row")
    exploded = points["curvature ratio", "naive 1"]
    assert (exploded["outside"], exploded["text"]) == ("right", "40.00 ▶")
    assert exploded["drawn"] < 5
    assert points["curvature ratio", "periodic 2"]["outside"] == ""
    assert "Arrows: outside the figure" in found.figures[0].caption


def test_panels_of_the_first_figure_have_the_same_rows_in_the_same_places(tmp_path):
    """Only one of them has labels: a row that stands elsewhere, since it is clipped, would be read as another one."""
    findings = summary(tmp_path, naive=0.8, periodic=25.0)
    (figure,) = (one for one in findings.figures if one.name == "in-short")
    orders = [
        [layer["encoding"]["y"]["sort"] for layer in panel["layer"] if "y" in layer["encoding"]]
        for panel in (figure.spec or {})["hconcat"]
    ]
    assert len(orders) == 2
    states = list(dict.fromkeys(row["row"] for row in findings.table("in-short").records()))
    assert all(order == states for panel in orders for order in panel)


def test_first_figure_draws_bounds_where_frames_do_not_decide(tmp_path):
    found = summary(tmp_path, on=replace(NEAR, sampled_by=None), noise=0.3)
    point = rows_by(found, "in-short", "quantity", "row")["curvature ratio", "untouched"]
    assert (point["kind"], point["value"], point["drawn"]) == ("bounds", None, None)
    assert (point["from"], point["to"]) == pytest.approx((0.7, 0.7 * 1.18), abs=0.1)
    assert "Thin line: from s to 1/b" in found.figures[0].caption
    assert "R²" not in str(found.figures[0].spec)


def test_many_rows_are_the_last_states_alone(tmp_path):
    states = [Ref("main", "few", number, 1, number, last=True) for number in range(1, MOST_ROWS + 2)]
    scores = scores_of(tmp_path, evaluated(MAIN), *(evaluated(state) for state in states))
    rows = rows_by(found_by(Summary, tmp_path, sets=[scores]), "summary", "state")
    assert list(rows) == ["untouched", f"few, {MOST_ROWS + 1} frames"]


def test_without_an_independent_set_nothing_is_said_about_bias(tmp_path):
    old = scores_of(tmp_path, evaluated(MAIN, OLD), evaluated(NAIVE[0], OLD))
    found = found_by(Summary, tmp_path, sets=[old])
    assert "nothing can be said about bias" in answers(found)["Result"].claim
    assert found.table("summary-2-old").rows
    assert not found.figures


OWN = Ref(set="own trajectory of main", set_kind="self", sampled_by=MAIN, groups="trajectories")
DYNAMICS = Ref(set="dynamics", set_kind="independent", sampled_by=LABELER, groups="trajectories")


def row(slope="s", ratio=1.0, reach=0.02, units=6, sampler=""):
    """One potential's row with that curvature ratio, whose interval reaches so far; 0: too few units for one."""
    sampler = sampler or {"s": "reference", "1/b": "self", "": "unknown"}[slope]
    units = units if reach else 2
    slopes = Slopes(
        ratio, (ratio - reach, ratio + reach) if reach else None, 0.9, 1 / ratio, None, 0.1, 0.1, 9, units, 9
    )
    if slope == "1/b":
        ends = (1 / (ratio + reach), 1 / (ratio - reach)) if reach else None
        slopes = replace(slopes, scale=0.5, scale_interval=None, inverse_slope_interval=ends)
    one = Curvature.of(slopes, sampler, "trajectories")
    fields = dict.fromkeys(SeriesRow.__dataclass_fields__)
    known = {"curvature": Estimate(one.ratio, one.interval), "slope": one.slope, "sampler": sampler, "units": units}
    return SeriesRow(**{**fields, **known, "of": "trajectories", "reading": one.reading, "in_words": one.verdict})


BLIND, FEW = row(""), row("1/b", 0.99, 0.0)


@pytest.mark.parametrize(
    ("given", "own", "decided", "claim"),
    [
        # Both decide, alike: one claim with both numbers.
        (row("s", 0.98), row("1/b", 0.99), True, "not soft (curvature ratio 0.98 [0.96, 1.00], read from s, as the r"),
        (
            row("s", 0.8),
            row("1/b", 0.79),
            True,
            "soft by 20 % (curvature ratio 0.80 [0.78, 0.82], read from s, as the r",
        ),
        (
            row("s", 0.8),
            row("1/b", 0.7),
            True,
            "soft by 20 % (curvature ratio 0.80 [0.78, 0.82], read from s, as the r",
        ),
        # They disagree beyond their intervals, whether or not both decide.
        (row("s", 0.8), row("1/b", 0.99), False, "undecided: the two readings disagree (curvature ratio 0.80"),
        (row("s", 0.99), row("1/b", 1.2), False, "undecided: the two readings disagree (curvature ratio 0.99"),
        (row("s", 0.85), row("1/b", 1.05, 0.12), False, "undecided: the two readings disagree (curvature ratio 0.85"),
        (row("s", 0.93, 0.075), row("1/b", 1.1, 0.09), False, "undecided: the two readings disagree (curvature ra"),
        # At the limit of 5 % it is nothing to disagree about.
        (row("s", 0.94), row("1/b", 0.97), False, "undecided: between soft by 6 % and not soft (curvature ratio 0.94"),
        (row("s", 0.94, 0.005), row("1/b", 0.955, 0.005), False, "undecided: between soft by 6 % and not soft (curv"),
        # One decides; too wide an interval, too few units or frames that do not decide are no evidence against it.
        (
            row("s", 0.95, 0.2),
            row("1/b", 0.99),
            True,
            "not soft (curvature ratio 0.99 [0.97, 1.01], read from 1/b, as it ",
        ),
        (row("s", 0.98), row("1/b", 0.9, 0.2), True, "not soft (curvature ratio 0.98 [0.96, 1.00], read from s, as"),
        (row("s", 0.8), row("1/b", 0.9, 0.2), True, "soft by 20 % (curvature ratio 0.80 [0.78, 0.82], read from s, as"),
        (row("s", 0.8), FEW, True, "soft by 20 % (curvature ratio 0.80 [0.78, 0.82], read from s, as"),
        (BLIND, row("1/b", 0.8), True, "soft by 20 % (curvature ratio 0.80 [0.78, 0.82], read from 1/b, as it d"),
        # None decides: as the test set says.
        (row("s", 0.95, 0.2), row("1/b", 0.99, 0.2), False, "undecided (curvature ratio 0.95 [0.75, 1.15], read f"),
        (BLIND, FEW, False, "undecided: these frames do not decide"),
        # There is one.
        (None, row("1/b", 0.8), True, "soft by 20 % (curvature ratio 0.80 [0.78, 0.82], read from 1/b, as it d"),
        (None, FEW, False, "undecided: 2 trajectories"),
        (row("s", 0.98), None, True, "not soft (curvature ratio 0.98 [0.96, 1.00], read from s, as the reference d"),
    ],
)
def test_two_readings_say_one_thing(given, own, decided, claim):
    found = Softness.of_readings(given, own)
    assert found.claim.replace("\N{NO-BREAK SPACE}", " ").startswith(claim)
    assert found.is_decided == decided
    both = "; " in found.claim
    assert both == (", read from 1/b on its own trajectories)" in found.claim)
    assert ("one of the ensembles is not settled, or the frames are too few" in found.claim) == ("disagree" in claim)


def scores_on(tmp_path, on, scale, noise=0.02, **how):
    return scores_of(tmp_path, evaluated(MAIN, on, scale, noise=noise, **how))


def test_own_trajectories_stand_beside_the_test_set(tmp_path):
    sets, own = [scores_on(tmp_path, DYNAMICS, 0.8)], [scores_on(tmp_path, OWN, 0.8)]
    (verdict,) = found_by(Summary, tmp_path, sets=sets, own=own).verdicts
    assert verdict.decided and (verdict.units, verdict.of) == (6, "trajectories")
    read = "read from s, as the reference drove these frames; 0.80 [0.79, 0.81], read from 1/b on its own trajectories)"
    assert read in verdict.claim
    own_reading = "; on its own 6 trajectories (12 frames): 1/b 0.80 [0.79, 0.81], soft; s 0.799"
    assert own_reading in verdict.evidence
    (verdict,) = found_by(Summary, tmp_path, sets=sets, own=[scores_on(tmp_path, OWN, 1.0)]).verdicts
    assert not verdict.decided and "the two readings disagree" in verdict.claim


def test_an_own_reading_that_does_not_decide_says_why_and_what_does(tmp_path):
    """Planted: not soft on the reference's dynamics, and own trajectories with forces that are mostly noise."""
    sets, own = [scores_on(tmp_path, DYNAMICS, 1.0)], [scores_on(tmp_path, OWN, 0.4, noise=0.43)]
    (verdict,) = found_by(Summary, tmp_path, sets=sets, own=own).verdicts
    assert verdict.decided and verdict.claim.startswith("main: not soft (curvature ratio 1.00")
    _, _, said = verdict.evidence.partition("; on its own 6 trajectories (12 frames): ")
    assert re.match(
        r"1/b 0\.\d\d \[0\.\d\d, \d\.\d\d\], undecided: its interval includes 1, so the test set decides; s 0", said
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (row("s", 0.98), "not soft"),
        (row("s", 0.93, 0.08), "undecided: its interval includes 1"),
        (row("s", 0.98, 0.2), "undecided: its interval reaches past 10\N{NO-BREAK SPACE}%"),
        (BLIND, "undecided: these frames do not decide, as a curvature is read by who sampled them"),
        (FEW, "undecided: 2 trajectories"),
    ],
)
def test_why_a_reading_is_undecided(one, said):
    assert reading_and_why(replace(one, seeds=1)) == said


def test_fine_tuning_that_makes_a_potential_stiff_is_said(tmp_path):
    """Planted: 0.7 before; 1.2 after naive, 0.98 after periodic."""
    verdict = answers(summary(tmp_path, naive=1.2, periodic=0.98))["After fine-tuning"]
    assert "; curvature ratio 0.70 (soft) → 1.20 (stiff) with naive 1, 0.98 (not soft) with periodic 2" in verdict.claim
    assert "→ 1.198 [1.19" in verdict.evidence or "→ 1.200 [1.19" in verdict.evidence


def test_frames_that_show_no_curvature_say_nothing_of_it_after_fine_tuning(tmp_path):
    verdict = answers(summary(tmp_path, on=replace(NEAR, sampled_by=None), noise=0.3))["After fine-tuning"]
    assert "curvature" not in verdict.claim + verdict.evidence


def test_energies_of_several_compositions_have_a_constant_for_each_element(tmp_path):
    mixed = evaluated(MAIN, scale=0.7, shift=2.5)
    for frames in (mixed.reference, mixed.predicted):
        for atoms in list(frames)[:6]:
            atoms.symbols = "LiLiLiCl"
    verdict = answers(found_by(Summary, tmp_path, sets=[scores_of(tmp_path, mixed)]))["How soft?"]
    assert "with reference energies fitted on these frames" in verdict.evidence
    assert "one constant" not in verdict.evidence


def test_without_a_test_set_own_trajectories_answer(tmp_path):
    found = found_by(Summary, tmp_path, own=[scores_on(tmp_path, OWN, 0.8)])
    (verdict,) = found.verdicts
    assert verdict.decided and verdict.claim.startswith("main: soft by 20")
    assert verdict.evidence.startswith("main on its own 6 trajectories (12 frames): 1/b 0.80 [0.79, 0.81], soft; s 0")


@pytest.mark.parametrize(
    ("sets", "first"),
    [
        ([replace(NEAR, sampled_by=None), DYNAMICS], "dynamics"),  # a file that does not decide
        ([NEAR, DYNAMICS], "dynamics"),  # both can: the reference's dynamics
        ([NEAR, replace(DYNAMICS, groups="")], "near"),  # nobody says which frames belong together
        ([replace(NEAR, set="packed", sampled_by=None, minimum_of=LABELER), NEAR], "near"),
        ([NEAR, replace(NEAR, set="again")], "near"),  # the first of two that can
    ],
)
def test_the_first_screen_is_of_a_set_that_can_decide(tmp_path, sets, first):
    """Planted: wherever frames were, the scale is 0.7; which set is taken does not hang on what it shows."""
    scores = [scores_on(tmp_path, on, 0.7) for on in sets]
    found = found_by(Summary, tmp_path, {"order": [on.set for on in sets]}, sets=scores)
    assert f"main on “{first}” (12 frames)" in answers(found)["How soft?"].evidence
    assert found.table("summary").caption.startswith(f"“{first}”")
    assert found.figures[0].caption.startswith(f"“{first}”")


def test_relaxed_structures_have_no_slopes_and_no_panel_of_them(tmp_path):
    packed = replace(NEAR, set="packed", sampled_by=None, minimum_of=LABELER)
    found = found_by(Summary, tmp_path, sets=[scores_on(tmp_path, packed, 0.7)])
    (verdict,) = found.verdicts
    assert verdict.claim == "main: undecided: relaxed structures have no forces to read a curvature from"
    assert "1/b" not in verdict.evidence and "root mean square" not in verdict.evidence and "_by" not in verdict.limits
    shown = {column.name for column in found.table("summary").columns if column.shown}
    assert not shown & {"curvature ratio", "s", "1/b", "reading", "uncentred R²"} and "MAE F" in shown
    assert len((found.figures[0].spec or {})["hconcat"]) == 1


def test_one_step_for_all_sets():
    fine_tuned = replace(OWN, set="own trajectory of main naive 1", sampled_by=NAIVE[0])
    pieces = [Piece("findings", on, on.set, "scores") for on in (OLD, NEAR, OWN, fine_tuned)]
    (wanted,) = Summary(Summary.Options()).wants(StudyPieces("study", pieces))
    assert [piece.ref.set for piece in wanted.inputs["sets"]] == ["near", "old"]
    assert [piece.ref.set for piece in wanted.inputs["own"]] == ["own trajectory of main"]
    assert wanted.options == {"order": ["near", "old"]}


@pytest.mark.parametrize(("reach", "edge"), [(0.1, None), (5.0, "right")])
def test_bars_of_the_first_figure_are_whole_or_have_an_arrow(reach, edge):
    """Those of values that are drawn: a bar that is cut without a sign would be read as its end."""
    rows = [row("s", 0.98), replace(row("s", 1.07), curvature=Estimate(1.07, (1.0, 1.07 + reach)))]
    named = [
        replace(one, potential="main", state=state, strategy="", corrected=rule, mae=Estimate(0.1), frames=9, seeds=1)
        for one, state, rule in zip(rows, ("untouched", "one factor"), ("", "b"), strict=True)
    ]
    figure, (points, _) = first_figure(named, Findings("Errors", tables=[Table("scores", "", (), ())]), "near")
    found = {(one["quantity"], one["row"]): one for one in points.records()}["curvature ratio", "one factor"]
    assert found["on to the left"] is None and (found["on to the right"] is None) == (edge is None)
    assert ("Arrows" in figure.caption) == (edge is not None)
    if edge is None:
        domain = (figure.spec or {})["hconcat"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"]
        assert domain[1] > 1.07 + reach
    else:
        assert found["on to the right"] < 1.07 + reach
