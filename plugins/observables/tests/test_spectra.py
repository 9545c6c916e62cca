"""spectra: oscillators of known frequency, from velocities and from positions; what is sampled too coarsely."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, molecule

from made_trajectories import Made, box, found, own, reference, trajectory
from whet_observables.power_spectrum import WAVENUMBER, PowerSpectrum, fastest_period
from whet_observables.spectra import Spectra


def oscillators(seed: int, wavenumber: float, interval: float, frames: int, *, momenta: bool = True) -> Made:
    """Eight K and eight Cl on a lattice: K oscillates at that wavenumber, Cl at half of it, in a wrapped box."""
    random = np.random.default_rng(seed)
    grid = np.array([[i, j, k] for i in range(4) for j in (0, 1) for k in (0, 1)]) * 3.0
    omega = 2 * np.pi * wavenumber / WAVENUMBER * np.where(np.arange(16) < 8, 1.0, 0.5)[:, None]
    omega = omega * random.normal(1, 0.003, (16, 1))
    phase, size = random.random((16, 3)) * 7, random.normal(0.1, 0.02, (16, 3))

    def make(place: int) -> Atoms:
        angle = omega * place * interval + phase
        frame = Atoms("K8Cl8", grid + size * np.sin(angle), cell=[12.0, 6.0, 6.0], pbc=True)
        if momenta:
            frame.set_velocities(size * omega * np.cos(angle) / units.fs)
        frame.wrap()
        return frame

    return Made(frames, make)


@pytest.mark.parametrize("momenta", [True, False])
def test_the_frequency_of_an_oscillator_is_found(tmp_path: Path, momenta: bool) -> None:
    run = trajectory(own(0), oscillators(0, 300.0, 10.0, 800, momenta=momenta), 10.0)
    findings = found(Spectra, tmp_path, run, window=4000.0)
    rows = {row["element"]: row for row in findings.table("spectra").records()}
    assert rows["K"]["highest peak"] == pytest.approx(300, abs=4)
    assert rows["Cl"]["highest peak"] == pytest.approx(150, abs=4)
    assert rows["K"]["mean"] == pytest.approx(300, rel=0.02)
    assert rows["K"]["velocities"] == ("of the frames" if momenta else "from positions")


def test_differences_give_fast_modes_their_weight_back() -> None:
    frame = box("Ar2", np.zeros((2, 3)), 20.0)
    weights = []
    for differences in (False, True):
        spectrum = PowerSpectrum(frame, 5.0, 4000.0, differences=differences)
        slow, fast = 2 * np.pi / 200.0, 2 * np.pi / 20.0
        for place in range(1600):
            velocities = np.zeros((2, 3))
            for atom, omega in enumerate((slow, fast)):
                now, then = place * 5.0, (place + 1) * 5.0
                velocities[atom] = (
                    (np.sin(omega * then) - np.sin(omega * now)) / (5.0 * omega) if differences else np.cos(omega * now)
                )
            spectrum.add(velocities)
        states = spectrum.of("Ar")
        high = states.wavenumbers > WAVENUMBER / 60
        weights.append(states.density[high].sum() / states.density.sum())
    np.testing.assert_allclose(weights, 0.5, atol=0.01)


def test_it_is_the_transform_of_the_autocorrelation() -> None:
    """Wiener and Khinchin: one window over a whole periodic series is the transform of its circular autocorrelation."""
    random = np.random.default_rng(0)
    velocities = random.normal(size=(64, 3, 3))
    frame = box("Ar3", np.zeros((3, 3)), 20.0)
    spectrum = PowerSpectrum(frame, 1.0, 64.0, differences=False)
    spectrum._window = np.ones(64)
    for one in velocities:
        spectrum.add(one)
    correlation = [(velocities * np.roll(velocities, -lag, axis=0)).sum() for lag in range(64)]
    expected = np.fft.fft(correlation).real[:33]
    np.testing.assert_allclose(
        spectrum.of("Ar").density, expected / expected.sum() / spectrum.wavenumbers[1], rtol=1e-9
    )


def test_the_integral_over_all_elements_is_one() -> None:
    frames = oscillators(0, 300.0, 10.0, 400)
    spectrum = PowerSpectrum(frames[0], 10.0, 2000.0, differences=False)
    for frame in frames:
        spectrum.add(frame.get_velocities())
    total = sum(float(spectrum.of(name).density.sum()) for name in ("K", "Cl")) * spectrum.wavenumbers[1]
    assert total == pytest.approx(1, rel=1e-12)
    assert spectrum.windows == 3  # from 0, 100 and 200


def test_soft_vibrations_are_found_and_their_null_is_not(tmp_path: Path) -> None:
    runs = [trajectory(reference(n), oscillators(n, 300.0, 10.0, 420), 10.0) for n in range(4)]
    soft = [trajectory(own(n), oscillators(50 + n, 285.0, 10.0, 420), 10.0) for n in range(4)]
    findings = found(Spectra, tmp_path, *runs, *soft)
    (verdict,) = findings.verdicts
    assert verdict.decided
    assert verdict.claim.startswith("main: mean wavenumbers differ: Cl −")
    row = next(one for one in findings.table("spectra").records() if (one["state"], one["element"]) == ("main", "K"))
    assert row["Δ mean"] == pytest.approx(-15, abs=3)
    (figure,) = findings.figures
    assert figure.spec is not None
    low, high = figure.spec["spec"]["encoding"]["x"]["scale"]["domain"]
    assert low == 0 and 300 < high < 500 < findings.table("spectrum-points").records()[-1]["wavenumber"]
    same = [trajectory(own(n), oscillators(80 + n, 300.0, 10.0, 420), 10.0) for n in range(4)]
    assert not found(Spectra, tmp_path, *runs, *same).verdicts[0].decided


def test_coarse_frames_say_how_close_they_would_have_to_be(tmp_path: Path) -> None:
    water = molecule("H2O")
    water.set_cell([9.0] * 3)
    water.pbc = True
    findings = found(Spectra, tmp_path, trajectory(own(0), [water] * 50, 10.0))
    assert findings.is_empty
    assert findings.notes[0] == (
        "main: frames are 10 fs apart, and the fastest mode can have a period of 7.5 fs: a spectrum needs a frame "
        "every 3 fs at least (`every:`, `timestep:` of the dynamics)."
    )


def test_short_trajectories_and_windows_say_so(tmp_path: Path) -> None:
    short = found(Spectra, tmp_path, trajectory(own(0), oscillators(0, 300.0, 10.0, 50), 10.0))
    assert short.notes[0] == "main: a trajectory lasts 490 fs, and the window 2 ps (option `window`)."
    narrow = found(Spectra, tmp_path, trajectory(own(0), oscillators(0, 300.0, 10.0, 50), 10.0), window=200.0)
    assert narrow.notes[0].startswith("main: the window of 200 fs has fewer than 10 periods of the fastest mode (")


def test_periods_are_rather_too_short() -> None:
    """Fastest modes that are known: H₂ 7.6 fs, N₂ 14.2 fs, CO₂ 14.2 fs, LiCl 80 fs, aluminium 103 fs."""
    for start, known in (
        (molecule("H2"), 7.6),
        (molecule("N2"), 14.2),
        (molecule("CO2"), 14.2),
        (bulk("LiCl", "rocksalt", a=5.1), 80.0),
        (bulk("Al"), 103.0),
    ):
        assert 0.3 * known < fastest_period(start) <= known, start.get_chemical_formula()
