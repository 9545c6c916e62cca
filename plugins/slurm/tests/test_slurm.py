"""Jobs over a real Slurm: how each can end, and that none stays in the queue."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from one_machine_slurm import OneMachineSlurm
from whet import InputError, Job, ProcessLost, Resources, Site, WhetError
from whet_slurm import driver_folder, watch
from whet_slurm.executor import SlurmExecutor, SlurmOptions

Starts = Callable[..., SlurmExecutor]
Jobs = Callable[..., Job]

SOON = 30.0


def wait_until(is_so: Callable[[], object], within: float = SOON) -> None:
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def states(slurm: OneMachineSlurm) -> list[str]:
    return slurm.ask("squeue", "-h", "-o", "%T").split()


def test_an_answer_is_the_end_of_a_job(started: Starts, job_of: Jobs, slurm: OneMachineSlurm, tmp_path: Path) -> None:
    executor = started()
    futures = [executor.submit(job_of(number=number)) for number in range(3)]
    assert [future.result(SOON) for future in futures] == [None] * 3
    executor.stop()
    assert [path.name for path in (tmp_path / "executors" / "slurm").iterdir()] == [".starting"]
    assert "CANCELLED" not in slurm.ask("squeue", "-h", "--states=all", "-o", "%T %j")


def test_a_fault_that_the_worker_names_is_raised(started: Starts, job_of: Jobs) -> None:
    fault = '{"fault": {"kind": "InputError", "what": "no such file", "where": "x.cif", "hint": ""}}'
    script = f'while [ "$1" != --answer ]; do shift; done; echo \'{fault}\' > "$2"; exit 2'
    with pytest.raises(InputError, match=r"x\.cif: no such file"):
        started().submit(job_of(script)).result(SOON)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -9 $$", r"Slurm job \d+: the job was ended by signal 9\. Out of memory\? Raise `memory`"),
        ("ulimit -c 0; kill -11 $$", r"Slurm job \d+: the job was ended by signal 11$"),
        ("echo no module; exit 3", r"Slurm job \d+: the job ended with exit code 3 and left no answer: no module$"),
        ("exit 0", r"exit code 0 and left no answer\. Is the store on a disk that all nodes share\?"),
    ],
)
def test_a_job_without_an_answer_is_lost(
    started: Starts, job_of: Jobs, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 1.0)
    job = job_of(script)
    with pytest.raises(ProcessLost) as lost:
        started().submit(job).result(SOON)
    assert re.search(said, str(lost.value)), lost.value
    if "no module" in script:
        assert "no module" in (job.folders[0] / "log.txt").read_text()


def test_an_answer_may_come_late(
    started: Starts, job_of: Jobs, slurm: OneMachineSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As over a slow disk: here what the job left running writes it, seconds after the job."""
    monkeypatch.setattr(watch, "PATIENCE", SOON)
    place = tmp_path / "place"
    script = f'while [ "$1" != --answer ]; do shift; done; echo "$2" > {place}'
    future = started().submit(job_of(script))
    wait_until(lambda: place.exists() and not slurm.queue())
    time.sleep(1)
    assert not future.done()
    Path(place.read_text().strip()).write_text('{"done": true}')
    assert future.result(SOON) is None


def test_a_job_that_is_cancelled_by_hand_is_lost(started: Starts, job_of: Jobs, slurm: OneMachineSlurm) -> None:
    future = started().submit(job_of("sleep 600"))
    wait_until(lambda: states(slurm) == ["RUNNING"])
    slurm.ask("scancel", *map(str, slurm.queue()))
    with pytest.raises(ProcessLost, match=r"Slurm job \d+: the job was cancelled$"):
        future.result(SOON)


