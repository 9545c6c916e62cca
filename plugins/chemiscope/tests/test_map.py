"""The map: where points lie and how far they are off, which frames are drawn, and what is said of those left out."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from analysis_inputs import frames_of, labeled, labeled_frames, predictions, rows, trajectory, water
from whet import Descriptor, Findings, FrameSet, InputError, PluginError, Ref
from whet_chemiscope import page as page_module
from whet_chemiscope.gathered import spaced
from whet_chemiscope.space import Space

from .conftest import MAIN, NEAR, OLD, Run

TRAINING = Ref(set="main naive", set_kind="training", gathered_by=Ref("main", "naive", 2), trajectory=0)


def dataset_of(findings: Findings) -> dict[str, Any]:
    """What chemiscope is given."""
    page = findings.figures[0].page
    assert page
    (found,) = re.findall(r"const dataset = (\{.*\}), renamed = ", page.html.text)
    return json.loads(found.replace("NaN", "null"))


@pytest.mark.parametrize("count", [40, 900], ids=["whole", "first components"])
def test_coordinates_and_residuals_are_those_of_scikit_learn(count: int) -> None:
    from sklearn.decomposition import PCA

    random = np.random.default_rng(1)
    data = random.normal(size=(count, 30)) @ random.normal(size=(30, 700)) + 0.01 * random.normal(size=(count, 700)) + 5
    training = np.arange(count) < 0.7 * count
    found = Space.of(data, training, 5)
    first, kept = PCA(2, svd_solver="full").fit(data), PCA(5, svd_solver="full").fit(data[training])
    for place, wanted in enumerate(first.transform(data).T):
        got = found.coordinates[:, place]
        np.testing.assert_allclose(got * np.sign(got @ wanted), wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())
    rest = data - kept.inverse_transform(kept.transform(data))
    np.testing.assert_allclose(found.q, (rest**2).sum(axis=1), rtol=1e-6)
    assert math.isclose(found.explained, first.explained_variance_ratio_.sum(), rel_tol=1e-6)
    assert found.of_training


def test_points_that_are_all_the_same_have_a_map() -> None:
    found = Space.of(np.ones((5, 4)), np.zeros(5, dtype=bool), 2)
    assert (found.explained, found.q.max(), np.abs(found.coordinates).max()) == (0.0, 0.0, 0.0)


def test_two_points_are_too_few() -> None:
    with pytest.raises(InputError, match="2 points with 4 features are too few for a map"):
        Space.of(np.ones((2, 4)), np.zeros(2, dtype=bool), 2)


def test_a_frame_unlike_those_for_training_has_the_largest_residual(run: Run, everything: Descriptor) -> None:
    near = frames_of(12, seed=500)
    strange = labeled([water(3, 0.05, at=1.5)], [0.0], [np.zeros((3, 3))])
    found = run(
        labeled_frames(TRAINING, frames_of(30)), labeled_frames(NEAR, near + strange + near[:0]), descriptor=everything
    )
    (worst, *_) = [row for row in rows(found, "map-extremes") if row["quantity"] == "Q-residual"]
    assert (worst["set"], worst["frame"], worst["trajectory"]) == ("near", 12, None)
    assert "principal components of the frames for training" in found.definition
    values = dataset_of(found)["properties"]
    rounds = dict(zip(values["set"]["values"], values["round"]["values"], strict=True))
    assert rounds == {"main naive": 2, "near": 0}


def test_without_training_residuals_are_of_all_points_and_it_is_said(run: Run, everything: Descriptor) -> None:
    found = run(labeled_frames(NEAR, frames_of(9)), predictions(MAIN.on(NEAR), frames_of(9)), descriptor=everything)
    assert "principal components of all points" in found.definition
    assert found.notes == ["no frames for training: Q-residuals tell what is rare among the points, not what is new"]


def test_errors_are_those_of_each_potential(run: Run, everything: Descriptor) -> None:
    frames = frames_of(6)
    found = dataset_of(
        run(
            labeled_frames(NEAR, frames),
            predictions(MAIN.on(NEAR), frames, off=0.25, energies=[0.3] * 6),
            predictions(Ref("main", "naive", 1, 1, last=True).on(NEAR), frames[:4], off=0.125),
            descriptor=everything,
        )
    )["properties"]
    assert found["force error of main"]["values"] == [0.25] * 6
    assert found["force error of main naive 1"]["values"] == [0.125] * 4 + [None] * 2
    assert found["energy error of main"]["values"] == [100.0] * 6
    assert (found["energy error of main"]["units"], found["force error of main"]["units"]) == ("meV/atom", "eV/Å")


def test_states_between_rounds_are_not_asked_for(run: Run, everything: Descriptor) -> None:
    frames = frames_of(6)
    between = predictions(Ref("main", "naive", 1, 1).on(NEAR), frames, off=1.0)
    found = dataset_of(run(labeled_frames(NEAR, frames), between, descriptor=everything))
    assert not [name for name in found["properties"] if "error" in name]


def test_atoms_are_points_with_their_own_errors(run: Run, everything: Descriptor) -> None:
    frames = frames_of(5)
    off = np.zeros((3, 3))
    off[1] = (0.3, 0.4, 0.0)
    predicted = labeled(list(frames), [0.0] * 5, [frame.get_forces() + off for frame in frames])
    given = replace(predictions(MAIN.on(NEAR), frames), predicted=predicted)
    found = run(labeled_frames(NEAR, frames), given, descriptor=everything, point="atom")
    whole = dataset_of(found)
    np.testing.assert_allclose(whole["properties"]["force error of main"]["values"], [0.0, 0.5, 0.0] * 5, atol=1e-12)
    assert whole["properties"]["element"]["values"] == ["O", "H", "H"] * 5
    assert [(one["structure"], one["center"]) for one in whole["environments"]][:4] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    every = np.concatenate(list(everything.describe(list(frames), ["H", "O"])))
    every -= every.mean(axis=0)
    _, _, axes = np.linalg.svd(every, full_matrices=False)
    got = np.array([row["PC 1"] for row in rows(found, "map-points")])
    np.testing.assert_allclose(got * np.sign(got @ (every @ axes[0])), every @ axes[0], rtol=1e-6, atol=1e-12)


def test_a_trajectory_gives_frames_with_and_without_labels_each_once(run: Run, everything: Descriptor) -> None:
    frames = frames_of(10)
    plain = FrameSet([Atoms(frame.get_chemical_symbols(), frame.positions) for frame in frames])
    kept = [0, 4, 8]
    ref = Ref(set="dynamics", set_kind="independent", trajectory=1)
    sampled = trajectory(ref, plain, labeled=frames.take(kept), kept=kept, times=[10.0 * n for n in range(10)])
    found = run(sampled, labeled_frames(ref, frames.take(kept)), descriptor=everything)
    assert rows(found, "map-sets") == [{"set": "dynamics", "frames": 10, "with labels": 3, "drawn": 10}]
    energies = dataset_of(found)["properties"]["energy"]["values"]
    assert [place for place, energy in enumerate(energies) if energy is not None] == kept
    assert dataset_of(found)["properties"]["time"]["values"] == [10.0 * n for n in range(10)]
    assert {row["trajectory"] for row in rows(found, "map-points")} == {2}


def test_a_frame_of_two_sets_is_drawn_once(run: Run, everything: Descriptor) -> None:
    frames = frames_of(6)
    found = run(labeled_frames(NEAR, frames), labeled_frames(OLD, frames[:2]), descriptor=everything)
    assert rows(found, "map-sets") == [{"set": "near", "frames": 6, "with labels": 6, "drawn": 6}]


def test_of_many_frames_small_sets_are_whole_and_the_worst_are_kept(run: Run, everything: Descriptor) -> None:
    many = frames_of(100)
    forces = [frame.get_forces() + (5.0 if number == 37 else 0.01) for number, frame in enumerate(many)]
    off = replace(predictions(MAIN.on(OLD), many), predicted=labeled(list(many), [0.0] * 100, forces))
    found = run(
        labeled_frames(NEAR, frames_of(5, seed=900)), labeled_frames(OLD, many), off,
        descriptor=everything, most_points=30,
    )  # fmt: skip
    assert [(row["set"], row["frames"], row["drawn"]) for row in rows(found, "map-sets")] == [
        ("near", 5, 5),
        ("old", 100, 25),
    ]
    drawn = [row["frame"] for row in rows(found, "map-points") if row["set"] == "old"]
    assert 37 in drawn and (min(drawn), max(drawn)) == (0, 99)
    assert max(np.diff(drawn)) < 10
    (note,) = [one for one in found.notes if "most_points" in one]
    assert note.startswith("the map has 30 of 105 frames: ")
    assert len(dataset_of(found)["structures"]) == 30


def test_large_frames_are_fewer(run: Run, everything: Descriptor) -> None:
    found = run(labeled_frames(NEAR, frames_of(200)), descriptor=everything, most_atoms=150)
    assert len(dataset_of(found)["structures"]) == 50
    assert "the map has 50 of 200 frames" in found.notes[0]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 99, 100, 101])
def test_places_are_spaced_evenly(count: int) -> None:
    found = spaced(100, count)
    assert len(found) == len(set(found)) == min(count, 100)
    if count > 1:
        assert (found[0], found[-1]) == (0, 99)


def test_without_a_descriptor_labels_are_the_axes(run: Run) -> None:
    frames = frames_of(6)
    found = run(labeled_frames(NEAR, frames), predictions(MAIN.on(NEAR), frames, off=0.2))
    assert list(rows(found, "map-points")[0])[-3:-1] == ["energy", "force"]
    assert found.definition.startswith("Without a descriptor the axes are the reference's energy and force.")
    force = float(np.sqrt((frames[0].get_forces() ** 2).mean()))
    assert math.isclose(rows(found, "map-points")[0]["force"], force, rel_tol=1e-12)


def test_without_a_descriptor_and_labels_there_is_no_map(run: Run) -> None:
    plain = FrameSet([water(number) for number in range(5)])
    sampled = trajectory(NEAR, plain, labeled=FrameSet(()), kept=[])
    with pytest.raises(InputError) as caught:
        run(sampled)
    assert str(caught.value) == "without a descriptor a map needs frames with labels. Name a `descriptor`"


def test_a_page_of_the_most_that_is_drawn_is_small(run: Run, everything: Descriptor) -> None:
    """What the how-to page says: 2000 structures of 100 atoms take 1.2 MB, chemiscope 1 MB."""
    random = np.random.default_rng(0)
    start = random.uniform(0, 12, (100, 3))
    frames = [
        Atoms("C20H60O20", start + random.normal(0, 0.3, (100, 3)), cell=[12.0] * 3, pbc=True) for _ in range(2000)
    ]
    sampled = trajectory(NEAR, FrameSet(frames), labeled=FrameSet(()), kept=[], times=list(range(2000)))
    page = run(sampled, descriptor=everything).figures[0].page
    assert page
    assert len(page.html.read()) < 1.3e6
    assert sum(len(one.read()) for one in page.scripts) < 1e6


def test_another_layout_of_chemiscope_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "SCRIPT", page_module.SCRIPT.with_name("other.js"))
    hint = "Install a version that this plugin was tested with: pip install 'chemiscope>=1.1,<1.2'"
    with pytest.raises(PluginError) as caught:
        page_module.script()
    assert str(caught.value) == f"the installed chemiscope has no sphinx/static/other.js. {hint}"


def test_words_of_users_cannot_end_the_script(run: Run, everything: Descriptor) -> None:
    name = "</script><script>alert(1)</script>"
    found = run(labeled_frames(Ref(set=name, set_kind="independent"), frames_of(5)), descriptor=everything)
    page = found.figures[0].page
    assert page and "alert(1)</script>" not in page.html.text
    assert dataset_of(found)["properties"]["set"]["values"] == [name] * 5
