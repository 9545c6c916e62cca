"""ParslOptions: where blocks of workers come from, and how large they are; in Parsl's own words."""

from __future__ import annotations

import re
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from whet import Options, suggestion
from whet_parsl.provider_keys import OVERRIDDEN, PROVIDER_KEYS, SEVERAL_NODES, Launcher

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[int, Field(ge=1)]
Lines = str | list[str]


class ParslOptions(Options):
    """A block is one job of the scheduler, with workers on each of its nodes; they take step after step.

    Every size of step that a study asks for (cores, memory, GPUs, walltime) has blocks of its own.
    """

    provider: Literal["local", "slurm", "pbspro", "torque", "lsf", "grid_engine", "kubernetes"] = "local"
    """Where blocks come from. `local` is this machine, without a scheduler."""

    init_blocks: int = Field(default=1, ge=0)
    """Blocks that are asked for at the beginning."""
    min_blocks: int = Field(default=0, ge=0)
    """Blocks that are kept although there is nothing to do."""
    max_blocks: int = Field(default=1, ge=1)
    """Blocks at the most, for each size of step."""
    parallelism: float = Field(default=1.0, ge=0, le=1)
    """Workers to ask for, per step that could run now."""
    max_idletime: float = Field(default=120.0, gt=0)
    """Seconds without work after which a block is given back."""
    nodes_per_block: int | None = Field(default=None, ge=1)
    """Nodes of a block. Default: 1."""
    max_workers_per_node: int | None = Field(default=None, ge=1)
    """Steps side by side on a node, at the most. Default: as many as its cores, memory and GPUs allow where they are
    known, else 1."""
    cores_per_worker: float | None = Field(default=None, gt=0)
    """Cores that a step is counted with; below 1, steps share a core. Default: the cores that the step asks for."""
    mem_per_worker: float | None = Field(default=None, gt=0)
    """GiB of memory that a step is counted with which states no memory of its own. Default: not counted."""
    available_accelerators: int | list[str] | None = None
    """GPUs of a node: how many, or their names as `CUDA_VISIBLE_DEVICES` has them. Default: `gpus_per_node`."""
    cpu_affinity: Literal["none", "block", "alternating", "block-reverse"] = "none"
    """Whether each worker is bound to cores of its own, and to which."""
    worker_init: Lines = ""
    """Lines of bash that set up a node's environment before its workers start, as `module load cuda`."""

    walltime: str | None = None
    """Time that a block asks for, HH:MM:SS. A step with a walltime of its own begins only where that much is left.
    Default: an hour, or what the step needs where that is more."""
    scheduler_options: Lines | None = None
    """Lines for the head of the job script, as `#SBATCH --mail-type=FAIL`."""
    launcher: Launcher | None = None
    """How workers are started on the nodes of a block. Default: `SrunLauncher` on several nodes of Slurm,
    `SingleNodeLauncher` on one node."""
    overrides: str | None = None
    """Further arguments for the launcher's program (`srun`, `mpiexec`, `jsrun`, …)."""
    cmd_timeout: Seconds | None = None
    """Seconds that the scheduler's commands may take. Default: Parsl's, which is 10 to 120."""

    partition: str | None = None
    """Slurm's partition."""
    queue: str | None = None
    """Queue of PBS, LSF or Grid Engine."""
    account: str | None = None
    """Account that is charged."""
    project: str | None = None
    """LSF's project, which is charged."""
    qos: str | None = None
    """Slurm's quality of service."""
    constraint: str | None = None
    """Slurm's constraint: features that nodes must have."""
    clusters: str | None = None
    """Slurm's cluster, or several with commas, of a federation."""
    exclusive: bool | None = None
    """Whether nodes are shared with no other job. Default: false (Parsl's own is true)."""
    cores_per_node: Count | None = None
    """Cores to ask for on each node. Default: what its workers need."""
    cpus_per_node: Count | None = None
    """Cores to ask for on each node of PBSPro. Default: what its workers need."""
    mem_per_node: Count | None = None
    """GiB of memory to ask for on each node. Default: what its workers need, where steps state it."""
    gpus_per_node: Count | None = None
    """GPUs to ask for on each node, for steps that need any. Default: none beyond `gres` and `scheduler_options`."""
    gres: str | None = None
    """Slurm's generic resources, as `gpu:a100:4`."""
    select_options: str | None = None
    """What is added to PBSPro's `-l select`, as `ngpus=4`."""
    cores_per_block: Count | None = None
    """Cores of a block of LSF, where `request_by_nodes` is false."""
    request_by_nodes: bool | None = None
    """Whether LSF is asked for nodes, not cores. Default: true."""
    bsub_redirection: bool | None = None
    """Whether `bsub` reads the job script from its standard input. Default: false."""

    image: str | None = None
    """Container image of the pods; Python and Whet must have the same paths in it as here."""
    namespace: str | None = None
    """Kubernetes' namespace. Default: `default`."""
    pod_name: str | None = None
    """What the names of pods begin with. Default: Parsl's."""
    service_account_name: str | None = None
    """Kubernetes' service account of the pods."""
    secret: str | None = None
    """Kubernetes' secret to pull the image with."""
    persistent_volumes: list[tuple[str, str]] | None = None
    """Claims and where they are mounted: `[[CLAIM, PATH], …]`. The store must be on one of them."""
    user_id: str | None = None
    """Number of the user who runs in the pods."""
    group_id: str | None = None
    """Number of that user's group."""
    run_as_non_root: bool | None = None
    """Whether pods refuse to run as root. Default: false."""

    address: str | None = None
    """Address of this machine, IPv4 or IPv6, at which the nodes reach it. Default: all that it has are tried."""
    worker_port_range: tuple[int, int] = (54000, 55000)
    """Ports of this machine, one of which the nodes connect to."""
    heartbeat_period: Seconds | None = None
    """Seconds between signs of life. Default: 2 for `local`, else 30."""
    heartbeat_threshold: Seconds | None = None
    """Seconds without a sign of life after which the other side is lost. Default: 20 for `local`, else 120."""

    @field_validator("walltime", mode="before")
    @classmethod
    def _as_a_clock(cls, given: Any) -> Any:
        """As Parsl has it; `resources` count in minutes, and a number alone could mean either."""
        if given is not None and not (isinstance(given, str) and re.fullmatch(r"\d+:[0-5]\d:[0-5]\d", given)):
            what = "should be hours, minutes and seconds, HH:MM:SS (`00:30:00` for half an hour)"
            raise ValueError(f"{what}, not {given!r:.40}")
        return given

    @model_validator(mode="after")
    def _of_the_provider(self) -> ParslOptions:
        own = PROVIDER_KEYS[self.provider]
        foreign = sorted(set[str]().union(*PROVIDER_KEYS.values()) - own)
        if given := [key for key in foreign if getattr(self, key) is not None]:
            near = dict.fromkeys(NEAREST.get((self.provider, key), "") or suggestion(key, own) for key in given)
            named = ", ".join(f"`{key}`" for key in given)
            raise ValueError(". ".join(filter(None, [f"the provider {self.provider!r} has no {named}", *near])))
        if self.provider == "kubernetes" and self.image is None:
            raise ValueError("`image` is missing: which container do the pods run?")
        return self

    @model_validator(mode="after")
    def _of_one_mind(self) -> ParslOptions:
        if self.min_blocks > self.max_blocks or self.init_blocks > self.max_blocks:
            raise ValueError("`min_blocks` and `init_blocks` can be no more than `max_blocks`")
        nodes, launcher = self.nodes, self.launcher
        if nodes > 1 and self.provider != "slurm" and launcher is None:
            raise ValueError(f"with several nodes, give the `launcher` that reaches them: {', '.join(SEVERAL_NODES)}")
        if nodes > 1 and launcher is not None and launcher not in SEVERAL_NODES:
            raise ValueError(f"{launcher} starts workers on one node only, not on {nodes}")
        if self.overrides is not None and launcher not in OVERRIDDEN:
            raise ValueError("`overrides` needs a `launcher` that takes arguments: " + ", ".join(OVERRIDDEN))
        if self.walltime is not None and self.walltime_minutes < 1:
            raise ValueError("`walltime` is less than a minute")
        if self.request_by_nodes is False and None in (self.cores_per_block, self.cores_per_node):
            raise ValueError("without `request_by_nodes`, give `cores_per_block` and `cores_per_node`")
        if (self.heartbeat_period or 1) * 2 > (self.heartbeat_threshold or 10**9):
            raise ValueError("`heartbeat_threshold` must be two `heartbeat_period` at least")
        return self

    @property
    def walltime_minutes(self) -> float:
        """Minutes that a block asks for, as given; 0 where nothing is."""
        hours, minutes, seconds = (int(part) for part in (self.walltime or "0:0:0").split(":"))
        return 60 * hours + minutes + seconds / 60

    @property
    def nodes(self) -> int:
        """Nodes of a block."""
        if self.cores_per_block is not None and self.cores_per_node is not None:
            return ceil(self.cores_per_block / self.cores_per_node)
        return self.nodes_per_block or 1

    @property
    def is_local(self) -> bool:
        """Whether blocks are on this machine."""
        return self.provider == "local"

    @property
    def beats(self) -> tuple[int, int]:
        """Seconds between signs of life, and seconds after which there should have been one."""
        period = self.heartbeat_period or (2 if self.is_local else 30)
        return period, self.heartbeat_threshold or max(20 if self.is_local else 120, 2 * period)


NEAREST = {
    ("slurm", "queue"): "Slurm's word is `partition`",
    ("slurm", "cpus_per_node"): "Slurm's word is `cores_per_node`",
    ("slurm", "project"): "Slurm's word is `account`",
    ("pbspro", "partition"): "PBS's word is `queue`",
    ("pbspro", "cores_per_node"): "PBSPro's word is `cpus_per_node`",
    ("torque", "partition"): "PBS's word is `queue`",
    ("lsf", "partition"): "LSF's word is `queue`",
    ("lsf", "account"): "LSF's word is `project`",
    ("grid_engine", "partition"): "Grid Engine's word is `queue`",
}
"""Where no word is like the one that was meant."""


def lines(given: Lines | None) -> str:
    """One text of what was given as text or as its lines."""
    return given if isinstance(given, str) else "\n".join(given or ())
