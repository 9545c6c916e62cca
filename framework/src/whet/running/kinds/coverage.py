"""coverage: every sampled set in one descriptor space: principal components, unique regions, Q-residuals."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.bias.coverage import unique_share
from whet.bias.principal_components import PrincipalComponents
from whet.bias.q_limits import QLimits
from whet.contracts.descriptor import Descriptor
from whet.data.errors import InputError
from whet.data.frames import FrameSet
from whet.running.work import Outcome, Work

if TYPE_CHECKING:
    import numpy as np

COMPONENTS = 5
"""Principal components that are kept, as in Wong & Yang."""


@dataclass(frozen=True, eq=False)
class _Set:
    """The environments of one set: symbols (n,), the frame of each (n,), and features in a file, a frame at a time."""

    symbols: np.ndarray
    frame_of: np.ndarray
    path: Path
    sizes: Sequence[int]

    def chunks(self) -> Iterator[np.ndarray]:
        import numpy as np

        features = np.load(self.path, mmap_mode="r")
        start = 0
        for size in self.sizes:
            yield np.asarray(features[start : start + size], dtype=np.float64)
            start += size


def run(work: Work) -> Outcome:
    """Roles `data/POTENTIAL/STRATEGY/SEED/ROUND` (what a round added) and `test/NAME`; leaves `arrays`.

    One PCA is fitted to all data sets together. Values: explained (share of the variance of each component), rounds
    (unique share of each round against those before), strategies (unique share of each strategy against each other),
    q (training set -> test -> share of flagged environments, mean by frame).
    Arrays: `PROLE` projections (n, 5) and `SROLE` symbols (n,) for each role, P and S before its name.
    """
    import numpy as np

    sets = {role: work.frames(role).unique() for role in work.step.inputs}
    sets = {role: frames for role, frames in sets.items() if frames}
    data = [role for role in sets if role.startswith("data/")]
    if not data:
        raise InputError("there is no sampled data to describe")
    elements = sum(sets.values(), FrameSet(())).elements
    descriptor: Descriptor = work.load("descriptor")
    with tempfile.TemporaryDirectory(dir=work.folder) as scratch:
        described: dict[str, _Set] = {}
        for number, (role, frames) in enumerate(sets.items()):
            described[role] = _describe(descriptor, frames, elements, Path(scratch) / f"{number}.npy")
            work.progress(number + 1, len(sets) + 1)
        every = PrincipalComponents.fit(_chunks(described[role] for role in data), COMPONENTS)
        projected = {
            role: np.concatenate([every.project(chunk) for chunk in one.chunks()]) for role, one in described.items()
        }
        values = {
            "explained": list(every.explained),
            "environments": {role: len(one.symbols) for role, one in described.items()},
            **_unique(projected, described),
            "q": _q_residuals(described),
        }
        arrays = {"P" + role: points.astype(np.float32) for role, points in projected.items()}
        arrays |= {"S" + role: one.symbols for role, one in described.items()}
    path = work.folder / "arrays.npz"
    np.savez(path, allow_pickle=False, **arrays)
    work.progress(len(sets) + 1, len(sets) + 1)
    return Outcome(values, {"arrays": path})


def _describe(descriptor: Descriptor, frames: FrameSet, elements: Sequence[str], path: Path) -> _Set:
    import numpy as np

    sizes = [len(frame) for frame in frames]
    file: Any = None
    start = 0
    for rows, size in zip(descriptor.describe(frames, elements), sizes, strict=True):
        if file is None:
            file = np.lib.format.open_memmap(path, "w+", dtype=np.float64, shape=(sum(sizes), rows.shape[1]))
        file[start : start + size] = rows
        start += size
    file.flush()
    symbols = np.concatenate([np.array(frame.get_chemical_symbols()) for frame in frames])
    return _Set(symbols, np.repeat(np.arange(len(sizes)), sizes), path, sizes)


def _chunks(sets: Iterable[_Set]) -> Iterator[np.ndarray]:
    for one in sets:
        yield from one.chunks()


def _unique(projected: Mapping[str, np.ndarray], described: Mapping[str, _Set]) -> dict[str, Any]:
    """Unique shares of each round against the rounds before, and of each strategy against each other one."""
    import numpy as np

    def gathered(roles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate([projected[r] for r in roles]), np.concatenate([described[r].symbols for r in roles])

    by_strategy = _by_strategy(described)
    rounds = {}
    for roles in by_strategy.values():
        for place in range(1, len(roles)):
            new, before = gathered([roles[place]]), gathered(roles[:place])
            rounds[roles[place].removeprefix("data/")] = unique_share(*new, *before).as_json()
    strategies = {}
    for one, roles in by_strategy.items():
        for other, others in by_strategy.items():
            if one != other:
                strategies[f"{one} not in {other}"] = unique_share(*gathered(roles), *gathered(others)).as_json()
    return {"rounds": rounds, "strategies": strategies}


def _q_residuals(described: Mapping[str, _Set]) -> dict[str, Any]:
    """Q-residuals of each test set against the PCA of each strategy's own data (eqs. 4-7 of Wong & Yang)."""
    import numpy as np

    found: dict[str, Any] = {}
    for strategy, roles in _by_strategy(described).items():
        own = PrincipalComponents.fit(_chunks(described[role] for role in roles), COMPONENTS)
        pairs = (
            (chunk, described[role].symbols[described[role].frame_of == frame])
            for role in roles
            for frame, chunk in enumerate(described[role].chunks())
        )
        limits = QLimits.fit(own, pairs)
        found[strategy] = {"limits": limits.as_json(), "tests": {}}
        for role, one in described.items():
            if not role.startswith("test/"):
                continue
            q = np.concatenate([own.q_residuals(chunk) for chunk in one.chunks()])
            by_frame = np.bincount(one.frame_of, weights=q) / np.bincount(one.frame_of)
            found[strategy]["tests"][role.removeprefix("test/")] = {
                "environments": len(q),
                "beyond_element": float(limits.beyond_element(q, one.symbols).mean()),
                "beyond_jackson_mudholkar": float(limits.beyond_jackson_mudholkar(q).mean()),
                "mean_by_frame": by_frame.tolist(),
            }
    return found


def _by_strategy(described: Mapping[str, _Set]) -> dict[str, list[str]]:
    """Roles of the data of each `POTENTIAL/STRATEGY/SEED`, in order of rounds."""
    found: dict[str, list[str]] = {}
    for role in described:
        if role.startswith("data/"):
            found.setdefault(role.removeprefix("data/").rpartition("/")[0], []).append(role)
    return found
