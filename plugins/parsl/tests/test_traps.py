"""Parsl on this machine, and what befalls it: everything that can die does, and nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from parsl_bench import Bench, until
from whet import InputError, MissingPackage, ProcessLost
from whet_parsl.run_folder import RECORD, RunFolder, clear_up


def loss(future: Future[None]) -> ProcessLost:
    error = future.exception(90)
    assert isinstance(error, ProcessLost), error
    return error


def test_without_an_activated_environment(running: Bench) -> None:
    running.executor.submit(running.job("done")).result(90)
    job = running.job("environment-PATH")
    running.executor.submit(job).result(90)
    assert (job.folders[0] / "said").read_text() == "/usr/bin:/bin"


def test_faults_arrive_as_they_were_raised(running: Bench) -> None:
    error = running.executor.submit(running.job("fault-MissingPackage")).exception(90)
    assert isinstance(error, MissingPackage)
    assert (error.what, error.where, error.hint) == ("as told", "here", "this way")


def test_no_such_interpreter(running: Bench) -> None:
    error = running.executor.submit(replace(running.job("done"), python=Path("/nowhere/python"))).exception(90)
    assert isinstance(error, InputError) and error.what == "there is no such interpreter"


def test_one_warm_worker_with_its_threads(running: Bench) -> None:
    jobs = [running.job("environment-OMP_NUM_THREADS", cores=cores) for cores in (1, 1, 2)]
    for job in jobs:
        running.executor.submit(job).result(90)
    workers = [(job.folders[0] / "began").read_text() for job in jobs]
    assert workers[0] == workers[1] != workers[2]
    assert [(job.folders[0] / "said").read_text() for job in jobs] == ["1", "1", "2"]


def test_stop_leaves_nothing(bench: Bench) -> None:
    executor = bench.start()
    job = bench.job("sleep-600")
    future, queued = executor.submit(job), [executor.submit(bench.job("sleep-600")) for _ in range(4)]
    bench.worker_of(job)
    assert len(bench.alive()) > 5
    executor.stop()
    assert bench.alive() == set()
    assert all("the run is being stopped" in str(loss(one)) for one in [future, *queued])


def test_stop_while_it_starts_leaves_nothing(bench: Bench) -> None:
    executor = bench.start()
    executor.submit(bench.job("done"))
    executor.stop()
    assert bench.alive() == set()


def test_a_killed_worker_of_whet(running: Bench) -> None:
    job = running.job("sleep-600")
    future = running.executor.submit(job)
    running.worker_of(job)
    os.kill(int((job.folders[0] / "began").read_text()), signal.SIGKILL)
    assert "was ended by signal 9" in str(loss(future))
    running.executor.submit(running.job("done")).result(90)


def test_a_killed_worker_of_parsl(running: Bench) -> None:
    job = running.job("sleep-600")
    future = running.executor.submit(job)
    running.worker_of(job).kill()
    assert "the worker of Parsl was lost" in str(loss(future))
    running.executor.submit(running.job("done")).result(90)


@pytest.mark.slow
def test_a_killed_manager_of_the_only_block(bench: Bench) -> None:
    executor = bench.start()
    job = bench.job("sleep-600")
    future = executor.submit(job)
    worker = bench.worker_of(job)
    pretended, manager = psutil.Process(int((job.folders[0] / "began").read_text())), worker.parent()
    assert manager is not None and "process_worker_pool.py" in " ".join(manager.cmdline())
    manager.kill()
    assert "the block in which the step ran ended before it" in str(loss(future))
    until(lambda: not pretended.is_running())  # or it would go on with a step that is given to another
    executor.submit(bench.job("done")).result(90)


@pytest.mark.slow
def test_a_pool_whose_workers_share_nothing_any_more(bench: Bench) -> None:
    """Parsl's own pool would take steps for ever, and lose each."""
    executor = bench.start()
    executor.submit(bench.job("done")).result(90)
    job = bench.job("sleep-600")
    future = executor.submit(job)
    worker = bench.worker_of(job)
    manager = worker.parent()
    assert manager is not None
    spawned = [child for child in manager.children() if "spawn_main" in " ".join(child.cmdline())]
    server = min(spawned, key=lambda child: child.create_time())
    assert server != worker
    server.kill()
    assert "ended before it" in str(loss(future))
    executor.submit(bench.job("done")).result(90)


