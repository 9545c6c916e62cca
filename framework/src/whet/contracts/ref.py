"""Ref: which piece of a study something is. A value that travels with the data, so that a table can label its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self


@dataclass(frozen=True)
class Ref:
    """Which potential, in which state, on which frames. A field that says nothing about the piece is as it is here.

    potential: its name in the study file. strategy, round, seed, size: of the fine-tuning; empty for the untouched
    potential (size: frames that were drawn, of the preset `subsets`). last: whether the strategy ended with it.
    set: name of the frames; set_kind: `independent`, `replay`, `self` (somebody's own trajectory), `training`, or
    `replayed` (the frames with which multihead training replays the foundation model's).
    trajectory: its number in the set, from 0. sampled_by: whose ensemble the frames are of (`LABELER`, or a potential
    in a state), or `RATTLE`; None where that is not known. minimum_of: of relaxed structures, whose energy it is that
    they are minima of (`LABELER`, or a potential in a state); they are of nobody's ensemble, and sampled_by is None.
    groups: which frames of the set belong together, as `data.frame_groups` has it: `trajectories`, `frames`, a key of
    their info; empty: as they say themselves.
    gathered_by: of training frames, the state that they were gathered for.
    """

    potential: str = ""
    strategy: str = ""
    round: int = 0
    seed: int = 0
    size: int | None = None
    last: bool = False
    set: str = ""
    set_kind: str = ""
    trajectory: int | None = None
    sampled_by: Ref | None = None
    minimum_of: Ref | None = None
    groups: str = ""
    gathered_by: Ref | None = None

    @property
    def state(self) -> Ref:
        """The potential and its state alone: what evaluates, whatever the frames."""
        return Ref(self.potential, self.strategy, self.round, self.seed, self.size, self.last)

    @property
    def untouched(self) -> bool:
        """Whether it is a potential to which nothing was done."""
        return bool(self.potential) and not self.strategy

    @property
    def number(self) -> int | None:
        """Of the trajectory in its set, from 1, as tables have it; None where the set has none."""
        return None if self.trajectory is None else self.trajectory + 1

    def on(self, frames: Ref) -> Ref:
        """This state on those frames."""
        names = ("set", "set_kind", "trajectory", "sampled_by", "minimum_of", "groups", "gathered_by")
        return replace(self.state, **{name: getattr(frames, name) for name in names})

    def __str__(self) -> str:
        """`main`, `main periodic 3`, `main few 100`; with the set: `main periodic 3 on near`."""
        done = [self.strategy, str(self.round if self.size is None else self.size)] if self.strategy else []
        state = " ".join(filter(None, [self.potential, *done]))
        return f"{state} on {self.set}" if state and self.set else state or self.set

    def as_json(self) -> dict[str, Any]:
        """Plain data without what is as it is by default; `Ref.from_json` reads it back."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        return {name: value.as_json() if isinstance(value, Ref) else value for name, value in found.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The value that `as_json` described."""
        nested = {
            name: Ref.from_json(data[name]) for name in ("sampled_by", "minimum_of", "gathered_by") if name in data
        }
        return cls(**{**data, **nested})


LABELER = Ref(potential="labeler")
RATTLE = Ref(potential="rattle")
"""Instead of a potential: displacements and strains that were drawn at random, whatever the energy.

No potential of a study may have one of these two names.
"""
