"""PowerSpectrum: the vibrational density of states, from velocities, a frame at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import InputError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

WAVENUMBER = 33356.40952
"""cm⁻¹ of 1/fs."""
PERIOD_WITH_HYDROGEN = 7.5
"""fs; H₂ at 4400 cm⁻¹, which no other bond is faster than."""
COVALENT, SOFT = 150.0, 8.0
"""eV/Å²; stiffer than N₂, and than neighbors in salts and metals are."""
NONMETALS = frozenset(["B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Ge", "As", "Se", "Br", "I"])
FRAMES_A_PERIOD = 2.5
"""Of the fastest mode, that a spectrum needs: two are the limit of Nyquist."""
PERIODS_A_WINDOW = 10
SLOW = 3
"""Bins of the window's resolution below which there is diffusion, not vibration."""


def fastest_period(start: Atoms) -> float:
    """fs, of the fastest mode that these elements can have; rather too short than too long.

    7.5 fs with hydrogen. Else 2π √(μ/k), μ being the reduced mass of the two lightest elements and k 150 eV/Å² where
    there are two nonmetals (or one twice) to be bonded, 8 eV/Å² where not.
    """
    from ase.data import atomic_masses, atomic_numbers
    from ase.units import fs

    symbols = set(start.get_chemical_symbols())
    if "H" in symbols:
        return PERIOD_WITH_HYDROGEN

    def period(names: set[str], stiffness: float) -> float:
        masses = sorted(float(atomic_masses[atomic_numbers[name]]) for name in names)
        light, other = masses[0], masses[min(1, len(masses) - 1)]
        return 2 * math.pi * math.sqrt(light * other / (light + other) / stiffness) / fs

    found = period(symbols, SOFT)
    bonded = symbols & NONMETALS
    many = sum(symbol in NONMETALS for symbol in start.get_chemical_symbols())
    metals = len(symbols) > len(bonded)
    # The anions of a salt are no molecules: two nonmetals beside a metal may be (PS₄), one is not (Cl⁻).
    covalent = many > 1 and (len(bonded) > 1 or (bonded and not metals))
    return min(found, period(bonded, COVALENT)) if covalent else found


@dataclass(frozen=True, eq=False)
class States:
    """wavenumbers: (n,) cm⁻¹. density: (n,) cm, of one element; over all elements its integral is 1."""

    wavenumbers: np.ndarray
    density: np.ndarray

    @property
    def mean(self) -> float:
        """cm⁻¹, ∫ν g dν / ∫g dν."""
        return float((self.wavenumbers * self.density).sum() / self.density.sum())

    @property
    def peak(self) -> float | None:
        """cm⁻¹, of the highest point above what diffusion makes; by a parabola. None where there is none."""
        g = self.density
        inner = range(SLOW, len(g) - 1)
        tops = [place for place in inner if g[place] > 0 and g[place - 1] <= g[place] >= g[place + 1]]
        if not tops:
            return None
        top = max(tops, key=lambda place: float(g[place]))
        left, middle, right = (float(g[top + by]) for by in (-1, 0, 1))
        bend = left - 2 * middle + right
        off = 0.0 if bend == 0 else 0.5 * (left - right) / bend
        return float(self.wavenumbers[top] + off * (self.wavenumbers[1] - self.wavenumbers[0]))


class PowerSpectrum:
    """The Fourier transform of the mass-weighted velocity autocorrelation, as the mean power of overlapping windows.

    The two are the same (Wiener and Khinchin); by windows (Welch, with Hann's window, each beginning half a window
    after the one before) one window of velocities is in memory, however long the trajectory.

    start: for elements and masses. interval: fs between frames. window: fs. differences: whether velocities are made
    from positions; what that takes from fast modes, sin²(πνΔ)/(πνΔ)², is given back. InputError where a window has
    fewer than eight frames.
    """

    def __init__(self, start: Atoms, interval: float, window: float, *, differences: bool) -> None:
        import numpy as np

        count = round(window / interval)
        if count < 8:
            raise InputError(f"a window of {window:g} fs has {count} frames, and 8 are needed")
        symbols = start.get_chemical_symbols()
        self.elements = sorted(set(symbols))
        self._of = np.array([self.elements.index(symbol) for symbol in symbols])
        self._masses = start.get_masses()
        self._window = np.hanning(count + 1)[:-1]
        self._buffer = np.zeros((count, len(start), 3))
        self._filled, self.windows = 0, 0
        frequencies = np.fft.rfftfreq(count, interval)
        self._gain = np.sinc(frequencies * interval) ** 2 if differences else np.ones_like(frequencies)
        self.wavenumbers = WAVENUMBER * frequencies
        self._power = np.zeros((len(self.elements), len(frequencies)))

    def add(self, velocities: np.ndarray) -> None:
        """(n_atoms, 3), of the next frame, in any unit."""
        self._buffer[self._filled] = velocities
        self._filled += 1
        if self._filled == len(self._buffer):
            self._transform()
            half = len(self._buffer) // 2
            kept = len(self._buffer) - half
            self._buffer[:kept] = self._buffer[half:]
            self._filled = kept

    def of(self, element: str) -> States:
        """Of an element. InputError where no window is full, or nothing moves."""
        power = self._power / self._gain
        total = float(power.sum()) * float(self.wavenumbers[1])
        if not total > 0:
            raise InputError("no window of the trajectory is full, or nothing moves")
        return States(self.wavenumbers, power[self.elements.index(element)] / total)

    def _transform(self) -> None:
        import numpy as np

        for first in range(0, len(self._of), 64):
            part = slice(first, first + 64)
            amplitudes = np.fft.rfft(self._buffer[:, part] * self._window[:, None, None], axis=0)
            power = (amplitudes.real**2 + amplitudes.imag**2).sum(axis=2) * self._masses[part]
            for number in np.unique(self._of[part]):
                self._power[number] += power[:, self._of[part] == number].sum(axis=1)
        self.windows += 1
