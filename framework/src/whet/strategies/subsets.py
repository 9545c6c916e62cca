"""subsets: one fine-tuning on each of several random subsets of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator

from whet.contracts.options import Options
from whet.contracts.rounds import Round, RoundPreset


class SubsetSizes(Options):
    """Options of the preset `subsets`."""

    data: str
    """Which of the study's `data`."""
    sizes: list[Annotated[int, Field(ge=1)]] = Field(default=[1, 10, 100], min_length=1)
    """How many frames each fine-tuning gets."""
    train_from: Literal["foundation", "previous"] = "foundation"
    """Which potential each fine-tuning starts from."""

    @field_validator("sizes")
    @classmethod
    def _each_once(cls, given: list[int]) -> list[int]:
        if len(set(given)) < len(given):
            raise ValueError(f"{given} has a number twice")
        return given


class Subsets(RoundPreset):
    """Fine-tunings on random subsets of labeled frames, of growing size: how many labels are enough?"""

    name = "subsets"
    Options = SubsetSizes

    def rounds(self) -> Iterator[Round]:
        """One for each size, the smallest first."""
        wanted = self.options
        for size in sorted(wanted.sizes):
            yield Round(sampler="data", data=wanted.data, frames=size, train_from=wanted.train_from)