def test_a_job_whose_node_fails_is_lost(started: Starts, job_of: Jobs, slurm: OneMachineSlurm) -> None:
    future = started().submit(job_of("sleep 600"))
    wait_until(lambda: states(slurm) == ["RUNNING"])
    node = slurm.ask("sinfo", "-h", "-N", "-o", "%N").split()[0]
    slurm.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    try:
        with pytest.raises(ProcessLost, match="the job was on a node that failed"):
            future.result(SOON)
    finally:
        wait_until(lambda: not slurm.queue())
        slurm.ask("scontrol", "update", f"nodename={node}", "state=resume")
        wait_until(lambda: "idle" in slurm.ask("sinfo", "-h", "-o", "%T"))


@pytest.mark.slow  # Slurm counts walltime in minutes
def test_a_job_over_its_walltime_is_lost(started: Starts, job_of: Jobs) -> None:
    needs = Resources(cores=1, gpus=0, walltime=0.5)
    with pytest.raises(ProcessLost, match=r"the job ran out of its walltime\. Raise `walltime` of these steps"):
        started().submit(job_of("sleep 600", resources=needs)).result(200)


def test_resources_are_asked_for(
    started: Starts, job_of: Jobs, slurm: OneMachineSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of the environment everything travels but what belongs to the driver's own job and program."""
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "7")
    monkeypatch.setenv("WHET_PROGRAM", "1:/nowhere")
    monkeypatch.setenv("OWN", "of-the-user")
    said = "$OWN $KIND $OMP_NUM_THREADS $SLURM_CPUS_PER_TASK ${SLURM_MEM_PER_CPU-none} ${WHET_PROGRAM-none}"
    lines = ["#SBATCH --comment=ours", "#SBATCH --job-name=theirs"]
    executor = started(partition="short", scheduler_options=lines, setup=["export KIND=of-setup"])
    needs = Resources(cores=3, gpus=0, memory=0.25, walltime=0.2)
    executor.submit(job_of(f'echo "{said}"; sleep 600', resources=needs))
    wait_until(lambda: states(slurm) == ["RUNNING"])
    ((number, name),) = slurm.queue().items()
    assert name.startswith("label-1.1.")
    known = slurm.ask("scontrol", "show", "job", str(number))
    for word in ("NumCPUs=3", "mem=256M", "TimeLimit=00:01:00", "Partition=short", "Comment=ours", "Requeue=0"):
        assert word in known
    output = Path(known.split("StdOut=")[1].split()[0])
    wait_until(lambda: output.exists() and output.read_text() == "of-the-user of-setup 3 3 none none\n")


