"""chosen_frames: some of the frames of a file, by what they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from whet.data.errors import FrameError
from whet.data.frames import FrameSet

Words = Mapping[str, Sequence[str]]
"""Key of a frame's info -> what may stand there, with the wildcards * and ?."""


def chosen_frames(frames: FrameSet, only: Words | None = None, first: int | None = None, where: str = "") -> FrameSet:
    """The frames that have one of the words under each key of `only`, and of these the first so many.

    where: the file. FrameError where there is none, or fewer than were asked for.
    """
    kept = frames
    if only:
        kept = FrameSet(frame for frame in frames if all(_fits(frame.info.get(key), only[key]) for key in only))
        if not kept:
            key = next((key for key in only if not any(_fits(one.info.get(key), only[key]) for one in frames)), "")
            there = sorted({str(frame.info[key]) for frame in frames if frame.info.get(key) is not None})
            known = ", ".join(there[:8]) + (", …" if len(there) > 8 else "")
            wanted = "; ".join(f"{name}: {', '.join(words)}" for name, words in only.items())
            hint = f"`{key}` is {known}" if there else f"No frame has `{key}`"
            raise FrameError(f"no frame fits `only` ({wanted})", where=where, hint=hint)
    if first is not None and first > len(kept):
        fit = " that fit" if only else ""
        raise FrameError(f"{first} frames were asked for, the file has {len(kept)}{fit}", where=where)
    return kept[:first]


def _fits(value: object, words: Sequence[str]) -> bool:
    return value is not None and any(fnmatchcase(str(value), word) for word in words)
