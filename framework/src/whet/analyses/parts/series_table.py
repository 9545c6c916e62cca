"""The table of series: means over seeds, which other analyses show without computing anything again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.analyses.parts.meanings import (
    MAE_E,
    MAE_E_FITTED,
    MAE_F,
    POTENTIAL,
    READINGS,
    RMSE_E,
    RMSE_E_FITTED,
    RMSE_F,
    RMSE_S,
    SEEDS,
    STATES,
)
from whet.contracts.findings import Column, Estimate, Findings, Table

if TYPE_CHECKING:
    from whet.bias.series import Series

UNTOUCHED = "untouched"
CORRECTED = {"b": "one factor", "1/s": "Deng's 1/s"}
"""Rule of a `ForceFactor` -> what a state with it is called."""


@dataclass(frozen=True)
class SeriesRow:
    """One potential in one state on one set, means over seeds.

    state: `untouched`, `one factor`, `periodic 3`, `few, 100 frames`. corrected: `b` or `1/s`, the rule of the factor
    that its forces were multiplied by; empty for none. slope: which slope the curvature is. lower, upper: s and 1/b
    of frames that are not discounted. labels: frames whose labels it took (training and validation), mean, fewest and
    most of any seed. compositions: different ones among the frames; energies of one have one constant to fit. units:
    independent units of the set, `of` trajectories or frames. Units of all numbers: as in `COLUMNS`.
    """

    potential: str
    strategy: str
    round: int
    size: int | None
    last: bool
    state: str
    corrected: str
    labels: float
    labels_fewest: int
    labels_most: int
    curvature: Estimate
    slope: str
    sampler: str
    lower: float | None
    upper: float | None
    scale: Estimate
    r2: Estimate
    mae: Estimate
    rmse: Estimate
    relative_rmse: float | None
    cmae: float | None
    energy_mae: float | None
    energy_rmse: float | None
    fitted_mae: float | None
    fitted_rmse: float | None
    stress_rmse: float | None
    inverse_slope: Estimate
    robust_scale: float | None
    discounted: int
    reading: str
    in_words: str
    seconds: float | None
    seeds: int
    frames: int
    compositions: int
    left_out: int
    units: int
    of: str

    @property
    def untouched(self) -> bool:
        """Whether nothing was done to it."""
        return not self.strategy and not self.corrected

    @property
    def group(self) -> str:
        """What its color stands for: the strategy, `untouched`, `one factor` or `Deng's 1/s`."""
        return self.strategy or CORRECTED.get(self.corrected, UNTOUCHED)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """s and 1/b, between which the curvature ratio lies where the sampler of the frames does not decide."""
        return None if self.lower is None or self.upper is None else (self.lower, self.upper)

    @property
    def labels_shown(self) -> str:
        """`7`, or `6–7` where the seeds differ."""
        low, high = self.labels_fewest, self.labels_most
        return f"{low}" if low == high else f"{low}–{high}"

    @property
    def mean_labels(self) -> float:
        """`labels` as a whole number where it is one, which a page then shows as such."""
        return int(self.labels) if float(self.labels).is_integer() else self.labels

    @classmethod
    def of_series(cls, series: Series, **known: Any) -> SeriesRow:
        """known: the other fields."""
        from whet.bias.sampler import sampler_of

        curvatures = [one.softening.curvature for one in series.scores]
        slopes = {one.slope for one in curvatures}
        lower, upper = series.bounds or (None, None)
        return cls(
            curvature=series.curvature,
            slope=slopes.pop() if len(slopes) == 1 else "",
            sampler=sampler_of(one.sampler for one in curvatures),
            lower=lower,
            upper=upper,
            scale=series.scale,
            r2=series.estimate(lambda one: one.softening.slopes.r2),
            mae=series.mae,
            rmse=series.estimate(lambda one: one.errors.forces.rmse, lambda one: one.errors.forces.rmse_interval),
            relative_rmse=series.mean(lambda one: one.errors.relative_force_rmse),
            cmae=series.mean(lambda one: one.softening.slopes.cmae),
            energy_mae=series.mean(lambda one: one.errors.energy_raw.mae),
            energy_rmse=series.mean(lambda one: one.errors.energy_raw.rmse),
            fitted_mae=series.mean(lambda one: one.errors.energy_fitted_here.mae),
            fitted_rmse=series.mean(lambda one: one.errors.energy_fitted_here.rmse),
            stress_rmse=series.mean(lambda one: one.errors.stress and one.errors.stress.rmse),
            inverse_slope=series.estimate(
                lambda one: one.softening.slopes.inverse_slope,
                lambda one: one.softening.slopes.inverse_slope_interval,
            ),
            robust_scale=series.mean(lambda one: one.softening.robust_scale),
            discounted=max(len(one.softening.discounted_frames) for one in series.scores),
            reading=series.readings,
            in_words=" | ".join(one.softening.verdict for one in series.scores),
            seeds=len(series.scores),
            frames=series.frames,
            left_out=series.left_out,
            **known,
        )


COLUMNS = {
    "potential": Column("potential", description=POTENTIAL),
    "strategy": Column("strategy", description="Of the fine-tuning; empty for the untouched potential"),
    "round": Column("round"),
    "size": Column("size", description="Frames that were drawn, of the preset subsets"),
    "last": Column("last", description="Whether its strategy ended with it"),
    "state": Column("state", description=STATES),
    "corrected": Column("corrected", description="The rule of the one factor that its forces were multiplied by"),
    "labels": Column("labels", description="Training and validation frames, mean over seeds"),
    "labels_fewest": Column("fewest labels"),
    "labels_most": Column("most labels"),
    "curvature": Column(
        "curvature ratio",
        description="Mean curvature, predicted over reference: s or 1/b, as who sampled the frames decides",
        interval=True,
        spread=True,
    ),
    "slope": Column("read from", description="The slope that the curvature ratio is"),
    "sampler": Column("sampler", description="Who sampled the frames, seen from the potential"),
    "lower": Column("s", description="The scale without discounted frames: from below where nobody knows the sampler"),
    "upper": Column("1/b", description="From above: one over the inverse slope without discounted frames"),
    "scale": Column(
        "scale", description="s: slope of predicted on reference force components", interval=True, spread=True
    ),
    "r2": Column(
        "uncentred R²", description="Share of the reference that the best-scaled prediction explains", spread=True
    ),
    "mae": Column("MAE F", "eV/Å", MAE_F, interval=True, spread=True),
    "rmse": Column("RMSE F", "eV/Å", RMSE_F, interval=True, spread=True),
    "relative_rmse": Column("relative RMSE F", description="RMSE over the root mean square of the reference forces"),
    "cmae": Column("cMAE F", "eV/Å", description="Deng's: after division of the predictions by the scale"),
    "energy_mae": Column("MAE E raw", "meV/atom", MAE_E),
    "energy_rmse": Column("RMSE E raw", "meV/atom", RMSE_E),
    "fitted_mae": Column("MAE E fitted here", "meV/atom", MAE_E_FITTED),
    "fitted_rmse": Column("RMSE E fitted here", "meV/atom", RMSE_E_FITTED),
    "stress_rmse": Column("RMSE S", "eV/Å³", RMSE_S),
    "inverse_slope": Column(
        "inverse slope", description="b: slope of reference on predicted force components", interval=True, spread=True
    ),
    "robust_scale": Column("robust scale", description="The scale by Huber's slope, without discounted frames"),
    "discounted": Column("discounted frames", description="The most of any seed"),
    "reading": Column("reading", description=READINGS),
    "in_words": Column("in words"),
    "seconds": Column("time per frame", "s", description="Of the evaluation, one frame at a time"),
    "seeds": Column("seeds", description=SEEDS),
    "frames": Column("frames", description="Counted, the fewest of any seed"),
    "compositions": Column("compositions", description="Of these frames, as fractions of the elements"),
    "left_out": Column("left out", description="Frames, the most of any seed"),
    "units": Column("independent units"),
    "of": Column("of", description="What the independent units are"),
}
"""Field of SeriesRow -> column of the table."""


def series_table(rows: Sequence[SeriesRow]) -> Table:
    """The table of these rows."""
    cells = [[getattr(row, field) for field in COLUMNS] for row in rows]
    return Table("series", "Means over seeds", list(COLUMNS.values()), cells, shown=False)


def series_rows(scores: Findings) -> list[SeriesRow]:
    """The rows that findings of `scores` hold."""
    found: list[dict[str, Any]] = [dict(zip(COLUMNS, row, strict=True)) for row in scores.table("series").rows]
    return [SeriesRow(**fields) for fields in found]


def several(rows: Sequence[SeriesRow]) -> bool:
    """Whether they are of several potentials, so that these must be named."""
    return len({row.potential for row in rows}) > 1


def row_names(rows: Sequence[SeriesRow]) -> list[str]:
    """The state of each row, with the potential's name where there are several."""
    return _told_apart(rows, [(row.potential, row.state) for row in rows])


