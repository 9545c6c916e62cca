"""check_potential: every check of a potential."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from whet.contracts.component import Component
from whet.testing import potential_contract, potential_device, potential_export, potential_physics, potential_training
from whet.testing.check import TIERS, Check, Tier, checks_in
from whet.testing.conformance import Conformance, Kit, Outcome, run_checks
from whet.testing.potential_subject import PotentialSubject

POTENTIAL_CHECKS: tuple[Check, ...] = tuple(
    found
    for module in (potential_contract, potential_export, potential_physics, potential_training, potential_device)
    for found in checks_in(module)
)
"""In the order in which they run."""


def check_potential(
    potential: Component | str | Mapping[str, Any],
    expected_failures: Mapping[str, str] | None = None,
    *,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    device: str = "cpu",
    fine_tune: Mapping[str, Any] | None = None,
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of a potential, and of the fine-tuner of its name.

    potential: a component, or as in a study file (`mace:small`, `{"use": "mace", "model": …}`). expected_failures:
    check -> reason; one that passes is a failure. tiers, only: which checks. fine_tune: settings of every training.
    seen: told of each outcome as it comes. Raises InputError for an unknown check; failures are in what is returned.
    """
    subject = PotentialSubject(potential, device=device, fine_tune=fine_tune)
    return run_checks(POTENTIAL_CHECKS, subject, expected_failures=expected_failures, tiers=tiers, only=only, seen=seen)


KIT = Kit(POTENTIAL_CHECKS, check_potential)
