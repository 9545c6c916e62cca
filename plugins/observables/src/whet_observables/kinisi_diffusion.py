"""kinisi: diffusion coefficients from the posterior of a line through correlated displacements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet import (
    Column,
    Estimate,
    Findings,
    InputError,
    MissingPackage,
    SampledTrajectory,
    StudyPieces,
    Table,
    Wanted,
    WhetError,
    Work,
    kept_random_state,
)
from whet_observables.block_diffusion import SIX
from whet_observables.diffusion import PER_UNIT, UNIT
from whet_observables.ensemble_analysis import EnsembleAnalysis
from whet_observables.ensembles import Ensemble, doubts, duration, reference_of, regular_times
from whet_observables.followed_centers import CentersOptions, FollowedCenters
from whet_observables.references import KINISI, UNWRAPPING
from whet_observables.run_means import RunMean

if TYPE_CHECKING:
    import numpy as np

TITLE = "Diffusion, by kinisi"
FEWEST_FRAMES = 10
PERCENTILES = (2.5, 97.5)
COLUMNS = (
    Column("state", description="Who drove the trajectories."),
    Column("species", description="Of the centers of mass: a molecule's formula, or an element."),
    Column("D", UNIT, "Mean over trajectories.", interval=True),
    Column("standard error", UNIT, "Of the mean."),
    Column("error over", description="What scatters: trajectories, or the posterior of the only one."),
    Column("difference", UNIT, "From the reference's own dynamics.", interval=True),
    Column("trajectories", description="Independent trajectories that are long enough."),
)
RUNS = (
    Column("state", description="Who drove it."),
    Column("species", description="Of the centers of mass."),
    Column("trajectory", description="Its number, from 1."),
    Column("D", UNIT, "Mean of the posterior, with the 95 % of it that are in the middle.", interval=True),
)


class KinisiOptions(CentersOptions):
    """From when on molecules diffuse, and how closely that is looked at."""

    start: float = Field(default=10_000.0, ge=0)
    """fs; between two frames, from which on the displacement is that of diffusion. The line is fitted from there."""
    intervals: int = Field(default=100, ge=5, le=2000)
    """Times between two frames whose displacements are looked at, evenly spread; the time taken grows as their cube."""
    seed: int = Field(default=1, ge=0)
    """Of the draws from the posterior."""


class KinisiDiffusion(EnsembleAnalysis[KinisiOptions]):
    """Diffusion coefficients with an interval from a single trajectory, by Bayesian regression (the package kinisi).

    Displacements over different times overlap and so are correlated; kinisi models their covariance, and draws lines
    from the posterior. All centers of mass of one trajectory are in memory.
    """

    name = "kinisi"
    result_version = 2
    place = 321
    Options = KinisiOptions
    rests_on: ClassVar = (KINISI, UNWRAPPING)

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step. MissingPackage where kinisi is not installed."""
        if find_spec("kinisi") is None:
            raise MissingPackage("the analysis kinisi needs kinisi", hint="pip install 'whet-observables[kinisi]'")
        return super().wants(study)

    def run(self, work: Work) -> Findings:
        every, notes, cells = self.ensembles(work), [], []
        means: dict[tuple[str, str], RunMean] = {}
        for place, one in enumerate(every):
            found: dict[str, list[np.ndarray]] = {}
            said: Counter[str] = Counter()
            for run in one.runs:
                try:
                    drawn, remarks = self._of_run(run)
                except WhetError as error:
                    said[error.what] += 1
                    continue
                said.update(remarks)
                for species, posterior in drawn:
                    found.setdefault(species, []).append(posterior)
                    cells.append([one.name, species, run.ref.number, _middle(posterior)])
            for species, posteriors in sorted(found.items()):
                spread = float(posteriors[0].std(ddof=1))
                mean = RunMean.of([float(draws.mean()) for draws in posteriors], spread, "posterior")
                assert mean is not None
                means[one.name, species] = mean
            of = len(one.runs)
            notes += [f"{one.name}, {many} of {of} trajectories: {what}." for what, many in said.items()]
            work.progress(place + 1, len(every))
        by_name = {one.name: one for one in every}
        rows = [_row(by_name[name], species, mean, means, every) for (name, species), mean in means.items()]
        if not rows:
            return Findings(TITLE, notes=notes or ["There is no trajectory."])
        return Findings(
            TITLE,
            tables=[
                Table("kinisi", "Diffusion coefficients by kinisi", COLUMNS, rows),
                Table("kinisi-runs", "Of each trajectory", RUNS, cells, folded=True),
            ],
            definition=f"D = slope of the mean-square displacement / 6 of centers of mass, over times of "
            f"{duration(self.options.start)} and more; kinisi draws lines from the posterior, with the covariance of "
            "displacements whose times overlap. It takes D for positive: atoms that stay have a small one. Of four "
            "trajectories and more the interval is over trajectories. Not corrected for the size of the cell.",
            source="McCluskey, Coles and Morgan, J. Chem. Theory Comput. 21, 79 (2025)",
            notes=[*notes, *doubts(every)],
        )

    def _of_run(self, run: SampledTrajectory) -> tuple[list[tuple[str, np.ndarray]], list[str]]:
        """Each species with draws of its coefficient, in `UNIT`, and remarks. Raises FrameError, InputError."""
        import numpy as np

        options = self.options
        times, interval = regular_times(run)
        skipped = round(options.equilibration / interval) if interval > 0 else len(times)
        lasts = (len(times) - 1 - skipped) * interval
        if len(times) - skipped < FEWEST_FRAMES or lasts <= 2 * options.start:
            raise InputError(
                f"too short: {FEWEST_FRAMES} frames that last more than {duration(2 * options.start)} are needed after "
                f"{duration(options.equilibration)} of equilibration (options `start`, `equilibration`)"
            )
        centers = FollowedCenters(run, len(times), options)
        molecules, places = centers.molecules, np.array(list(centers))
        if not options.keep_drift:
            weights = molecules.weights / molecules.weights.sum()
            places = places - np.einsum("n,tnx->tx", weights, places)[:, None]
        species = np.array(molecules.species)
        draws = [(name, coefficients(places[skipped:, species == name], interval, options)) for name in molecules.names]
        remarks = [molecules.note.removesuffix(".")] if molecules.note else []
        if centers.is_doubtful:
            remarks.append("frames are too far apart to follow each center, and D is not to be trusted")
        return draws, remarks


