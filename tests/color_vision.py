"""Colors as eyes see them: those that lack one kind of cone, and how far apart two colors look."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Machado, Oliveira & Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1; on linear RGB."""

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.1."""
    low, high = sorted(float(_linear([color])[0] @ TO_XYZ[1]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def least_difference(colors: Sequence[str], eye: str) -> tuple[float, str, str]:
    """The smallest CIEDE2000 between any two colors, and these two."""
    labs = dict(zip(colors, _lab(np.clip(_linear(colors) @ EYES[eye].T, 0, 1)), strict=True))
    return min((ciede2000(labs[one], labs[other]), one, other) for one, other in combinations(colors, 2))


def ciede2000(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Difference of two colors of CIELAB; Sharma, Wu & Dalal, Color Res. Appl. 30, 21 (2005)."""
    chroma = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    grow = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25**7))
    (c1, h1), (c2, h2) = (
        (np.hypot(a * grow, b), np.degrees(np.arctan2(b, a * grow)) % 360) for _, a, b in (one, other)
    )
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    hue = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    light, chroma = (one[0] + other[0]) / 2, (c1 + c2) / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    t = 1 + sum(height * np.cos(np.radians(times * hue + by)) for height, times, by in waves)
    twist = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    by_light = (other[0] - one[0]) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    by_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    by_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    both = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * np.sin(np.radians(twist)) * by_chroma * by_hue
    return float(np.sqrt(by_light**2 + by_chroma**2 + by_hue**2 + both))


def _linear(colors: Sequence[str]) -> NDArray[np.float64]:
    parts = np.array([[int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)] for color in colors])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = linear @ TO_XYZ.T / WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
