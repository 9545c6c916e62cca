"""`whet.evaluate` and `whet.fine_tune` with what a notebook has: Atoms, structures of pymatgen, loaded potentials."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import whet
from whet.study.predicted_frames import key_names


@pytest.fixture
def frames(toy: None) -> list[Atoms]:
    hard, found = whet.load("toy:hard"), []
    for seed in range(6):
        atoms = bulk("Ar", "fcc", a=4.6, cubic=True)
        atoms.positions += np.random.default_rng(seed).normal(scale=0.2, size=(len(atoms), 3))
        (labels,) = hard.evaluate([atoms])
        found.append(labels.attach(atoms))
    return found


class InThisProcess(whet.Potential):
    """A potential of a notebook: no plugin has it, and no other process could."""

    name = "mine"

    @property
    def capabilities(self) -> whet.Capabilities:
        return whet.Capabilities()

    def predict(self, frames, properties):
        self.pid = os.getpid()
        for frame in frames:
            yield whet.Labels(
                -1.0, np.full((len(frame), 3), 0.25), np.zeros((3, 3)) if "stress" in properties else None
            )


def test_a_list_of_atoms_gives_what_its_file_gives(frames: list[Atoms], tmp_path: Path) -> None:
    whet.export_frames(tmp_path / "frames.extxyz", frames)
    by_file, by_list = whet.evaluate(tmp_path / "frames.extxyz", "toy"), whet.evaluate(frames, "toy")
    assert by_list[0]["forces"] == by_file[0]["forces"]
    assert by_list[0]["softening"]["scale"] == by_file[0]["softening"]["scale"]
    assert isinstance(by_list, Sequence) and len(by_list) == 1
    (one,) = by_list
    assert one["potential"] == "toy"


def test_loaded_potentials_and_components_stand_beside_names(frames: list[Atoms]) -> None:
    mine = InThisProcess(whet.Options())
    from whet.plugins.registry import registry

    component = registry().resolve("potentials", whet.Spec("toy", {"model": "hard"}))
    before = [frame.info.copy() for frame in frames]
    found = whet.evaluate(frames, mine, "toy", whet.load("toy:hard"), component)
    assert [one["potential"] for one in found] == ["mine", "toy", "toy:hard", "toy:hard 2"]
    assert mine.pid == os.getpid()
    assert found[2]["forces"]["mae"] == found[3]["forces"]["mae"] == pytest.approx(0, abs=1e-7)
    for frame, given in zip(found.frames, frames, strict=True):
        assert np.array_equal(frame.arrays["mine_forces"], np.full((4, 3), 0.25))
        assert frame.info["toy_hard_energy"] == pytest.approx(given.get_potential_energy())
        assert frame.info["toy_hard_stress"].shape == (3, 3)
        assert frame.get_potential_energy() == given.get_potential_energy()
    assert [frame.info for frame in frames] == before  # what was given is as it was


def test_the_table_has_a_row_for_each_potential(frames: list[Atoms], tmp_path: Path) -> None:
    found = whet.evaluate(frames, "toy", "toy:hard")
    table = found.table()
    assert list(table["potential"]) == ["toy", "toy:hard"]
    assert list(table["forces.mae"]) == [one["forces"]["mae"] for one in found]
    assert {"softening.scale", "energy_fitted.mae", "frames"} <= set(table.columns)
    found.save(tmp_path / "saved.extxyz")
    (first, *_) = whet.read_structures(tmp_path / "saved.extxyz")
    assert first.info["toy_energy"] == found.frames[0].info["toy_energy"]
    with pytest.raises(whet.InputError, match="there is another file of this name"):
        whet.evaluate(frames[:2], "toy").save(tmp_path / "saved.extxyz")


def test_structures_of_pymatgen(frames: list[Atoms]) -> None:
    adaptor = pytest.importorskip("pymatgen.io.ase").AseAtomsAdaptor
    structures = []
    for frame in frames:
        bare = frame.copy()
        structure = adaptor.get_structure(bare)
        structure.properties = {"energy": frame.get_potential_energy()}
        structure.add_site_property("forces", frame.get_forces().tolist())
        structures.append(structure)
    found = whet.evaluate(structures, whet.load("toy"))
    assert found[0]["forces"]["mae"] == pytest.approx(whet.evaluate(frames, whet.load("toy"))[0]["forces"]["mae"])


def test_what_is_neither_frame_nor_potential_is_one_line(frames: list[Atoms]) -> None:
    for given, said in (
        (3, "int is no file of frames and no frame. Give a path, or frames: ase.Atoms or structures of pymatgen"),
        ([frames[0], "x"], "frame 1: it is a str, not a frame. Give a path"),
        ([], "there is no frame in the list"),
        ("none.extxyz", "none.extxyz: there is no such file"),
    ):
        with pytest.raises(whet.WhetError) as caught:
            whet.evaluate(given, "toy")
        assert str(caught.value).startswith(said)
    with pytest.raises(whet.InputError, match=r"int is no potential. Give a name .* a component or a loaded potential"):
        whet.evaluate(frames, 3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(whet.InputError, match="there is no potential to evaluate"):
        whet.evaluate(frames)


def test_frames_under_unusual_keys(frames: list[Atoms]) -> None:
    bare = []
    for frame in frames:
        one = frame.copy()
        one.info["E_tot"], one.arrays["F_tot"] = frame.get_potential_energy(), frame.get_forces()
        bare.append(one)
    with pytest.raises(whet.FrameError, match="`keys=` in Python"):
        whet.evaluate(bare, whet.load("toy"))
    found = whet.evaluate(bare, whet.load("toy"), keys={"energy": "E_tot", "forces": "F_tot"})
    assert found[0]["frames"] == 6


def test_a_frame_that_a_potential_cannot_answer_has_no_prediction_of_it(frames: list[Atoms]) -> None:
    strange = bulk("Fe", "bcc", a=2.87, cubic=True)
    frames.append(whet.Labels(-1.0, np.zeros((2, 3)) + 0.1).attach(strange))
    found = whet.evaluate(frames, whet.load("toy"))
    assert found[0]["left_out"][0]["index"] == 6
    assert "toy_soft_energy" not in found.frames[6].info
    assert "toy_soft_energy" in found.frames[5].info


def test_names_of_keys() -> None:
    assert key_names(["mace:small", "chgnet", "x:a b.model"]) == {
        "mace:small": "mace_small",
        "chgnet": "chgnet",
        "x:a b.model": "x_a_b.model",
    }
    assert key_names(["a:b", "a b"]) == {"a:b": "a_b", "a b": "a_b_"}
    assert key_names(["dft", "1x"]) == {"dft": "potential_dft", "1x": "potential_1x"}  # `dft_energy` would be a label


def test_fine_tuning_frames_of_a_notebook(frames: list[Atoms], tmp_path: Path) -> None:
    made = whet.fine_tune(frames, "toy", tmp_path / "tuned", epochs=4, learning_rate=0.5)
    assert made.before is not None and made.after is not None
    assert made.after["forces"]["mae"] < made.before["forces"]["mae"]
    assert (made.applied["epochs"], made.train) == (4, 5)
    potential = made.potential()
    (labels,) = potential.evaluate(frames[:1])
    assert labels.energy == pytest.approx(frames[0].get_potential_energy(), abs=0.1)
    assert made.evaluation.frames[0].info.keys() >= {"toy_energy"}
    assert whet.Study.open(made.store).name == "toy fine-tuned on given.frames"
