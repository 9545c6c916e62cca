"""Outliers: the share of each test set that Q-residuals flag against each strategy's data, beside its null."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from whet.analyses.parts.described_data import COMPONENTS, DescribedData
from whet.analyses.parts.null_cells import NullCells, by_element
from whet.analyses.parts.strategy_data import trajectories
from whet.bias.training_space import TrainingSpace
from whet.contracts.findings import Cell, Column
from whet.contracts.ref import Ref

if TYPE_CHECKING:
    import numpy as np

MOST_HELD_OUT = 10
"""Trajectories, evenly spread over those that there are: each costs a PCA of its own."""

BY_ELEMENT = NullCells(
    "mean + 2σ, held out",
    "The null: share of a trajectory of the training data beyond the limits of the others, weighted by the test set's "
    "elements",
)
BY_JACKSON_MUDHOLKAR = NullCells("Jackson–Mudholkar, held out", "The null, with that limit")
COLUMNS = (
    Column("training data", description="Data that a strategy gathered."),
    Column("test set", description="Frames that are compared with it."),
    Column("beyond mean + 2σ", percent=True, decimals=1, description="Share beyond its element's limit."),
    *BY_ELEMENT.columns,
    Column("beyond Jackson–Mudholkar", percent=True, decimals=1, description="Share beyond the limit at 95 %."),
    *BY_JACKSON_MUDHOLKAR.columns,
    Column("trajectories", description="Of the training data; without two there is no null."),
    Column("environments", description="Number of atoms in all frames of the test set."),
    Column("by element", description="Share beyond mean + 2σ; in brackets the mean of held-out trajectories."),
)


def outliers(data: DescribedData) -> Iterator[list[Cell]]:
    """Q-residuals of each test set against the PCA of each strategy's own data (eqs. 4–7 of Wong & Yang)."""
    for run in data.runs:
        units = trajectories(run.parts)
        space = TrainingSpace.fit(
            [partial(_chunks, data, unit) for unit in units or [run.parts]], COMPONENTS, most=MOST_HELD_OUT
        )
        nulls = [space.null(lambda flags: flags.shares(flags.element))]
        nulls.append(space.null(lambda flags: flags.shares(flags.jackson_mudholkar)))
        for test, one in data.tests.items():
            flags = space.scores(one.by_frame()).flags
            row: list[Cell] = [run.name, test]
            for cells, flagged, null in (
                (BY_ELEMENT, flags.element, nulls[0]),
                (BY_JACKSON_MUDHOLKAR, flags.jackson_mudholkar, nulls[1]),
            ):
                row += [flags.share(flagged), *cells.cells(null.weighted(flags.environments), len(units))]
            environments = sum(flags.environments.values())
            yield [*row, len(units) or None, environments, by_element(flags.shares(flags.element), nulls[0])]


def _chunks(data: DescribedData, parts: Sequence[Ref]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for part in parts:
        yield from data.data[part].by_frame()
