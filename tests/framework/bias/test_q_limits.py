"""Q-residuals and their limits: zero inside the span, and exceeded as often as announced."""

from __future__ import annotations

import numpy as np
import pytest

from whet.bias.principal_components import PrincipalComponents
from whet.bias.q_limits import QLimits, jackson_mudholkar
from whet.data.errors import InputError


@pytest.fixture(scope="module")
def plane():
    """300 environments in a plane of a space of nine dimensions, elements in turn."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 2)) @ rng.normal(size=(2, 9)) + 5, np.array(["H", "O", "C"] * 100)


def test_q_is_zero_inside_the_span_and_the_squared_distance_from_it_outside(plane):
    features, _ = plane
    components = PrincipalComponents.fit([features], 2)
    assert components.q_residuals(features) == pytest.approx(0, abs=1e-20)
    assert jackson_mudholkar(components.residual_sums, 0.95) == 0
    normal = np.linalg.svd(features - features.mean(axis=0))[2][-1]
    assert components.q_residuals(features + 3 * normal) == pytest.approx(9)


def test_limits_by_element_are_mean_and_two_deviations(plane):
    features, symbols = plane
    rng = np.random.default_rng(1)
    widths = np.array([{"H": 0.1, "O": 1.0, "C": 0.3}[symbol] for symbol in symbols])
    noisy = features + widths[:, None] * rng.normal(size=features.shape)
    components = PrincipalComponents.fit([noisy], 2)
    chunks = [(noisy[:100], symbols[:100]), (noisy[100:], symbols[100:].tolist())]
    limits = QLimits.fit(components, iter(chunks))
    q = components.q_residuals(noisy)
    for symbol in "CHO":
        own = q[symbols == symbol]
        assert limits.by_element[symbol] == pytest.approx(own.mean() + 2 * own.std())
    flagged = limits.beyond_element(q, symbols)
    assert 0 < flagged.mean() < 0.08
    assert limits.beyond_element(np.array([0.0]), ["Xe"]).all(), "an element that was never seen is an outlier"


@pytest.mark.parametrize(
    "variances", [np.ones(20), np.linspace(0.1, 2, 30), 0.8 ** np.arange(40), [1.0], [5.0, *[0.1] * 50]]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_jackson_mudholkar_is_exceeded_as_often_as_announced(variances, confidence):
    lam = np.asarray(variances)
    limit = jackson_mudholkar((lam.sum(), (lam**2).sum(), (lam**3).sum()), confidence)
    q = (np.random.default_rng(0).normal(size=(40_000, len(lam))) ** 2) @ lam
    # An approximation: good to a few tenths of a percent, less so where one variance rules.
    assert (q > limit).mean() == pytest.approx(1 - confidence, abs=0.012)


def test_flags_by_jackson_mudholkar():
    rng = np.random.default_rng(0)
    spread = np.array([10.0, 8, 1, 1, 0.5, 0.5, 0.2])
    features = rng.normal(size=(20_000, 7)) * spread
    components = PrincipalComponents.fit(np.array_split(features, 3), 2)
    limits = QLimits.fit(components, [(features, ["H"] * 20_000)], confidence=0.99)
    assert limits.beyond_jackson_mudholkar(components.q_residuals(features)).mean() == pytest.approx(0.01, abs=0.004)
    far = features[:10] + np.array([0, 0, 30, 0, 0, 0, 0])
    assert limits.beyond_jackson_mudholkar(components.q_residuals(far)).all()


def test_what_does_not_fit_is_refused(plane):
    features, symbols = plane
    components = PrincipalComponents.fit([features], 2)
    with pytest.raises(InputError, match="3 symbols do not fit features of 300 atoms"):
        QLimits.fit(components, [(features, symbols[:3])])
    with pytest.raises(InputError, match=r"confidence 1.0 does not lie"):
        jackson_mudholkar((1, 1, 1), 1.0)
    with pytest.raises(InputError, match="1 symbols do not fit 2"):
        QLimits({}, 0.0).beyond_element(np.zeros(2), ["H"])


def test_jackson_mudholkar_where_its_exponent_vanishes_or_its_bracket_does():
    def near(first, second, h):
        return jackson_mudholkar((first, second, 1.5 * (1 - h) * second**2 / first), 0.95)

    assert near(5, 2, 0.0) == pytest.approx(near(5, 2, 1e-6), rel=1e-4) == pytest.approx(near(5, 2, -1e-6), rel=1e-4)
    lam = np.array([30.0, *[0.01] * 10_000])
    limit = jackson_mudholkar((lam.sum(), (lam**2).sum(), (lam**3).sum()), 0.99)
    assert lam.sum() < limit < 3 * lam.sum()
