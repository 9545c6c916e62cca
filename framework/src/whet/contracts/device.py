"""checked_device: where a potential lives, in the words that every backend knows."""

from __future__ import annotations

import re

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
