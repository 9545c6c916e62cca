"""Tables and paragraphs on a terminal and in a pipe: they fit where they can, and no key or path is ever broken."""

from __future__ import annotations

import pytest

from whet.cli import terminal
from whet.cli.terminal import print_table, wrapped

KEY = "fine-tune-62183b0f4a1c77d2e0915ac3b8e7"
PATH = f"/scratch/some-group/some.body/studies/of-argon/.whet/steps/{KEY}/fine-tuning/weights.model"


@pytest.mark.parametrize("width", [None, 60], ids=["piped", "terminal"])
def test_keys_and_paths_stay_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int | None
) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(terminal, "width", lambda: width)
    sentence = "its weights are gone, which a run would have found by itself; it does the step again " * 2
    print_table(("damaged", "which", "fault"), [("step", f"naive 1: fine-tune\n{KEY}", f"{sentence}({PATH})")])
    lines = capsys.readouterr().out.splitlines()
    assert any(PATH in line for line in lines) and any(KEY in line.split() for line in lines)
    assert len(lines) > 3, "a sentence still has its lines"
    wrapped(f"{sentence}{KEY} {PATH}")
    said = capsys.readouterr().out
    assert KEY in said and PATH in said


def test_what_fits_is_no_wider_than_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("state", "key", "why"), [("failed", KEY, "no node of the cluster has room for such a step " * 4)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) > 4 and KEY in lines[1]
    assert " ".join("".join(lines[1:]).split()).count("no node of the cluster has room") == 4