def test_a_killed_interchange(bench: Bench) -> None:
    executor = bench.start()
    job = bench.job("sleep-600")
    future = executor.submit(job)
    bench.worker_of(job)
    interchange(bench.folder / "parsl").kill()
    assert "Parsl's interchange is gone" in str(loss(future))
    executor.submit(bench.job("done")).result(90)


def interchange(folder: Path) -> psutil.Process:
    """The one that the only run recorded."""
    (record,) = folder.glob(f"*/{RECORD}")
    ((pid, _),) = json.loads(record.read_text())["processes"]
    return psutil.Process(pid)


DRIVER = """\
import sys
from pathlib import Path
from whet import Job, Site
from whet_parsl.executor import ParslExecutor
from whet_parsl.options import ParslOptions
executor = ParslExecutor(ParslOptions())
executor.start(Site(Path(sys.argv[1]) / "parsl", None))
executor.submit(Job((Path(sys.argv[2]),), Path(sys.argv[1]) / "python")).result()
"""


def test_a_driver_that_is_killed_leaves_nothing(bench: Bench) -> None:
    job = bench.job("sleep-600")
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(bench.folder), str(job.folders[0])])
    try:
        bench.worker_of(job)
    finally:
        driver.kill()
        driver.wait()
    until(lambda: not bench.alive())  # by itself
    clear_up(bench.folder / "parsl")
    assert not [*(bench.folder / "parsl").iterdir()]


def test_the_next_start_ends_what_was_recorded_and_nothing_else(tmp_path: Path) -> None:
    """Its number may be another's by now."""
    ours = RunFolder(tmp_path)
    sleeps = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    try:
        recorded, other = sleeps
        began = [psutil.Process(sleep.pid).create_time() for sleep in sleeps]
        told = {"processes": [[recorded.pid, began[0]], [other.pid, began[1] - 1]], "jobs": {}}
        host, _, me = ours.path.name.rpartition("+")
        dead = tmp_path / f"{host}+{os.getpid()}-1-0"  # this process's number, when it was another's
        elsewhere = tmp_path / f"not-{host}+{me}"
        for folder in (dead, elsewhere):
            folder.mkdir()
            (folder / RECORD).write_text(json.dumps(told))
        clear_up(tmp_path)
        assert recorded.poll() is not None and other.poll() is None
        assert {*tmp_path.iterdir()} == {ours.path, elsewhere}
    finally:
        for sleep in sleeps:
            sleep.kill()
            sleep.wait()


def test_ctrl_c_is_the_drivers(running: Bench) -> None:
    running.executor.submit(running.job("done")).result(90)
    assert {os.getpgid(process.pid) for process in running.alive() if process.pid != os.getpid()}.isdisjoint(
        {os.getpgid(0)}
    )


def test_walltime_of_a_step(running: Bench) -> None:
    error = loss(running.executor.submit(running.job("sleep-600", walltime=0.02)))
    assert "took longer than its walltime of 0.02 minutes" in str(error)
    running.executor.submit(running.job("done", walltime=5)).result(90)


def test_a_block_that_cannot_start_is_one_line(bench: Bench) -> None:
    executor = bench.start(worker_init=["no-such-command", "exit 5"])
    error = executor.submit(bench.job("done")).exception(90)
    assert isinstance(error, InputError)
    assert "blocks of workers do not start" in str(error)
    assert "no-such-command: command not found (exit code 5)" in str(error)
    assert executor.submit(bench.job("done")).exception(90) is error


def test_no_node_has_room(bench: Bench) -> None:
    executor = bench.start()
    error = executor.submit(bench.job("done", memory=1e6)).exception(90)
    assert isinstance(error, InputError) and "1 core, 1e+06 GiB, and no node of a block has that" in str(error)
    error = executor.submit(bench.job("done", cores=4000)).exception(90)
    assert isinstance(error, InputError) and f"this machine has {os.cpu_count()} cores" in str(error)


@pytest.mark.parametrize("name", ["my study", "it's", "a{b}", "$HOME"])
def test_a_path_that_parsl_would_not_survive(bench: Bench, name: str) -> None:
    bench.folder = bench.folder / name
    with pytest.raises(InputError, match="unquoted through a shell"):
        bench.start()


def test_set_up_lines_reach_the_worker(running: Bench) -> None:
    job = running.job("environment-SET_UP")
    running.executor.submit(job).result(90)
    assert (job.folders[0] / "said").read_text() == "one-two"
