"""Comparison: what is paired, refused and left out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from whet.bias.pairs import Comparison, LeftOut
from whet.data.errors import FrameError, InputError
from whet.data.labels import Failure


def forces(*sizes, seed=0):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=(size, 3)) for size in sizes]


def test_holds_what_the_frames_carry(labeled):
    stress = np.array([[1.0, 6, 5], [6, 2, 4], [5, 4, 3]])
    truth = labeled(forces(2, 3), [1, 2], ["CuO", "H2O"], [stress, None])
    comparison = Comparison.of(truth, labeled(forces(2, 3, seed=1), [3, 4], ["CuO", "H2O"]))
    assert comparison.elements == ("Cu", "H", "O")
    assert comparison.n_atoms.tolist() == [2, 3] and comparison.frame_of_atom.tolist() == [0, 0, 1, 1, 1]
    assert comparison.symbols.tolist() == ["Cu", "O", "H", "H", "O"]
    assert comparison.reference.stresses[0].tolist() == [1, 2, 3, 4, 5, 6]
    assert np.isnan(comparison.reference.stresses[1]).all() and np.isnan(comparison.predicted.stresses).all()
    assert comparison.sum_by_frame(np.ones((5, 1))).ravel().tolist() == [2, 3]
    assert comparison.reference.forces[2:] == pytest.approx(forces(2, 3)[1])


def test_failures_and_numbers_that_are_not_finite_are_left_out_with_their_reason(labeled):
    truth, predicted = labeled(forces(2, 2, 2, 2)), labeled(forces(2, 2, 2, 2, seed=1))
    predicted[2].calc.results["forces"][0, 0] = np.nan
    comparison = Comparison.of(truth, [predicted[0], Failure("out of memory"), *predicted[2:]])
    assert comparison.indices == (0, 3)
    assert [one.as_json() for one in comparison.left_out] == [
        {"index": 1, "reason": "no prediction: out of memory"},
        {"index": 2, "reason": "predicted forces are not finite (NaN or infinite)"},
    ]
    with pytest.raises(FrameError, match="no frame is left to compare; the first was left out: predicted forces"):
        Comparison.of(truth[2:3], predicted[2:3])


def test_the_numbers_of_the_caller_are_kept(labeled):
    comparison = Comparison.of(
        labeled(forces(1, 1)), labeled(forces(1, 1)), indices=[7, 3], left_out=[LeftOut(5, "not converged")]
    )
    rest = comparison.without([7], "exploded")
    assert rest.indices == (3,) and [one.index for one in rest.left_out] == [5, 7]
    with pytest.raises(InputError, match="1 indices were given for 2 frames"):
        Comparison.of(labeled(forces(1, 1)), labeled(forces(1, 1)), indices=[7])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frames: frames.pop(), "2 reference frames and 1 predictions"),
        (lambda frames: frames.reverse(), r"predicted frame 0: it has the atoms Cu3, the reference Cu2"),
        (lambda frames: frames[1].positions.__iadd__(0.1), "predicted frame 1: its positions differ .* by up to 0.1 Å"),
        (lambda frames: frames[1].calc.results.pop("forces"), "predicted frame 1: the frame carries no forces"),
    ],
)
def test_pairs_that_are_none_are_refused(labeled, spoil, message):
    truth, predicted = labeled(forces(2, 3)), labeled(forces(2, 3))
    spoil(predicted)
    with pytest.raises(FrameError, match=message):
        Comparison.of(truth, predicted)


def test_reference_labels_must_be_finite(labeled):
    truth = labeled(forces(2, 3))
    truth[1].calc.results["energy"] = np.inf
    with pytest.raises(FrameError, match="reference frame 1: energy is not finite"):
        Comparison.of(truth, labeled(forces(2, 3)))


def test_take_keeps_atoms_with_their_frames(made):
    truth, predicted = forces(2, 1, 3), forces(2, 1, 3, seed=1)
    taken = made(truth, predicted).take([2, 0])
    assert taken.indices == (2, 0) and taken.n_atoms.tolist() == [3, 2]
    assert taken.predicted.forces == pytest.approx(np.concatenate([predicted[2], predicted[0]]))
    with pytest.raises(FrameError, match="no frame is left"):
        taken.take([])


def test_importing_the_room_imports_nothing_heavy():
    import whet.bias

    (folder,) = whet.bias.__path__
    code = (
        "import pathlib, sys\n"
        f"for path in pathlib.Path({folder!r}).glob('*.py'):\n"
        "    __import__('whet.bias.' + path.stem if path.stem != '__init__' else 'whet.bias')\n"
        "sys.exit(str({'numpy', 'scipy', 'sklearn', 'ase'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
