"""dataset: labeled frames of several steps, put together, cut to size and split into training and validation."""

from __future__ import annotations

from whet.data.errors import InputError
from whet.data.frame_log import write_frames
from whet.labels.doubles import doubles
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Takes `inputs.labeled`, each frame once; leaves `train` and `valid`.

    settings: seed, valid_fraction, and either `frames` (a random subset of that size: the subsets of one seed are
    nested) or nothing. inputs.match: labeled steps whose number of frames is the size to cut to, from the front.
    Raises InputError where two labels of one structure differ.
    """
    import numpy as np

    labeled = work.frames("labeled")
    if conflicts := doubles(labeled).conflicts:
        first, second, apart = conflicts[0]
        what = f"frames {first} and {second} of the training data are one structure with two labels, {apart} apart"
        raise InputError(what, hint="Remove the wrong one: `whet check` names both, with their files")
    pool = labeled.unique()
    if not pool:
        raise InputError("no labeled frame to train on: every label of this round failed")
    chosen, seed = pool, work.settings["seed"]
    if "match" in work.step.inputs:
        chosen = pool[: len(work.frames("match").unique())]
    elif wanted := work.settings.get("frames"):
        if wanted > len(pool):
            raise InputError(f"{wanted} frames were asked for, there are {len(pool)}")
        chosen = pool.take(np.random.default_rng(seed).permutation(len(pool))[:wanted])
    fraction = work.settings["valid_fraction"]
    train, valid = chosen.split([1 - fraction, fraction], seed=seed)
    paths = {"train": work.folder / "train.frames", "valid": work.folder / "valid.frames"}
    write_frames(paths["train"], train)
    write_frames(paths["valid"], valid)
    return Outcome({"pool": len(pool), "train": len(train), "valid": len(valid)}, paths)