@pytest.mark.parametrize(
    ("options", "needs", "said"),
    [
        ({}, {"memory": 99}, "Slurm refused the job: .*node configuration is not available"),
        ({"partition": "nowhere"}, {"cores": 1}, "Slurm refused the job: invalid partition specified: nowhere"),
        ({"partition": "short"}, {"cores": 1, "walltime": 9}, r"Slurm will never run the job: PartitionTimeLimit"),
    ],
)
def test_a_job_that_cannot_run_fails_at_once(
    started: Starts, job_of: Jobs, options: dict[str, str], needs: dict[str, float], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        started(**options).submit(job_of(resources=Resources.model_validate({"gpus": 0, **needs}))).result(SOON)


def test_a_job_that_slurm_took_without_saying_so_is_not_sent_twice(
    started: Starts, job_of: Jobs, slurm: OneMachineSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "sbatch").write_text(
        f'#!/bin/bash\n{shutil.which("sbatch")} "$@" > /dev/null\n'
        "echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1\n"
    )
    (programs / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    executor = started()
    assert executor.submit(job_of()).result(SOON) is None
    (token,) = [path.name for path in (tmp_path / "executors" / "slurm").iterdir() if path.is_dir()]
    names = slurm.ask("squeue", "-h", "--states=all", "-o", "%j").split()
    assert [name for name in names if name.endswith(token)] == [f"label-1.1.{token}"]


def test_a_queue_that_cannot_be_read_is_looked_at_again(
    started: Starts, job_of: Jobs, slurm: OneMachineSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "squeue").write_text(
        f"#!/bin/bash\nif [ -e {tmp_path}/unreadable ]; then rm {tmp_path}/unreadable; echo 'no number'; exit 0; fi\n"
        f'exec {shutil.which("squeue")} "$@"\n'
    )
    (programs / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    executor = started()
    (tmp_path / "unreadable").touch()
    assert executor.submit(job_of()).result(SOON) is None
    assert not (tmp_path / "unreadable").exists()


def test_stopping_ends_what_runs_and_what_waits(started: Starts, job_of: Jobs, slurm: OneMachineSlurm) -> None:
    executor = started()
    futures = [executor.submit(job_of("sleep 600", number)) for number in range(6)]  # the machine has four cores
    wait_until(lambda: sorted(states(slurm)) == ["PENDING"] * 2 + ["RUNNING"] * 4)
    executor.stop()
    assert not slurm.queue() and all(future.cancelled() for future in futures)


def test_jobs_of_others_stay(started: Starts, job_of: Jobs, slurm: OneMachineSlurm, tmp_path: Path) -> None:
    """Another driver of the store that lives, and what the user submitted by hand."""
    script = tmp_path / "own.sh"
    script.write_text("#!/bin/bash\nsleep 600\n")
    own = int(slurm.ask("sbatch", "--parsable", "--output=/dev/null", str(script)))
    try:
        first = started()
        first.submit(job_of("sleep 600"))
        wait_until(lambda: len(slurm.queue()) == 2)
        second = started()
        assert len(slurm.queue()) == 2
        second.submit(job_of("sleep 600", 2))
        wait_until(lambda: len(slurm.queue()) == 3)
        first.stop()
        assert len(slurm.queue()) == 2
        second.stop()
        assert [*slurm.queue()] == [own]
    finally:
        slurm.ask("scancel", str(own))
        wait_until(lambda: not slurm.queue())


def test_the_controller_may_be_away_for_a_while(
    slurm: OneMachineSlurm, started: Starts, job_of: Jobs, tmp_path: Path
) -> None:
    executor = started()
    flag = tmp_path / "flag"
    running = executor.submit(job_of(f"touch {flag}; sleep 600"))
    wait_until(flag.exists)
    slurm.stop_controller()
    sent = executor.submit(job_of(number=2))
    time.sleep(2)
    assert not running.done() and not sent.done()
    slurm.start_controller()
    assert sent.result(60) is None
    wait_until(lambda: states(slurm) == ["RUNNING"])
    assert not running.done()


def test_a_machine_without_slurm_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError) as refused:
        SlurmExecutor(SlurmOptions()).start(Site(tmp_path))
    assert str(refused.value) == (
        "there is no Slurm on this machine: no program `sbatch`. "
        "Start the study where jobs are submitted from, or let it run here: `running: {use: local}`"
    )


def test_a_slurm_that_does_not_answer_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sbatch", "squeue", "scancel", "scontrol"):
        (tmp_path / name).write_text(
            "#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact slurm controller' >&2\nexit 1\n"
        )
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(InputError, match=r"^Slurm does not answer: Unable to contact slurm controller"):
        SlurmExecutor(SlurmOptions()).start(Site(tmp_path / "site"))
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--gres=gpu:1", "should begin with `#SBATCH `"),
        ("#SBATCH --gres=gpu:1\nrm x", "should be one line"),
        ("#SBATCH --array=1-5", "one job is one job"),
    ],
)
def test_lines_for_the_scheduler_are_checked(line: str, said: str) -> None:
    with pytest.raises(WhetError, match=said):
        SlurmOptions.checked({"scheduler_options": [line]}, of="executor 'slurm'")


def test_what_stays_in_the_queue_is_left_to_the_next_driver(
    started: Starts, job_of: Jobs, slurm: OneMachineSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = started()
    executor.submit(job_of("sleep 600"))
    wait_until(lambda: states(slurm) == ["RUNNING"])
    monkeypatch.setattr(driver_folder, "PATIENCE", 0.0)
    executor.stop()
    assert len(slurm.queue()) == 1
    monkeypatch.undo()
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    started()
    assert not slurm.queue()
    assert len([path for path in (tmp_path / "executors" / "slurm").iterdir() if path.is_dir()]) == 1
