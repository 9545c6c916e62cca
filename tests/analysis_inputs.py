"""Inputs of analyses, made by hand: frames of water with planted labels, and pieces for `wants`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from whet.contracts.analysis import Analysis, Piece, StudyPieces
from whet.contracts.findings import Findings
from whet.contracts.ports import Data, Dataset, FineTuning, LabeledFrames, Predictions, SampledTrajectory
from whet.contracts.ref import Ref
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.testing.given_work import GivenWork


def water(seed: int, spread: float = 0.05, at: float = 0.0, oxygen: str = "O") -> Atoms:
    """A water molecule, its atoms off their places by normal random numbers of that width (Å); at: moved along x."""
    places = np.array([[0.0, 0.0, 0.0], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.0]])
    moved = places + np.random.default_rng(seed).normal(0, spread, (3, 3)) + [at, 0, 0]
    return Atoms([oxygen, "H", "H"], moved)


def labeled(frames: Sequence[Atoms], energies: Sequence[float], forces: Sequence[Any]) -> FrameSet:
    """The frames with these labels: eV, and (n, 3) eV/Å."""
    every = zip(frames, energies, forces, strict=True)
    return FrameSet(Labels(float(e), np.asarray(f, dtype=float)).attach(frame) for frame, e, f in every)


def frames_of(count: int, seed: int = 0, **rest: Any) -> FrameSet:
    """Labeled frames whose forces are random and whose energies are zero."""
    frames = [water(seed + number, **rest) for number in range(count)]
    forces = np.random.default_rng(seed + 1000).normal(0, 1, (count, 3, 3))
    return labeled(frames, [0.0] * count, list(forces))


def predictions(
    ref: Ref, reference: FrameSet, off: float = 0.0, energies: Sequence[float] | None = None, **rest: Any
) -> Predictions:
    """Predictions whose force components are all off by `off` eV/Å, and whose energies are these (eV)."""
    forces = [frame.get_forces() + off for frame in reference]
    predicted = labeled(list(reference), [0.0] * len(reference) if energies is None else energies, forces)
    given: dict[str, Any] = {"indices": range(len(reference)), "left_out": (), "trajectories": [0] * len(reference)}
    return Predictions(ref, reference, predicted, **{**given, **rest})


def trajectory(ref: Ref, frames: FrameSet, start: Atoms | None = None, **rest: Any) -> SampledTrajectory:
    """A trajectory all of whose frames have labels, 10 fs apart."""
    times = [10.0 * number for number in range(len(frames))]
    given: dict[str, Any] = {"times": times, "labeled": frames, "kept": range(len(frames))}
    return SampledTrajectory(ref, str(ref.set), start or water(0, 0.0), frames, **{**given, **rest})


def fine_tuning(ref: Ref, shift: Mapping[str, float], **rest: Any) -> FineTuning:
    """A fine-tuning on 8 + 2 frames that aligned the energies by these shifts (eV by element)."""
    applied: dict[str, Any] = {"strategy": "full", "epochs": 3, "batch_size": 2, "learning_rate": 1e-3}
    applied |= {"labels": ["energy", "forces"], "trainable_parameters": 5, "frozen_parameters": 1, "replay_frames": 0}
    energies = {"shift": dict(shift), "rank": len(shift), "residual": 0.0, "frames": 8}
    given: dict[str, Any] = {"curves": {}, "component": None, "seconds": 61.0, "members": 1}
    applied |= {"stopped_early": False, **rest.pop("applied", {})}
    given |= {"applied": applied, "reference_energies": energies, **rest}
    return FineTuning(ref, 8, 2, **given)


def dataset(ref: Ref, train: FrameSet, valid: FrameSet | None = None) -> Dataset:
    """What a potential was trained on."""
    valid = FrameSet(()) if valid is None else valid
    return Dataset(ref, train, valid, len(train) + len(valid))


def study(*data: Data, roles: Sequence[str] = ()) -> StudyPieces:
    """A study that has these pieces, each of a step of its own."""
    pieces = [Piece(one.kind, one.ref, f"step-{number}") for number, one in enumerate(data)]
    return StudyPieces("test", pieces, roles)


def found(analysis: type[Analysis], folder: Path, *data: Data, **backends: Any) -> Findings:
    """What an analysis finds in a study that has these pieces, in its only step; the findings hold together."""
    made = analysis(analysis.Options())
    pieces = study(*data, roles=list(backends))
    by_key = {piece.key: one for piece, one in zip(pieces.pieces, data, strict=True)}
    (wanted,) = made.wants(pieces)
    inputs = {
        role: [by_key[piece.key] for piece in feeds if isinstance(piece, Piece)]
        for role, feeds in wanted.inputs.items()
    }
    findings = made.run(GivenWork(folder, inputs, {role: backends[of] for role, of in wanted.components.items()}))
    findings.check()
    return findings


def rows(findings: Findings, table: str) -> list[dict[str, Any]]:
    """The rows of one of its tables."""
    return findings.table(table).records()


def labeled_frames(ref: Ref, frames: FrameSet, suspicious: Sequence[Mapping[str, Any]] = ()) -> LabeledFrames:
    """Labeled frames of a set."""
    return LabeledFrames(ref, frames, (), suspicious)


def own(state: Ref) -> Ref:
    """The own trajectory of a potential in that state."""
    return Ref(set=f"own trajectory of {state}", set_kind="self", sampled_by=state, groups="trajectories", trajectory=0)
