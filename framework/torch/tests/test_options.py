"""The keys of the loop: each has an effect, and a wrong one is refused."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch

from whet import OptionsError
from whet_torch.options import TrainingOptions


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "RAdam"},
        {"optimizer": "SGD"},
        {"optimizer": "AdamW", "weight_decay": 0.1},
        {"weight_decay": 0.1},
        {"scheduler": "constant"},
        {"scheduler": "ExponentialLR"},
        {"decay_fraction": 0.5},
        {"criterion": "MAE"},
        {"criterion": "Huber"},
        {"criterion": "Huber", "delta": 0.01},
        {"gradient_clip": 1e-3},
    ],
)
def test_every_key_has_an_effect(train, given):
    default, done = train(epochs=2, weights={"energy": 5}), train(epochs=2, weights={"energy": 5}, options=given)
    assert done.weights != default.weights
    assert given.items() <= done.account.applied("full").other.items()


@pytest.mark.parametrize(("scheduler", "halfway"), [("CosLR", 0.505), ("ExponentialLR", 0.1), ("constant", 1.0)])
def test_the_learning_rate_ends_where_it_should(scheduler, halfway):
    options = TrainingOptions(scheduler=scheduler)
    optimizer = options.make_optimizer([torch.nn.Parameter(torch.zeros(1))], 1.0)
    schedule = options.make_scheduler(optimizer, 10)
    rates = []
    for _ in range(10):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert math.isclose(rates[4], halfway, rel_tol=1e-6)
    assert math.isclose(rates[9], 1.0 if scheduler == "constant" else 0.01, rel_tol=1e-6)


def test_unknown_keys_are_refused():
    with pytest.raises(OptionsError, match="did you mean 'criterion'"):
        TrainingOptions.checked({"criterium": "MSE"}, of="the loop")


def test_importing_it_imports_no_torch():
    code = "import sys, whet_torch.training; print(*({'torch', 'numpy', 'ase'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
