"""page: the map as chemiscope draws it, with the atoms of every point inside."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import InteractivePage, PluginError, kept_random_state
from whet_chemiscope.map_points import MapPoints
from whet_chemiscope.space import Space

if TYPE_CHECKING:
    from ase import Atoms

SCRIPT = Path("sphinx", "static", "chemiscope.min.js")
"""Of chemiscope, in its package: the same that its own pages for Sphinx load."""

DIGITS = 2
"""Of coordinates, Å: they are looked at."""

FIGURES = 5
"""Significant, of other numbers."""

CUTOFF = 4.0
"""Å; radius of the environment that is marked around an atom."""


def page(points: MapPoints, space: Space | None) -> InteractivePage:
    """The map. PluginError where the installed chemiscope has no script where this looks for it."""
    with kept_random_state():  # of Python: IPython, which it imports, draws from it
        from chemiscope import create_input

    properties, renamed = _properties(points, space)
    axes = ("PC 1", "PC 2") if space is not None else ("energy", "force")
    shown = {"x": {"property": axes[0]}, "y": {"property": axes[1]}, "color": {"property": "set"}}
    settings = {
        "target": "structure" if points.atoms is None else "atom",
        "map": {**shown, "size": {"factor": 30}, "markerOutline": False},
        "structure": [{"bonds": True, "unitCell": True, "keepOrientation": True}],
    }
    made = create_input(
        structures=[_drawn(one.atoms) for one in points.frames],
        metadata={"name": "map"},
        properties=properties,
        environments=None if points.atoms is None else [(frame, atom, CUTOFF) for frame, atom in points.places],
        settings=settings,
    )
    values = {
        "DATASET": _literal(made),
        "RENAMED": _literal(renamed),
        "COLORS": _literal([name for name in properties if name not in axes]),
    }
    html = files("whet_chemiscope").joinpath("page.html").read_text(encoding="utf-8")
    for word, value in values.items():
        html = html.replace(f"/*{word}*/ null", value)
    return InteractivePage(html, [script()], opens="Open the map: a click on a point shows its atoms")


def script() -> str:
    """chemiscope's JavaScript, from the installed package."""
    found = find_spec("chemiscope")
    places = [Path(one) / SCRIPT for one in (found.submodule_search_locations or ())] if found else []
    if not places or not places[0].is_file():
        hint = "Install a version that this plugin was tested with: pip install 'chemiscope>=1.1,<1.2'"
        raise PluginError(f"the installed chemiscope has no {SCRIPT}", hint=hint)
    return places[0].read_text(encoding="utf-8")


def _properties(points: MapPoints, space: Space | None) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """chemiscope's properties; and of each name that has a potential's in it what is before that, it, and the rest."""
    target = "structure" if points.atoms is None else "atom"
    found: dict[str, dict[str, Any]] = {}
    renamed: dict[str, list[str]] = {}

    def add(name: str, values: Sequence[Any], units: str = "", description: str = "") -> None:
        if any(not isinstance(value, float) or not math.isnan(value) for value in values):
            said = {"units": units} if units else {}
            plain = [_short(value) for value in values]
            found[name] = {"target": target, "values": plain, "description": description or name, **said}

    frames = list(points.of_each)
    add("set", [one.set for one in frames])
    add("round", [one.round for one in frames], description="that gathered it for training; 0: not gathered")
    if space is not None:
        add("PC 1", space.coordinates[:, 0].tolist())
        add("PC 2", space.coordinates[:, 1].tolist())
        add("Q-residual", space.q.tolist(), description="what principal components do not describe")
    for state in points.states:
        for what, values, units in (
            ("force error", points.force_errors(state), "eV/Å"),
            ("energy error", points.energy_errors(state), "meV/atom"),
        ):
            name = f"{what} of {state.name}"
            add(name, values, units)
            renamed[name] = [f"{what} of ", state.potential, state.words]
    add("energy", points.energies, "eV/atom", "of the reference")
    add("force", points.forces, "eV/Å", "of the reference")
    add("trajectory", [math.nan if one.trajectory is None else one.trajectory + 1 for one in frames])
    add("frame", [one.number for one in frames], description="number in its trajectory or file, from 0")
    add("time", [math.nan if one.time is None else one.time for one in frames], "fs")
    if points.atoms is not None:
        symbols = [one.atoms.get_chemical_symbols() for one in points.frames]
        add("element", [symbols[frame][atom] for frame, atom in points.places if atom is not None])
    return found, {name: parts for name, parts in renamed.items() if name in found}


def _short(value: Any) -> Any:
    return float(f"{value:.{FIGURES}g}") if isinstance(value, float) else value


def _drawn(atoms: Atoms) -> Atoms:
    """What of a frame is drawn, in as many digits as are seen."""
    from ase import Atoms

    return Atoms(
        atoms.get_chemical_symbols(),
        positions=atoms.positions.round(DIGITS),
        cell=atoms.cell.array.round(DIGITS),
        pbc=atoms.pbc,
    )


def _literal(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """A value as JavaScript, where what is no number may stand and nothing ends the script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