def series_names(rows: Sequence[SeriesRow]) -> list[str]:
    """What the color of each row stands for: `SeriesRow.group`, and the potential as above."""
    return _told_apart(rows, [(row.potential, row.group) for row in rows])


def _told_apart(rows: Sequence[SeriesRow], keys: Sequence[tuple[str, str]]) -> list[str]:
    """Two keys never have one name, whatever potentials and strategies are called."""
    plain = {key: " ".join(key) if several(rows) else key[1] for key in keys}
    often = Counter(plain.values())
    return [plain[key] if often[plain[key]] == 1 else " ".join(map(repr, key)) for key in keys]


OF_SCORES = {
    "curvature ratio": "softening.curvature",
    "uncentred R²": "softening.r2",
    "MAE F": "forces.mae",
    "RMSE F": "forces.rmse",
    "MAE E fitted here": "energy_fitted.mae",
    "RMSE S": "stress.rmse",
}
"""Column of the table of series -> the one of the table of scores that it is a mean of."""


def seed_values(scores: Findings, row: SeriesRow, quantity: str) -> list[tuple[int, float | None]]:
    """Seed and value of each score behind a row. quantity: name of a column of the row that is known of a score."""
    column = OF_SCORES[quantity]
    return [
        (one["seed"], one[column])
        for one in scores.table("scores").records()
        if all(one[name] == getattr(row, name) for name in ("potential", "strategy", "round", "size", "state"))
    ]
