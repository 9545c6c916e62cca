"""Predictions of made-up potentials with planted softness and noise, and what analyses find in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from whet.contracts.analysis import Analysis
from whet.contracts.findings import Findings
from whet.contracts.ports import Data, FineTuning, Found, Predictions
from whet.contracts.ref import RATTLE, Ref
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.testing.given_work import GivenWork

NEAR = Ref(set="near", set_kind="independent", sampled_by=RATTLE, groups="frames")
"""Rattled frames, each of which stands alone."""

OLD = Ref(set="old", set_kind="replay", groups="frames")
ATOMS = 4


def labeled(frames: int, seed: int = 0) -> FrameSet:
    """Labeled frames of LiCl in fixed random places; reference forces are normal, of 1 eV/Å."""
    random, found = np.random.default_rng(seed), []
    for _ in range(frames):
        atoms = Atoms("LiClLiCl", random.uniform(0, 6, (ATOMS, 3)), cell=[6] * 3, pbc=True)
        found.append(Labels(float(random.normal()), random.normal(size=(ATOMS, 3))).attach(atoms))
    return FrameSet(found)


def predicted(reference: FrameSet, scale: float, noise: float = 0.0, shift: float = 0.0, seed: int = 1) -> FrameSet:
    """Forces times the scale, plus normal noise (eV/Å); energies plus a shift (eV/atom)."""
    random, found = np.random.default_rng(seed), []
    for frame in reference:
        labels = Labels.of(frame)
        forces = scale * labels.forces + noise * random.normal(size=labels.forces.shape)
        found.append(Labels(labels.energy + ATOMS * shift, forces).attach(frame))
    return FrameSet(found)


def evaluated(
    state: Ref, on: Ref = NEAR, scale: float = 1.0, *, frames: int = 12, out: Sequence[int] = (), **how: Any
) -> Predictions:
    """The predictions of a state on a set. out: frames that were not predicted. how: as `predicted`."""
    every = labeled(frames, seed=sum(map(ord, on.set)))
    kept = [index for index in range(frames) if index not in out]
    reference = every.take(kept)
    guess = predicted(reference, scale, **{"seed": 10 * state.round + state.seed, **how})
    # Two frames a trajectory, where the set is one of trajectories.
    numbers = [index // 2 if on.groups == "trajectories" else 0 for index in kept]
    gone = [(index, "exploded") for index in out]
    return Predictions(state.on(on), reference, guess, kept, gone, numbers, 0.5)


def first_data(potential: str, strategy: str, seed: int, scale: float) -> Predictions:
    """What the untouched potential predicts for the first training data of a strategy: one frame, the same for all."""
    on = Ref(set=f"{potential} {strategy}", set_kind="training", gathered_by=Ref(potential, strategy, 1, seed))
    reference = labeled(1)
    return Predictions(Ref(potential).on(on), reference, predicted(reference, scale), [0], (), [0])


def tuned(state: Ref, train: int = 8, valid: int = 2, **shift: float) -> FineTuning:
    """A fine-tuning. shift: eV by element, that aligned the untouched potential."""
    energies = {"shift": shift or {"Li": 0.0, "Cl": 0.0}, "rank": 1, "residual": 0.0, "frames": train}
    return FineTuning(state, train, valid, {}, {}, energies, None)


def found_by(
    analysis: type[Analysis], folder: Path, options: Mapping[str, Any] | None = None, **inputs: Any
) -> Findings:
    """What the analysis finds in these inputs (role, `_` for `-` -> data), as it is read back from its step."""
    given: dict[str, Sequence[Data]] = {role.replace("_", "-"): list(data) for role, data in inputs.items()}
    work: Any = GivenWork(folder, given)
    findings = analysis(analysis.Options(**(options or {}))).run(work)
    findings.check()
    return Findings.from_json(json.loads(json.dumps(findings.as_json(), allow_nan=False)))


def scores_of(folder: Path, *predictions: Predictions, **inputs: Any) -> Found:
    """Findings of `scores` in predictions of one set."""
    from whet.analyses.scores import Scores

    on = predictions[0].ref
    names = ("set", "set_kind", "sampled_by", "minimum_of", "groups")
    ref = Ref(**{name: getattr(on, name) for name in names})
    return Found(ref, found_by(Scores, folder, predictions=predictions, **inputs))


def rows_by(findings: Findings, table: str, *keys: str) -> dict[Any, dict[str, Any]]:
    """Rows of a table by the cells of these columns."""
    rows = {tuple(row[key] for key in keys): row for row in findings.table(table).records()}
    return {key[0] if len(keys) == 1 else key: row for key, row in rows.items()}
