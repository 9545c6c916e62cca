"""Resources: what a step needs where it runs."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator

from whet.contracts.options import Options


class Resources(Options):
    """What a step needs. A task states it for its steps; the study file has the last word."""

    cores: int | None = Field(default=None, ge=1, le=4096)
    """Cores, each with one thread of the numerical libraries. Default: the study's `threads`."""
    memory: float | None = Field(default=None, gt=0)
    """Memory in GiB. Default: what the executor gives."""
    gpus: int | None = Field(default=None, ge=0, le=64)
    """GPUs. Default: one where the study's `device` is none of the CPU and the step uses a potential, else none."""
    walltime: float | None = Field(default=None, gt=0)
    """Minutes after which the step may be ended. Default: what the executor gives."""

    @field_validator("walltime", mode="before")
    @classmethod
    def _in_minutes(cls, given: Any) -> Any:
        """A scheduler's HH:MM:SS is refused with the unit that is wanted here."""
        try:
            return float(given) if isinstance(given, str) else given
        except ValueError:
            what = f"should be a number of minutes (`30` for half an hour), not {given!r:.40}"
            raise ValueError(what) from None

    def over(self, other: Resources) -> Self:
        """These, and what they leave open from the others."""
        return self.model_copy(update={k: v for k, v in other if getattr(self, k) is None})