def coefficients(places: np.ndarray, interval: float, options: KinisiOptions) -> np.ndarray:
    """Draws from the posterior of D, in `UNIT`. places: (n_frames, n, 3) Å, unwrapped. interval: fs between frames."""
    import numpy as np
    import scipp
    from kinisi import diffusion, displacement

    kinisi_fit: Any = diffusion.Diffusion  # what its annotations say of units and arrays does not hold
    kinisi_msd: Any = displacement.calculate_msd
    longest = len(places) - 1
    steps = np.unique(np.rint(np.linspace(1, longest, min(options.intervals, longest))).astype(int))
    moved = np.moveaxis(places[1:] - places[0], 0, 1)
    # In the place of a parser of kinisi: they unwrap atoms, and that of ASE frames counts the first one twice.
    parsed = SimpleNamespace(
        displacements=scipp.array(dims=["particle", "obs", "dimension"], values=moved, unit="angstrom"),
        dt_index=scipp.array(dims=["time interval"], values=steps),
        dt=scipp.array(dims=["time interval"], values=steps * interval, unit="fs"),
        dimensionality=3 * scipp.units.dimensionless,
    )
    with kept_random_state():
        fit = kinisi_fit(kinisi_msd(parsed, progress=False))
        random = np.random.RandomState(options.seed)
        fit.bayesian_regression(scipp.scalar(options.start, unit="fs"), progress=False, random_state=random)
    return PER_UNIT * np.asarray(fit.gradient.values) / SIX


def _middle(posterior: np.ndarray) -> Estimate:
    import numpy as np

    low, high = np.percentile(posterior, PERCENTILES)
    return Estimate(float(posterior.mean()), (float(low), float(high)))


def _row(
    one: Ensemble, species: str, mean: RunMean, means: dict[tuple[str, str], RunMean], every: Sequence[Ensemble]
) -> list:
    reference = reference_of(one, every)
    other = means.get((reference.name, species)) if reference else None
    difference = mean.less(other) if other else Estimate(None)
    return [one.name, species, mean.estimate, mean.error, mean.over, difference, mean.units]
