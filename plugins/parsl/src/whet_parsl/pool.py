"""Pool: Parsl's HighThroughputExecutor for steps of one size, from its start to its end."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from whet import InputError, Job, PluginError, ProcessLost, WhetError, answered
from whet_parsl import tether, whole_pool
from whet_parsl.in_worker import FUNCTION, asked
from whet_parsl.options import ParslOptions
from whet_parsl.run_folder import RunFolder, plain
from whet_parsl.size import Block, Size

if TYPE_CHECKING:
    from parsl.executors import HighThroughputExecutor

LOOK = 1.0
"""Seconds between looks at the blocks."""

SILENCE = 10.0
"""Seconds after which Parsl's interchange, which lives on this machine, is taken for dead."""

END = 60.0
"""Seconds that are waited for a pool to end."""


class Pool:
    """Everything of Parsl is done in its own thread but the handing on of jobs, which needs no waiting.

    Parsl is used without its DataFlowKernel: so nothing is tried again, reported to its authors, or written to logs
    behind the user's back, and an executor that is done for can be replaced.
    """

    def __init__(self, label: str, size: Size, options: ParslOptions, most: int | None, folder: RunFolder) -> None:
        self._label, self._size, self._options, self._folder = label, size, options, folder
        self._most = most
        self._waiting: list[tuple[Job, Future[None]]] = []
        self._futures: set[Future[None]] = set()
        self._parsl: HighThroughputExecutor | None = None
        self._fault: WhetError | None = None
        self._closing, self._lock = Event(), Lock()
        self._thread = Thread(target=self._run, name=label, daemon=True)
        self._thread.start()

    @property
    def fault(self) -> WhetError | None:
        """Why it takes no job any more; None while it does."""
        return self._fault

    def submit(self, job: Job) -> Future[None]:
        """As `Executor.submit`."""
        future: Future[None] = Future()
        with self._lock:
            if self._fault is not None:
                future.set_exception(self._fault)
                return future
            self._futures.add(future)
            if self._parsl is None:
                self._waiting.append((job, future))
            else:
                self._hand_on(self._parsl, job, future)
        return future

    def close(self) -> None:
        """Has it end; does not wait for it."""
        self._closing.set()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join(END)

    # Jobs

    def _hand_on(self, parsl: HighThroughputExecutor, job: Job, future: Future[None]) -> None:
        sent = asked(job.python, job.environment, job.cores, job.resources.walltime, job.request)
        try:
            theirs = parsl.submit_payload({"task_executor": {"f": FUNCTION}}, sent)
        except Exception as error:
            self._settle(future, ProcessLost(f"Parsl takes no step any more ({error})"))
            return
        theirs.add_done_callback(lambda done: self._settle(future, _fault(done)))

    def _settle(self, future: Future[None], fault: WhetError | None) -> None:
        self._futures.discard(future)
        with suppress(InvalidStateError):  # the pool was given up a moment before
            future.set_result(None) if fault is None else future.set_exception(fault)

    def _give_up(self, fault: WhetError) -> None:
        with self._lock:
            self._fault, self._waiting = fault, []
        for future in list(self._futures):
            self._settle(future, fault)

    # The thread

    def _run(self) -> None:
        parsl = None
        try:
            parsl = self._made()
            self._start(parsl)
            self._watch(parsl)
            self._give_up(ProcessLost("the run is being stopped"))
        except WhetError as error:
            self._give_up(error)
        except Exception as error:
            self._give_up(ProcessLost(f"Parsl failed ({type(error).__name__}: {error})"))
        finally:
            if parsl is not None:
                self._end(parsl)

    def _made(self) -> HighThroughputExecutor:
        """Raises InputError where there can be none for this size."""
        block = Block.for_steps(self._size, self._options, self._most)
        from parsl.executors import HighThroughputExecutor
        from parsl.executors.high_throughput import interchange, process_worker_pool

        from whet_parsl.providers import provider_for

        options, path = self._options, self._folder.path
        python = plain(Path(sys.executable), "this Python")
        log = path / f"{self._label}-interchange.log"
        period, threshold = options.beats
        addresses = {"127.0.0.1"} if options.is_local else {options.address} if options.address else _addresses()
        parsl = HighThroughputExecutor(
            label=self._label,
            provider=provider_for(block, options),
            # Parsl looks for both in PATH.
            launch_cmd=_launch_command(python, Path(process_worker_pool.__file__)),
            interchange_launch_cmd=[
                *(python, "-P", str(Path(tether.__file__)), str(os.getpid()), str(log)),
                str(Path(interchange.__file__)),
            ],
            address=min(addresses),
            worker_port_range=options.worker_port_range,
            cores_per_worker=block.cores_per_worker,
            mem_per_worker=block.mem_per_worker,
            max_workers_per_node=block.workers,
            available_accelerators=block.accelerators,
            cpu_affinity=options.cpu_affinity,
            drain_period=block.drain,
            heartbeat_period=period,
            heartbeat_threshold=threshold,
            block_error_handler=False,
        )
        if len(addresses) > 1:
            # Left to itself, Parsl asks a server in the internet for this machine's address, for half a minute.
            parsl.address, parsl.all_addresses = None, addresses
        parsl.run_dir, parsl.run_id = str(path), path.name
        scripts = path / "submit_scripts"
        scripts.mkdir(exist_ok=True)
        parsl.provider.script_dir = str(scripts)  # pyright: ignore[reportAttributeAccessIssue,reportOptionalMemberAccess]
        return parsl

    def _start(self, parsl: HighThroughputExecutor) -> None:
        import zmq

        parsl.start()
        assert parsl.interchange_proc is not None
        self._folder.note_process(parsl.interchange_proc.pid)
        # With these, nothing waits for an interchange that is gone.
        parsl.command_client.zmq_socket.setsockopt(zmq.RCVTIMEO, int(1000 * SILENCE))
        parsl.outgoing_q.zmq_socket.setsockopt(zmq.LINGER, 0)
        with self._lock:
            self._parsl = parsl
            for job, future in self._waiting:
                self._hand_on(parsl, job, future)
            self._waiting = []

    def _watch(self, parsl: HighThroughputExecutor) -> None:
        """Until it is to end. Raises ProcessLost where all that was handed on is lost."""
        from parsl.jobs.strategy import Strategy

        from whet_parsl.block_watch import BlockWatch

        # `htex_auto_scale` takes back blocks whose workers have not reported yet (Parsl 2026.10.26).
        strategy = Strategy(strategy="simple", max_idletime=self._options.max_idletime)
        strategy.add_executors([parsl])
        blocks = BlockWatch()
        while not self._closing.is_set():
            assert parsl.interchange_proc is not None
            if parsl.interchange_proc.poll() is not None:
                raise ProcessLost("Parsl's interchange is gone")
            if parsl.bad_state_is_set:
                raise ProcessLost(f"Parsl gave up: {parsl.executor_exception}")
            parsl.poll_facade()
            managers = parsl.connected_managers()
            blocks.look(parsl.status_facade, parsl.connected_blocks())
            self._look_at(parsl, managers)
            if blocks.may_ask:
                strategy.strategize([parsl])
                self._folder.note_jobs(self._options.provider, [str(job) for job in parsl.job_ids_to_block])
            self._closing.wait(LOOK)

    def _look_at(self, parsl: HighThroughputExecutor, managers: list[dict[str, Any]]) -> None:
        """At what Parsl does not see for minutes, or never."""
        status = parsl.status_facade
        over = {block for block, how in status.items() if how.terminal}
        lost = sum(one["tasks"] for one in managers if one["block_id"] in over)
        if lost and over == {*status}:
            raise ProcessLost("the block in which the step ran ended before it")
        if managers and not any(one["worker_count"] for one in managers):
            what = f"a step needs {self._size}, and no node of a block has that"
            raise InputError(what, hint="See `resources` of the study, and the executor's `…_per_node`")

    def _end(self, parsl: HighThroughputExecutor) -> None:
        """Nothing of it lives after this; every part is tried, whatever becomes of the others."""
        running = [job for block, job in parsl.blocks_to_job_id.items() if not parsl.status_facade[block].terminal]
        if running and parsl.provider is not None:
            with suppress(Exception):
                parsl.provider.cancel(running)
        with suppress(Exception):
            parsl.shutdown()


