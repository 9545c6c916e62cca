"""A potential that a step made and whose file is gone or was changed: the step is done again, the file never used."""

from __future__ import annotations

from pathlib import Path

import pytest

from whet import Study


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_damaged_model_is_made_again(toy: None, study_file: Path, how: str) -> None:
    study = Study.load(study_file)
    assert not study.run(workers=0).failed
    scores = study.stored.scores
    path = sorted(study_file.parent.glob(".whet/steps/fine-tune-*/fine-tuning/coefficients.json"))[0]
    whole = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(whole.replace(b"1", b"2", 1))
    account = Study.load(study_file).run(workers=0)
    key = path.parents[1].name
    assert account.ran == [key] and list(account.damaged) == [key] and not account.failed
    assert path.read_bytes() == whole
    assert Study.load(study_file).stored.scores == scores
