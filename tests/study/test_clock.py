"""The time on the clock: steps side by side count once, pauses do not count, and a report says both."""

from __future__ import annotations

from pathlib import Path

import pytest

from whet import Study
from whet.data.numbers import duration
from whet.study.clock import time_on_the_clock
from whet.study.record import record_of


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        ([(0, 10), (20, 5)], 15),  # a pause between
        ([(0, 10), (4, 10)], 14),  # side by side
        ([(0, 10), (2, 3)], 10),  # one within the other
        ([(0, 4), (0, 4), (3, 6)], 9),  # two of one batch, which took 8 s
        ([(None, 3), (0, 10)], 13),
        ([], 0),
    ],
)
def test_what_runs_side_by_side_counts_once(steps: list[tuple[float | None, float]], seconds: float) -> None:
    measured = [{"seconds": took} | ({} if start is None else {"started": 1e9 + start}) for start, took in steps]
    assert time_on_the_clock(measured) == pytest.approx(seconds)


def test_a_report_says_core_hours_and_the_time_on_the_clock(
    toy: None, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.load(study_file, ["strategies={}", "self_generated={of: none}"])
    assert not study.run(workers=0).failed
    work = sum(study.stored.cost.values())
    monkeypatch.setattr("whet.study.cost_table.time_on_the_clock", lambda measured: 0.5 * work)
    (line,) = [line for line in record_of(study.stored).cost if "core" in line]
    assert line.endswith(f"in {duration(0.5 * work)} on the clock.")
    minutes = float(line.partition(" core minutes")[0])
    assert minutes == pytest.approx(work / 60, rel=0.06), "two digits, of one thread"
