"""No command runs code that is in a file, unless somebody vouches for the file's content."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ase.build import bulk

from whet import FrameSet, Spec, TrustedFiles, WhetError, export_frames, load
from whet.plugins.registry import registry

CARELESS = Path(__file__).parents[1] / "careless"

STUDY = """\
name: careless
structures: {use: toy, repeat: 2}
potentials: {main: SPEC}
labeler: LABELER
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
tests: {independent: {trajectories: 1}}
"""


class Bomb:
    """Unpickled, it makes the canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.canary}'",)


class House:
    """A folder with a malicious file, frames, studies that use the file, and a home without any trust."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.canary = folder / "canary"
        self.frames = folder / "frames.extxyz"
        self.monkeypatch = monkeypatch
        self.move()
        monkeypatch.syspath_prepend(str(CARELESS))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CARELESS), os.environ["PYTHONPATH"]]))
        registry.cache_clear()
        atoms = bulk("Ar", cubic=True, a=5.2)
        atoms.rattle(0.05, seed=1)
        (labels,) = load("toy:hard").evaluate([atoms])
        export_frames(self.frames, FrameSet((labels.attach(atoms),)))

    def move(self, name: str = "home") -> None:
        """From now on it is another user who calls."""
        self.monkeypatch.setenv("XDG_DATA_HOME", str(self.folder / name))

    def study(self, spec: str, labeler: str = "toy") -> str:
        path = self.folder / "study.yaml"
        path.write_text(STUDY.replace("SPEC", spec).replace("LABELER", labeler))
        return str(path)

    def whet(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "whet", *arguments], capture_output=True, text=True, cwd=self.folder, timeout=300
        )

    def commands(self, spec: str) -> dict[str, list[str]]:
        teacher = f"{{use: teacher, potential: '{spec}'}}"
        (self.folder / "teacher").mkdir(exist_ok=True)
        taught = self.folder / "teacher" / "study.yaml"
        taught.write_text(STUDY.replace("SPEC", "toy").replace("LABELER", teacher))
        return {
            "evaluate": ["evaluate", str(self.frames), "-p", spec],
            "evaluate workers": ["evaluate", str(self.frames), "-p", spec, "-p", "toy", "--workers", "2"],
            "check": ["check", self.study(spec)],
            "check --json": ["check", self.study(spec), "--json"],
            "run": ["run", self.study(spec)],
            "check labeler": ["check", str(taught)],
            "run labeler": ["run", str(taught)],
            "label": ["label", str(self.frames), "-l", "teacher", "--set", f"potential={spec}"],
        }


@pytest.fixture
def house(tmp_path: Path, toy: None, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


def careless_file(house: House) -> Path:
    path = house.folder / "bad.pkl"
    path.write_bytes(pickle.dumps(Bomb(house.canary)))
    return path


def mace_file(house: House) -> Path:
    if "mace" not in registry().names("potentials"):
        pytest.skip("whet-mace is not installed")
    path = house.folder / "bad.model"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bad/data.pkl", pickle.dumps(Bomb(house.canary), protocol=2))
        archive.writestr("bad/version", "3\n")
    return path


@pytest.mark.parametrize(
    ("potential", "make"), [("careless", careless_file), pytest.param("mace", mace_file, marks=pytest.mark.slow)]
)
def test_every_command_refuses_and_runs_nothing(house: House, potential: str, make: Any) -> None:
    path = make(house)
    for name, arguments in house.commands(f"{potential}:{path}").items():
        ended = house.whet(*arguments)
        # Beside it there are lines of progress.
        said = [line for line in ended.stderr.splitlines() if "loading this file" in line or line.startswith("whet: ")]
        assert not house.canary.exists(), name
        assert ended.returncode == 2, (name, ended.stderr, ended.stdout)
        assert len(said) == 1, (name, ended.stderr)
        assert str(path) in said[0], name
        assert said[0].endswith(f"whet models trust {path}"), (name, said)


@pytest.mark.parametrize(("potential", "make"), [("careless", careless_file), ("mace", mace_file)])
def test_the_kit_and_the_listings_run_nothing(
    house: House, potential: str, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(house)
    kit = house.whet("plugins", "check", f"{potential}:{path}", "--only", "states_what_it_can_do")
    assert kit.returncode == 2 or (kit.returncode == 1 and "whet models trust" in kit.stdout), kit
    models = house.folder / "models"
    models.mkdir()
    shutil.copy(path, models / "mace_mp_small.model")
    monkeypatch.setenv("WHET_MODELS", str(models))
    for arguments in (["models", "list"], ["plugins"], ["models", "trust", str(path)], ["models", "trust", "--list"]):
        ended = house.whet(*arguments)
        assert ended.returncode == 0, ended.stderr
    assert not house.canary.exists()


def test_consent_is_to_the_content_and_can_be_taken_back(house: House) -> None:
    path = careless_file(house)
    evaluate = ["evaluate", str(house.frames), "-p", f"careless:{path}"]
    assert house.whet("models", "trust", str(path)).returncode == 0
    assert "trusted by you on" in house.whet("check", house.study(f"careless:{path}")).stdout
    house.whet(*evaluate)
    assert house.canary.exists(), "what the user trusts is loaded"
    house.canary.unlink()
    assert house.whet("models", "trust", "--remove", str(path)).returncode == 0
    assert house.whet(*evaluate).returncode == 2
    assert house.whet("models", "trust", str(path)).returncode == 0
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"touch", b"rm -f"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert house.whet(*evaluate).returncode == 2
    assert not house.canary.exists()


def test_a_file_that_is_swapped_after_it_was_described_is_refused(house: House) -> None:
    path = house.folder / "honest.pkl"
    bad = careless_file(house).read_bytes()
    path.write_bytes(pickle.dumps([0.5, 0.1, -0.2, -0.1, 0.0]).ljust(len(bad), b"."))
    TrustedFiles().add([path])
    component = registry().resolve("potentials", Spec("careless", {"model": str(path)}))
    status = path.stat()
    path.write_bytes(bad)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    with pytest.raises(WhetError, match="whet models trust"):
        registry().load(component)


@pytest.mark.slow
def test_what_a_study_made_here_loads_and_elsewhere_asks(house: House) -> None:
    study = house.study("careless")
    first = house.whet("run", study)
    assert first.returncode == 0, first.stderr
    listed = json.loads((house.folder / "home" / "whet" / "trusted.json").read_text())["files"]
    assert {entry["by"] for entry in listed.values()} == {"made here"}
    made = sorted(house.folder.rglob("made.pkl"))
    evaluate = ["evaluate", str(house.frames), "-p", f"careless:{made[0]}"]
    assert house.whet(*evaluate).returncode == 0
    house.move("another")
    ended = house.whet(*evaluate)
    assert ended.returncode == 2
    assert "whet models trust" in ended.stderr
    # More of the study: steps that load what the other one's steps have made.
    more = house.whet("run", study, "--set", "tests.independent.trajectories=2")
    assert more.returncode != 0
    assert "whet models trust" in more.stderr + more.stdout
    assert all(house.whet("models", "trust", str(path)).returncode == 0 for path in made)
    assert house.whet("run", study, "--set", "tests.independent.trajectories=2").returncode == 0


@pytest.mark.slow
def test_published_weights_and_their_answer_need_no_trust(
    house: House, reference_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "mace" not in registry().names("potentials"):
        pytest.skip("whet-mace is not installed")
    monkeypatch.setenv("WHET_MODELS", str(reference_data / "weights" / "mace"))
    ended = house.whet("models", "verify", "mace:small")
    assert ended.stdout == "mace:small: checksum and answer are right\n", ended.stderr
    checked = house.whet("check", house.study("mace:small"))
    assert "published as mace:small, runs no code" in checked.stdout
