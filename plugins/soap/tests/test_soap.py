"""SOAP: shapes, invariances, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import Spec
from whet.plugins.registry import registry

ELEMENTS = ("O", "C", "H")


def soap(**options: Any) -> Any:
    small = {"n_max": 4, "l_max": 3, **options}
    return registry().load(registry().resolve("descriptors", Spec("soap", small)))


def features(frame: Atoms, elements: tuple[str, ...] = ELEMENTS, **options: Any) -> np.ndarray:
    (found,) = soap(**options).describe([frame], elements)
    return found


def test_defaults_are_those_of_the_paper() -> None:
    options = registry().load(registry().resolve("descriptors", Spec("soap"))).options
    assert (options.r_cut, options.n_max, options.l_max, options.sigma) == (5.0, 8, 6, 0.375)
    frame = molecule("CH3OH")
    (found,) = registry().load(registry().resolve("descriptors", Spec("soap"))).describe([frame], ELEMENTS)
    channels = 3 * 8
    assert found.shape == (6, channels * (channels + 1) // 2 * 7)


def test_compression_and_precision_shrink_the_features() -> None:
    full = features(molecule("CH3OH"))
    assert full.dtype == np.float64
    for mode in ("mu1nu1", "mu2", "crossover"):
        assert features(molecule("CH3OH"), compression=mode).shape[1] < full.shape[1]
    single = features(molecule("CH3OH"), precision="float32")
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, full, rtol=1e-5, atol=1e-5 * np.abs(full).max())


@pytest.mark.parametrize("compression", ["off", "mu1nu1"])
def test_rotation_translation_and_permutation_change_nothing(compression: str) -> None:
    frame = molecule("CH3CH2OH")
    frame.rattle(0.1, seed=1)
    reference = features(frame, compression=compression)
    moved = frame.copy()
    moved.rotate(40, (1, 2, 3))
    moved.translate((1.0, -2.0, 0.5))
    order = np.random.default_rng(3).permutation(len(frame))
    tolerance = 1e-8 * np.abs(reference).max()
    np.testing.assert_allclose(features(moved, compression=compression), reference, atol=tolerance)
    np.testing.assert_allclose(features(frame[order], compression=compression), reference[order], atol=tolerance)
    distorted = frame.copy()
    distorted.positions[0] += (0.1, 0.0, 0.0)
    assert np.abs(features(distorted, compression=compression) - reference).max() > 1e3 * tolerance


def test_periodic_images_count_where_the_frame_is_periodic() -> None:
    crystal = bulk("MgO", "rocksalt", a=4.2)
    whole = features(crystal, ("Mg", "O"))
    np.testing.assert_allclose(features(crystal * 2, ("Mg", "O"))[:2], whole, rtol=1e-6, atol=1e-6)
    cluster = crystal.copy()
    cluster.pbc = False
    assert np.abs(features(cluster, ("Mg", "O")) - whole).max() > 0.1 * np.abs(whole).max()


def test_features_compare_across_frames_of_other_elements() -> None:
    frames = [molecule("H2O"), molecule("CH4")]
    found = list(soap().describe(frames, ELEMENTS))
    assert [len(one) for one in found] == [3, 5]
    assert found[0].shape[1] == found[1].shape[1]
    np.testing.assert_array_equal(features(frames[0], ("H", "O", "C")), found[0])
