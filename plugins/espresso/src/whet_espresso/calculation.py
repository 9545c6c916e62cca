"""pw.x's input for one frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from whet import FrameError, k_grid, multiplicity, total_charge
from whet_espresso.pseudopotentials import Pseudopotential

if TYPE_CHECKING:
    from ase import Atoms

    from whet_espresso.options import EspressoOptions

PREFIX = "whet"


def write_input(
    file: TextIO,
    frame: Atoms,
    options: EspressoOptions,
    pseudopotentials: Mapping[str, Pseudopotential],
    names: Mapping[str, str],
) -> None:
    """Writes it. names: file of each pseudopotential. FrameError for a frame that the options do not fit."""
    from ase import Atoms as Bare
    from ase.io.espresso import write_espresso_in

    check_frame(frame, options.vacuum)
    missing = sorted(set(frame.symbols) - set(names))
    if missing:
        raise FrameError(f"{missing[0]} has no pseudopotential; add its file to `pseudopotentials`")
    spin = Spin(frame, options.spin, pseudopotentials)
    bare = Bare(frame.symbols, frame.positions, cell=frame.cell, pbc=frame.pbc)  # constraints would zero forces
    if spin.polarized:
        bare.set_initial_magnetic_moments(spin.starting)
    grid = k_grid(frame, options.k_spacing)
    given = namelists(frame, options, pseudopotentials, spin)
    cards = _hubbard(bare, options, given["SYSTEM"])
    write_espresso_in(
        file,
        bare,
        input_data=given,
        pseudopotentials=dict(names),
        kpts=grid if max(grid) > 1 else None,  # the routines for Γ alone are twice as fast
        additional_cards=cards or None,
    )


def namelists(
    frame: Atoms, options: EspressoOptions, pseudopotentials: Mapping[str, Pseudopotential], spin: Spin
) -> dict[str, dict[str, Any]]:
    """CONTROL, SYSTEM and ELECTRONS."""
    from ase.units import Ry

    system: dict[str, Any] = {
        "ecutwfc": options.cutoff / Ry,
        "ecutrho": density_cutoff(options, pseudopotentials) / Ry,
        "tot_charge": total_charge(frame),
        "nspin": 2 if spin.polarized else 1,
    }
    if options.smearing > 0:
        system |= {"occupations": "smearing", "smearing": options.smearing_kind, "degauss": options.smearing / Ry}
        # pw.x's own number (a fifth more, at least four) cuts through the tail of a wide smearing and never settles.
        filled = math.ceil(spin.filled)
        system["nbnd"] = filled + max(8, math.ceil(0.3 * filled))
    else:
        system["occupations"] = "fixed"
    if spin.total is not None:
        system["tot_magnetization"] = spin.total
    if options.xc is not None:
        system["input_dft"] = options.xc
    if options.dispersion is not None:
        version = {"D3": 3, "D3(BJ)": 4}[options.dispersion]
        system |= {"vdw_corr": "dft-d3", "dftd3_version": version, "dftd3_threebody": False}
    made: dict[str, dict[str, Any]] = {
        "CONTROL": {
            "calculation": "scf",
            "prefix": PREFIX,
            "outdir": ".",
            "pseudo_dir": ".",
            "tprnfor": True,
            "tstress": bool(frame.pbc.all()),
            "disk_io": "low",  # less than that, version 6 leaves no results in XML
        },
        "SYSTEM": system,
        # An oxygen atom takes 18 iterations so, 153 with pw.x's own 0.7.
        "ELECTRONS": {
            "conv_thr": options.convergence / Ry,
            "electron_maxstep": options.max_iterations,
            "mixing_beta": 0.3,
        },
    }
    for name, keys in options.input.items():
        made[name.upper()] |= {key.lower(): value for key, value in keys.items()}
    return made


def density_cutoff(options: EspressoOptions, pseudopotentials: Mapping[str, Pseudopotential]) -> float:
    """eV."""
    if options.density_cutoff is not None:
        return options.density_cutoff
    return options.cutoff * (4 if all(one.conserves_norm for one in pseudopotentials.values()) else 10)


class Spin:
    """How a frame is spin-polarized.

    starting: moment over valence electrons, an atom. total: μB, where it is kept. filled: bands of the majority.
    """

    def __init__(self, frame: Atoms, asked: bool | None, pseudopotentials: Mapping[str, Pseudopotential]) -> None:
        import numpy as np

        stated = multiplicity(frame)
        moments = frame.get_initial_magnetic_moments()
        if moments.ndim > 1:
            raise FrameError("initial magnetic moments are vectors; this labeler knows collinear ones")
        valence = np.array([pseudopotentials[symbol].valence for symbol in frame.symbols])
        electrons = float(valence.sum()) - total_charge(frame)
        odd = round(electrons) % 2
        self.polarized = bool(moments.any()) or stated not in (None, 1) or bool(odd) if asked is None else asked
        self.total: int | None = None
        if stated is not None:
            unpaired = stated - 1
            if electrons == round(electrons) and unpaired % 2 != odd:
                raise FrameError(f"multiplicity {stated} does not fit {electrons:g} electrons")
            if unpaired and not self.polarized:
                raise FrameError(f"multiplicity {stated} needs spin polarization, which `spin: false` forbids")
            if self.polarized:
                self.total = unpaired
            if not moments.any():
                moments = moments + unpaired / len(frame)
        self.filled = (electrons + (abs(float(moments.sum())) if self.polarized else 0.0)) / 2
        self.starting = np.clip(moments / valence, -1.0, 1.0)


def check_frame(frame: Atoms, vacuum: float) -> None:
    """FrameError where a frame has no cell, or less than `vacuum` (Å) along its open directions."""
    import numpy as np

    if frame.cell.rank < 3:
        raise FrameError("pw.x needs a cell in all three directions; put the frame into vacuum")
    heights = 1 / np.linalg.norm(np.asarray(frame.cell.reciprocal()), axis=1)
    along = frame.cell.scaled_positions(frame.positions) * heights
    for axis in np.flatnonzero(~frame.pbc):
        gap = heights[axis] - np.ptp(along[:, axis])
        if gap < vacuum:
            raise FrameError(
                f"there is {gap:.2f} Å of vacuum along an open direction, less than vacuum = {vacuum:g}; "
                "pw.x repeats the cell in all directions: give the frame a larger one"
            )


def _hubbard(bare: Atoms, options: EspressoOptions, system: dict[str, Any]) -> list[str]:
    """The card of +U; where the namelist is to have it, its keys are added to `system` and there is no card."""
    here = {name: u for name, u in options.hubbard_u.items() if name.partition("-")[0] in set(bare.symbols)}
    if not here:
        return []
    # A species is an element with an initial moment, in the order of the atoms, as ASE names and numbers them.
    species: dict[tuple[str, float], str] = {}
    for symbol, moment in zip(bare.symbols, bare.get_initial_magnetic_moments().tolist(), strict=True):
        alike = sum(other == symbol for other, _ in species)
        species.setdefault((symbol, moment), f"{symbol}{alike or ''}")
    if options.hubbard_input == "namelist":
        system |= {"lda_plus_u": True, "u_projection_type": options.hubbard_projectors}
        for index, (symbol, _) in enumerate(species, 1):
            for name, u in here.items():
                if name.partition("-")[0] == symbol:
                    system[f"hubbard_u({index})"] = u
        return []
    lines = [f"HUBBARD ({options.hubbard_projectors})"]
    for (symbol, _), label in species.items():
        for name, u in here.items():
            element, _, shell = name.partition("-")
            if element == symbol:
                lines.append(f"U {label}-{shell} {u!r}")
    return lines
