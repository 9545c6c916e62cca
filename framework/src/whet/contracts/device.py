"""checked_device, refuse_absent: where a potential lives, in the words that every backend knows, and if it is there."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from whet.data.errors import InputError, suggestion

DEVICES = ("cpu", "cuda", "mps", "xpu")
"""The processor; NVIDIA's and AMD's GPUs; Apple's; Intel's. One of several is `cuda:1`, `xpu:1`."""

_MEANT = {"gpu": "cuda", "nvidia": "cuda", "amd": "cuda", "rocm": "cuda", "hip": "cuda", "metal": "mps", "intel": "xpu"}


def checked_device(name: str) -> str:
    """The device itself. InputError, with the nearest, for a word that is none."""
    if re.fullmatch(r"cpu|mps|(cuda|xpu)(:[0-9]{1,3})?", name):
        return name
    word, colon, number = name.strip().lower().partition(":")
    meant = word if word in DEVICES else _MEANT.get(word, "")
    if meant:
        takes_number = meant in ("cuda", "xpu") and re.fullmatch("[0-9]{1,3}", number)
        hint = f"Did you mean '{meant}{colon + number if takes_number else ''}'?"
    else:
        hint = suggestion(word, DEVICES) or f"Known: {', '.join(DEVICES)}; one of several is cuda:1"
    raise InputError(f"there is no device {name!r:.60}", hint=hint)


def refuse_absent(device: str, where: str = "") -> None:
    """InputError, naming what torch is installed, where torch here cannot compute on a device. It is not imported.

    where: who asks. Nothing is said where there is no torch, or no way to tell.
    """
    kind, _, number = device.partition(":")
    build = None if kind == "cpu" else _torch_build()
    if build is None:
        return
    torch = f"torch {build['__version__']}"
    what, hint = f"there is no device {device!r}", "Run it where there is one, or with the device cpu"
    if kind == "mps":
        fault = "" if sys.platform == "darwin" else "it is Apple's, and this is no Mac"
    elif not (build.get("cuda") or build.get("hip") if kind == "cuda" else build.get("xpu")):
        fault = f"{torch}, which is installed here, is a build without {'CUDA' if kind == 'cuda' else 'XPU'}"
        hint = "Install one that has it (https://pytorch.org/get-started/locally), or take the device cpu"
    else:
        fault = _missing_gpu(build, int(number or 0)) if kind == "cuda" else ""
        fault = fault and f"{torch} is built for {'ROCm' if build.get('hip') else 'CUDA'}, but {fault}"
    if fault:
        raise InputError(f"{what}: {fault}", where=where, hint=hint)


def _torch_build() -> dict[str, str] | None:
    """What `torch/version.py` says of the torch that is installed: version, and toolkits by name where it has them."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return None
    try:
        text = Path(found.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    build = dict(re.findall(r"^(\w+)(?:: [^=]+)? = '([^']+)'", text, re.MULTILINE))
    return build if "__version__" in build else None


def _missing_gpu(build: Mapping[str, str], number: int) -> str:
    """What is missing for the GPU of that number; empty where nothing is, or nobody can tell before torch is asked."""
    amd = bool(build.get("hip"))
    if not (Path("/dev/kfd").exists() if amd else _has_nvidia_driver()):
        return f"this machine has no {'AMD' if amd else 'NVIDIA'} driver"
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is None:
        return ""
    visible = [word for word in shown.split(",") if word.strip() not in ("", "-1")]
    return "" if number < len(visible) else f"CUDA_VISIBLE_DEVICES={shown} shows {len(visible)} of this machine's GPUs"


def _has_nvidia_driver() -> bool:
    import ctypes

    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
