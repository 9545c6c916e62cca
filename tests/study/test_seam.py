"""The seam: one study in this process, in workers, in an interpreter whose plugin the driver lacks; killed anywhere."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from bits import contents
from whet import worker
from whet.contracts.ports import LabeledFrames
from whet.contracts.ref import Ref
from whet.data.errors import FrameError, WhetError
from whet.data.frame_identity import frame_key
from whet.programs.worker_process import read_answer
from whet.running.store import Store
from whet.running.stored_step import StoredSteps
from whet.study.study import Study


@pytest.fixture
def in_process(toy: None, study_file: Path) -> dict[str, str]:
    study = Study.load(study_file)
    account = study.run(workers=0)
    assert not account.failed
    assert not account.not_run
    assert len(account.ran) == len(study.plan.steps)
    return contents(study.store)


def test_workers_give_the_same_bits(in_process: dict[str, str], study_file: Path) -> None:
    study = Study.load(study_file, ["store=workers"])
    account = study.run(workers=2)
    assert not account.failed
    assert contents(study.store) == in_process


def test_another_interpreter_gives_the_same_bits(
    in_process: dict[str, str], study_file: Path, foreign_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = study_file.parent / "foreign.yaml"
    text = study_file.read_text()
    text = text.replace("main: toy", "main: {use: toy, environment: foreign}")
    text = text.replace("labeler: toy", "labeler: {use: toy, environment: foreign}")
    text = text.replace("{use: toy, repeat: 2}", "{use: toy, repeat: 2, environment: foreign}")
    elsewhere.write_text(text + f"environments: {{foreign: {{python: {foreign_python}}}}}\nstore: foreign\n")
    toy = str(Path(__file__).parents[1] / "toy")
    paths = [path for path in os.environ["PYTHONPATH"].split(os.pathsep) if path != toy]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    driver = (
        "import sys; from whet.study.study import Study; from whet.plugins.registry import registry\n"
        "assert 'toy' not in registry().names('potentials'), 'the driver is not to have the plugin'\n"
        "account = Study.load(sys.argv[1]).run()\n"
        "assert not account.failed and account.ran, account.failed\n"
    )
    subprocess.run([sys.executable, "-c", driver, str(elsewhere)], check=True, env=environment, timeout=120)
    assert contents(Store(study_file.parent / "foreign")) == in_process


def test_a_second_run_does_nothing(in_process: dict[str, str], study_file: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in study_file.parent.rglob("*") if path.is_file()}
    account = Study.load(study_file).run(workers=0)
    assert not account.ran
    assert len(account.reused) == len(in_process)
    assert {path: path.stat().st_mtime_ns for path in study_file.parent.rglob("*") if path.is_file()} == before


def test_a_moved_store_is_reused(in_process: dict[str, str], study_file: Path) -> None:
    (study_file.parent / ".whet").rename(study_file.parent / "moved")
    study = Study.load(study_file, ["store=moved"])
    assert not study.run(workers=0).ran
    assert study.stored.scores[-1]["frames"] > 0
    assert study.stored.complete


def test_strategies_share_what_is_the_same(in_process: dict[str, str], study_file: Path) -> None:
    plan = Study.load(study_file).plan
    gathered = plan.all(LabeledFrames, set_kind="training")
    naive, periodic = (
        [one.key for one in gathered if one.ref.gathered_by == Ref("main", strategy, 1, 1)]
        for strategy in ("naive", "periodic")
    )
    assert naive and naive == periodic


@pytest.mark.slow
@pytest.mark.parametrize("attempt", [0, 1, 2])
def test_killed_anywhere_and_resumed(
    in_process: dict[str, str], study_file: Path, attempt: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The driver is killed, again and again; workers go with it; in the end everything is as if nothing had been."""
    bought = tmp_path / "bought.txt"
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(bought))
    command = [sys.executable, "-m", "whet", "run", str(study_file), "--set", "store=killed", "--workers", "2"]
    chance = random.Random(attempt)
    kills = 0
    for turn in range(60):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=chance.uniform(0.3, 1.6 + 0.3 * turn))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        else:
            assert process.returncode == 0
            break
    else:
        pytest.fail("it never got to the end")
    store = Store(study_file.parent / "killed")
    assert contents(store) == in_process
    in_the_store = sum(count for _, count in store.labels.counts())
    # Each kill may hit, in each of two workers, one label between its computation and the store; none that was there.
    assert len(bought.read_text().splitlines()) <= in_the_store + 2 * kills


