"""The page on dynamics: every block of it is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from whet.study.rounds import Strategy

from whet.contracts.component import Spec
from whet.plugins.registry import registry

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "dynamics.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"), ids=range(len(blocks("yaml"))))
def test_every_key_is_known(block: str) -> None:
    given: dict[str, Any] = YAML(typ="safe").load(block)
    here = registry()
    if "dynamics" in given:
        here.resolve("md_engines", Spec.parse(given["dynamics"], folder=Path.cwd()))
    for potential in given.get("potentials", {}).values():
        here.resolve("potentials", Spec.parse(potential, folder=Path.cwd()))
    for strategy in given.get("strategies", {}).values():
        Strategy.checked(strategy, of="a strategy")


def test_the_python_of_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    exec(compile(code, str(PAGE), "exec"), {})
    assert "(0.0, 5.0, 10.0) None" in capsys.readouterr().out
