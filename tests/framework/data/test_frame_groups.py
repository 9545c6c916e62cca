"""Which frames belong together: what they name, what they are made of, and what nobody knows."""

from __future__ import annotations

import pytest
from ase import Atoms
from ase.build import bulk

from whet.data.errors import FrameError
from whet.data.frame_groups import frame_groups, units_in_words


def frames(*infos, formula="Ar"):
    return [Atoms(formula, [[0, 0, number]], info=info) for number, info in enumerate(infos)]


def test_the_first_name_that_a_frame_has_is_its_group():
    made = frames({"config_type": "md", "trajectory": 1}, {"config_type": "md", "trajectory": 2}, {"source": "x"})
    assert frame_groups(made) == (["1", "2", "x"], "groups")


def test_frames_that_name_no_group_beside_others_that_do_are_one():
    groups, _ = frame_groups(frames({"group": "a"}, {}, {}))
    assert groups == ["a", "", ""]


def test_without_names_it_is_the_material_that_tells_frames_apart():
    made = [*frames({}, {}), *frames({}, formula="Kr")]
    assert frame_groups(made) == (["Ar", "Ar", "Kr"], "materials")


def test_a_name_that_all_frames_share_tells_no_materials_apart():
    made = [*frames({"source": "MPtrj"}), *frames({"source": "MPtrj"}, formula="Kr")]
    assert frame_groups(made) == (["Ar", "Kr"], "materials")
    assert frame_groups(frames({"source": "run 1"}, {"source": "run 1"})) == (["run 1", "run 1"], "groups")


def test_of_one_material_without_names_nobody_knows():
    groups, of = frame_groups(frames({}, {}))
    assert (len(set(groups)), of) == (1, "")


def test_each_frame_stands_alone_where_that_is_said():
    assert frame_groups(frames({"config_type": "md"}, {"config_type": "md"}), "frames") == (["0", "1"], "frames")


def test_copies_of_a_frame_are_one_piece_of_evidence():
    made = frames({}, {}, {})
    assert frame_groups([*made, *made, made[1].copy()], "frames") == (["0", "1", "2", "0", "1", "2", "1"], "frames")


def test_cells_of_several_sizes_are_one_material():
    made = [bulk("Cu"), bulk("Cu", cubic=True), bulk("Ag"), bulk("Ag").repeat(2)]
    assert frame_groups(made) == (["Cu", "Cu", "Ag", "Ag"], "materials")


def test_a_key_that_a_frame_lacks_is_named():
    with pytest.raises(FrameError, match=r"frame 1: it has no `run`.*'walk'"):
        frame_groups(frames({"run": 1}, {"walk": 1}), "run")


@pytest.mark.parametrize(
    ("number", "of", "words"),
    [
        (7, "trajectories", "7 trajectories"),
        (1, "trajectories", "1 trajectory"),
        (1, "frames", "1 frame"),
        (3, "groups", "3 groups"),
        (1, "", "1 unit"),
    ],
)
def test_units_in_words(number: int, of: str, words: str) -> None:
    assert units_in_words(number, of) == words


def test_a_single_frame_stands_alone() -> None:
    assert frame_groups([Atoms("Ar")]) == (["Ar"], "frames")
    assert frame_groups([Atoms("Ar"), Atoms("Ar")])[1] == ""
