"""What the pages of the examples claim is what their studies answer."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from doc_scripts import script
from in_process import whet
from whet import Study

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "examples" / "quickstart" / "README.md"


def claimed() -> dict[str, str]:
    """Question -> answer, as the page quotes the end of a run."""
    (quoted,) = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found: dict[str, str] = {}
    for block in quoted.strip().split("\n\n"):
        question, *answer = block.splitlines()
        found[question] = " ".join(line.strip() for line in answer)
    return found


def wordy(text: str) -> str:
    """Without its numbers, and readings of a ratio at the very limit: another machine's trajectories soon differ."""
    plain = text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(
        r"[−+]?\d+(\.\d+)?", "#", re.sub(r"(1\.05|0\.95) \((not soft|soft|stiff)\)", "# (at the limit)", plain)
    )


def test_the_page_of_the_quickstart_says_nothing_of_its_own() -> None:
    """Each bold claim of the page rests on an answer that it quotes."""
    answers, text = claimed(), PAGE.read_text(encoding="utf-8")
    assert set(answers) == {"How soft?", "After fine-tuning", "Naive or periodic?", "Displaced minima?"}
    assert ("**CHGNet is not soft" in text) == ("not soft" in answers["How soft?"])
    assert ("**Its minima are displaced" in text) == ("longer by" in answers["Displaced minima?"])
    (percent,) = set(re.findall(r"force error −(\d+) %", answers["After fine-tuning"]))
    assert f"take {percent} % off the force error" in text
    strategies = answers["Naive or periodic?"]
    assert ("With one run of each, nothing is decided" in text) == ("undecided: one run of each" in strategies)
    assert ("forces and relative energies no difference" in text) == ("energies, forces: no diff" in strategies)
    assert ("became stiff" in text) == ("(stiff) with naive" in answers["After fine-tuning"])


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_quickstart_answers_what_its_page_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run = whet("run", PAGE.parent, "--set", f"store={tmp_path / 'store'}", "--out", tmp_path / "report", "--json")
    answered: dict[str, list[str]] = {}
    for one in json.loads(run.stdout)["answers"]:
        answered.setdefault(one["question"], []).append(wordy(one["claim"]))
    for question, answer in claimed().items():
        assert wordy(answer) in answered[question]
    if shutil.which("chromium"):
        taking, taken = script("take_picture"), tmp_path / "report.png"
        taking.take(Study.load(PAGE.parent, [f"store={tmp_path / 'store'}"]).stored, taken)
        assert taking.size_of(taken) == taking.size_of(taking.PICTURE)
        assert {q: [*map(wordy, claims)] for q, claims in taking.answers_in(taken).items()} == answered
