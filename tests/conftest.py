"""Fixtures of every test: the toy plugin, a toy study, and the reference data where there are any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from one_machine_slurm import slurm, slurm_daemons

__all__ = ["slurm", "slurm_daemons"]

TOY = Path(__file__).parent / "toy"

STUDY = """\
name: toy
structures: {use: toy, repeat: 2}
potentials:
  main: toy
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 5}
strategies: {naive: 2, periodic: 2}
tests: {independent: {trajectories: 1}}
"""


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real data; tests that need it skip where it is not set."""
    folder = os.environ.get("WHET_REFERENCE_DATA")
    if not folder:
        pytest.skip("the environment variable WHET_REFERENCE_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def sevennet_python() -> Path:
    """The interpreter of SevenNet's own environment; tests that need it skip where it is not made."""
    python = Path(__file__).parents[1] / ".envs" / "sevennet" / "bin" / "python"
    if not python.is_file():
        pytest.skip("there is no environment of SevenNet: make environments")
    return python


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy plugin, installed for this process and for workers that it starts."""
    from whet.plugins.registry import registry

    monkeypatch.syspath_prepend(str(TOY))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TOY), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    registry.cache_clear()
    yield
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_toy"]:
        del sys.modules[name]


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """A toy study in a folder of its own."""
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="session")
def foreign_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with Whet and the toy plugin; the plugin is nowhere else."""
    folder = tmp_path_factory.mktemp("environment") / "foreign"
    venv.create(folder, with_pip=False)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    here = sysconfig.get_path("purelib")
    (own / "whet.pth").write_text(f"import site; site.addsitedir({here!r})\n{TOY}\n")
    return folder / "bin" / "python"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where mounting one is possible."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)
