"""coverage: every sampled set in one descriptor space: principal components, unique regions, Q-residuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from whet.analyses.parts.described_data import DescribedData
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Figure, Findings, Table
from whet.contracts.ports import LabeledFrames, Port
from whet.contracts.task import Work
from whet.data.numbers import percent

TITLE = "Coverage of descriptor space"

MOST_PANELS = 6
MOST_POINTS = 5000
"""Of one round in the figure: more hide one another."""

POINTS = (
    Column("data", description="Data that a strategy gathered."),
    Column("round", description="The round that added them."),
    Column("element", description="Chemical symbol."),
    Column("PC 1", description="First principal component; its unit is the descriptor's."),
    Column("PC 2", description="Second principal component; its unit is the descriptor's."),
)
HELD_OUT = (
    "Environments of one trajectory are alike, so even two runs that sample the same differ. Beside each share stands "
    "its null: the same share of each of B's trajectories (for Q-residuals: of the training data's), held out and "
    "compared with the others. A share within the range of its null shows no difference. A single trajectory has no "
    "null, and a share of it or against it is no finding; a trajectory that was continued counts as one. Of a strategy "
    "with four runs or more (`seeds`) all are taken together, and whole runs take the place of trajectories."
)
TEST = (
    "New regions are claimed by a permutation test over whole trajectories (or runs) at the 5 % level, where both sets "
    "have at least four that are not in the other."
)


class Coverage(Analysis):
    """What was sampled, in descriptor space: principal components by round, unique regions, Q-residuals."""

    name = "coverage"
    result_version = 5
    place = 70
    by_default = True
    inputs: ClassVar = {
        "data": Port(LabeledFrames, what="what each round of each strategy added"),
        "tests": Port(LabeledFrames, what="test sets and own trajectories"),
    }
    components: ClassVar = {"descriptor": "descriptors"}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        data = [piece for piece in study.all(LabeledFrames, set_kind="training") if piece.ref.gathered_by]
        tests = [piece for piece in study.all(LabeledFrames) if piece.ref.set_kind in ("independent", "self")]
        if not data or "descriptor" not in study.roles:
            return []
        return [Wanted({"data": data, "tests": tests}, {"descriptor": "descriptor"})]

    def run(self, work: Work) -> Findings:
        from whet.analyses.parts import outliers, regions
        from whet.bias.q_limits import CAUTION

        if not any(one.frames for one in work.all("data", LabeledFrames)):
            return Findings(TITLE, notes=["no frame that a strategy gathered has a label"])
        data = DescribedData.of(work)
        unique, flagged = regions.Regions.of(data), list(outliers.outliers(data))
        points = list(_points(data))
        names = [one.name for one in data.strategies]
        more = f" The first {MOST_PANELS} of {len(names)} data sets." if len(names) > MOST_PANELS else ""
        notes = [CAUTION]
        if unique.thinned > 1:
            notes.append(
                f"shares and counts of unique regions are of one atom in {unique.thinned}, drawn from each trajectory"
            )
        tables = (
            Table(
                "unique",
                "What each set has that another lacks, beside what a trajectory or run of B has that the others lack",
                regions.COLUMNS,
                unique.rows,
                folded=len(unique.rows) > 16,
            ),
            Table(
                "q-residuals",
                "Q-residuals against each strategy's data: flagged share of test sets, and of its own trajectories, "
                "held out",
                outliers.COLUMNS,
                flagged,
                folded=True,
            ),
            Table("coverage-points", "Environments in the space of two components", POINTS, points, shown=False),
        )
        return Findings(
            TITLE,
            tables=[table for table in tables if table.rows],
            figures=(_scatter(list(dict.fromkeys(str(row[0]) for row in points)), more),),
            verdicts=unique.verdicts,
            definition=f"One PCA of per-atom descriptors ({work.component('descriptor').name}) is fitted to everything "
            f"that the strategies sampled. Two components explain {percent(sum(data.explained[:2]), 1)} of the "
            f"variance, {len(data.explained)} explain {percent(sum(data.explained), 1)}. An environment is unique to A "
            "where its nearest neighbor in B, of the same element, is farther than the 95th percentile of B's own "
            f"nearest-neighbor distances. {HELD_OUT} {TEST}",
            source="Wong & Yang, figures 3 and 4, eqs. 4–7",
            notes=notes,
        )


def _points(data: DescribedData) -> Iterator[list[Cell]]:
    """Of the first data sets, later rounds first, so that what earlier ones covered lies on top."""
    for one in data.strategies[:MOST_PANELS]:
        for number in reversed(dict.fromkeys(part.round for part in one.parts)):
            own = [part for part in one.parts if part.round == number]
            points = [point for part in own for point in data.projected[part].tolist()]
            symbols = [symbol for part in own for symbol in data.data[part].symbols.tolist()]
            step = max(1, -(-len(points) // MOST_POINTS))
            for (first, second, *_), symbol in zip(points[::step], symbols[::step], strict=True):
                yield [one.name, number, symbol, first, second]


def _scatter(names: list[str], more: str) -> Figure:
    x = {"field": "PC 1", "type": "quantitative", "scale": {"zero": False}}
    y = {"field": "PC 2", "type": "quantitative", "scale": {"zero": False}}
    points = {
        "mark": {"type": "circle", "size": 10, "tooltip": {"content": "data"}},
        "encoding": {"x": x, "y": y, "color": {"field": "round", "type": "ordinal"}},
    }
    middle = [{"op": "median", "field": axis, "as": axis} for axis in ("PC 1", "PC 2")]
    elements = {
        "transform": [{"aggregate": middle, "groupby": ["element"]}],
        "mark": {"type": "text", "fontWeight": "bold"},
        "encoding": {"x": x, "y": y, "text": {"field": "element", "type": "nominal"}},
    }
    spec = {
        "data": {"name": "coverage-points"},
        "facet": {"field": "data", "type": "nominal", "sort": names, "title": None},
        "columns": 3,
        "spec": {"layer": [points, elements], "width": 190, "height": 190},
    }
    caption = f"First two principal components by round; darker is later, earlier rounds lie on top.{more}"
    return Figure("coverage", caption, caption, spec)
