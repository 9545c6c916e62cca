"""Structure and dynamics along trajectories, for Whet. Importing this module imports neither NumPy nor ASE."""

from __future__ import annotations

from whet import Analysis, hookimpl
from whet_observables.density import Density
from whet_observables.diffusion import Diffusion
from whet_observables.kinisi_diffusion import KinisiDiffusion
from whet_observables.quality import Quality
from whet_observables.rdf import RadialDistribution
from whet_observables.spectra import Spectra

whet_api = {"analyses": 1}


@hookimpl
def analyses() -> list[type[Analysis]]:
    return [RadialDistribution, Density, Diffusion, KinisiDiffusion, Spectra, Quality]
