"""The page on writing a plugin is true: the plugin that stands in it works, and the template becomes one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from bits import contents
from whet import FrameError, Labels, Study, export_frames, frame_key, read_labeled
from whet.data.errors import InputError
from whet.plugins.registry import registry
from whet.plugins.template import new_plugin
from whet.testing import check_descriptor, check_engine, check_labeler, check_potential, check_probe

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "writing-a-plugin.md").read_text()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin of the page, as pip would leave it."""
    for name, text in re.findall(r"```python\n# src/(whet_tiny/\w+\.py)\n(.*?)```", PAGE, re.DOTALL):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    entry = re.search(r"\[project.entry-points.whet\]\n(.*?)\n```", PAGE, re.DOTALL)
    assert entry
    info = tmp_path / "whet_tiny-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whet-tiny\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[whet]\n{entry.group(1)}\n".replace('"', ""))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    registry.cache_clear()
    yield
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_tiny"]:
        del sys.modules[name]


def test_the_plugin_of_the_page_passes_every_check(tiny: None) -> None:
    for check in (check_potential, check_engine, check_labeler, check_descriptor):
        check("tiny").raise_for_failures()
    check_labeler("tiny-program").raise_for_failures()
    check_probe("tiny-vacancy").raise_for_failures()


def test_the_format_of_the_page_is_read_and_written(tiny: None, tmp_path: Path) -> None:
    given = [Labels(0.1 - k, np.full((3, 3), k / 3)).attach(Atoms("OH2", np.eye(3) * (k + 1) / 7)) for k in range(3)]
    export_frames(tmp_path / "a.tiny", given)
    (tmp_path / "a.tiny").rename(tmp_path / "b")
    for frame, back in zip(given, read_labeled(tmp_path / "b"), strict=True):
        assert frame_key(back) == frame_key(frame)
        assert Labels.of(back).energy == Labels.of(frame).energy
        assert Labels.of(back).forces.tobytes() == Labels.of(frame).forces.tobytes()
    with (tmp_path / "b").open("a") as file:
        file.write("tiny 1 O 0 0 0 0 0\n")
    with pytest.raises(FrameError, match="b, line 4: "):
        read_labeled(tmp_path / "b")


def test_the_executor_of_the_page_runs_a_study(tiny: None, toy: None, study_file: Path) -> None:
    few = ["strategies={}", "self_generated.of=none", "analyses=[scores]"]
    here = Study.load(study_file, few)
    assert not here.run(workers=0).failed
    there = Study.load(study_file, [*few, "store=there", "running={use: tiny, workers: 2}"])
    account = there.run()
    assert not account.failed and len(account.ran) == len(there.plan.steps)
    assert contents(there.store) == contents(here.store)
    assert len([*there.store.root.glob("executors/tiny/*.json")]) == len(account.ran)


@pytest.mark.parametrize(
    ("name", "folder"), [("mine", "whet-mine"), ("my-2nd-try", "whet-my-2nd-try"), ("whet-x", "whet-x")]
)
def test_a_new_plugin_has_its_own_name_everywhere(tmp_path: Path, name: str, folder: str) -> None:
    made = new_plugin(name, tmp_path)
    assert made.name == folder
    module = folder.replace("-", "_")
    assert (made / "src" / module / "weights" / "noble-gases.json").is_file()
    for path in made.rglob("*"):
        if path.is_file():
            assert "pairwise" not in path.read_text().lower(), path
            assert "pairwise" not in str(path.relative_to(tmp_path))


@pytest.mark.parametrize("name", ["Mine", "1st", "my_potential", "a--b", "class", "", "../x"])
def test_names_that_cannot_be_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of a plugin"):
        new_plugin(name, tmp_path)


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "whet-mine").mkdir()
    (tmp_path / "whet-mine" / "work").write_text("of weeks")
    with pytest.raises(InputError, match="there is something in this folder already"):
        new_plugin("mine", tmp_path)


STUDY = """\
name: fresh
structures: {file: starts.xyz}
potentials: {main: my-potential}
labeler: {use: teacher, potential: {use: my-potential, model: WEIGHTS}}
dynamics: {use: ase-md, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 3}
strategies: {naive: 1}
tests: {independent: {trajectories: 1}}
"""


@pytest.mark.slow
def test_from_the_template_to_a_study_in_a_fresh_environment(tmp_path: Path) -> None:
    """What the page tells a stranger to do, with Whet installed from its wheel."""
    here = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", here], check=True)

    def run(*words: str | Path, folder: Path = tmp_path) -> str:
        ended = subprocess.run([here / "bin" / words[0], *words[1:]], cwd=folder, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
        return ended.stdout

    limits = ["-c", ROOT / "constraints.txt"]
    sources = [ROOT / "framework", ROOT / "plugins" / "ase-md", ROOT / "plugins" / "teacher"]
    run("pip", "install", "-q", *limits, *sources)
    run("whet", "plugins", "new", "my-potential")
    made = tmp_path / "whet-my-potential"
    run("pip", "install", "-q", *limits, "-e", f"{made}[test]")
    assert "my-potential" in run("whet", "plugins")
    (found,) = json.loads(run("whet", "plugins", "check", "my-potential", "--json"))
    assert found["ok"]
    assert {outcome["tier"] for outcome in found["outcomes"]} == {"contract", "physics", "training", "device"}
    assert " passed" in run("python", "-m", "pytest", "-q", folder=made)

    from ase.build import bulk
    from ase.io import write

    write(tmp_path / "starts.xyz", [bulk("Ar", "fcc", a=4.6 + number / 100, cubic=True) for number in range(3)])
    weights = json.loads((made / "src" / "whet_my_potential" / "weights" / "noble-gases.json").read_text())
    weights["coefficients"] = [[1.4 * number for number in row] for row in weights["coefficients"]]
    (tmp_path / "harder.json").write_text(json.dumps(weights))
    (tmp_path / "study.yaml").write_text(STUDY.replace("WEIGHTS", "harder.json"))
    said = run("whet", "run", "study.yaml")
    assert "my-potential noble-gases" in said and "After fine-tuning" in said and "naive 1" in said
