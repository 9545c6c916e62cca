"""The commands for authors and for models: what they say, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def whet(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "whet", *words], capture_output=True, text=True)


def test_a_check_that_passes_and_one_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    only = ("--only", "stress_is_the_strain_derivative", "--only", "outputs_are_plain_arrays")
    good = whet("plugins", "check", "pairwise", *only)
    assert good.returncode == 0
    assert "No fault found: 2 passed." in good.stdout
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "faulty"))
    bad = whet("plugins", "check", "faulty", "--set", "fault=stress sign", *only)
    assert bad.returncode == 2
    assert "its sign is wrong" in bad.stdout
    assert "/docs/reference/conformance.md#stress_is_the_strain_derivative" in bad.stdout
    assert "1 failed, 1 passed." in bad.stdout
    listed = whet("plugins", "check", "faulty", "--set", "fault=stress sign", *only, "--json")
    assert listed.returncode == 2
    ((outcomes),) = json.loads(listed.stdout)
    assert [outcome["status"] for outcome in outcomes["outcomes"]] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("plugins", "check", "pairwis"),
            "there is no backend that can be checked 'pairwis'. Did you mean 'pairwise'?",
        ),
        (("plugins", "check", "pairwise", "-t", "phisics"), "there is no tier 'phisics'. Known: contract, physics"),
        (("plugins", "check", "pairwise", "--only", "isolated"), "there is no check 'isolated'. Did you mean"),
        (("plugins", "check", "pairwise:absent"), "there is no pairwise model 'absent'"),
        (("plugins", "check", "pairwise", "--set", "modle=x"), "unknown key; did you mean 'model'?"),
        (("plugins", "new", "My"), "'My' cannot be the name of a plugin"),
        (("models", "prefetch"), "no model is named"),
        (("models", "prefetch", "pairwise:noble"), "Did you mean 'pairwise:noble-gases'?"),
        (("models", "verify", "pairwise"), "'pairwise' names no model. Known: pairwise:noble-gases"),
    ],
)
def test_what_is_wrong_is_one_line(words: tuple[str, ...], said: str) -> None:
    ended = whet(*words)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_version() -> None:
    from importlib.metadata import version

    assert whet("--version").stdout == f"whet {version('whet')}\n"


def test_models_are_listed_fetched_and_verified() -> None:
    listed = whet("models", "list")
    assert max(map(len, listed.stdout.splitlines())) <= 80
    models = {model["name"]: model for model in json.loads(whet("models", "list", "--json").stdout)}
    assert models["pairwise:noble-gases"]["here"]
    assert models["pairwise:noble-gases"]["known_answer"]
    fetched = whet("models", "prefetch", "pairwise:noble-gases")
    assert fetched.stdout.startswith("pairwise:noble-gases: /")
    assert whet("models", "verify", "pairwise:noble-gases").stdout == (
        "pairwise:noble-gases: checksum and answer are right\n"
    )


def test_a_model_that_lies_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose known answer is another: as if an upgrade had changed the arithmetic."""
    package = tmp_path / "whet_pairwise"
    source = Path(__file__).parents[3] / "plugin-template" / "src" / "whet_pairwise"
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = package / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    potential = package / "potential.py"
    text = potential.read_text()
    assert "yield Labels(float(energy @ coefficients)," in text
    potential.write_text(text.replace("float(energy @ coefficients)", "2.0 * float(energy @ coefficients)"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = whet("models", "verify", "pairwise:noble-gases")
    assert ended.returncode == 2
    assert "model 'noble-gases', answers an energy of" in ended.stdout
