"""Shares of a loss: planted errors come back as the shares that follow from them."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from whet import FrameSet, Labels
from whet.bias.loss_terms import loss_terms
from whet.contracts.loss import Loss

E, F, S = 0.01, 0.1, 0.02
"""Errors that are planted: eV/atom, eV/Å, eV/Å³."""


def planted(stress: bool = True) -> tuple[FrameSet, list[Labels]]:
    """Two frames of 1 and 8 atoms, and predictions that miss every number by as much, to both sides."""
    frames, predicted = [], []
    for number, atoms in enumerate((bulk("NaCl", "rocksalt", a=5.6)[:1], bulk("NaCl", "rocksalt", a=5.6, cubic=True))):
        sign, zero = (-1) ** number, np.zeros((len(atoms), 3))
        frames.append(Labels(-3.0 * len(atoms), zero, np.zeros((3, 3)) if stress else None).attach(atoms))
        tensor = np.full((3, 3), -sign * S) if stress else None
        predicted.append(Labels((-3.0 + sign * E) * len(atoms), zero - sign * F, tensor))
    return FrameSet(frames), predicted


def test_shares_are_those_of_the_planted_errors() -> None:
    terms = loss_terms(Loss("squared", {"energy": 1, "forces": 10, "stress": 5}), *planted())
    wanted = {"energy": 1 * E**2, "forces": 10 * F**2, "stress": 5 * S**2}
    assert {name: term.weight * (term.mean or 0) for name, term in terms.items()} == pytest.approx(wanted)
    whole = sum(wanted.values())
    assert {n: t.share for n, t in terms.items()} == pytest.approx({n: part / whole for n, part in wanted.items()})


def test_one_to_ten_leaves_a_thousandth_to_the_energy() -> None:
    terms = loss_terms(Loss("squared", {"energy": 1, "forces": 10, "stress": 0}), *planted())
    assert terms["energy"].share == pytest.approx(1e-3, rel=2e-3)
    assert (terms["stress"].weight, terms["stress"].share) == (0, 0), "what is labeled and not learned from is seen"


def test_the_criterion_decides_the_shares() -> None:
    terms = loss_terms(Loss("absolute", {"energy": 1, "forces": 1}), *planted(stress=False))
    assert terms["energy"].share == pytest.approx(E / (E + F))
    assert set(terms) == {"energy", "forces"}


def test_shares_of_an_unknown_loss_are_not_made_up() -> None:
    terms = loss_terms(Loss("UniversalLoss", {"energy": 1, "forces": 1}), *planted())
    assert {term.share for term in terms.values()} == {None}
    assert {term.mean for term in terms.values()} == {None}


def test_nothing_is_a_share_of_no_loss() -> None:
    frames, _ = planted()
    terms = loss_terms(Loss("squared", {"energy": 1, "forces": 1}), frames, [Labels.of(frame) for frame in frames])
    assert {term.share for term in terms.values()} == {None}
