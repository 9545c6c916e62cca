"""Parsl's provider for blocks of a size, made of the options."""

from __future__ import annotations

import importlib
from typing import Any

from parsl import launchers
from parsl.launchers.base import Launcher
from parsl.providers.base import ExecutionProvider

from whet import InputError, MissingPackage
from whet_parsl.local_blocks import LocalBlocks
from whet_parsl.options import ParslOptions, lines
from whet_parsl.provider_keys import OVERRIDDEN, PROVIDER_KEYS
from whet_parsl.size import Block

CLASSES = {
    "slurm": "SlurmProvider",
    "pbspro": "PBSProProvider",
    "torque": "TorqueProvider",
    "lsf": "LSFProvider",
    "grid_engine": "GridEngineProvider",
    "kubernetes": "KubernetesProvider",
}


def provider_for(block: Block, options: ParslOptions) -> ExecutionProvider:
    """What asks for blocks. Raises MissingPackage and InputError where Parsl cannot make it here."""
    own = PROVIDER_KEYS[options.provider]
    given: dict[str, Any] = {key: getattr(options, key) for key in own if getattr(options, key) is not None}
    given |= {key: getattr(options, key) for key in ("init_blocks", "min_blocks", "max_blocks", "parallelism")}
    given["worker_init"] = lines(options.worker_init)
    if options.is_local:
        return LocalBlocks(launcher=launchers.SimpleLauncher(), **given)
    if "scheduler_options" in own:
        given["scheduler_options"] = lines(options.scheduler_options)
    if "walltime" in own:
        given["walltime"] = f"{block.minutes // 60:02}:{block.minutes % 60:02}:00"
    if "launcher" in own:
        given["launcher"] = _launcher(options)
        given.pop("overrides", None)
    given |= _own(block, options)
    try:
        return _made(options.provider, given, block)
    except Exception as error:
        where = f"provider {options.provider}"
        if options.provider == "kubernetes" and "OptionalModuleMissing" in type(error).__name__:
            raise MissingPackage(
                "the package kubernetes is missing", where=where, hint="pip install 'whet-parsl[kubernetes]'"
            ) from None
        raise InputError(f"Parsl refuses it ({type(error).__name__}: {error})", where=where) from error


def _own(block: Block, options: ParslOptions) -> dict[str, Any]:
    """What a provider is asked for, in its own words, where the user left it open."""
    if options.provider == "slurm":
        whole = options.exclusive and options.cores_per_node is None  # then the node says how many cores it has
        asked: dict[str, Any] = {"exclusive": bool(options.exclusive), "mem_per_node": block.memory}
        asked["cores_per_node"] = None if whole else block.cores
        asked["gpus_per_node"] = options.gpus_per_node if block.accelerators else None
        return asked
    if options.provider == "pbspro":
        return {"cpus_per_node": block.cores or 1}
    if options.provider == "kubernetes":
        cores = float(block.cores or 1)
        memory = {"max_mem": f"{block.memory}Gi", "init_mem": f"{block.memory}Gi"} if block.memory else {}
        return {"max_cpu": cores, "init_cpu": cores, **memory}
    return {}


def _made(name: str, given: dict[str, Any], block: Block) -> ExecutionProvider:
    provider = getattr(importlib.import_module("parsl.providers"), CLASSES[name])(**given)
    if name == "torque":  # Parsl asks for one core of each node, whatever runs there
        provider.template_string = provider.template_string.replace("ppn=${tasks_per_node}", f"ppn={block.cores or 1}")
    return provider


def _launcher(options: ParslOptions) -> Launcher:
    name = options.launcher or ("SrunLauncher" if options.nodes > 1 else "SingleNodeLauncher")
    arguments = {"overrides": options.overrides} if options.overrides is not None and name in OVERRIDDEN else {}
    return getattr(launchers, name)(**arguments)
