"""CP2K's input for one frame."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from whet import FrameError, k_grid, multiplicity, total_charge
from whet_cp2k.functionals import DISPERSION, sections_of
from whet_cp2k.sections import merged

if TYPE_CHECKING:
    from ase import Atoms

    from whet_cp2k.options import Cp2kOptions

VACUUM = 4.0
"""Å; as far as the density of an atom reaches. At a box of twice the density's extent the energy of a water molecule
is that of an infinite box within 0.01 meV."""


def sections(frame: Atoms, options: Cp2kOptions) -> dict[str, Any]:
    """The whole input. FrameError for a frame that the options do not fit."""
    grid = k_grid(frame, options.k_spacing)
    if options.solver == "ot" and max(grid) > 1:
        raise FrameError(f"solver `ot` knows Γ alone, k_spacing {options.k_spacing:g} 1/Å asks for {grid} points here")
    charge = total_charge(frame)
    if charge != round(charge):
        raise FrameError(f"CP2K takes whole charges; this frame's is {charge:g} e")
    spin = Spin(frame, options.spin, round(charge))
    dft: dict[str, Any] = {
        "BASIS_SET_FILE_NAME": options.basis_files,
        "POTENTIAL_FILE_NAME": options.potential_files,
        "CHARGE": round(charge),
        "UKS": spin.polarized,
        "POISSON": _poisson(frame, options),
        "MGRID": {"CUTOFF": f"[eV] {options.cutoff!r}", "REL_CUTOFF": f"[eV] {options.relative_cutoff!r}"},
        "QS": {"EPS_DEFAULT": 1e-12},
        "SCF": _scf(options, spin, periodic=bool(frame.pbc.any())),
        "XC": _xc(options),
    }
    if spin.polarized:
        dft["MULTIPLICITY"] = spin.unpaired + 1
        dft["PRINT"] = {"MULLIKEN": {"_": "ON", "FILENAME": "=mulliken"}}
    if max(grid) > 1:
        points = [f"{x!r} {y!r} {z!r} {weight!r}" for (x, y, z), weight in k_points(grid).items()]
        dft["KPOINTS"] = {"SCHEME": "GENERAL", "UNITS": "B_VECTOR", "KPOINT": points}
    given, kinds = _without_kinds(options.input)
    made = {
        "GLOBAL": {"PROJECT": "whet", "RUN_TYPE": "ENERGY_FORCE", "PRINT_LEVEL": "LOW"},
        "FORCE_EVAL": {
            "METHOD": "QUICKSTEP",
            "STRESS_TENSOR": "ANALYTICAL" if frame.pbc.all() else "NONE",
            "PRINT": {
                "FORCES": {"_": "ON", "NDIGITS": 12, "FILENAME": "=forces"},
                "STRESS_TENSOR": {"_": "ON", "FILENAME": "=stress"},
            },
            "DFT": dft,
            "SUBSYS": _atoms(frame, options, spin, kinds),
        },
    }
    return merged(made, given)


class Spin:
    """How a frame is spin-polarized. fixed: whether the total moment stays what it is at the start."""

    def __init__(self, frame: Atoms, asked: bool | None, charge: int) -> None:
        stated = multiplicity(frame)
        self.moments = frame.get_initial_magnetic_moments()
        if self.moments.ndim > 1:
            raise FrameError("initial magnetic moments are vectors; this labeler knows collinear ones")
        # Pseudopotentials hold back closed shells: the valence electrons are odd where all of them are.
        odd = (int(frame.numbers.sum()) - charge) % 2
        self.polarized = asked
        if asked is None:
            self.polarized = bool(self.moments.any()) or stated not in (None, 1) or bool(odd)
        self.fixed = stated is not None
        if stated is not None:
            self.unpaired = stated - 1
            if self.unpaired % 2 != odd:
                raise FrameError(f"multiplicity {stated} does not fit the number of electrons")
            if self.unpaired and not self.polarized:
                raise FrameError(f"multiplicity {stated} needs spin polarization, which `spin: false` forbids")
            if not self.moments.any():
                self.moments = self.moments + self.unpaired / len(frame)
        else:
            total = abs(float(self.moments.sum()))
            self.unpaired = 2 * round((total - odd) / 2) + odd


def k_points(grid: tuple[int, int, int]) -> dict[tuple[float, float, float], float]:
    """A regular grid about Γ in fractions of the reciprocal vectors, with weights; one of k and −k stands for both."""
    count = grid[0] * grid[1] * grid[2]
    weights: dict[tuple[int, ...], int] = {}
    for point in product(*(range(points) for points in grid)):
        opposite = tuple(-index % points for index, points in zip(point, grid, strict=True))
        chosen = min(point, opposite)
        weights[chosen] = weights.get(chosen, 0) + 1
    return {(x / grid[0], y / grid[1], z / grid[2]): weight / count for (x, y, z), weight in sorted(weights.items())}


def _scf(options: Cp2kOptions, spin: Spin, *, periodic: bool) -> dict[str, Any]:
    scf: dict[str, Any] = {
        "EPS_SCF": options.convergence,
        "MAX_SCF": options.max_iterations,
        "SCF_GUESS": "ATOMIC",
        "PRINT": {"RESTART": {"_": "OFF"}},
    }
    if options.solver == "ot":
        # The preconditioner is made anew in each outer step.
        inner = min(20, options.max_iterations)
        outer = {"EPS_SCF": options.convergence, "MAX_SCF": -(-options.max_iterations // inner) - 1}
        scf |= {"MAX_SCF": inner, "OT": {"MINIMIZER": "DIIS", "PRECONDITIONER": "FULL_ALL"}, "OUTER_SCF": outer}
        return scf
    scf["DIAGONALIZATION"] = {}
    # Open shells of atoms do not settle under density mixing; k-points leave nothing else.
    scf["MIXING"] = {"METHOD": "BROYDEN_MIXING" if periodic else "DIRECT_P_MIXING", "ALPHA": 0.4}
    if options.smearing > 0:
        from ase.units import kB

        scf["ADDED_MOS"] = "-1 -1" if spin.polarized else -1
        smear: dict[str, Any] = {
            "_": "ON",
            "METHOD": "FERMI_DIRAC",
            "ELECTRONIC_TEMPERATURE": f"[K] {options.smearing / kB!r}",
        }
        if spin.polarized and spin.fixed:
            smear["FIXED_MAGNETIC_MOMENT"] = spin.unpaired
        scf["SMEAR"] = smear
    return scf


def _xc(options: Cp2kOptions) -> dict[str, Any]:
    xc: dict[str, Any] = {"XC_FUNCTIONAL": dict(sections_of(options.xc))}
    if options.dispersion is not None:
        pairs = {
            "TYPE": DISPERSION[options.dispersion],
            "PARAMETER_FILE_NAME": "dftd3.dat",
            "REFERENCE_FUNCTIONAL": options.xc,
            "R_CUTOFF": f"[angstrom] {options.dispersion_cutoff!r}",
        }
        xc["VDW_POTENTIAL"] = {"POTENTIAL_TYPE": "PAIR_POTENTIAL", "PAIR_POTENTIAL": pairs}
    return xc


def _periodic(frame: Atoms) -> str:
    return "".join(axis for axis, periodic in zip("XYZ", frame.pbc, strict=True) if periodic) or "NONE"


def _poisson(frame: Atoms, options: Cp2kOptions) -> dict[str, Any]:
    solver = "PERIODIC" if frame.pbc.all() else options.poisson
    return {"PERIODIC": _periodic(frame), "POISSON_SOLVER": solver}


def _centered(frame: Atoms, options: Cp2kOptions) -> Atoms:
    """A copy in the middle of the cell along open directions. FrameError where there is not enough vacuum."""
    import numpy as np

    if frame.cell.rank < 3:
        raise FrameError("CP2K needs a cell in all three directions; put the frame into vacuum")
    made = frame.copy()
    cell = frame.cell.array
    for axis in np.flatnonzero(~frame.pbc):
        if any(abs(cell[axis] @ cell[other]) > 1e-6 for other in range(3) if other != axis):
            raise FrameError("an open direction's cell vector must be perpendicular to the others")
        length = np.linalg.norm(cell[axis])
        along = frame.positions @ cell[axis] / length
        span = float(np.ptp(along))
        needed = 2 * (span + VACUUM) if options.poisson != "WAVELET" else span + 2 * VACUUM
        if length < needed:
            raise FrameError(
                f"the cell is {length:.2f} Å long in an open direction in which the atoms span {span:.2f} Å; "
                f"Poisson solver {options.poisson} needs {needed:.2f} Å"
            )
        made.positions += (length / 2 - (along.min() + along.max()) / 2) * cell[axis] / length
    return made


def _without_kinds(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    """The user's input less its KIND sections, and those by chemical symbol."""
    kinds: dict[str, Mapping[str, Any]] = {}
    rest: dict[str, Any] = {}
    for name, value in given.items():
        if name.upper().startswith("KIND ") and isinstance(value, Mapping):
            kinds[name.split()[1].capitalize()] = value
        elif isinstance(value, Mapping):
            rest[name], inner = _without_kinds(value)
            kinds |= inner
        else:
            rest[name] = value
    return rest, kinds


