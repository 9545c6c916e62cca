"""What a block is asked for, by the size of its steps."""

from __future__ import annotations

import os
from typing import Any

import pytest

from whet import InputError, Resources
from whet_parsl.options import ParslOptions
from whet_parsl.size import Block, Size


def block(size: Size, most: int | None = None, **options: Any) -> Block:
    return Block.for_steps(size, ParslOptions.checked(options, of="executor 'parsl'"), most)


def test_the_size_of_a_step() -> None:
    needs = Resources(cores=4, memory=8.0, gpus=1, walltime=90)
    assert Size.of(needs, ParslOptions(provider="slurm")) == Size(4, 8.0, 1, 90)
    assert Size.of(needs, ParslOptions()) == Size(4, 8.0, 1)  # this machine does not end anything
    assert str(Size(4, 8.0, 2)) == "4 cores, 8 GiB, 2 GPUs"


def test_a_node_has_as_many_workers_as_it_has_room_for() -> None:
    slurm = {"provider": "slurm", "cores_per_node": 64, "mem_per_node": 100}
    assert block(Size(4), **slurm).workers == 16
    assert block(Size(4, 10.0), **slurm).workers == 10
    assert block(Size(4, 10.0), max_workers_per_node=3, **slurm).workers == 3
    assert block(Size(4, 10.0), 2, **slurm).workers == 2
    assert block(Size(4), cores_per_worker=0.5, **slurm).workers == 128
    assert block(Size(4), mem_per_worker=50, **slurm).workers == 2


def test_the_scheduler_is_asked_for_what_the_workers_need() -> None:
    asked = block(Size(4, 3.0), provider="slurm", max_workers_per_node=3)
    assert (asked.workers, asked.cores, asked.memory) == (3, 12, 9)
    # Of a node that is shared, and of which nothing is known, one worker's part.
    alone = block(Size(4, 3.0), provider="slurm")
    assert (alone.workers, alone.cores, alone.memory) == (1, 4, 3)
    whole = block(Size(4), provider="slurm", exclusive=True)
    assert whole.workers is None and whole.cores is None
    assert block(Size(4), provider="pbspro", cpus_per_node=64).workers == 16


def test_this_machine_has_a_worker_for_every_core() -> None:
    assert block(Size()).workers == os.cpu_count()
    assert block(Size(), 1).workers == 1


def test_no_room() -> None:
    with pytest.raises(InputError, match="a step needs 8 cores, and a node of a block has 4 cores"):
        block(Size(8), provider="slurm", cores_per_node=4)
    with pytest.raises(InputError, match="a step needs 1 core, 8 GiB, and a node of a block has 4 cores, 6 GiB"):
        block(Size(1, 8.0), provider="slurm", cores_per_node=4, mem_per_node=6)
    with pytest.raises(InputError, match="needs 2 GPUs, and the executor knows of 0 on a node"):
        block(Size(1, gpus=2), provider="slurm")


def test_every_worker_sees_gpus_of_its_own() -> None:
    four = {"provider": "slurm", "cores_per_node": 64, "gpus_per_node": 4}
    assert block(Size(gpus=1), **four).accelerators == ("0", "1", "2", "3")
    pairs = block(Size(gpus=2), **four)
    assert pairs.accelerators == ("0,1", "2,3") and pairs.workers == 2
    assert block(Size(gpus=3), **four).accelerators == ("0,1,2",)
    assert block(Size(), **four).accelerators == ()
    assert block(Size(gpus=1), provider="slurm", available_accelerators=["2", "5"]).accelerators == ("2", "5")


def test_a_block_asks_for_the_time_that_a_step_needs() -> None:
    assert block(Size(), provider="slurm").minutes == 60
    assert block(Size(walltime=30), provider="slurm").minutes == 60
    long = block(Size(walltime=600), provider="slurm")
    assert long.minutes == 604
    assert block(Size(walltime=600), provider="slurm", walltime="24:00:00").minutes == 1440
    with pytest.raises(InputError, match="needs 600 minutes, and a block has 600, of which some pass"):
        block(Size(walltime=600), provider="slurm", walltime="10:00:00")


def test_a_block_takes_no_step_that_it_has_no_time_for() -> None:
    """Parsl does not know how long a job of the scheduler has left."""
    day = block(Size(walltime=600), provider="slurm", walltime="24:00:00")
    assert day.drain is not None
    assert 60 * day.minutes - day.drain == 60 * 600 + 30
    tight = block(Size(walltime=600), provider="slurm")
    assert tight.drain is not None and tight.drain >= 180  # enough for its workers to start, and take one
    assert block(Size(), provider="slurm").drain is None  # nobody knows
