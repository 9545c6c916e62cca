"""DescriptorMap: every labeled set and trajectory as points, of which each shows its atoms at a click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from whet import (
    Analysis,
    Figure,
    Findings,
    InputError,
    LabeledFrames,
    Options,
    Port,
    Predictions,
    SampledTrajectory,
    StudyPieces,
    Wanted,
    Work,
)
from whet_chemiscope import map_tables
from whet_chemiscope.gathered import MapFrame, gathered, spaced, thinned
from whet_chemiscope.map_points import MapPoints
from whet_chemiscope.references import CHEMISCOPE
from whet_chemiscope.space import Space, described
from whet_chemiscope.state_errors import state_errors, worst

TITLE = "Map"
WORST = 10
"""Frames of each state that are among the points however many are left out."""


class MapOptions(Options):
    """What is a point, and how many there are."""

    point: Literal["frame", "atom"] = "frame"
    """What a point is: a `frame`, by the mean of the descriptor over its atoms, or an `atom` with its environment."""
    most_points: int = Field(default=2000, ge=10)
    """Points that are drawn; of more, as many of each trajectory and file, evenly spaced, those with labels first."""
    most_atoms: int = Field(default=200_000, ge=100)
    """Atoms of all structures that are drawn: the page grows with them, to about 1 MB at 200,000."""
    components: int = Field(default=5, ge=1)
    """Principal components whose remainder is the Q-residual."""


class DescriptorMap(Analysis[MapOptions]):
    """A map of descriptor space in which a click shows the atoms, colored by set, round, Q-residual and errors."""

    name = "map"
    place = 75
    Options = MapOptions
    packages: ClassVar[Mapping[str, str]] = {"chemiscope": "chemiscope>=1.1"}
    inputs: ClassVar = {
        "labeled": Port(LabeledFrames, what="every labeled set"),
        "trajectories": Port(SampledTrajectory, what="every trajectory, with the frames that have no labels"),
        "predictions": Port(Predictions, what="of untouched potentials and of the last states of strategies"),
    }
    components: ClassVar = {"descriptor": "descriptors"}

    @classmethod
    def references(cls, options: MapOptions) -> Sequence[str]:
        return (CHEMISCOPE,)

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        labeled, trajectories = study.all(LabeledFrames), study.all(SampledTrajectory)
        predictions = [one for one in study.all(Predictions) if one.ref.untouched or one.ref.last]
        if not labeled and not trajectories:
            return []
        components = {"descriptor": "descriptor"} if "descriptor" in study.roles else {}
        inputs = {"labeled": labeled, "trajectories": trajectories, "predictions": predictions}
        return [Wanted({role: pieces for role, pieces in inputs.items() if pieces}, components)]

    def run(self, work: Work) -> Findings:
        groups = gathered(work)
        if not groups:
            raise InputError("there is no frame to put on a map")
        states = state_errors(work.all("predictions", Predictions))
        has_space = work.has("descriptor")
        if not has_space:  # labels are the axes then
            labeled = {name: [one for one in group if one.is_labeled] for name, group in groups.items()}
            groups = {name: group for name, group in labeled.items() if group}
            if not groups:
                hint = "Name a `descriptor`"
                raise InputError("without a descriptor a map needs frames with labels", hint=hint)
        chosen = self._thinned(groups, worst(states, WORST))
        points = MapPoints(chosen, self._atoms(chosen), states)
        space = None
        if has_space:
            features = described(work.load("descriptor"), [one.atoms for one in chosen], points.atoms)
            space = Space.of(features, points.of_training, self.options.components)
        return self._findings(work, groups, points, space)

    def _thinned(self, groups: Mapping[tuple[str, str], Sequence[MapFrame]], always: frozenset[str]) -> list[MapFrame]:
        """As many frames as there may be points and, on average, atoms."""
        sizes = [len(one.atoms) for group in groups.values() for one in group]
        most = max(2, int(self.options.most_atoms * len(sizes) / max(sum(sizes), 1)))
        return thinned(groups, min(self.options.most_points, most), always)

    def _atoms(self, frames: Sequence[MapFrame]) -> list[list[int]] | None:
        """Atoms of each frame that are points; None where the frames are."""
        if self.options.point == "frame":
            return None
        sizes = [len(one.atoms) for one in frames]
        found: list[list[int]] = [[] for _ in frames]
        of_atom = [(frame, atom) for frame, size in enumerate(sizes) for atom in range(size)]
        # The same atom of each frame would be drawn where their number divides the number of points.
        for place in spaced(len(of_atom), self.options.most_points):
            frame, atom = of_atom[place]
            found[frame].append(atom)
        return found

    def _findings(
        self,
        work: Work,
        groups: Mapping[tuple[str, str], Sequence[MapFrame]],
        points: MapPoints,
        space: Space | None,
    ) -> Findings:
        from whet_chemiscope.page import page

        columns, rows = map_tables.points(points, space)
        tables = [map_tables.sets(groups, points), map_tables.extremes(points, space), map_tables.table(columns, rows)]
        of = "frames" if points.atoms is None else "environments of atoms"
        caption = (
            f"{len(points):,} {of}, of which each shows its atoms in the interactive map: colored there by set, round, "
            "Q-residual, and the errors of each potential."
        )
        axes = columns[-3].name, columns[-2].name
        figure = Figure(
            "map",
            caption,
            f"A scatter of {len(points):,} points over {axes[0]} and {axes[1]}, colored by set.",
            map_tables.specification(points, space),
            page=page(points, space),
        )
        return Findings(
            TITLE,
            tables=[table for table in tables if table.rows],
            figures=[figure],
            definition=self._definition(work, points, space),
            source="" if space is None else "Wong & Yang, figures 3 and 6, eqs. 4–7; drawn by chemiscope",
            notes=self._notes(groups, points, space),
        )

    def _definition(self, work: Work, points: MapPoints, space: Space | None) -> str:
        errors = (
            "Force errors are the root mean square over a frame's components"
            if points.atoms is None
            else "Force errors are the length of the difference for the atom"
        )
        errors += ", energy errors are predicted less reference, as predicted, per atom."
        if space is None:
            return f"Without a descriptor the axes are the reference's energy and force. {errors}"
        over = ", averaged over the atoms of each frame," if points.atoms is None else ""
        fitted = "the frames for training" if space.of_training else "all points"
        return (
            f"Principal components of descriptors ({work.component('descriptor').name}){over} of the points drawn; the "
            f"two axes hold {100 * space.explained:.1f} % of their variance. The Q-residual is the square of what "
            f"{space.components} principal components of {fitted} leave. {errors}"
        )

    def _notes(
        self, groups: Mapping[tuple[str, str], Sequence[MapFrame]], points: MapPoints, space: Space | None
    ) -> list[str]:
        every = sum(len(group) for group in groups.values())
        notes = []
        if len(points.frames) < every:
            notes.append(
                f"the map has {len(points.frames):,} of {every:,} frames: of each trajectory and file as many as there "
                f"are, at most {self.options.most_points:,} points and about {self.options.most_atoms:,} atoms "
                "(`most_points`, `most_atoms`), evenly spaced, those with labels first; the frames with the largest "
                "force errors are among them"
            )
        if points.atoms is not None and len(points) < (all_of := sum(len(one.atoms) for one in points.frames)):
            notes.append(f"of their {all_of:,} atoms, {len(points):,} are points, evenly spaced")
        if space is not None and not space.of_training:
            notes.append("no frames for training: Q-residuals tell what is rare among the points, not what is new")
        return notes
