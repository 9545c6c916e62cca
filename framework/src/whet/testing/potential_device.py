"""Checks of a potential on another device."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from whet.testing.check import CheckFailed, NotApplicable, check
from whet.testing.tolerance import TOLERANCES

if TYPE_CHECKING:
    from whet.testing.potential_subject import PotentialSubject


@check("device")
def a_gpu_answers_as_the_cpu(subject: PotentialSubject) -> None:
    """On `device: cuda` the answers are those of the CPU, within float32's rounding.

    Tensors that are made on the default device, and half precision that is switched on for speed, show here.
    """
    torch = import_module("torch") if find_spec("torch") else None
    if torch is None or not torch.cuda.is_available():
        raise NotApplicable("there is no GPU here that torch can use")
    there = subject.load(device="cuda")
    (labels,) = there.evaluate([subject.crystal], subject.properties)
    if differs := TOLERANCES["float32"].difference(labels, subject.answer(subject.crystal)):
        raise CheckFailed(differs)
