"""Parity: predicted against reference forces, energies and stresses as densities, and errors by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from whet.analyses.parts.ends import ends_of, seed_note
from whet.analyses.parts.error_tables import error_tables
from whet.analyses.parts.parity_figure import Cloud, parity_figure
from whet.analyses.parts.part_tables import frame_parts
from whet.analyses.parts.scored_sets import INPUTS, scored_sets
from whet.analyses.parts.series_table import row_names, series_rows
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Findings
from whet.contracts.ports import Found, Port, Predictions
from whet.contracts.task import Work

if TYPE_CHECKING:
    import numpy as np

    from whet.analyses.parts.ends import Ends
    from whet.bias.pairs import Comparison

MOST_PANELS = 6
MEV = 1000.0

DEFINITION = (
    "Every point is a force component, an energy per atom or a stress component of one frame; where many lie in one "
    "cell of the grid, the cell is drawn, and its color counts them. Energies are drawn after per-element reference "
    "energies were fitted on all frames of the set together, which flatters, and less the mean of the reference; the "
    "tables have the raw errors beside those. s is the slope of predicted on reference force components; whether it is "
    "a ratio of curvatures, who sampled the frames decides. A slope by size of the force never is one: such atoms were "
    "chosen by their force."
)


class Parity(Analysis):
    """Predicted against reference forces, energies and stresses, and errors by element, force, kind and material."""

    name = "parity"
    result_version = 2
    place = 26
    by_default = True
    after = ("scores",)
    inputs: ClassVar[Mapping[str, Port]] = INPUTS

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for each independent set."""
        return scored_sets(study, relaxed=True)

    def run(self, work: Work) -> Findings:
        """Tables `errors-by-…`; figures `parity-forces`, `-elements`, `-config-types`, `-energies`, `-stress`."""
        found = work.one("scores", Found)
        rows, on = series_rows(found.findings), found.ref.set
        ends = ends_of(rows, work.all("predictions", Predictions))
        if not ends:
            return Findings("Parity", on, notes=["there are no predictions to compare"])
        note = seed_note([row for row, _ in ends])
        tables, left_out = error_tables(ends, rows, on, note)
        drawn = [
            parity_figure(name, f"{what} on “{on}”", unit, clouds, note) for name, what, unit, clouds in _clouds(ends)
        ]
        figures, points = zip(*drawn, strict=True)
        source = "Wong & Yang, eqs. 1–3; Deng et al., figure 5a"
        known = {"definition": DEFINITION, "source": source, "notes": left_out}
        return Findings("Parity", on, [*tables, *points], figures, **known)


def _clouds(ends: Ends) -> list[tuple[str, str, str, list[Cloud]]]:
    """Name, words, unit and panels of each figure."""
    import numpy as np

    names = dict(zip(map(id, (row for row, _ in ends)), row_names([row for row, _ in ends]), strict=True))
    shown = [(names[id(row)], row, comparison) for row, comparison in ends[:MOST_PANELS]]
    found = [
        (
            "parity-forces",
            "Force components",
            "eV/Å",
            [
                Cloud.of_forces(name, row.potential, row.state, one.reference.forces, one.predicted.forces)
                for name, row, one in shown
            ],
        )
    ]
    for name, what, parts in (
        ("parity-elements", "Force components by element", lambda one: one.symbols),
        ("parity-config-types", "Force components by config type", _config_types),
    ):
        clouds = []
        for label, row, one in (each for each in shown if each[1].untouched):
            of_atom = parts(one)
            kinds = np.unique(of_atom).tolist()
            for kind in kinds if len(kinds) > 1 else ():
                own = of_atom == kind
                forces = one.reference.forces[own], one.predicted.forces[own]
                clouds.append(Cloud.of_forces(f"{kind}, {label}", row.potential, row.state, *forces))
        if 0 < len(clouds) <= 2 * MOST_PANELS:
            found.append((name, what, "eV/Å", clouds))
    energies = [Cloud(name, row.potential, row.state, *_energies(one)) for name, row, one in shown]
    span = max(float(np.ptp(cloud.reference)) for cloud in energies)
    unit, factor = ("meV/atom", MEV) if span < 1 else ("eV/atom", 1.0)
    words = "Energies, with reference energies fitted on these frames and less their mean,"
    found.append(("parity-energies", words, unit, [one.times(factor) for one in energies]))
    stresses = [Cloud(name, row.potential, row.state, *_stresses(one)) for name, row, one in shown]
    if known := [cloud for cloud in stresses if len(cloud.reference)]:
        found.append(("parity-stress", "Stress components", "eV/Å³", known))
    return found


def _config_types(comparison: Comparison) -> np.ndarray:
    """(sum n_atoms,) the config type of each atom's frame."""
    import numpy as np

    return np.repeat(np.array(frame_parts(comparison)["config type"]), comparison.n_atoms)


def _energies(comparison: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Reference and predicted energies per atom, less the mean of the reference, eV; the latter shifted."""
    from whet.bias.errors import energy_residuals, fitted_energies

    reference = comparison.reference.energies / comparison.n_atoms
    reference = reference - reference.mean()
    return reference, reference + energy_residuals(comparison, fitted_energies(comparison)) / MEV


def _stresses(comparison: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Components of the frames that have both, eV/Å³."""
    import numpy as np

    reference, predicted = comparison.reference.stresses, comparison.predicted.stresses
    both = np.isfinite(reference).all(axis=1) & np.isfinite(predicted).all(axis=1)
    return reference[both].ravel(), predicted[both].ravel()
