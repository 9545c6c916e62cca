"""`python -m whet_gpaw.single_point` in a folder that GpawLabeler prepared: one calculation, its labels in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from whet import Labels, read_frames, read_json, replacing, total_charge, write_json


def main() -> None:
    """Writes labels.npz, or failure.json where self-consistency was not reached."""
    from gpaw import GPAW, PW, FermiDirac, KohnShamConvergenceError  # pyright: ignore[reportMissingImports]

    words: dict[str, Any] = read_json(Path("input.json"))
    (frame,) = read_frames(Path("frame.frames"))
    if words["multiplicity"] is not None and not frame.get_initial_magnetic_moments().any():
        # Total moment, spread evenly: the calculation keeps the sum fixed only for a single atom, by Hund's rule.
        frame.set_initial_magnetic_moments(np.full(len(frame), (words["multiplicity"] - 1) / len(frame)))
    hund = len(frame) == 1 and words["spin"]
    frame.calc = GPAW(
        mode=PW(words["cutoff"]),
        xc=words["xc"],
        kpts={"size": words["k_grid"], "gamma": True},
        occupations=FermiDirac(words["smearing"], fixmagmom=bool(hund)),
        spinpol=bool(words["spin"]),
        charge=total_charge(frame),
        convergence={"density": words["density"]},
        maxiter=words["max_iterations"],
        txt="gpaw.txt",
    )
    try:
        labels = _labels(frame, spin=words["spin"])
    except KohnShamConvergenceError:
        reason = f"self-consistency was not reached in {words['max_iterations']} iterations"
        write_json(Path("failure.json"), {"reason": reason})
        return
    with replacing(Path("labels.npz")) as partial:
        np.savez(partial, **labels.as_arrays())  # pyright: ignore[reportArgumentType]


def _labels(frame: Any, *, spin: bool) -> Labels:
    return Labels(
        energy=frame.get_potential_energy(force_consistent=True),
        forces=frame.get_forces(),
        stress=frame.get_stress(voigt=False) if frame.pbc.all() else None,
        extra={"magmoms": frame.get_magnetic_moments()} if spin else {},
    )


if __name__ == "__main__":
    main()
