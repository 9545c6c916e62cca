"""Some of the frames of a file, by what they say of themselves."""

from __future__ import annotations

import pytest
from ase import Atoms

from whet.data.errors import FrameError
from whet.data.frame_choice import chosen_frames
from whet.data.frames import FrameSet

FRAMES = FrameSet(
    Atoms("Ar", info={"config_type": kind, "run": number}) for number, kind in enumerate(["md-1", "md-2", "x"])
)


def runs(found: FrameSet) -> list[int]:
    return [frame.info["run"] for frame in found]


def test_words_wildcards_and_several_keys():
    assert runs(chosen_frames(FRAMES, {"config_type": ["md-*"]})) == [0, 1]
    assert runs(chosen_frames(FRAMES, {"config_type": ["x", "md-1"]})) == [0, 2]
    assert runs(chosen_frames(FRAMES, {"config_type": ["md-*"], "run": ["1"]})) == [1]
    assert runs(chosen_frames(FRAMES, {"config_type": ["md-*"]}, 1)) == [0]
    assert runs(chosen_frames(FRAMES)) == [0, 1, 2]


def test_none_says_what_there_is():
    with pytest.raises(
        FrameError, match=r"f.xyz: no frame fits `only` \(config_type: M\*\). `config_type` is md-1, md-2, x"
    ):
        chosen_frames(FRAMES, {"config_type": ["M*"]}, where="f.xyz")
    with pytest.raises(FrameError, match="No frame has `kind`"):
        chosen_frames(FRAMES, {"kind": ["*"]})


def test_fewer_than_asked_for():
    with pytest.raises(FrameError, match="3 frames were asked for, the file has 2 that fit"):
        chosen_frames(FRAMES, {"config_type": ["md-*"]}, 3)
