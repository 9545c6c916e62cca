"""ProtocolPreset: the words of a published protocol of dynamics, under one name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from whet.contracts.component import Backend


class ProtocolPreset(Backend):
    """A name for `preset:`, and the words that it stands for; the keys beside it replace its own."""

    unpickles: ClassVar[bool] = False
    words: ClassVar[Mapping[str, Any]]
    """Options of `Protocol`, as they would stand in a study file."""
