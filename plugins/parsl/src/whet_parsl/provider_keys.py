"""Which words each of Parsl's providers knows, and which launchers there are. Importing this imports no Parsl."""

from __future__ import annotations

from typing import Literal, get_args

Launcher = Literal[
    "SimpleLauncher",
    "SingleNodeLauncher",
    "SrunLauncher",
    "SrunMPILauncher",
    "MpiExecLauncher",
    "MpiRunLauncher",
    "GnuParallelLauncher",
    "AprunLauncher",
    "JsrunLauncher",
]

SEVERAL_NODES = [name for name in get_args(Launcher) if name not in ("SimpleLauncher", "SingleNodeLauncher")]
"""Launchers that reach the other nodes of a block."""

OVERRIDDEN = [name for name in SEVERAL_NODES if name != "GnuParallelLauncher"]
"""Launchers that take further arguments."""

_QUEUED = frozenset({"nodes_per_block", "walltime", "scheduler_options", "launcher", "overrides", "cmd_timeout"})

PROVIDER_KEYS: dict[str, frozenset[str]] = {
    "local": frozenset({"cmd_timeout"}),
    "slurm": _QUEUED
    | {"partition", "account", "qos", "constraint", "clusters", "exclusive"}
    | {"cores_per_node", "mem_per_node", "gpus_per_node", "gres"},
    "pbspro": _QUEUED | {"account", "queue", "select_options", "cpus_per_node"},
    "torque": _QUEUED | {"account", "queue"},
    "lsf": _QUEUED | {"project", "queue", "cores_per_block", "cores_per_node", "request_by_nodes", "bsub_redirection"},
    "grid_engine": _QUEUED | {"queue"},
    "kubernetes": frozenset({"image", "namespace", "pod_name", "service_account_name", "secret"})
    | {"persistent_volumes", "user_id", "group_id", "run_as_non_root"},
}
"""Provider -> its options beside those of every provider."""
