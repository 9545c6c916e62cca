"""structure_picture: a structure as a figure, its atoms as circles in ASE's colors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

from whet.contracts.findings import Figure
from whet.data.numbers import count

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

MOST_ATOMS = 2000
"""Above which nothing would be seen."""

WIDTH, HEIGHT, MARGIN = 300.0, 240.0, 12.0
"""Of the drawing, pixels; the elements stand below it."""

TURNED = (-72.0, 18.0)
"""Degrees about the axes x and z, from which the third axis points up and all three are seen."""

INK, SOFT = "#22262d", "#5d636e"
"""Colors of the report's theme, which it turns for dark pages."""


def structure_picture(atoms: Atoms, of: str) -> Figure | None:
    """The figure `system`. None for more atoms than can be seen, or none. of: which structure it is, in words."""
    if not 0 < len(atoms) <= MOST_ATOMS:
        return None
    formula = atoms.get_chemical_formula()
    caption = f"{formula}, {count(len(atoms), 'atom')}; {_cell(atoms)}. {of}."
    return Figure("system", caption, f"The structure {formula} as circles, a color for each element.", svg=_svg(atoms))


def environment_picture(atoms: Atoms, center: int, radius: float, name: str, of: str) -> Figure:
    """The figure `name`: what is within a radius (Å) of an atom, which lies in front, with a thick rim. of: which."""
    from ase import Atoms

    vectors = atoms.get_distances(center, range(len(atoms)), mic=bool(atoms.pbc.any()), vector=True)
    near = (vectors**2).sum(axis=1) <= radius**2
    cluster = Atoms(atoms.numbers[near], vectors[near])
    inside = int(near[:center].sum())
    caption = f"{of}, and what is within {radius:g} Å of it ({count(len(cluster) - 1, 'atom')})."
    text = f"The environment {cluster.get_chemical_formula()} as circles, a color for each element."
    return Figure(name, caption, text, svg=_svg(cluster, inside))


def _cell(atoms: Atoms) -> str:
    """`cell 6.32 × 6.32 × 6.32 Å, periodic in all directions`."""
    periodic = [name for name, is_periodic in zip("abc", atoms.pbc, strict=True) if is_periodic]
    if not periodic and not atoms.cell.rank:
        return "no cell, not periodic"
    *lengths, alpha, beta, gamma = atoms.cell.cellpar()
    angles = (
        "" if all(abs(one - 90) < 0.05 for one in (alpha, beta, gamma)) else f", {alpha:.1f}, {beta:.1f}, {gamma:.1f}°"
    )
    along = {0: "not periodic", 3: "periodic in all directions"}.get(
        len(periodic), f"periodic along {', '.join(periodic)}"
    )
    return f"cell {' × '.join(f'{one:.2f}' for one in lengths)} Å{angles}, {along}"


def _svg(atoms: Atoms, marked: int | None = None) -> str:
    import numpy as np
    from ase.data import covalent_radii

    turned = _turned(atoms.positions)
    corners = _turned(np.array(list(product((0, 1), repeat=3))) @ atoms.cell.array) if atoms.cell.rank else turned[:0]
    radii = covalent_radii[atoms.numbers]
    low = np.concatenate([turned - radii[:, None], corners]).min(axis=0)
    high = np.concatenate([turned + radii[:, None], corners]).max(axis=0)
    scale = min((WIDTH - 2 * MARGIN) / (high[0] - low[0]), (HEIGHT - 2 * MARGIN) / (high[1] - low[1]))
    middle = (low + high) / 2

    def placed(point: np.ndarray) -> tuple[float, float]:
        return WIDTH / 2 + scale * (point[0] - middle[0]), HEIGHT / 2 - scale * (point[1] - middle[1])

    depth = max(float(high[2] - low[2]), 1e-6)
    shapes: list[tuple[float, str]] = []
    for first, second in _edges(corners):
        (x1, y1), (x2, y2) = placed(corners[first]), placed(corners[second])
        line = f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{SOFT}" stroke-width="1"/>'
        shapes.append((float(corners[[first, second], 2].mean()), line))
    for index, (number, point, radius) in enumerate(zip(atoms.numbers, turned, radii, strict=True)):
        x, y = placed(point)
        fill = _color(int(number), pale=0.35 * (high[2] - point[2]) / depth)
        depth_of = math.inf if index == marked else float(point[2])
        shapes.append((depth_of, _circle(x, y, scale * radius, fill, rim=index == marked)))
    drawn = "".join(shape for _, shape in sorted(shapes))
    key = "".join(_key(sorted(set(atoms.numbers.tolist()))))
    size = f'width="{WIDTH:.0f}" height="{HEIGHT + 26:.0f}" viewBox="0 0 {WIDTH:.0f} {HEIGHT + 26:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}{key}</svg>'


def _turned(points: np.ndarray) -> np.ndarray:
    """(n, 3) in Å: x to the right, y up, z towards the reader."""
    import numpy as np

    about_x, about_z = np.radians(TURNED)
    turn_z = np.array([[np.cos(about_z), -np.sin(about_z), 0], [np.sin(about_z), np.cos(about_z), 0], [0, 0, 1]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(about_x), -np.sin(about_x)], [0, np.sin(about_x), np.cos(about_x)]])
    return points @ turn_z.T @ turn_x.T


def _edges(corners: Sequence[object] | np.ndarray) -> Iterator[tuple[int, int]]:
    """Places of two corners that differ in one of their three digits."""
    for first in range(len(corners)):
        yield from ((first, first | bit) for bit in (1, 2, 4) if not first & bit)


def _color(number: int, pale: float = 0.0) -> str:
    """Of an element, so much paler as it is far away. Never quite white, which a dark page turns into its ground."""
    from ase.data.colors import jmol_colors

    parts = [min(0.98, float(one) + pale * (1 - float(one))) for one in jmol_colors[number]]
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def _circle(x: float, y: float, radius: float, fill: str, rim: bool = False) -> str:
    line = f'stroke="{INK}" stroke-width="3"' if rim else f'stroke="{SOFT}" stroke-width="0.7"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" {line}/>'


def _key(numbers: Sequence[int]) -> Iterator[str]:
    from ase.data import chemical_symbols

    step = min(44.0, (WIDTH - 2 * MARGIN) / len(numbers))
    for place, number in enumerate(numbers):
        x, y = MARGIN + 6 + step * place, HEIGHT + 12
        yield _circle(x, y, 6, _color(number))
        place_and_size = f'x="{x + 10:.1f}" y="{y + 4:.1f}" font-size="12" font-family="sans-serif"'
        yield f'<text {place_and_size} fill="{INK}">{chemical_symbols[number]}</text>'
