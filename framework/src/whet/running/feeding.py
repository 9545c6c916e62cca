"""feeding: the steps that feed others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from whet.running.step import Step


def feeding(steps: Iterable[Step], among: Mapping[str, Step], *, through_all: bool) -> list[str]:
    """Keys of the steps among those that feed these; through_all: with what feeds them, to the beginning."""
    found: dict[str, None] = {}
    open_keys = [key for step in steps for key in step.feeds]
    for key in open_keys:
        if key in among and key not in found:
            found[key] = None
            open_keys += among[key].feeds if through_all else ()
    return list(found)
