"""Size: what a step needs of a node, and what a block must be like for steps of that size."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import ceil, floor, inf

from whet import InputError, Resources
from whet_parsl.options import ParslOptions

STARTING, ENDING = 180.0, 30.0
"""Seconds of a block's walltime before its workers can take a step, and after the last one must be over."""

HOUR = 60.0
"""Minutes that a block asks for where nobody says."""


@dataclass(frozen=True)
class Size:
    """What a step needs: cores, GiB of memory, GPUs, minutes; None where nobody says."""

    cores: int = 1
    memory: float | None = None
    gpus: int = 0
    walltime: float | None = None

    @classmethod
    def of(cls, needs: Resources, options: ParslOptions) -> Size:
        """The size of a step with these needs; blocks of this machine have all the time."""
        return cls(needs.cores or 1, needs.memory, needs.gpus or 0, None if options.is_local else needs.walltime)

    def __str__(self) -> str:
        said = [f"{self.cores} cores" if self.cores > 1 else "1 core"]
        said += [f"{self.memory:g} GiB"] if self.memory else []
        said += [f"{self.gpus} GPUs" if self.gpus > 1 else "1 GPU"] if self.gpus else []
        return ", ".join(said)


@dataclass(frozen=True)
class Block:
    """What to ask of Parsl for steps of a size.

    workers: of each node, None where the node itself shall say. cores, memory: of each node, in GiB, None for what the
    scheduler gives. accelerators: what each worker is to see of the GPUs. minutes: walltime. drain: seconds after
    which it takes no further step; None for never.
    """

    workers: int | None
    cores_per_worker: float
    mem_per_worker: float | None
    cores: int | None
    memory: int | None
    accelerators: tuple[str, ...]
    minutes: int
    drain: int | None

    @classmethod
    def for_steps(cls, size: Size, options: ParslOptions, most: int | None = None) -> Block:
        """most: steps side by side. InputError where no node has room for such a step, or no block the time."""
        cores_per_worker = options.cores_per_worker or float(size.cores)
        mem_per_worker = size.memory or options.mem_per_worker
        accelerators = _accelerators(size, options)
        cores = options.cores_per_node or options.cpus_per_node or (os.cpu_count() or 1 if options.is_local else None)
        memory = options.mem_per_node
        limits = [
            options.max_workers_per_node or inf,
            most or inf,
            cores / cores_per_worker if cores else inf,
            memory / mem_per_worker if memory and mem_per_worker else inf,
            len(accelerators) if size.gpus else inf,
        ]
        workers = min(limits)
        if workers < 1:
            node = "this machine" if options.is_local else "a node of a block"
            has = [f"{cores} cores"] * bool(cores) + [f"{memory} GiB"] * bool(memory)
            raise InputError(f"a step needs {size}, and {node} has {', '.join(has)}", hint=_HINT)
        if not options.exclusive and all(limit == inf for limit in (limits[0], *limits[2:])):
            workers = 1  # nothing is known of a node, of which others have a part
        known = None if workers == inf else floor(workers)
        if known is not None and not options.is_local:
            cores = cores or ceil(known * cores_per_worker)
            memory = memory or (ceil(known * mem_per_worker) if mem_per_worker else None)
        minutes, drain = _time(size, options)
        return cls(known, cores_per_worker, mem_per_worker, cores, memory, accelerators, minutes, drain)


_HINT = "See `resources` and `threads` of the study, and the executor's `…_per_node`"


def _accelerators(size: Size, options: ParslOptions) -> tuple[str, ...]:
    """What each worker of a node is to see; empty for steps without a GPU."""
    if not size.gpus:
        return ()
    given = options.available_accelerators
    given = options.gpus_per_node or 0 if given is None else given
    names = [str(number) for number in range(given)] if isinstance(given, int) else given
    if size.gpus > len(names):
        what = f"a step needs {size.gpus} GPUs, and the executor knows of {len(names)} on a node"
        raise InputError(what, hint="Say how many there are: `available_accelerators`")
    return tuple(",".join(names[at : at + size.gpus]) for at in range(0, len(names) - size.gpus + 1, size.gpus))


def _time(size: Size, options: ParslOptions) -> tuple[int, int | None]:
    """Minutes of a block, and seconds after which it takes no further step."""
    given = ceil(options.walltime_minutes)
    if size.walltime is None:
        return given or ceil(HOUR), None
    need = size.walltime + (STARTING + ENDING) / 60
    if given and given < need:
        what = f"a step needs {size.walltime:g} minutes, and a block has {given}, of which some pass before it begins"
        raise InputError(what, hint=f"Give `walltime` {ceil(need)} minutes at least, or leave it out")
    minutes = given or ceil(max(need, HOUR))
    return minutes, floor(60 * (minutes - size.walltime) - ENDING)
