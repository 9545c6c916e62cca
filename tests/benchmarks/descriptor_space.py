"""What principal components and Q-residuals of a trajectory cost: `python tests/benchmarks/descriptor_space.py`.

SOAP with the settings of Wong & Yang (5 Å, n_max 8, l_max 6, σ 0.375), five components, Q of every atom, of a liquid of
four elements with 200 atoms (3,696 features). Each way in a process of its own with one thread,
seconds of its processor:

- `whet`: what the analyses do; features that memory has no room for are described again
- `full`, `covariance_eigh`, `auto`: what a user would write with DScribe and scikit-learn, by its solver: exact, exact,
  and the one that it takes by itself for so many features, which is randomized

`--frames N` for the comparison (100), `--long N` for how `whet` alone does on more (1,000; 0: not at all). Peak memory
is that of the whole process, Python and libraries included. `off` is the largest difference to `full`, relative to the
largest value, of the share of variance, the components up to sign, and Q.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

ELEMENTS = ("C", "H", "N", "O")
SYMBOLS = ["H"] * 100 + ["C"] * 50 + ["O"] * 30 + ["N"] * 20
SETTINGS = {"r_cut": 5.0, "n_max": 8, "l_max": 6, "sigma": 0.375}
SOLVERS = ("full", "covariance_eigh", "auto")


class Liquid(Sequence[Atoms]):
    """Frames that are made when they are asked for, as those of a file are read: 0.1 atoms/Å³, four elements."""

    def __init__(self, frames: int) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return self.frames

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self.frames:
            raise IndexError(index)
        edge = (len(SYMBOLS) / 0.1) ** (1 / 3)
        sites = np.stack(np.meshgrid(*[np.arange(6)] * 3), axis=-1).reshape(-1, 3)[: len(SYMBOLS)] * edge / 6
        moved = sites + np.random.default_rng(index).normal(0, 0.25, sites.shape)
        return Atoms(SYMBOLS, moved, cell=[edge] * 3, pbc=True)


def by_whet(frames: Sequence[Atoms]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of variance, components and Q."""
    from whet import Spec
    from whet.bias.described_frames import DescribedFrames, FeatureRoom
    from whet.bias.training_space import TrainingSpace
    from whet.plugins.registry import registry

    descriptor = registry().load(registry().resolve("descriptors", Spec("soap", SETTINGS)))
    described = DescribedFrames.of(descriptor, frames, ELEMENTS, FeatureRoom())
    space = TrainingSpace.fit([described.by_frame])
    q = np.concatenate([space.components.q_residuals(features) for features in described.chunks()])
    return np.array(space.components.explained), space.components.axes, q


def by_hand(frames: Sequence[Atoms], solver: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same, as a user would write it."""
    from dscribe.descriptors import SOAP
    from sklearn.decomposition import PCA

    soap = SOAP(species=ELEMENTS, periodic=True, **SETTINGS)
    features = np.concatenate([soap.create(frame) for frame in frames])
    pca = PCA(5, svd_solver=solver, random_state=0).fit(features)
    back = pca.inverse_transform(pca.transform(features))
    return np.array(pca.explained_variance_ratio_), np.array(pca.components_), np.square(features - back).sum(axis=1)


def work(way: str, frames: int, path: Path) -> None:
    """Does it in this process, and writes what was found and what it cost."""
    for module in ("dscribe.descriptors", "sklearn.decomposition", "scipy.sparse.linalg", "whet.plugins.registry"):
        import_module(module)  # what is measured is not how long these take
    started = time.process_time()
    found = by_whet(Liquid(frames)) if way == "whet" else by_hand(Liquid(frames), way)
    seconds = time.process_time() - started
    np.savez(path.with_suffix(".npz"), *found)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    path.write_text(json.dumps({"seconds": seconds, "memory": memory}), encoding="utf-8")


def measured(way: str, frames: int, folder: Path) -> tuple[dict[str, float], list[np.ndarray]]:
    """The cost of one way, and what it found."""
    path = folder / f"{way}-{frames}.json"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--way", way, "--frames", str(frames), "--into", str(path)]
    subprocess.run(command, env=environment, check=True)
    with np.load(path.with_suffix(".npz")) as found:
        return json.loads(path.read_text(encoding="utf-8")), [found[name] for name in found.files]


def off(found: Sequence[np.ndarray], exact: Sequence[np.ndarray]) -> str:
    """How far the numbers lie from exact ones."""
    signs = np.sign((found[1] * exact[1]).sum(axis=1))[:, None]
    pairs = ((found[0], exact[0]), (signs * found[1], exact[1]), (found[2], exact[2]))
    return ", ".join(f"{np.abs(one - other).max() / np.abs(other).max():.0e}" for one, other in pairs)


def line(way: str, frames: int, cost: dict[str, float]) -> str:
    """`whet  100 frames   9.1 s, 0.091 s a frame; 1.03 GiB`."""
    seconds, memory = cost["seconds"], cost["memory"] / 2**30
    return f"  {way:<16}{frames:>6} frames {seconds:7.1f} s, {seconds / frames:6.3f} s a frame; {memory:5.2f} GiB"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100, metavar="N")
    parser.add_argument("--long", type=int, default=1000, metavar="N")
    parser.add_argument("--way", default="", help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, default=Path(), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        work(given.way, given.frames, given.into)
        return
    with tempfile.TemporaryDirectory() as name:
        ways = {way: measured(way, given.frames, Path(name)) for way in ("whet", *SOLVERS) if given.frames}
        for way, (cost, found) in ways.items():
            ratio = f"; whet is {cost['seconds'] / ways['whet'][0]['seconds']:.1f} times as fast" * (way != "whet")
            sys.stdout.write(f"{line(way, given.frames, cost)}; off {off(found, ways['full'][1])}{ratio}\n")
        if given.long:
            cost, _ = measured("whet", given.long, Path(name))
            sys.stdout.write(line("whet", given.long, cost) + "\n")


if __name__ == "__main__":
    main()
