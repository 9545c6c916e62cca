"""A real Slurm of this machine alone, for tests: its daemons run in a temporary folder, with ports of their own.

It needs Debian's packages `slurm-wlm` and `munge`, and root; neither systemd nor anything in /etc. A `conftest.py`
takes the fixtures over by importing `slurm` and `slurm_daemons`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import psutil
import pytest

PATIENCE = 60.0
"""Seconds that Slurm has for anything that is waited for."""

CPUS = 4
"""As Slurm is told: jobs side by side, whatever the machine has."""

CONFIGURATION = """\
ClusterName=alone
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
SchedulerParameters=bf_interval=1,sched_interval=2
SlurmdParameters=config_overrides
SlurmdTimeout=20
KillWait=2
MinJobAge={min_job_age}
ReturnToService=2
MailProg=/bin/true
PropagateResourceLimits=NONE
NodeName={host} NodeAddr=127.0.0.1 Port={node_port} CPUs={cpus} RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=short Nodes=ALL MaxTime=1 State=UP
"""


class OneMachineSlurm:
    """Munge, the controller and the node's daemon; ended with all jobs on leaving the context.

    min_job_age: seconds after which Slurm forgets a job that is over. Without accounting nothing else knows it.
    """

    def __init__(self, *, min_job_age: int = 300) -> None:
        # Short, since the path of a socket must be: pytest's own folders are too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf")}
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        ports = iter(_free_ports(2))
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                host=socket.gethostname().partition(".")[0],
                port=next(ports),
                node_port=next(ports),
                min_job_age=min_job_age,
                cpus=CPUS,
            )
        )
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)

    @staticmethod
    def missing() -> str:
        """Why no Slurm can be started here; empty where one can."""
        if os.geteuid() != 0:
            return "Slurm's daemons are started as root"
        programs = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "setpriv")
        if absent := [name for name in programs if shutil.which(name, path=_PATH) is None]:
            return f"there is no Slurm here ({', '.join(absent)}): apt-get install slurm-wlm munge"
        return ""

    def __enter__(self) -> Self:
        try:
            munge = self.folder / "munge"
            self._begin(
                "munged",
                "--foreground",
                "--force",  # the folder is nobody's business but this test's
                f"--socket={munge}.socket",
                f"--key-file={munge}.key",
                f"--pid-file={munge}.pid",
                f"--log-file={munge}.log",
                f"--seed-file={munge}.seed",
            )
            self._wait("munge", Path(f"{munge}.socket").exists)
            self.start_controller()
            self.start_slurmd()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if "slurmctld" in self.daemons:
            self.clear()
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for process in self._left():
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self) -> None:
        """Ends all jobs, and waits until they are gone."""
        if not self.queue():
            return
        self.ask("scancel", "--quiet", "--user=root")
        deadline = time.monotonic() + PATIENCE
        while self.queue() and time.monotonic() < deadline:
            time.sleep(0.2)

    def start_slurmd(self) -> None:
        """Starts the node's daemon, and waits until jobs can run."""
        self._begin("slurmd", "-D")
        self._wait("its node", self._has_node)

    def _has_node(self) -> bool:
        (state,) = self.ask("sinfo", "-h", "-p", "main", "-o", "%T").split()[:1] or ("unknown",)
        if state.startswith(("down", "drain")):  # a daemon that died while a job began; a person would do this
            self.ask("scontrol", "update", f"NodeName={socket.gethostname().partition('.')[0]}", "State=RESUME")
        return state in ("idle", "mixed", "allocated")

    def kill_slurmd(self) -> None:
        """Kills the node's daemon as a crash would; what runs in jobs lives on, and the daemon may be started again."""
        self.daemons["slurmd"].kill()
        self.daemons["slurmd"].wait()

    def start_controller(self) -> None:
        """Starts the controller, and waits until it answers. It knows the jobs that it knew before."""
        self._begin("slurmctld", "-D")
        self._wait("its controller", lambda: self.ask("sinfo", "-h"))

    def stop_controller(self) -> None:
        """Ends the controller in an orderly way: it keeps what it knows. `sbatch` and its like get no answer."""
        self.daemons["slurmctld"].terminate()
        self.daemons["slurmctld"].wait(PATIENCE)

    def ask(self, *argv: str) -> str:
        """What one of Slurm's programs says; empty where it fails."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout if done.returncode == 0 else ""

    def queue(self) -> dict[int, str]:
        """Name of each job that waits, runs or is being ended."""
        pairs = (line.split(maxsplit=1) for line in self.ask("squeue", "-h", "-o", "%A %j").splitlines())
        return {int(number): name.strip() for number, name in pairs}

    def _begin(self, program: str, *options: str) -> None:
        path = shutil.which(program, path=_PATH)
        assert path is not None
        with (self.folder / f"{program}.out").open("ab") as out:
            self.daemons[program] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", path, *options],  # so that none outlives a test that is killed
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait(self, what: str, is_there: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_there():
            dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if dead or time.monotonic() > deadline:
                said = "\n".join(
                    path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.[ol][uo][tg]")
                )
                raise RuntimeError(f"Slurm does not start ({what}; ended: {dead}):\n{said}")
            time.sleep(0.1)

    def _left(self) -> list[psutil.Process]:
        """Processes of jobs and their keepers that outlived the daemons: this Slurm is named in their environment."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and str(self.folder) in process.environ().get("SLURM_CONF", ""):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return [process for process in found if "slurmstepd" in process.name() or process.ppid() == 1]


_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _free_ports(count: int) -> list[int]:
    open_ones = [socket.socket() for _ in range(count)]
    try:
        for one in open_ones:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in open_ones]
    finally:
        for one in open_ones:
            one.close()


@pytest.fixture(scope="session")
def slurm_daemons() -> Iterator[OneMachineSlurm]:
    """A Slurm for all tests of the session; they are skipped where it cannot be."""
    if reason := OneMachineSlurm.missing():
        pytest.skip(reason)
    with OneMachineSlurm() as slurm:
        yield slurm


@pytest.fixture
def slurm(slurm_daemons: OneMachineSlurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneMachineSlurm]:
    """The Slurm that `sbatch` and its like mean in this test; its queue is empty."""
    monkeypatch.setenv("SLURM_CONF", slurm_daemons.environment["SLURM_CONF"])
    slurm_daemons.clear()  # what a test that failed left
    yield slurm_daemons
