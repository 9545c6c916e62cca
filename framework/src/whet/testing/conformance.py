"""Conformance: the outcomes of all checks of one backend, and what they amount to."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from whet.data.errors import InputError, WhetError, suggestion
from whet.testing.check import TIERS, Check, CheckFailed, NotApplicable, Tier

Status = Literal["passed", "failed", "expected", "not applicable"]


@dataclass(frozen=True)
class Outcome:
    """What came of one check.

    status: `expected` is a failure that the plugin's author announced. said: what was found, or why the check does
    not apply. meaning, page: what is asked and what usually breaks it, and where that is explained.
    """

    check: str
    tier: Tier
    status: Status
    said: str
    seconds: float
    meaning: str
    page: str


@dataclass(frozen=True)
class Conformance:
    """The outcomes for one backend. subject: its kind and name (`potential mace:small`)."""

    subject: str
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Failures that nobody announced, and announced ones that passed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def ok(self) -> bool:
        """Whether there is no such failure."""
        return not self.failed

    def as_json(self) -> dict[str, Any]:
        """Plain data; not the pages, whose places are this machine's."""
        outcomes = [asdict(outcome) for outcome in self.outcomes]
        for outcome in outcomes:
            del outcome["page"]
        return {"subject": self.subject, "ok": self.ok, "outcomes": outcomes}

    def raise_for_failures(self) -> None:
        """CheckFailed that names every failure, unless there is none."""
        if not self.ok:
            lines = "\n".join(f"{o.check}: {o.said}\n  {_sentence(o.meaning)} ({o.page})" for o in self.failed)
            raise CheckFailed(f"{self.subject} fails {len(self.failed)} of {len(self.outcomes)} checks:\n{lines}")


@dataclass(frozen=True)
class Kit:
    """The checks of one kind of backend, and the function that runs them; the table of kinds names it."""

    checks: tuple[Check, ...]
    check: Callable[..., Conformance]


def run_checks(
    checks: Iterable[Check],
    subject: Any,
    *,
    expected_failures: Mapping[str, str] | None = None,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of some tiers; `seen` is told of each outcome as it comes.

    expected_failures: check -> reason, beside those that the backend itself states. only: names of checks; empty for
    all. InputError for a name or a tier that there is not.
    """
    checks = list(checks)
    expected = {**subject.expected_failures, **(expected_failures or {})}
    known = [check.name for check in checks]
    for name in (*expected, *only):
        if name not in known:
            raise InputError(
                f"there is no check {name!r}", hint=suggestion(name, known) or f"Known: {', '.join(known)}"
            )
    for tier in tiers:
        if tier not in TIERS:
            raise InputError(f"there is no tier {tier!r}", hint=f"Known: {', '.join(TIERS)}")
    chosen = [check for check in checks if check.tier in tiers and (not only or check.name in only)]
    if not chosen:
        raise InputError("no check is of the tiers and names that were asked for")
    outcomes = []
    for outcome in _outcomes(chosen, subject, expected):
        seen(outcome)
        outcomes.append(outcome)
    return Conformance(str(subject), tuple(outcomes))


def _sentence(text: str) -> str:
    return text.partition("\n")[0]


def _outcomes(checks: Iterable[Check], subject: Any, expected: Mapping[str, str]) -> Iterator[Outcome]:
    for check in checks:
        began = time.perf_counter()
        status, said = _tried(check, subject)
        if check.name in expected:
            if status == "failed":
                status, said = "expected", f"{expected[check.name]} ({said})"
            elif status == "passed":
                status, said = "failed", f"passed, though it is listed as an expected failure: {expected[check.name]}"
        seconds = round(time.perf_counter() - began, 3)
        yield Outcome(check.name, check.tier, status, said, seconds, check.meaning, check.page)


def _tried(check: Check, subject: Any) -> tuple[Status, str]:
    try:
        check.run(subject)
    except NotApplicable as reason:
        return "not applicable", str(reason)
    except CheckFailed as failure:
        return "failed", str(failure)
    except WhetError as error:
        return "failed", f"{type(error).__name__}: {error}"
    except Exception as error:
        # A backend under test may do anything; whatever it did is its outcome, with the place where it happened.
        return "failed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}{_place(error)}"
    return "passed", ""


def _place(error: Exception) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return f" (in {frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
