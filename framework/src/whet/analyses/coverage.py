"""coverage: every sampled set in one descriptor space: principal components, unique regions, Q-residuals."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from whet.analyses.parts.naming import data_names
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Figure, Findings, Table
from whet.contracts.ports import LabeledFrames, Port
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.errors import InputError
from whet.data.frames import FrameSet
from whet.data.numbers import percent

if TYPE_CHECKING:
    import numpy as np

    from whet.bias.described_frames import DescribedFrames

TITLE = "Coverage of descriptor space"
COMPONENTS = 5
"""Principal components that are kept, as in Wong & Yang."""

MOST_PANELS = 6
MOST_POINTS = 5000
"""Of one round in the figure: more hide one another."""

UNIQUE = (
    Column("set A", description="Data that a strategy gathered."),
    Column("set B", description="Data that it is compared with."),
    Column("share of A not in B", percent=True, decimals=1, description="Share of the environments of A."),
    Column("environments of A", description="Number of atoms in all frames of A."),
    Column("not in B", description="Number of environments of A that B lacks.", shown=False),
    Column("by element", description="The share for each element."),
)
OUTLIERS = (
    Column("training data", description="Data that a strategy gathered."),
    Column("test set", description="Frames that are compared with it."),
    Column("beyond mean + 2σ", percent=True, decimals=1, description="Share beyond its element's limit."),
    Column("beyond Jackson–Mudholkar", percent=True, decimals=1, description="Share beyond the limit at 95 %."),
    Column("environments", description="Number of atoms in all frames of the test set."),
)
POINTS = (
    Column("data", description="Data that a strategy gathered."),
    Column("round", description="The round that added them."),
    Column("element", description="Chemical symbol."),
    Column("PC 1", description="First principal component; its unit is the descriptor's."),
    Column("PC 2", description="Second principal component; its unit is the descriptor's."),
)


class Coverage(Analysis):
    """What was sampled, in descriptor space: principal components by round, unique regions, Q-residuals."""

    name = "coverage"
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
        from whet.bias.q_limits import CAUTION

        if not any(one.frames for one in work.all("data", LabeledFrames)):
            return Findings(TITLE, notes=["no frame that a strategy gathered has a label"])
        with tempfile.TemporaryDirectory(dir=work.folder) as scratch:
            space = _Space.of(work, Path(scratch))
            unique, outliers, points = space.unique(), space.outliers(), space.points()
        sets = len(dict.fromkeys(space.names.values()))
        more = f" The first {MOST_PANELS} of {sets} data sets." if sets > MOST_PANELS else ""
        explained = space.explained
        tables = (
            Table("unique", "What each set has that another lacks", UNIQUE, unique, folded=len(unique) > 16),
            Table(
                "q-residuals",
                "Q-residuals of test sets against each strategy's data: share of flagged environments",
                OUTLIERS,
                outliers,
                folded=True,
            ),
            Table("coverage-points", "Environments in the space of two components", POINTS, points, shown=False),
        )
        return Findings(
            TITLE,
            tables=[table for table in tables if table.rows],
            figures=(_scatter(list(dict.fromkeys(str(row[0]) for row in points)), more),),
            definition=f"One PCA of per-atom descriptors ({work.component('descriptor').name}) is fitted to everything "
            f"that the strategies sampled. Two components explain {percent(sum(explained[:2]), 1)} of the variance, "
            f"{len(explained)} explain {percent(sum(explained), 1)}. An environment is unique to A where its nearest "
            "neighbor in B, of the same element, is farther than the 95th percentile of B's own nearest-neighbor "
            "distances; so about 5 % are unique where A and B sample the same.",
            source="Wong & Yang, figures 3 and 4, eqs. 4–7",
            notes=[CAUTION],
        )


@dataclass(frozen=True, eq=False)
class _Space:
    """Data by what gathered it (potential, strategy, round and seed of a Ref), tests by name; projections of the data.

    names: of the data that a potential, strategy and seed gathered. explained: share of the variance of each component.
    """

    data: Mapping[Ref, DescribedFrames]
    tests: Mapping[str, DescribedFrames]
    projected: Mapping[Ref, np.ndarray]
    names: Mapping[tuple[str, str, int], str]
    explained: Sequence[float]

    @classmethod
    def of(cls, work: Work, scratch: Path) -> _Space:
        """One PCA is fitted to all data together, in the order in which it was gathered."""
        import numpy as np

        from whet.bias.described_frames import DescribedFrames
        from whet.bias.principal_components import PrincipalComponents

        sets: dict[Ref | str, FrameSet] = {}
        for one in work.all("data", LabeledFrames):
            if (by := one.ref.gathered_by) is not None:
                added = Ref(by.potential, by.strategy, by.round, by.seed)
                sets[added] = sets.get(added, FrameSet(())) + one.frames
        for one in work.all("tests", LabeledFrames):
            sets[one.ref.set] = sets.get(one.ref.set, FrameSet(())) + one.frames
        sets = {of: frames.unique() for of, frames in sets.items() if frames}
        elements = sum(sets.values(), FrameSet(())).elements
        descriptor = work.load("descriptor")
        described: dict[Ref | str, DescribedFrames] = {}
        for number, (of, frames) in enumerate(sets.items()):
            described[of] = DescribedFrames.of(descriptor, frames, elements, scratch / f"{number}.npy")
            work.progress(number + 1, len(sets) + 1)
        data = {of: one for of, one in described.items() if isinstance(of, Ref)}
        tests = {of: one for of, one in described.items() if isinstance(of, str)}
        every = PrincipalComponents.fit((chunk for one in data.values() for chunk in one.chunks()), COMPONENTS)
        projected = {of: np.concatenate([every.project(chunk) for chunk in one.chunks()]) for of, one in data.items()}
        work.progress(len(sets) + 1, len(sets) + 1)
        return cls(data, tests, projected, data_names(data), every.explained)

    @property
    def series(self) -> dict[Ref, list[Ref]]:
        """What each potential, strategy and seed gathered (a Ref without a round), by round."""
        found: dict[Ref, list[Ref]] = {}
        for added in self.data:
            found.setdefault(replace(added, round=0), []).append(added)
        return {of: sorted(parts, key=lambda one: one.round) for of, parts in found.items()}

    def name(self, of: Ref) -> str:
        return self.names[of.potential, of.strategy, of.seed]

    def unique(self) -> list[list[Cell]]:
        """Each round against those before it; each strategy against each other one of the same seed."""
        rows = []
        series = self.series
        for of, parts in series.items():
            for place in range(1, len(parts)):
                share = self._share([parts[place]], parts[:place])
                rows.append([f"{self.name(of)}, round {parts[place].round}", "its earlier rounds", *share])
        for one, parts in series.items():
            for other, others in series.items():
                if one != other and one.seed == other.seed:
                    rows.append([self.name(one), self.name(other), *self._share(parts, others)])
        return rows

    def _share(self, a: Sequence[Ref], b: Sequence[Ref]) -> list[Cell]:
        from whet.bias.coverage import unique_share

        try:
            found = unique_share(*self._gathered(a), *self._gathered(b))
        except InputError:  # B has one environment of each element, so nothing says what is near
            return [None, len(self._gathered(a)[0]), None, ""]
        known = {symbol: one.share for symbol, one in found.by_element.items() if one.share is not None}
        shares = ", ".join(f"{symbol} {percent(share)}" for symbol, share in known.items())
        return [found.share, len(found.mask), int(found.mask.sum()), shares if len(found.by_element) > 1 else ""]

    def _gathered(self, parts: Sequence[Ref]) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        symbols = [self.data[of].symbols for of in parts]
        return np.concatenate([self.projected[of] for of in parts]), np.concatenate(symbols)

    def outliers(self) -> list[list[Cell]]:
        """Q-residuals of each test set against the PCA of each strategy's own data (eqs. 4–7 of Wong & Yang)."""
        import numpy as np

        from whet.bias.principal_components import PrincipalComponents
        from whet.bias.q_limits import QLimits

        rows: list[list[Cell]] = []
        for of, parts in self.series.items():
            own = PrincipalComponents.fit((chunk for part in parts for chunk in self.data[part].chunks()), COMPONENTS)
            limits = QLimits.fit(own, (pair for part in parts for pair in self.data[part].by_frame()))
            for test, one in self.tests.items():
                q = np.concatenate([own.q_residuals(chunk) for chunk in one.chunks()])
                beyond = float(limits.beyond_element(q, one.symbols).mean())
                rows.append([self.name(of), test, beyond, float(limits.beyond_jackson_mudholkar(q).mean()), len(q)])
        return rows

    def points(self) -> list[list[Cell]]:
        """Of the first data sets, later rounds first, so that what earlier ones covered lies on top."""
        return list(self._points())

    def _points(self) -> Iterator[list[Cell]]:
        for of, parts in list(self.series.items())[:MOST_PANELS]:
            for added in reversed(parts):
                points, symbols = self.projected[added].tolist(), self.data[added].symbols.tolist()
                step = max(1, -(-len(points) // MOST_POINTS))
                for (first, second, *_), symbol in zip(points[::step], symbols[::step], strict=True):
                    yield [self.name(of), added.round, symbol, first, second]


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
