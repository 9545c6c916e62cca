"""SampleStudy: a small study as analyses see it, made up: two potentials, two strategies, four kinds of sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zlib import crc32

from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.component import Component
from whet.contracts.ports import (
    Data,
    Dataset,
    FineTuning,
    LabeledFrames,
    Predictions,
    SampledTrajectory,
    StudyPotential,
)
from whet.contracts.probe import CurveKind, Measured, Measurement, Quantity
from whet.contracts.ref import LABELER, Ref
from whet.data.frame_groups import TRAJECTORIES
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.testing.lennard_jones import LennardJones

if TYPE_CHECKING:
    from ase import Atoms

SCALES = {"": 0.7, "naive": 0.9, "periodic": 0.97}
"""Predicted forces over those of the labels, by strategy: planted."""

STRENGTH = 30.0
"""Energies, forces and stress over those of argon: forces are then up to 1 eV/Å."""

MADE = Component("potentials", "lennard-jones")

ROLES = ("labeler", "engine", "descriptor", "potential main", "potential other")


@dataclass
class SampleStudy:
    """trajectories: of each sampled set. frames: of each trajectory and file; 0 for sets that are there and empty.

    `main` was fine-tuned by `naive` (one round, seeds 1 and 2) and by `periodic` (two rounds), `other` by `periodic`.
    Sets: `near` (a file), `dynamics` (sampled by the labeler), `old` (replay, a file), and each own trajectory of the
    untouched potentials and of the last state of each strategy. As many crystals as there are trajectories were probed
    (`stiffness`), by the labeler and by each state. Labels are of Lennard-Jones; frames have eight atoms.
    """

    trajectories: int = 4
    frames: int = 3
    data: dict[Piece, Data] = field(default_factory=dict)
    _made: dict[str, FrameSet] = field(default_factory=dict)

    @cached_property
    def study(self) -> StudyPieces:
        """The pieces, in the order of a plan. `data` has what each of them is."""
        states = self._states()
        untouched = [state for state in states if state.untouched]
        sets = [Ref(set="near", set_kind="independent"), Ref(set="old", set_kind="replay")]
        sets.insert(1, Ref(set="dynamics", set_kind="independent", sampled_by=LABELER, groups=TRAJECTORIES))
        for owner in (state for state in states if state.untouched or state.last):
            name = f"own trajectory of {owner}" + (f" (seed {owner.seed})" if owner.strategy == "naive" else "")
            sets.append(Ref(set=name, set_kind="self", sampled_by=owner, groups=TRAJECTORIES))
        self._add(LabeledFrames(Ref(set="pool", set_kind="training"), self._labeled("pool")), "pool")
        for state in states:
            self._potential(state)
        for one in sets:
            self._set(one, [state for state in states if one.set_kind != "self" or state.untouched or state.last])
        for state in (state for state in states if state.strategy and state.round == 1):
            self._first_data(replace(untouched[0], potential=state.potential), state)
        for number in range(self.trajectories):
            self._measured(Ref(set=f"crystal {number}", set_kind="material", trajectory=number), states)
        presets = {"naive": "naive", "periodic": "periodic"}
        return StudyPieces("sample", tuple(self.data), ROLES, presets)

    def _states(self) -> list[Ref]:
        return [
            Ref("main"),
            Ref("main", "naive", 1, 1, last=True),
            Ref("main", "naive", 1, 2, last=True),
            Ref("main", "periodic", 1, 1),
            Ref("main", "periodic", 2, 1, last=True),
            Ref("other"),
            Ref("other", "periodic", 1, 1),
            Ref("other", "periodic", 2, 1, last=True),
        ]

    def _potential(self, state: Ref) -> None:
        """The potential and, where it was fine-tuned, what it was trained on and how."""
        key = f"{state}, seed {state.seed}" if state.strategy else ""
        piece = Piece("potentials", state, key, "" if key else f"potential {state.potential}")
        self.data[piece] = StudyPotential(state, MADE)
        if not state.strategy:
            return
        added = Ref(set=f"{state.potential} {state.strategy}", set_kind="training")
        by = Ref(state.potential) if state.round == 1 else replace(state, round=state.round - 1, last=False)
        gathered = Ref(state.potential, state.strategy, state.round, state.seed)
        for number in range(self.trajectories):
            ref = replace(added, trajectory=number, sampled_by=by, gathered_by=gathered)
            self._trajectory(ref, f"{key} {number}")
        frames = self._labeled(f"{key} 0")
        self._add(Dataset(state, frames, frames[:1], len(frames) + 1), f"dataset {key}")
        self._add(self._fine_tuning(state, len(frames)), key)

    def _fine_tuning(self, state: Ref, frames: int) -> FineTuning:
        applied: dict[str, Any] = {"strategy": "full", "epochs": 3, "batch_size": 1, "learning_rate": 1e-3}
        applied |= {"labels": ["energy", "forces"], "trainable_parameters": 10, "frozen_parameters": 2, "heads": []}
        applied |= {"replay_frames": 0, "replay_weight": None, "ema": None, "patience": None, "stopped_early": False}
        curves = {"train_loss": [0.3, 0.2, 0.1], "valid_loss": [0.4, 0.3, 0.25]}
        energies = {"shift": {"Cs": -1.0, "K": 0.5}, "rank": 1, "residual": 0.01, "frames": frames}
        return FineTuning(state, frames, 1, {**applied, "other": {}}, curves, energies, MADE, 1, 12.5)

    def _set(self, one: Ref, states: Sequence[Ref]) -> None:
        """Its frames, and what each state predicts for them."""
        parts = self.trajectories if one.sampled_by is not None else 1
        for number in range(parts) if one.sampled_by is not None else ():
            self._trajectory(replace(one, trajectory=number), f"{one.set} {number}")
        if one.sampled_by is None:
            self._add(LabeledFrames(one, self._labeled(f"{one.set} 0")), f"{one.set} 0")
        reference = sum((self._labeled(f"{one.set} {number}") for number in range(parts)), FrameSet(()))
        numbers = [number for number in range(parts) for _ in range(self.frames)]
        for state in states:
            key = f"{state}, seed {state.seed}, on {one.set}"
            self._add(self._predictions(state.on(one), reference, numbers), key)

    def _measured(self, material: Ref, states: Sequence[Ref]) -> None:
        """What a probe found of a material: the reference's modulus, and that of each state, as soft as its forces."""
        modulus = Quantity("modulus", "GPa", "Made up.", stiffness=1)
        curve = CurveKind("Curve", "volume", "energy", "Å³/atom", "meV/atom")
        for state in (LABELER, *states):
            off = crc32(f"{state} {state.seed} {material.set}".encode()) / 2**32 - 0.5
            scale = 1.0 if state == LABELER else SCALES[state.strategy] + 0.02 * off
            value = scale * (20.0 + 10 * (material.trajectory or 0))
            points = [(10.0 + x, value * x * x, 0) for x in (-1.0, 0.0, 1.0)]
            found = Measured({"modulus": value}, {"Curve": points})
            ref = state.on(material)
            piece = Piece(Measurement.kind, ref, f"{ref}, seed {state.seed}", "stiffness")
            self.data[piece] = Measurement(ref, [modulus], [curve], found)

    def _first_data(self, untouched: Ref, state: Ref) -> None:
        """What the untouched potential predicts for the first data of a strategy."""
        gathered = Ref(state.potential, state.strategy, 1, state.seed)
        name = f"{state.potential} {state.strategy}"
        ref = replace(untouched, set=name, set_kind="training", gathered_by=gathered)
        reference = self._labeled(f"{state}, seed {state.seed} 0")
        self._add(self._predictions(ref, reference, [0] * len(reference)), f"{state}, seed {state.seed}: first data")

    def _trajectory(self, ref: Ref, words: str) -> None:
        frames = self._labeled(words)
        kept, times = range(len(frames)), [10.0 * (number + 1) for number in range(len(frames))]
        self._add(LabeledFrames(ref, frames), words)
        self._add(SampledTrajectory(ref, words, _start(), frames, times, frames, kept), words)

    def _add(self, data: Data, key: str) -> None:
        self.data[Piece(data.kind, data.ref, key)] = data

    def _labeled(self, words: str) -> FrameSet:
        """Frames around the start, the same for the same words, with labels."""
        import numpy as np

        if words in self._made:
            return self._made[words]
        random = np.random.default_rng(crc32(words.encode()))
        frames = []
        for _ in range(self.frames):
            frame = _start()
            frame.positions += random.normal(0, 0.12, (len(frame), 3))
            frames.append(frame)
        labels = LennardJones().predict(frames, ("energy", "forces", "stress"))
        self._made[words] = FrameSet(_strong(one).attach(frame) for one, frame in zip(labels, frames, strict=True))
        return self._made[words]

    def _predictions(self, ref: Ref, reference: FrameSet, numbers: Sequence[int]) -> Predictions:
        import numpy as np

        scale = SCALES[ref.strategy] + 0.01 * ref.round
        random = np.random.default_rng(crc32(f"{ref.state} {ref.seed} on {ref.set}".encode()))
        predicted = []
        for frame in reference:
            labels = Labels.of(frame)
            assert labels.stress is not None
            off = random.normal(0, 0.02, labels.forces.shape)
            energy = labels.energy + (0 if ref.strategy else 2.0) + 0.02 * random.normal()
            predicted.append(Labels(energy, scale * labels.forces + off, scale * labels.stress).attach(frame))
        return Predictions(ref, reference, FrameSet(predicted), range(len(reference)), (), numbers, 0.01)


def _strong(labels: Labels) -> Labels:
    """Labels of argon made as strong as those of a salt."""
    assert labels.stress is not None
    return Labels(STRENGTH * labels.energy, STRENGTH * labels.forces, STRENGTH * labels.stress)


def _start() -> Atoms:
    """Eight atoms of two elements as a cube in a periodic box, each bonded to its neighbors."""
    import numpy as np
    from ase import Atoms

    sites = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    return Atoms(["K", "Cs"] * 4, 3.8 * sites + 2.0, cell=[11.0, 11.0, 11.0], pbc=True)
