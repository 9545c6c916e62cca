"""The page on dynamics: every block of it is true."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from ase.build import bulk
from ruamel.yaml import YAML

from whet import Stopped
from whet.contracts.component import Spec
from whet.plugins.registry import registry
from whet.study.strategy import Strategy

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
    sampling, monitor = blocks("python")
    exec(compile(sampling, str(PAGE), "exec"), {})
    assert "(0.0, 5.0, 10.0) None" in capsys.readouterr().out
    names: dict[str, Any] = {}
    exec(compile(monitor, str(PAGE), "exec"), names)
    crystal = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    for limit in (2.7, 2.9):
        look = names["MinDistance"](names["ShortestDistance"](limit=limit)).watch(None)
        with pytest.raises(Stopped, match=r"2\.80 Å apart") if limit > 2.8 else nullcontext():
            look(crystal, None)
