"""A study over a real Slurm: the same results as in this process, whatever is killed meanwhile, and nothing left."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bits import contents
from one_machine_slurm import OneMachineSlurm
from whet import Study

pytest.importorskip("whet_slurm")

STUDY = """\
name: slurm
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 40, every: 10, temperature: 100}
analyses: {bonds: false, data: false, minima: false, residuals: false, softening: false, summary: false}
"""

MORE = "tests: {independent: {trajectories: 1, driver: foundation}}\n"
"""A second trajectory, beside the potential's own."""

RUNNING = """\
running:
  use: slurm
  look_every: 0.3
  workers: 4
  backoff: 0.1
"""

AT_ITS_FIRST_STEP = "  setup: [\"mkdir '{}' 2> /dev/null && sleep {}\"]\n"
"""Of all jobs, the one that makes the folder takes its time."""


def study(folder: Path, running: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "study.yaml").write_text(STUDY + running)
    return folder / "study.yaml"


def wait_until(is_so: Callable[[], object], within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def driver(folder: Path) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "whet", "run", "study.yaml"]
    return subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def driver_at_its_first_step(folder: Path, began: Path, seconds: float) -> subprocess.Popen[str]:
    """A driver whose first job has begun, and takes its time."""
    study(folder, RUNNING + AT_ITS_FIRST_STEP.format(began, seconds))
    process = driver(folder)
    wait_until(began.exists)
    return process


def ended(process: subprocess.Popen[str]) -> None:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err


def logs(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.glob(".whet/steps/*/log.txt"))


def events(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted((folder / ".whet" / "runs").iterdir()))


def labels_in(study: Study) -> int:
    return sum(count for _, count in study.store.labels.counts())


@pytest.fixture
def bought(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each label that was computed."""
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(tmp_path / "bought"))
    return tmp_path / "bought"


@pytest.fixture
def expected(toy: None, tmp_path: Path) -> dict[str, str]:
    """What the study's store holds when all of it was done in this process."""
    there = Study.load(study(tmp_path / "here"))
    assert not there.run(workers=0).failed
    return contents(there.store)


def test_a_study_over_slurm_gives_what_it_gives_here(
    expected: dict[str, str], slurm: OneMachineSlurm, tmp_path: Path
) -> None:
    over_slurm = Study.load(study(tmp_path / "there", RUNNING))
    account = over_slurm.run()
    assert not account.failed and len(account.ran) == len(over_slurm.plan.steps)
    assert contents(over_slurm.store) == expected and "scores-" in " ".join(expected)
    assert not slurm.queue()
    assert "step-lost" not in events(tmp_path / "there")


@pytest.mark.slow
def test_a_driver_that_is_killed_leaves_its_jobs_to_the_next(
    expected: dict[str, str], bought: Path, slurm: OneMachineSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job has some labels by then, and hangs: stopped at the third one."""
    folder = tmp_path / "there"
    study(folder, RUNNING)
    deaths = tmp_path / "deaths"
    deaths.write_text(f"-\n-\n{signal.SIGSTOP:d}")
    monkeypatch.setenv("WHET_TOY_DEATHS", str(deaths))
    first = driver(folder)
    wait_until(lambda: deaths.read_text() == "")
    first.kill()
    first.communicate()
    assert any(name.startswith("label-") for name in slurm.queue().values())
    ended(driver(folder))
    assert not slurm.queue()
    resumed = Study.load(folder / "study.yaml")
    assert contents(resumed.store) == expected
    labels = labels_in(resumed)
    # The third one had been begun: it is done when the job goes on before it ends, or else begun once more.
    assert len(bought.read_text().split()) in (labels, labels + 1) and labels > 3
    assert len([path for path in (folder / ".whet" / "executors" / "slurm").iterdir() if path.is_dir()]) == 0


@pytest.mark.slow
def test_a_killed_driver_leaves_no_job_that_waits(toy: None, slurm: OneMachineSlurm, tmp_path: Path) -> None:
    """Two structures for a machine on which one job has room: one runs, the other waits."""
    folder = tmp_path / "there"
    study(folder, MORE + RUNNING + "  threads: 4\n" + AT_ITS_FIRST_STEP.format(tmp_path / "began", 600))
    first = driver(folder)
    wait_until(lambda: sorted(slurm.ask("squeue", "-h", "-o", "%T").split()) == ["PENDING", "RUNNING"])
    first.kill()
    first.communicate()
    assert len(slurm.queue()) == 2
    ended(driver(folder))
    assert not slurm.queue()


@pytest.mark.slow
def test_a_job_that_is_killed_is_tried_again_with_its_labels(
    expected: dict[str, str], bought: Path, slurm: OneMachineSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "there"
    (tmp_path / "deaths").write_text(f"-\n-\n{signal.SIGKILL:d}")
    monkeypatch.setenv("WHET_TOY_DEATHS", str(tmp_path / "deaths"))
    over_slurm = Study.load(study(folder, RUNNING))
    assert not over_slurm.run().failed
    assert contents(over_slurm.store) == expected and not slurm.queue()
    assert "the job was ended by signal 9. Out of memory?" in logs(folder)
    assert len(bought.read_text().split()) == labels_in(over_slurm) + 1, "the one that was being computed"


@pytest.mark.slow
def test_a_job_that_is_cancelled_by_hand_is_tried_again(
    expected: dict[str, str], slurm: OneMachineSlurm, tmp_path: Path
) -> None:
    folder, began = tmp_path / "there", tmp_path / "began"
    process = driver_at_its_first_step(folder, began, 600)
    slurm.ask("scancel", "--user=root")
    ended(process)
    assert "the job was cancelled" in logs(folder) and "step-lost" in events(folder)
    assert contents(Study.load(folder / "study.yaml").store) == expected and not slurm.queue()


@pytest.mark.slow
def test_a_job_over_its_walltime_is_tried_again(
    expected: dict[str, str], slurm: OneMachineSlurm, tmp_path: Path
) -> None:
    folder, began = tmp_path / "there", tmp_path / "began"
    walltime = "  resources: {structure: {walltime: 1}}\n"
    process = driver(study(folder, RUNNING + walltime + AT_ITS_FIRST_STEP.format(began, 600)).parent)
    ended(process)
    assert "the job ran out of its walltime. Raise `walltime`" in logs(folder)
    assert contents(Study.load(folder / "study.yaml").store) == expected and not slurm.queue()


@pytest.mark.slow
def test_jobs_outlive_the_daemon_of_their_node(
    expected: dict[str, str], slurm: OneMachineSlurm, tmp_path: Path
) -> None:
    folder, began = tmp_path / "there", tmp_path / "began"
    process = driver_at_its_first_step(folder, began, 6)
    slurm.kill_slurmd()
    time.sleep(2)
    slurm.start_slurmd()
    ended(process)
    assert "step-lost" not in events(folder)
    assert contents(Study.load(folder / "study.yaml").store) == expected and not slurm.queue()


@pytest.mark.slow
def test_a_run_that_is_ended_in_an_orderly_way_takes_its_jobs_along(
    toy: None, slurm: OneMachineSlurm, tmp_path: Path
) -> None:
    folder, began = tmp_path / "there", tmp_path / "began"
    process = driver_at_its_first_step(folder, began, 600)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert not slurm.queue()


def test_a_study_for_slurm_on_a_machine_without_it_is_one_line(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path / "there", RUNNING)
    monkeypatch.setenv("PATH", str(tmp_path))
    process = driver(tmp_path / "there")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, out
    assert err.count("\n") == 1 and "there is no Slurm on this machine: no program `sbatch`" in err