def _atoms(frame: Atoms, options: Cp2kOptions, spin: Spin, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Cell, coordinates and kinds: one kind for each element and initial magnetic moment."""
    placed = _centered(frame, options)
    names: dict[tuple[str, float], str] = {}
    lines: list[str] = []
    for symbol, moment, position in zip(frame.symbols, spin.moments.tolist(), placed.positions.tolist(), strict=True):
        alike = sum(other == symbol for other, _ in names)
        name = names.setdefault((symbol, moment), f"{symbol}{alike + 1}" if alike else symbol)
        lines.append(" ".join([name, *map(repr, position)]))
    made: dict[str, Any] = {
        "CELL": {
            axis: " ".join(map(repr, vector)) for axis, vector in zip("ABC", frame.cell.array.tolist(), strict=True)
        }
        | {"PERIODIC": _periodic(frame)},
        # A coordinate is a keyword without a name.
        "COORD": {"": lines},
    }
    for (symbol, moment), name in names.items():
        kind = {
            "ELEMENT": symbol,
            "BASIS_SET": options.basis_by_element.get(symbol, options.basis),
            "POTENTIAL": options.potential_by_element.get(symbol, options.potential),
        }
        if spin.polarized:
            kind["MAGNETIZATION"] = repr(moment)
        made[f"KIND {name}"] = merged(kind, given.get(symbol, {}))
    return made
