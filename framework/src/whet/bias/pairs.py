"""Comparison: reference labels beside predicted labels of the same frames. Everything in this room starts from one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.bias.sampler import sampler_of, samplers_of
from whet.data.errors import FrameError, InputError
from whet.data.frame_groups import FRAMES, TRAJECTORIES, frame_groups
from whet.data.identity import JSON
from whet.data.labels import Failure, Labels

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet.contracts.ports import Predictions

SAME_PLACE = 1e-3
"""Å; positions that differ by more are two frames, not one frame labeled twice."""


@dataclass(frozen=True)
class LeftOut:
    """A frame that no number counts: its index (numbered as `Comparison.indices`) and why."""

    index: int
    reason: str

    def as_json(self) -> dict[str, JSON]:
        """`index` and `reason`."""
        return {"index": self.index, "reason": self.reason}


@dataclass(frozen=True, eq=False)
class Quantities:
    """Labels of all frames of a comparison.

    | field    | shape          | unit                                          |
    |----------|----------------|-----------------------------------------------|
    | energies | (n_frames,)    | eV, total                                     |
    | forces   | (sum n_atoms, 3) | eV/Å, one frame after the other             |
    | stresses | (n_frames, 6)  | eV/Å³, Voigt, tension positive; NaN: not had  |
    """

    energies: np.ndarray
    forces: np.ndarray
    stresses: np.ndarray


@dataclass(frozen=True, eq=False)
class Comparison:
    """Reference and predicted labels of the same frames, ready for sums.

    frames: the reference frames that are counted. indices: their numbers in the sequences that the caller has. units:
    (n_frames,) the independent unit (trajectory) that each is of, a number; units_of: what units are (`trajectories`,
    `groups`, `materials`, `frames`), empty where nobody knows, and all frames are one. samplers: (n_frames,) who
    sampled each, seen from the potential that predicted (a word of `whet.bias.sampler`).
    n_atoms: (n_frames,). symbols: (sum n_atoms,) chemical symbol of each atom, one frame after the other.
    left_out: the frames that are not counted. correction: what was done to the predictions; empty for none.
    """

    frames: tuple[Atoms, ...]
    indices: tuple[int, ...]
    n_atoms: np.ndarray
    symbols: np.ndarray
    reference: Quantities
    predicted: Quantities
    units: np.ndarray
    samplers: np.ndarray
    units_of: str = "frames"
    left_out: tuple[LeftOut, ...] = ()
    correction: str = ""

    @classmethod
    def of(
        cls,
        reference: Sequence[Atoms],
        predicted: Sequence[Atoms | Failure],
        *,
        indices: Sequence[int] | None = None,
        left_out: Iterable[LeftOut] = (),
        units: Sequence[object] | None = None,
        units_of: str = "groups",
        samplers: Sequence[str] | None = None,
    ) -> Comparison:
        """Pairs labeled frames with the predictions for them.

        A Failure, and predictions that are not finite, are left out with their reason. indices: the number of each
        pair (default: its place). left_out: frames that the caller dropped before, in the same numbers. units: the
        trajectory or group of each pair, and what they are (default: each frame stands alone). samplers: who sampled
        each (default: unknown).
        Raises FrameError where lengths, elements or positions of a pair differ, where a frame carries no labels or
        reference labels are not finite, and where no frame is left.
        """
        if len(reference) != len(predicted):
            raise FrameError(
                f"{len(reference)} reference frames and {len(predicted)} predictions cannot be compared",
                hint="Give one prediction a frame, a Failure where there is none",
            )
        numbers = list(range(len(reference))) if indices is None else list(indices)
        if units is None:
            units, units_of = range(len(reference)), FRAMES
        samplers = ["unknown"] * len(reference) if samplers is None else samplers
        for name, given in (("indices", numbers), ("units", units), ("samplers", samplers)):
            if len(given) != len(reference):
                raise InputError(f"{len(given)} {name} were given for {len(reference)} frames")
        out, kept = list(left_out), []
        whose = zip(units, samplers, strict=True)
        for number, frame, other, (unit, sampler) in zip(numbers, reference, predicted, whose, strict=True):
            try:
                truth = Labels.of(frame).checked(len(frame))
            except FrameError as error:
                raise error.at(f"reference frame {number}") from None
            if isinstance(other, Failure):
                out.append(LeftOut(number, f"no prediction: {other.reason}"))
                continue
            try:
                _check_same(frame, other)
                labels = Labels.of(other)
            except FrameError as error:
                raise error.at(f"predicted frame {number}") from None
            try:
                kept.append((number, frame, truth, labels.checked(len(frame)), unit, sampler))
            except FrameError as error:
                out.append(LeftOut(number, f"predicted {error.what}"))
        if not kept:
            why = f"; the first was left out: {out[0].reason}" if out else ""
            raise FrameError(f"no frame is left to compare{why}", hint="Give at least one frame with both labels")
        return cls._stacked(kept, tuple(sorted(out, key=lambda one: one.index)), units_of)

    @classmethod
    def of_predictions(cls, found: Predictions) -> Comparison:
        """What a step predicted beside what was there. FrameError as `of`, and where nothing was predicted."""
        if not found.indices:
            raise FrameError("no frame was predicted")
        out = [LeftOut(index, reason) for index, reason in found.left_out]
        units, of = found.trajectories, TRAJECTORIES
        if found.ref.groups != TRAJECTORIES:
            units, of = frame_groups(found.reference, found.ref.groups)
        given = {"indices": found.indices, "left_out": out, "units": units, "units_of": of}
        return cls.of(found.reference, found.predicted, samplers=samplers_of(found), **given)

    @classmethod
    def _stacked(
        cls, kept: list[tuple[int, Atoms, Labels, Labels, object, str]], left_out: tuple[LeftOut, ...], units_of: str
    ) -> Comparison:
        import numpy as np

        frames = tuple(frame for _, frame, *_ in kept)
        first = {unit: number for number, unit in enumerate(dict.fromkeys(unit for *_, unit, _ in kept))}
        return cls(
            frames=frames,
            indices=tuple(number for number, *_ in kept),
            n_atoms=np.array([len(frame) for frame in frames]),
            symbols=np.concatenate([np.array(frame.get_chemical_symbols()) for frame in frames]),
            reference=_quantities([truth for _, _, truth, *_ in kept]),
            predicted=_quantities([labels for _, _, _, labels, *_ in kept]),
            units=np.array([first[unit] for *_, unit, _ in kept]),
            samplers=np.array([sampler for *_, sampler in kept]),
            units_of=units_of,
            left_out=left_out,
        )

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def n_units(self) -> int:
        """How many independent units there are; one where nobody knows which frames belong together."""
        return len(set(self.units.tolist()))

    @property
    def sampler(self) -> str:
        """Who sampled the frames; `mixed` where that is not one and the same."""
        return sampler_of(self.samplers.tolist())

    @property
    def elements(self) -> tuple[str, ...]:
        """Every chemical symbol, in alphabetical order."""
        return tuple(sorted(set(self.symbols.tolist())))

    @property
    def frame_of_atom(self) -> np.ndarray:
        """(sum n_atoms,): the place of each atom's frame."""
        import numpy as np

        return np.repeat(np.arange(len(self)), self.n_atoms)

    def sum_by_frame(self, per_atom: np.ndarray) -> np.ndarray:
        """(sum n_atoms, k) summed over the atoms of each frame: (n_frames, k)."""
        import numpy as np

        return np.add.reduceat(per_atom, np.cumsum(self.n_atoms) - self.n_atoms, axis=0)

    def take(self, places: Iterable[int]) -> Comparison:
        """The frames at these places (not indices), in that order. FrameError where that is none."""
        import numpy as np

        chosen = [int(place) for place in places]
        if not chosen:
            raise FrameError("no frame is left to compare", hint="Keep at least one frame")
        ends = np.cumsum(self.n_atoms)
        atoms = np.concatenate([np.arange(ends[place] - self.n_atoms[place], ends[place]) for place in chosen])

        def taken(one: Quantities) -> Quantities:
            return Quantities(one.energies[chosen], one.forces[atoms], one.stresses[chosen])

        return replace(
            self,
            frames=tuple(self.frames[place] for place in chosen),
            indices=tuple(self.indices[place] for place in chosen),
            n_atoms=self.n_atoms[chosen],
            symbols=self.symbols[atoms],
            units=self.units[chosen],
            samplers=self.samplers[chosen],
            reference=taken(self.reference),
            predicted=taken(self.predicted),
        )

    def without(self, indices: Iterable[int], reason: str) -> Comparison:
        """The comparison less the frames of these indices, which join `left_out` with the reason."""
        dropped = set(indices)
        rest = self.take(place for place, index in enumerate(self.indices) if index not in dropped)
        gone = [LeftOut(index, reason) for index in self.indices if index in dropped]
        return replace(rest, left_out=tuple(sorted((*self.left_out, *gone), key=lambda one: one.index)))

    def with_forces(self, forces: np.ndarray, correction: str) -> Comparison:
        """The same frames with other predicted forces, (sum n_atoms, 3) eV/Å; `correction` says what was done."""
        import numpy as np

        if np.shape(forces) != self.predicted.forces.shape:
            raise InputError(f"forces have the shape {np.shape(forces)}, not {self.predicted.forces.shape}")
        return replace(self, predicted=replace(self.predicted, forces=np.asarray(forces)), correction=correction)


def _check_same(frame: Atoms, other: Atoms) -> None:
    """FrameError where two frames are not the same atoms in the same places."""
    import numpy as np

    if len(frame) != len(other) or not np.array_equal(frame.numbers, other.numbers):
        raise FrameError(
            f"it has the atoms {other.get_chemical_formula()}, the reference {frame.get_chemical_formula()}",
            hint="Give predictions in the order of the reference frames, atoms in the same order",
        )
    apart = float(np.abs(frame.positions - other.positions).max(initial=0.0))
    if apart > SAME_PLACE:
        raise FrameError(
            f"its positions differ from the reference's by up to {apart:.3g} Å",
            hint="Give predictions for the reference frames themselves, in their order",
        )


def _quantities(labels: Sequence[Labels]) -> Quantities:
    import numpy as np

    from whet.data.units import VOIGT

    missing = np.full(6, np.nan)
    return Quantities(
        energies=np.array([one.energy for one in labels]),
        forces=np.concatenate([one.forces for one in labels]),
        stresses=np.array(
            [missing if one.stress is None else [one.stress[i, j] for i, j in VOIGT] for one in labels], dtype=float
        ),
    )
