"""The job scripts that schedulers get, as stand-ins for their commands see them; and blocks that come to nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from parsl.jobs.states import JobState, JobStatus

from parsl_bench import Bench, until
from whet import InputError, MissingPackage, ProcessLost
from whet_parsl.block_watch import AT_FIRST, LATER, BlockWatch
from whet_parsl.options import ParslOptions
from whet_parsl.providers import provider_for
from whet_parsl.run_folder import RECORD, clear_up
from whet_parsl.size import Block, Size

SAYS = {
    "sbatch": "Submitted batch job 7",
    "qsub": "7",
    "bsub": "Job <7> is submitted to queue <short>.",
    "sacct": None,
    "squeue": "7 PD",
    "scancel": "",
}


@pytest.fixture
def schedulers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with commands of schedulers, which note how they are called; None fails."""
    folder = tmp_path / "schedulers"
    folder.mkdir()
    for name, says in SAYS.items():
        end = "exit 1" if says is None else f"echo '{says}'"
        (folder / name).write_text(f'#!/bin/bash\necho "$@" >> {folder}/{name}.calls\n{end}\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def script(folder: Path, size: Size, **options: Any) -> list[str]:
    """The lines of the script for a block."""
    given = ParslOptions.checked(options, of="executor 'parsl'")
    provider: Any = provider_for(Block.for_steps(size, given), given)
    provider.script_dir = str(folder)
    before = {*folder.iterdir()}
    assert provider.submit("the command", 1, "job") in ("7", 7)
    (written,) = [path for path in folder.iterdir() if path not in before and ".calls" not in path.name]
    return written.read_text().splitlines()


def test_slurm(schedulers: Path) -> None:
    said = script(
        schedulers,
        Size(cores=4, memory=8.0, gpus=1, walltime=90),
        provider="slurm",
        partition="short",
        account="group",
        max_workers_per_node=2,
        gpus_per_node=2,
        scheduler_options=["#SBATCH --nice", "#SBATCH --mail-type=FAIL"],
        worker_init=["module load cuda", "export A=1"],
    )
    assert {"#SBATCH --partition=short", "#SBATCH --account=group", "#SBATCH --nice"} <= {*said}
    assert {"#SBATCH --cpus-per-task=8", "#SBATCH --mem=16g", "#SBATCH --gpus-per-node=2"} <= {*said}
    assert "#SBATCH --time=94" in said and "#SBATCH --nodes=1" in said
    assert "module load cuda" in said and "the command" in said
    assert "#SBATCH --exclusive" not in said  # which is what Parsl does by default


def test_slurm_without_gpus_for_steps_that_need_none(schedulers: Path) -> None:
    said = script(schedulers, Size(), provider="slurm", gpus_per_node=2, exclusive=True)
    assert not any("--gpus" in line or "--cpus" in line for line in said)
    assert "#SBATCH --exclusive" in said


def test_several_nodes_of_slurm_are_reached_by_srun(schedulers: Path) -> None:
    assert any("srun" in line for line in script(schedulers, Size(), provider="slurm", nodes_per_block=2))


def test_pbs(schedulers: Path) -> None:
    said = script(schedulers, Size(4), provider="pbspro", queue="short", max_workers_per_node=3)
    assert any("select=1:ncpus=12" in line for line in said)
    assert any("walltime=01:00:00" in line for line in said)
    assert "-q short" in (schedulers / "qsub.calls").read_text()


def test_torque_is_asked_for_the_cores(schedulers: Path) -> None:
    said = script(schedulers, Size(4), provider="torque", queue="short", max_workers_per_node=3)
    assert "#PBS -l nodes=1:ppn=12" in said


def test_lsf(schedulers: Path) -> None:
    said = script(schedulers, Size(4, walltime=120), provider="lsf", project="group", queue="short")
    assert {"#BSUB -P group", "#BSUB -q short", "#BSUB -nnodes 1", "#BSUB -W 124"} <= {*said}


def test_grid_engine(schedulers: Path) -> None:
    said = script(schedulers, Size(4), provider="grid_engine", scheduler_options="#$ -pe smp 4", queue="all.q")
    assert "#$ -pe smp 4" in said and "#$ -l h_rt=01:00:00" in said


def test_kubernetes_without_its_package() -> None:
    try:
        import kubernetes  # noqa: F401 # pyright: ignore[reportMissingImports]
    except ImportError:
        pass
    else:
        pytest.skip("the package kubernetes is installed")
    given = ParslOptions(provider="kubernetes", image="whet:1")
    with pytest.raises(MissingPackage, match="kubernetes"):
        provider_for(Block.for_steps(Size(), given), given)


def test_a_refusal_of_the_scheduler_is_one_line(schedulers: Path, bench: Bench) -> None:
    (schedulers / "sbatch").write_text("#!/bin/bash\necho 'sbatch: error: invalid partition: shrt' >&2\nexit 1\n")
    executor = bench.start(provider="slurm", partition="shrt")
    error = executor.submit(bench.job("done")).exception(90)
    assert isinstance(error, InputError)
    assert "blocks of workers do not start: sbatch: error: invalid partition: shrt" in str(error)
    assert "\n" not in str(error)


def test_jobs_of_a_killed_driver_are_taken_back(schedulers: Path, bench: Bench) -> None:
    executor = bench.start(provider="slurm")
    executor.submit(bench.job("done"))
    folder = bench.folder / "parsl"
    (run,) = folder.iterdir()
    until(lambda: '"7"' in (run / RECORD).read_text() if (run / RECORD).is_file() else False)
    record = json.loads((run / RECORD).read_text())
    assert record["jobs"] == {"slurm": ["7"]}
    executor.stop()
    assert (schedulers / "scancel.calls").read_text().split() == ["7"]
    assert json.loads((run / RECORD).read_text())["jobs"] == {}
    dead = folder / f"{run.name.partition('+')[0]}+{2**22 + 1}-1-0"
    dead.mkdir()
    (dead / RECORD).write_text(json.dumps(record))
    clear_up(folder)
    assert (schedulers / "scancel.calls").read_text().split() == ["7", "7"]
    clear_up(folder)
    assert (schedulers / "scancel.calls").read_text().split() == ["7", "7"]


def missing(count: int) -> dict[str, JobStatus]:
    return {str(number): JobStatus(JobState.FAILED, f"number {number}") for number in range(count)}


def test_blocks_that_never_worked_are_given_up_soon() -> None:
    watch = BlockWatch()
    watch.look(missing(AT_FIRST - 1), [])
    assert not watch.may_ask  # not at once
    with pytest.raises(InputError, match=f"number {AT_FIRST - 1}"):
        watch.look(missing(AT_FIRST), [])


def test_a_scheduler_may_be_away_for_a_while() -> None:
    watch = BlockWatch()
    watch.look({"first": JobStatus(JobState.COMPLETED)}, ["first"])
    watch.look(missing(LATER - 1), [])
    with pytest.raises(ProcessLost):
        watch.look(missing(LATER), [])


def test_blocks_that_ended_after_work_are_no_fault() -> None:
    """Without accounting, a job of Slurm that vanished counts as completed: its steps tell that they are lost."""
    watch = BlockWatch()
    for number in range(10):
        states = [JobState.COMPLETED, JobState.FAILED, JobState.TIMEOUT, JobState.CANCELLED]
        blocks = {f"{number}-{n}": JobStatus(state) for n, state in enumerate(states)}
        watch.look(blocks, {*blocks})
    assert watch.may_ask
