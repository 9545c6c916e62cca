"""Reference energies: what is fitted is taken out; undetermined elements get the minimum norm and are announced."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from whet import FrameSet, Labels, ReferenceEnergies

shifts = st.floats(-2000, 2000)


@settings(deadline=None)
@given(shifts, shifts, st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=3, max_size=8))
def test_a_constant_per_element_is_absorbed(argon: float, neon: float, counts: list[tuple[int, int]]) -> None:
    frames = [Atoms("Ar" * a + "Ne" * b) for a, b in counts]
    predicted = [0.1 * len(frame) for frame in frames]
    labels = [p + a * argon + b * neon for p, (a, b) in zip(predicted, counts, strict=True)]
    fitted = ReferenceEnergies.fit(frames, labels, predicted)
    left = [
        Labels.of(frame).energy
        for frame in fitted.removed_from(
            Labels(e, np.zeros((len(f), 3))).attach(f) for e, f in zip(labels, frames, strict=True)
        )
    ]
    np.testing.assert_allclose(left, predicted, atol=1e-6)
    assert fitted.determined == (len({a / b for a, b in counts}) > 1)


def test_one_composition_gets_the_minimum_norm() -> None:
    frames = FrameSet([Atoms("Ar2Ne2")] * 3)
    fitted = ReferenceEnergies.fit(frames, [8.0] * 3, [0.0] * 3)
    assert fitted.rank == 1
    assert not fitted.determined
    assert fitted.as_json()["span"] == ["ArNe"]
    np.testing.assert_allclose(list(fitted.shift.values()), [2.0, 2.0])


def test_elements_that_were_not_fitted_count_nothing() -> None:
    fitted = ReferenceEnergies.fit([Atoms("Ar")], [3.0], [1.0])
    assert fitted.of(Atoms("ArKr")) == 2.0


def test_a_fit_that_determines_each_element_says_what_it_always_did() -> None:
    """Results of older stores are to be the same when they are made anew."""
    fitted = ReferenceEnergies.fit([Atoms("Ar"), Atoms("ArNe")], [3.0, 4.0], [0.0, 0.0])
    assert set(fitted.as_json()) == {"shift", "rank", "residual", "frames"}
    assert ReferenceEnergies(**fitted.as_json()) == fitted
