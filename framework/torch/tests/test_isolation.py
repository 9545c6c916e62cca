"""Isolation: whatever happens within, the process is as it was."""

from __future__ import annotations

import logging
import os
import random
import warnings

import numpy as np
import pytest
import torch

from whet_torch.isolation import untouched
from whet_torch.reproducibility import reproducible


def state() -> list:
    return [
        dict(os.environ),
        list(warnings.filters),
        (list(logging.getLogger().handlers), logging.getLogger().level),
        torch.get_default_dtype(),
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002
    ]


def meddle() -> None:
    os.environ["NEW"] = os.environ["KEPT"] = "no"
    os.environ.pop("GONE", None)
    warnings.simplefilter("error")
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger().setLevel(logging.ERROR)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    print("loaded!")  # noqa: T201


@pytest.mark.parametrize("handlers", [[], [logging.NullHandler()]], ids=["no handler", "a handler"])
def test_everything_is_put_back(monkeypatch, capfd, handlers):
    monkeypatch.setenv("KEPT", "yes")
    monkeypatch.setenv("GONE", "no")
    monkeypatch.setattr(logging.getLogger(), "handlers", handlers)
    before = state()
    with untouched():
        meddle()
    assert state() == before
    with pytest.raises(ValueError, match="broken"), untouched():
        meddle()
        raise ValueError("broken")
    assert state() == before
    assert capfd.readouterr().out == ""


def test_models_can_be_made_within():
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode(), untouched():
            layer = torch.nn.Linear(2, 1)
            layer(torch.ones(2)).sum().backward()
    finally:
        torch.set_default_dtype(torch.float32)
    assert layer.weight.dtype is torch.float32
    assert layer.weight.grad is not None
    assert not layer.weight.is_inference()


def test_reproducible_is_put_back():
    for strict in (False, True):
        torch.use_deterministic_algorithms(strict)
        try:
            with reproducible():
                assert torch.are_deterministic_algorithms_enabled() or torch.cuda.is_available()
            assert torch.are_deterministic_algorithms_enabled() is strict
        finally:
            torch.use_deterministic_algorithms(False)
