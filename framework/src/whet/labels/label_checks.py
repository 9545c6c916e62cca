"""LabelChecks: what looks wrong in many labels taken together; a few numbers a frame are kept, no frame."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whet.data.labels import Labels
from whet.data.units import GPA
from whet.labels.force_work import ForceWork

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

LARGE_FORCE = 50.0
"""eV/Å; beyond this a force is reported."""

OUTLIER = 8.0
"""Robust standard deviations of the logarithm of the largest force, beyond which a frame is reported."""

LEAST_GAP = 0.1
"""eV/atom; two groups of energies that are closer than this are not reported."""

FEWEST = 20
"""Frames from which anything is concluded about energies or stresses taken together."""

FEWEST_BESIDE = 5
"""Frames among which one whose energy is impossible can be told."""

FAR_ENERGY, FAR_ENERGY_ALONE = 10.0, 25.0
"""eV/atom, and robust standard deviations; an energy that is farther from the others of its composition (for one of
which there are few: from what energies of the elements explain) is none of it: bonds are worth less."""

LARGE_STRESS = 10.0
"""eV/Å³; 1600 GPa, more than published sets of compressed matter have (MPF's reach 7 eV/Å³)."""


NAMED = 3
"""Places that a sentence names."""


@dataclass(frozen=True)
class Finding:
    """Something suspicious. kind: one word for programs. what: the sentence, with numbers. places: of the frames."""

    kind: str
    what: str
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" and {len(self.places) - NAMED} more" if len(self.places) > NAMED else ""
        return f"{self.what} ({', '.join(self.places[:NAMED])}{more})" if self.places else self.what


@dataclass
class _Composition:
    """Numbers of the frames of one composition: place, eV/atom, Å³/atom, eV/Å³ (NaN where not had)."""

    counts: dict[int, int]
    places: array[int] = field(default_factory=lambda: array("l"))
    energies: array[float] = field(default_factory=lambda: array("d"))
    volumes: array[float] = field(default_factory=lambda: array("d"))
    pressures: array[float] = field(default_factory=lambda: array("d"))


class LabelChecks:
    """Takes one labeled frame after the other; `findings` says what is suspicious. None of it is proof."""

    def __init__(self, large_force: float = LARGE_FORCE) -> None:
        self.large_force = large_force
        self._places: list[str] = []
        self._forces = array("d")
        self._compositions: dict[bytes, _Composition] = {}
        self._work = ForceWork()
        self._without_stress: list[int] = []
        self._periodic = 0
        self._large_stress: list[int] = []
        self._most_stress = 0.0
        self._free: list[int] = []
        self._most_free = 0.0

    def add(self, place: str, frame: Atoms, labels: Labels, *, is_new: bool = True) -> None:
        """Takes one more labeled frame into account; one that is not new is compared with, but never reported."""
        import numpy as np

        index, count = len(self._places), len(frame)
        self._places.append(place if is_new else "")
        self._work.add(frame, labels)
        self._forces.append(float(np.linalg.norm(labels.forces, axis=1).max(initial=0.0)))
        sorted_numbers = np.sort(frame.numbers)
        key = sorted_numbers.astype(np.uint8).tobytes() + frame.pbc.tobytes()
        if key not in self._compositions:
            kinds, counts = np.unique(sorted_numbers, return_counts=True)
            self._compositions[key] = _Composition(dict(zip(kinds.tolist(), counts.tolist(), strict=True)))
        group = self._compositions[key]
        is_periodic = bool(frame.pbc.all())
        pressure = -float(np.trace(labels.stress)) / 3 if labels.stress is not None else float("nan")
        group.places.append(index)
        group.energies.append(labels.energy / count)
        group.volumes.append(abs(frame.cell.volume) / count if is_periodic else float("nan"))
        group.pressures.append(pressure if is_periodic else float("nan"))
        self._periodic += is_periodic
        free = abs(float(labels.extra.get("free_energy", labels.energy)) - labels.energy) / count
        if is_new and free > 1e-6:
            self._free.append(index)
            self._most_free = max(self._most_free, free)
        if is_periodic and labels.stress is None:
            self._without_stress.append(index)
        stress = float(np.abs(labels.stress).max()) if is_periodic and is_new and labels.stress is not None else 0.0
        if stress > LARGE_STRESS:
            self._large_stress.append(index)
            self._most_stress = max(self._most_stress, stress)

    def findings(self) -> list[Finding]:
        """What is suspicious, with numbers."""
        if not self._places:
            return []
        found = [*self._force_findings(), *self._size_findings(), *self._energy_findings()]
        if any(self._places) and (said := self._work.said()):
            found.append(Finding(*said))
        # The sign of the stress is told once.
        is_told = found and found[-1].kind == "stresses-and-energies"
        return found + [one for one in self._stress_findings() if not (is_told and one.kind == "stress-sign")]

    def _named(self, indices: Iterator[int] | list[int]) -> tuple[str, ...]:
        return tuple(self._places[index] for index in indices if self._places[index])

    def _force_findings(self) -> Iterator[Finding]:
        import numpy as np

        forces = np.frombuffer(self._forces)
        is_new = np.array([bool(place) for place in self._places])
        if (huge := np.flatnonzero(is_new & (forces > self.large_force))).size:
            most = f"the largest {forces[huge].max():.3g} eV/Å"
            what = f"{huge.size} frames have forces above {self.large_force:g} eV/Å, {most}"
            yield Finding("large-forces", what, self._named(huge.tolist()))
        there = forces > 1e-3  # crystals at rest are no measure of what is usual
        if there.sum() < FEWEST:
            return
        logs = np.log10(np.where(there, forces, 1.0))
        middle, spread = _robust(logs[there])
        limit = middle + OUTLIER * max(spread, 0.05)
        far = np.flatnonzero(is_new & there & (logs > limit) & (forces <= self.large_force))
        if far.size:
            most = f"up to {forces[far].max():.3g} eV/Å, the median is {10**middle:.3g}"
            yield Finding(
                "outlying-forces",
                f"{far.size} frames have forces far beyond the others: {most}",
                self._named(far.tolist()),
            )

    def _size_findings(self) -> Iterator[Finding]:
        if self._large_stress:
            most = f"up to {self._most_stress:.3g} eV/Å³ ({self._most_stress / GPA:.0f} GPa)"
            what = (
                f"{len(self._large_stress)} frames have a stress above {LARGE_STRESS:g} eV/Å³, {most}: in GPa, perhaps?"
            )
            yield Finding("large-stress", what, self._named(self._large_stress))

    def _energy_findings(self) -> Iterator[Finding]:
        """Two energies of a frame; energies per atom, less what the composition explains, in separate groups."""
        import numpy as np

        if self._free:
            what = (
                f"{len(self._free)} frames have a free energy besides, up to {1000 * self._most_free:.3g} meV/atom "
                "from the energy: to it belong the forces where electrons are smeared (name the key free_energy)"
            )
            yield Finding("two-energies", what, self._named(self._free))

        groups = [group for group in self._compositions.values() if sum(group.counts.values()) > 1]
        if sum(len(group.places) for group in groups) < FEWEST_BESIDE:
            return
        levels = _explained(groups)
        places = np.concatenate([np.frombuffer(group.places, dtype=np.int64) for group in groups])
        energies = np.concatenate([np.frombuffer(group.energies) for group in groups])
        rest = energies - np.repeat(levels, [len(group.places) for group in groups])
        kept = (energies != 0) | (np.count_nonzero(energies) == 0)
        if named := self._named(sorted(places[~kept].tolist())):
            yield Finding("zero-energy", f"{_frames(named)} an energy of exactly zero: none was written?", named)
        off = _impossible(groups, rest)
        few = max(3, len(rest) // 100)
        order = np.flatnonzero(kept)[np.argsort(rest[kept])]
        cut = _split(rest[order], few) if len(order) >= FEWEST else 0
        if cut == 0 and (named := self._named(sorted(places[kept & (off > 0)].tolist()))):
            most = f"up to {off[kept].max():.4g} eV/atom from what others of the composition have"
            yield Finding("outlying-energies", f"{_frames(named)} an energy {most}", named)
            order = order[off[order] == 0]
            cut = _split(rest[order], few) if len(order) >= FEWEST else 0
        if cut == 0:
            return
        ordered = rest[order]
        low, high = ordered[:cut], ordered[cut:]
        small, side = (low, order[:cut]) if len(low) <= len(high) else (high, order[cut:])
        apart = float(np.median(high) - np.median(low))
        what = (
            f"the energies fall into two groups {apart:.3g} eV/atom apart, {len(small)} frames against "
            f"{len(rest) - len(small)}: two theories, or two sets of reference energies?"
        )
        yield Finding("two-energy-scales", what, self._named(sorted(places[side].tolist())))

    def _stress_findings(self) -> Iterator[Finding]:
        """Stress that some frames lack; and stress whose pressure rises with the volume."""
        import numpy as np

        if 0 < len(self._without_stress) < self._periodic and self._named(self._without_stress):
            what = f"{len(self._without_stress)} of {self._periodic} periodic frames have no stress"
            yield Finding("missing-stress", what, self._named(self._without_stress))
        volumes, pressures = [], []
        for group in self._compositions.values():
            volume, pressure = np.frombuffer(group.volumes), np.frombuffer(group.pressures)
            there = np.isfinite(volume) & np.isfinite(pressure)
            if there.sum() < 3:
                continue
            logs = np.log(volume[there])
            if np.ptp(logs) > 0.01:
                volumes.append(logs - logs.mean())
                pressures.append(pressure[there] - pressure[there].mean())
        if not volumes or (frames := sum(map(len, volumes))) < FEWEST:
            return
        x, y = np.concatenate(volumes), np.concatenate(pressures)
        slope = float(x @ y / (x @ x))
        noise = float(np.linalg.norm(y - slope * x)) / np.sqrt(max(frames - len(volumes) - 1, 1) * float(x @ x))
        correlation = float(x @ y / np.sqrt((x @ x) * max(float(y @ y), 1e-300)))
        if slope > 0 and correlation > 0.5 and slope > 6 * noise:
            what = (
                f"the stress looks to have the opposite sign: the pressure rises with the volume (bulk modulus "
                f"{-slope / GPA:.3g} GPa, correlation {correlation:.2f}, {frames} frames of equal compositions)"
            )
            yield Finding("stress-sign", what)


def _frames(named: Sequence[str]) -> str:
    return "1 frame has" if len(named) == 1 else f"{len(named)} frames have"


def _robust(values: np.ndarray) -> tuple[float, float]:
    """Median, and the standard deviation that a normal distribution of this median deviation has."""
    import numpy as np

    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def _split(ordered: np.ndarray, fewest: int) -> int:
    """How many of the sorted numbers are of a lower group, where there are clearly two; 0 where there are not.

    The split with the least variance within (Otsu). Clear: the groups lie farther apart than `LEAST_GAP` and six times
    their own spread, and all but a few lie within a third of that distance of their own.
    """
    import numpy as np

    count = len(ordered)
    if count < 2 * fewest:
        return 0
    sums = np.cumsum(ordered - ordered.mean())
    sizes = np.arange(1, count)
    between = sums[:-1] ** 2 * (1 / sizes + 1 / (count - sizes))
    cut = fewest + int(np.argmax(between[fewest - 1 : count - fewest]))
    (low, low_spread), (high, high_spread) = _robust(ordered[:cut]), _robust(ordered[cut:])
    apart = high - low
    of_low, of_high = np.searchsorted(ordered, [low + apart / 3, high - apart / 3])
    astray = abs(cut - of_low) + abs(of_high - cut)  # nearer to the middle, or to the other group, than to their own
    is_clear = astray <= 0.05 * min(cut, count - cut)
    return cut if apart > max(LEAST_GAP, 6 * low_spread, 6 * high_spread) and is_clear else 0


def _impossible(groups: list[_Composition], rest: np.ndarray) -> np.ndarray:
    """(n_frames,) eV/atom that an energy is away from where it must lie; 0 for all that may be right.

    rest: energies less what the composition explains.
    """
    import numpy as np

    off, start = np.zeros(len(rest)), 0
    overall = _robust(rest)
    for group in groups:
        own = rest[start : start + len(group.places)]
        middle, spread = _robust(own) if len(own) >= FEWEST_BESIDE else overall
        far = FAR_ENERGY if len(own) >= FEWEST_BESIDE else FAR_ENERGY_ALONE
        away = np.abs(own - middle)
        off[start : start + len(own)] = np.where(away > far * max(1.0, spread), away, 0.0)
        start += len(own)
    return off


def _explained(groups: list[_Composition]) -> np.ndarray:
    """(n_groups,) eV/atom that each composition has from energies of the elements, which the median frame fits best.

    Least absolute deviations of the groups' medians, by reweighting: a minority of groups on another scale then keeps
    its distance. One composition is explained by its own median.
    """
    import numpy as np

    elements = sorted({number for group in groups for number in group.counts})
    shares = np.zeros((len(groups), len(elements)))
    for row, group in zip(shares, groups, strict=True):
        for number, count in group.counts.items():
            row[elements.index(number)] = count / sum(group.counts.values())
    medians = np.array([np.median(np.frombuffer(group.energies)) for group in groups])
    sizes = np.array([len(group.places) for group in groups], dtype=float)
    weights = sizes.copy()
    fitted = np.zeros(len(groups))
    for _ in range(30):
        weighted = shares * weights[:, None]
        solution, *_ = np.linalg.lstsq(weighted.T @ shares, weighted.T @ medians, rcond=1e-10)
        fitted = shares @ solution
        weights = sizes / np.maximum(np.abs(medians - fitted), 1e-3)
    return fitted
