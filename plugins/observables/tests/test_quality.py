"""quality: each branch of the formula by hand, and a whole study with planted densities, diffusion and failures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from made_trajectories import Made, found, own, reference, trajectory
from whet import Ref
from whet_observables.quality import Quality
from whet_observables.quality_terms import QualityTerms, density_term, diffusion_term, stability_term

NS = 1_000_000.0


def test_stability() -> None:
    assert stability_term(0.25 * NS, NS) == 0.25
    assert stability_term(NS, NS) == 1
    assert stability_term(3 * NS, NS) == 1


def test_density() -> None:
    assert density_term(0.999 * NS, NS, 0.1, 0.05) == 0  # H of what is too short
    assert density_term(0.999 * NS, NS, None, None) == 0
    assert density_term(NS, NS, 0.55, 0.05) == pytest.approx(1 - math.tanh(0.5))  # H(0) = 1
    assert density_term(2 * NS, NS, 0.03, 0.05) == 1  # the bracket is clipped at 0
    assert density_term(NS, NS, 50.0, 0.05) == pytest.approx(0, abs=1e-12)
    assert density_term(NS, NS, None, 0.05) is None
    assert density_term(NS, NS, 0.5, None) is None


def test_diffusion() -> None:
    assert diffusion_term(0.5 * NS, NS, 3.0, 2.0) == 0
    assert diffusion_term(NS, NS, 3.0, 2.0) == pytest.approx(1 - math.tanh(0.5))
    assert diffusion_term(NS, NS, 1.0, 2.0) == pytest.approx(1 - math.tanh(0.5))
    assert diffusion_term(NS, NS, 2.0, 2.0) == 1
    assert diffusion_term(NS, NS, None, 2.0) is None
    assert diffusion_term(NS, NS, 2.0, 0.0) is None


def test_sums_and_committees() -> None:
    assert QualityTerms(1.0, 0.5, 0.25).quality == 1.75
    assert QualityTerms(1.0, None, 0.25).quality is None
    mean = QualityTerms.mean([QualityTerms(1.0, 0.5, 0.25), QualityTerms(0.5, 0.0, 0.0)])
    assert (mean.stability, mean.density, mean.diffusion) == (0.75, 0.25, 0.125)
    assert QualityTerms.mean([QualityTerms(1.0, None, 0.0), QualityTerms(1.0, 1.0, 0.0)]).density is None


SCHEME = {"horizon": 2000.0, "block": 400.0, "every": 100.0, "ballistic": 50.0, "equilibration": 100.0}
FRAMES = 201
MASS = float(Atoms("Ar20").get_masses().sum()) * 1.66053906660


def dynamics(seed: int, density: float, coefficient: float, *, moves: bool) -> Made:
    """Twenty argon atoms that walk at random, in a cell of that density, g/cm³, which moves or not; 10 fs apart."""
    random = np.random.default_rng(seed)
    densities = random.normal(density, 0.02, FRAMES) if moves else np.full(FRAMES, density)
    sides = (MASS / densities) ** (1 / 3)
    steps = random.normal(0, math.sqrt(20 * coefficient), (FRAMES, 20, 3))
    places = np.cumsum(steps, axis=0)
    places += 3.5 * np.array([[n % 3, n // 3 % 3, n // 9] for n in range(20)]) - places[0]
    return Made(FRAMES, lambda n: Atoms("Ar20", places[n], cell=[float(sides[n])] * 3, pbc=True))


def both(ref, first: int, density: float, coefficient: float, count: int = 4, **rest):
    moving = [trajectory(ref(n), dynamics(first + n, density, coefficient, moves=True), 10.0) for n in range(count)]
    fixed = [
        trajectory(ref(count + n), dynamics(first + 50 + n, 1.0, coefficient, moves=False), 10.0, **rest)
        for n in range(count)
    ]
    return moving + fixed


def test_a_potential_that_is_the_reference_has_nearly_three(tmp_path: Path) -> None:
    findings = found(Quality, tmp_path, *both(reference, 0, 1.0, 1e-3), *both(own, 200, 1.0, 1e-3), **SCHEME)
    null, row = findings.table("quality").records()
    assert null["state"] == "reference"
    assert row["stability"] == 1
    assert row["density"] > 0.85
    assert row["diffusion"] > 0.7
    assert row["quality"] == pytest.approx(row["stability"] + row["density"] + row["diffusion"])
    assert null["quality"] > 2.5
    (verdict,) = findings.verdicts
    assert verdict.decided
    assert verdict.units == 4
    assert verdict.limits == "A committee of 1; the paper averages over 5."
    assert verdict.question == "How good are the dynamics (quality of Niblett et al.)?"


def test_wrong_densities_and_diffusion_take_from_it(tmp_path: Path) -> None:
    findings = found(Quality, tmp_path, *both(reference, 0, 1.0, 1e-3), *both(own, 200, 1.06, 2e-3), **SCHEME)
    row = findings.table("quality").records()[1]
    assert row["stability"] == 1
    assert row["density"] < 0.1
    assert row["diffusion"] == pytest.approx(1 - math.tanh(1.0), abs=0.12)


def test_what_breaks_scores_only_its_time(tmp_path: Path) -> None:
    end = {"monitor": "force", "what": "the largest force is 2000 eV/Å", "time": 500.0, "keeps": False}
    moving = [trajectory(own(n), dynamics(200 + n, 1.0, 1e-3, moves=True), 10.0, end=end) for n in range(4)]
    fixed = [trajectory(own(4 + n), dynamics(250 + n, 1.0, 1e-3, moves=False), 10.0, end=end) for n in range(4)]
    row = (
        found(Quality, tmp_path, *both(reference, 0, 1.0, 1e-3), *moving, *fixed, **SCHEME)
        .table("quality")
        .records()[1]
    )
    assert (row["quality"], row["density"], row["diffusion"]) == (0.25, 0.0, 0.0)


def test_a_density_out_of_bounds_is_no_stability(tmp_path: Path) -> None:
    thin = both(own, 200, 1.0, 1e-3)
    findings = found(Quality, tmp_path, *both(reference, 0, 1.0, 1e-3), *thin, **{**SCHEME, "density": (0.98, 2.0)})
    row = findings.table("quality").records()[1]
    assert row["stability"] < 0.1
    assert row["density"] == 0


def test_members_of_a_committee_are_averaged(tmp_path: Path) -> None:
    def member(seed: int):
        state = Ref("main", "naive", 1, seed, last=True)
        return lambda n: own(n, state, f"own trajectory of naive, seed {seed}")

    good, bad = both(member(1), 200, 1.0, 1e-3), both(member(2), 300, 1.3, 1e-3)
    references = both(reference, 0, 1.0, 1e-3)
    rows = found(Quality, tmp_path, *references, *good, *bad, **SCHEME).table("quality").records()
    assert [row["members"] for row in rows] == [1, 2]
    alone = [
        found(Quality, tmp_path, *references, *one, **SCHEME).table("quality").records()[1]["quality"]
        for one in (good, bad)
    ]
    assert rows[1]["quality"] == pytest.approx(sum(alone) / 2)


def test_what_is_not_known_is_no_number(tmp_path: Path) -> None:
    only_fixed = [one for one in both(own, 200, 1.0, 1e-3) if (one.ref.trajectory or 0) >= 4]
    findings = found(Quality, tmp_path, *both(reference, 0, 1.0, 1e-3), *only_fixed, **SCHEME)
    row = findings.table("quality").records()[1]
    assert row["quality"] is None
    assert row["stability"] is None
    assert findings.verdicts[0].claim == (
        "main: not known, for want of a term (stability not known, density not known, "
        f"diffusion {row['diffusion']:.2f})"
    )
    short = found(Quality, tmp_path, *both(own, 200, 1.0, 1e-3))
    assert short.is_empty
    assert short.notes[0] == (
        "main, cell fixed: a trajectory that nothing ended lasts 2 ps: nobody knows whether it is stable for 1 ns "
        "(option `horizon`)."
    )


def test_few_trajectories_decide_nothing(tmp_path: Path) -> None:
    findings = found(Quality, tmp_path, *both(reference, 0, 1.0, 1e-3), *both(own, 200, 1.0, 1e-3, 3), **SCHEME)
    assert findings.verdicts[0].claim == "undecided: 3 trajectories"