def test_workers_die_with_their_driver(toy: None, study_file: Path) -> None:
    text = study_file.read_text().replace("production: 20", "production: 20000")
    study_file.write_text(text)
    command = [sys.executable, "-m", "whet", "run", str(study_file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (children := children_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children
    process.kill()
    process.wait()
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def children_of(pid: int) -> list[int]:
    """Process ids of the children of a process (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def test_labels_are_shared_by_a_later_study(
    in_process: dict[str, str], study_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bought = tmp_path / "bought.txt"
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(bought))
    later = study_file.parent / "later.yaml"
    later.write_text(study_file.read_text().replace("name: toy", "name: later").replace("naive: 2, ", ""))
    study = Study.load(later)
    # The same frames under another recipe: every label step has to run, no label has to be bought.
    for step in study.plan.of_kind("label"):
        (study.store.folder(step.key) / "result.json").unlink()
    account = study.run(workers=0)
    assert account.ran
    assert not bought.exists()


def test_a_lost_result_is_recomputed_and_those_that_used_it_are_told(
    in_process: dict[str, str], study_file: Path
) -> None:
    study = Study.load(study_file)
    (victim,) = [s for s in study.plan.of_kind("md") if s.title == "main periodic 2: dynamics"]
    result = study.store.result(victim.key)
    study.store.keep(victim.key, replace(result, values={**result.values, "planned": 99}))
    told = study.stored.stale
    assert "main periodic 2: label" in told


def test_a_failing_frame_does_not_stop_the_study(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["labeler={use: toy, fail_every: 4}", "tests.independent={driver: foundation}"])
    account = study.run(workers=0)
    assert not account.failed
    failures = study.stored.failures
    assert 0 < len(failures) < 20
    assert {failure["reason"] for _, failure in failures} == {"the toy did not converge"}
    stored = StoredSteps(study.store)
    labeled = [stored[step.key].frames() for step in study.plan.of_kind("label")]
    assert all(len({frame_key(frame) for frame in frames}) == len(frames) for frames in labeled)


def test_nan_labels_are_failures(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["labeler={use: toy, nan: true}", "tests.independent={driver: foundation}"])
    account = study.run(workers=0)
    assert study.store.labels.counts() == []
    assert all("no labeled frame" in str(error) for error in account.failed.values())
    assert account.not_run


def test_a_failed_step_stops_only_those_that_need_it(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["structures={use: toy, element: Xe}"])
    account = study.run(workers=0)
    error = next(iter(account.failed.values()))
    assert "does not know Xe" in str(error)
    assert account.ran
    assert account.not_run


@pytest.mark.parametrize(
    ("fault", "kind"), [(RuntimeError("torn"), "StepFailed"), (FrameError("no frame"), "FrameError"), (None, "")]
)
def test_a_worker_leaves_its_answer_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception | None, kind: str
) -> None:
    def work(store: Store, keys: list[str], **how: object) -> None:
        if fault is not None:
            raise fault

    monkeypatch.setattr(worker, "run_together", work)
    folder = tmp_path / "store" / "steps" / "md-0"
    folder.mkdir(parents=True)
    line = ["--answer", str(tmp_path / "answer"), str(folder)]
    with pytest.raises(RuntimeError) if isinstance(fault, RuntimeError) else nullcontext():
        assert worker.main(line) == (0 if fault is None else 2)
    if fault is None:
        read_answer(tmp_path / "answer")
        return
    with pytest.raises(WhetError) as told:
        read_answer(tmp_path / "answer")
    assert type(told.value).__name__ == kind and str(fault) in told.value.what
