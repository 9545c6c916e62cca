"""Environments of their own: what is wrong with one is a sentence."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from whet import InputError
from whet.running import new_environment
from whet.running.new_environment import LIMITS, create_environment, environment_faults, without_dependencies


def whet(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "whet", *words], cwd=folder, capture_output=True, text=True)


def test_no_interpreter_names_the_command(tmp_path: Path) -> None:
    offers, (fault,) = environment_faults(tmp_path / "mine")
    assert not offers
    assert "make it: whet env create mine --plugin PLUGIN" in fault


def test_an_interpreter_without_whet_says_so(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    _, (fault,) = environment_faults(tmp_path / "bare")
    assert "Whet does not run in it" in fault
    assert "No module named whet" in fault
    ended = whet("env", "check", "--in", str(tmp_path), folder=tmp_path)
    assert ended.returncode == 2
    assert "Whet does not run in it" in ended.stdout


def test_nothing_to_check_is_one_line(tmp_path: Path) -> None:
    ended = whet("env", "check", folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "whet: .envs: there is no environment. Make one: whet env create NAME --plugin PLUGIN\n"


def test_a_folder_that_is_no_plugin_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no pyproject\.toml"):
        create_environment(tmp_path / "mine", [str(tmp_path / "empty")])
    assert not (tmp_path / "mine").exists()


def test_an_environment_that_works_lists_what_it_offers(sevennet_python: Path) -> None:
    offers, faults = environment_faults(sevennet_python.parents[1])
    assert "potentials sevennet" in offers
    assert not faults


def test_an_interpreter_that_cannot_be_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"the environment cannot be made \(no-such-python cannot be run: No such file"
    ):
        create_environment(tmp_path / "mine", ["whet-toy"], python=Path("no-such-python"))


def plugin_folder(folder: Path, *requires: str) -> Path:
    folder.mkdir()
    lines = ["[project]", f'name = "whet-{folder.name}"', 'version = "1"', f"dependencies = {list(requires)}"]
    (folder / "pyproject.toml").write_text("\n".join(lines))
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would be run, of a Whet that was installed from its folder."""
    commands: list[list[str]] = []
    sources = Path(__file__).parents[3] / "framework"

    def run(command: list[str], folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        commands.append(command)

    monkeypatch.setattr(new_environment, "_run", run)
    monkeypatch.setattr(new_environment, "_own_source", lambda: new_environment._Source(sources, True))
    monkeypatch.setattr(new_environment, "environment_faults", lambda folder: (["potentials x"], []))
    monkeypatch.setattr(new_environment, "without_dependencies", lambda interpreter: [])
    monkeypatch.setattr(new_environment, "version", lambda name: {"torch": "2.13.0+cpu"}.get(name, "0.1.0"))
    return commands


def test_torch_comes_only_where_a_plugin_requires_it(tmp_path: Path, asked: list[list[str]]) -> None:
    light = plugin_folder(tmp_path / "light", "whet>=0.1", "numpy")
    create_environment(tmp_path / "one", [str(light)])
    _, pip = asked
    assert not [word for word in pip if "torch" in Path(word).name]
    assert pip[-2:] == ["-e", str(light)]
    # Where something else should require it: of this version, and from this folder.
    limits = (tmp_path / "one" / LIMITS).read_text().splitlines()
    assert limits[0].startswith("whet-torch @ file://") and limits[0].endswith("/framework/torch")
    assert limits[1:] == ["torch==2.13.0"]


def test_what_plugins_of_torch_share_comes_with_them(tmp_path: Path, asked: list[list[str]]) -> None:
    heavy = plugin_folder(tmp_path / "heavy", "whet>=0.1", "Whet_Torch>=0.1; python_version > '3'", "torch>=2.6")
    create_environment(tmp_path / "one", [str(heavy)])
    _, pip = asked
    assert [Path(word).name for word in pip[pip.index("-e") :]] == ["-e", "framework", "-e", "torch", "-e", "heavy"]
    assert (tmp_path / "one" / LIMITS).read_text() == "torch==2.13.0\n"


def wheel(folder: Path, name: str, requires: str = "", entry_points: str = "") -> None:
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{module}.py", "raise SystemExit(2)")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/entry_points.txt", entry_points)
        archive.writestr(f"{info}/RECORD", "")


def test_packages_without_their_dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an installed plugin, from a local index: what it lists comes alone, and what it lacks is no clash."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    extra = "Provides-Extra: no-deps\nRequires-Dist: graphical>=1; extra == 'no-deps'\n"
    wheel(wheels, "whet-weights", extra, "[whet]\nweights = whet_weights\n")
    wheel(wheels, "graphical", "Requires-Dist: toolkit-of-gigabytes\n")
    wheel(wheels, "whet")
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(wheels)), ("PIP_CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(new_environment, "_own_source", lambda: None)
    monkeypatch.setattr(new_environment, "version", lambda name: "1.0")
    with pytest.raises(InputError, match="Whet does not run in it"):  # this one is nothing but a name
        create_environment(tmp_path / "one", ["weights"])
    python = tmp_path / "one" / "bin" / "python"
    assert without_dependencies(python) == ["graphical>=1"]
    listed = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout
    assert "graphical" in listed
    assert "toolkit" not in listed
    pip = subprocess.run([python, "-m", "pip", "check"], capture_output=True, text=True)
    assert "graphical 1.0 requires toolkit-of-gigabytes" in pip.stdout
    assert not new_environment.clashes(python)