def _launch_command(python: str, script: Path) -> str:
    """Parsl's own, with absolute paths, and the script run by one that ends when Parsl's would hang."""
    from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD

    name, _, arguments = DEFAULT_LAUNCH_CMD.partition(" ")
    assert name == script.name
    accelerators = "--available-accelerators {accelerators}"
    assert arguments.endswith(accelerators)
    run = plain(Path(whole_pool.__file__), "this plugin")
    return f"{shlex.quote(python)} -P {run} {plain(script, 'Parsl')} {arguments}"


def _addresses() -> set[str]:
    """IPv4 addresses of this machine, found without asking anybody."""
    import psutil

    found = {one.address for each in psutil.net_if_addrs().values() for one in each if one.family == socket.AF_INET}
    with suppress(OSError):
        found.add(socket.gethostbyname(socket.gethostname()))
    return found or {"127.0.0.1"}


def _fault(done: Future[str]) -> WhetError | None:
    """What Whet's worker said; a loss where Parsl has lost it."""
    from parsl.errors import ParslError
    from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost

    try:
        answered(json.loads(done.result()))
    except WhetError as error:
        return error
    except WorkerLost:
        return ProcessLost("the worker of Parsl was lost", hint="Out of memory? Fewer workers on a node need less")
    except ManagerLost as error:
        return ProcessLost(f"the workers on {error.hostname} were lost")
    except ParslError as error:
        return ProcessLost(f"Parsl lost it ({error})")
    except Exception as error:
        return PluginError(f"Parsl's worker cannot do it ({type(error).__name__}: {error})")
    return None
