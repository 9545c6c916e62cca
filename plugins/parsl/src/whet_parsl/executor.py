"""ParslExecutor: steps on a cluster, by Parsl's pilot jobs: workers stay warm from step to step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, ClassVar

from whet import Executor, Job, ProcessLost, Resources, Site
from whet_parsl.options import ParslOptions
from whet_parsl.size import Block, Size

if TYPE_CHECKING:
    from whet_parsl.pool import Pool
    from whet_parsl.run_folder import RunFolder

WHOLE_NODE = 64
"""Steps that a node is taken to have room for, which alone knows how many."""


class ParslExecutor(Executor[ParslOptions]):
    """Steps in blocks of workers, on this machine or in jobs of a scheduler, by Parsl's HighThroughputExecutor.

    Babuji et al., HPDC 2019, 25-36 (doi:10.1145/3307681.3325400).
    """

    name = "parsl"
    unpickles = False
    packages: ClassVar[Mapping[str, str]] = {"parsl": "parsl>=2026.10"}

    def check(self, needs: Resources) -> None:
        """InputError where no block has room or time for such a step."""
        Block.for_steps(Size.of(needs, self.options), self.options)

    def start(self, site: Site) -> int:
        """As many jobs at once as the largest number of blocks has workers. Ends what a killed run left.

        Raises InputError where the store's path is none for Parsl, or no block has room for any step.
        """
        from whet_parsl.run_folder import RunFolder, clear_up

        room = self._room(site.workers)
        clear_up(site.folder)
        self._folder: RunFolder = RunFolder(site.folder)
        self._pools: dict[Size, Pool] = {}
        self._all: list[Pool] = []
        self._most = site.workers
        return room

    def submit(self, job: Job) -> Future[None]:
        """To the pool of its size, which is started where there is none, or none any more that works."""
        from whet_parsl.pool import Pool

        size = Size.of(job.resources, self.options)
        pool = self._pools.get(size)
        if pool is None or isinstance(pool.fault, ProcessLost):
            pool = Pool(f"whet-{len(self._all)}", size, self.options, self._most, self._folder)
            self._pools[size] = pool
            self._all.append(pool)
        return pool.submit(job)

    def stop(self) -> None:
        """Ends every block, and all else of Parsl."""
        for pool in self._all:
            pool.close()
        for pool in self._all:
            pool.wait()
        self._folder.is_clear()

    def _room(self, most: int | None) -> int:
        options = self.options
        a_node = Block.for_steps(Size(), options).workers or os.cpu_count() or 1
        if options.exclusive and options.cores_per_node is None and options.max_workers_per_node is None:
            a_node = WHOLE_NODE
        room = a_node * options.nodes * options.max_blocks
        return min(room, most) if most is not None else room
