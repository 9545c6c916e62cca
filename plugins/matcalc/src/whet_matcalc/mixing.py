"""mixing: energy of a solid solution over that of its two end members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from whet import CurveKind, FilePath, FrameError, Measured, Options, Probe, Quantity, read_structures
from whet_matcalc.calculation import PACKAGES, crystal, failures_told
from whet_matcalc.references import MATCALC

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

    from whet import Progress

CURVE = "Mixing energy"
Fraction = Annotated[float, Field(gt=0, lt=1)]


class MixingOptions(Options):
    """What takes the place of what, how much of it, in which cell."""

    replace: str
    """Element of the material whose atoms are replaced."""
    by: str
    """Element that takes their place; all of them replaced, it is the other end member."""
    fractions: tuple[Fraction, ...] = Field(default=(0.25, 0.5, 0.75), min_length=1)
    """Shares of the atoms that are replaced; each is rounded to what the supercell can have."""
    configurations: int = Field(default=3, ge=1)
    """Arrangements at each fraction, drawn at random; their mean counts."""
    seed: int = Field(default=1, ge=0)
    """Of the random arrangements: the same for every potential and for the reference."""
    structures: FilePath | None = None
    """A file of arrangements (special quasirandom structures, say) instead of random ones."""
    length: float = Field(default=8.0, gt=0)
    """Å; the supercell's edges are at least as long."""
    fmax: float = Field(default=0.02, gt=0)
    """Largest force on an atom, and on the cell (ASE's measure, stress × volume), eV/Å."""
    steps: int = Field(default=500, ge=1)
    """Steps of each relaxation at the most."""


class Mixing(Probe[MixingOptions]):
    """E(mixed) − (1 − x) E(A) − x E(B) per atom, cell and atoms of each relaxed by MatCalc."""

    name = "mixing"
    title = "mixing energy"
    unpickles = False
    packages = PACKAGES
    quantities: ClassVar = (Quantity("mixing energy", "meV/atom", "Mean over the fractions.", 2),)
    curves: ClassVar = (CurveKind(CURVE, "fraction replaced", "energy", "", "meV/atom", "Mean over arrangements."),)

    @classmethod
    def find_files(cls, options: MixingOptions) -> Mapping[str, Path]:
        """The arrangements."""
        return {} if options.structures is None else {"structures": Path(options.structures)}

    @classmethod
    def references(cls, options: MixingOptions) -> Sequence[str]:
        """MatCalc."""
        return [MATCALC]

    @classmethod
    def most_frames(cls, options: MixingOptions) -> int | None:
        """The steps of each relaxation: two end members, and the random arrangements."""
        if options.structures is not None:
            return None
        return (2 + len(options.fractions) * options.configurations) * (options.steps + 1)

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where the material is no crystal, or an arrangement is none of it."""
        from ase.optimize import FIRE

        from whet_matcalc.asked_calculator import AskedCalculator
        from whet_matcalc.at_rest import at_rest
        from whet_matcalc.matcalc_import import matcalc_module

        wanted = self.options
        pure = crystal(atoms, "a solid solution", magnetic=False)
        if wanted.replace not in pure.symbol_set or wanted.by in pure.symbol_set:
            what = f"{wanted.by} cannot take the place of {wanted.replace} in {pure.composition.reduced_formula}"
            raise FrameError(what)
        with failures_told("mixing energy"):
            asked = AskedCalculator(calculator, progress, self.most_frames(wanted))
            relaxer = matcalc_module().RelaxCalc(
                asked, fmax=wanted.fmax, max_steps=wanted.steps, optimizer=at_rest(FIRE)
            )

            def energy(structure: Structure) -> float:
                return relaxer.calc(structure)["energy"] / len(structure)

            other = pure.copy()
            other.replace_species({wanted.replace: wanted.by})
            ends = energy(pure), energy(other)
            found: dict[float, list[float]] = {}
            for mixed in self._arrangements(pure):
                share = self._share(mixed, pure)
                above = energy(mixed) - (1 - share) * ends[0] - share * ends[1]
                found.setdefault(share, []).append(1000 * above)
        means = {share: sum(every) / len(every) for share, every in sorted(found.items())}
        curve = [(0.0, 0.0, 0), *((share, float(mean), 0) for share, mean in means.items()), (1.0, 0.0, 0)]
        return Measured({"mixing energy": float(sum(means.values()) / len(means))}, {CURVE: curve})

    def _arrangements(self, pure: Structure) -> Iterator[Structure]:
        """Mixed crystals, of the file or drawn at random in a supercell."""
        import numpy as np

        if "structures" in self.files:
            for frame in read_structures(self.files["structures"]):
                yield crystal(frame, "a solid solution")
            return
        cell = pure.copy()
        cell.make_supercell([int(np.ceil(self.options.length / edge)) for edge in pure.lattice.abc])
        places = [i for i, site in enumerate(cell) if site.specie.symbol == self.options.replace]
        numbers = {round(fraction * len(places)) for fraction in self.options.fractions} - {0, len(places)}
        if not numbers:
            what = f"{len(places)} atoms of {self.options.replace} are too few for these fractions"
            raise FrameError(what, hint="Raise `length`")
        for number in sorted(numbers):
            for draw in range(self.options.configurations):
                mixed = cell.copy()
                random = np.random.default_rng([self.options.seed, number, draw])
                for place in random.choice(places, number, replace=False):
                    mixed.replace(int(place), self.options.by)
                yield mixed

    def _share(self, mixed: Structure, pure: Structure) -> float:
        """Which share is replaced. FrameError where that does not make it one of these solid solutions."""
        there = mixed.composition
        replaced, left = there[self.options.by], there[self.options.replace]
        undone = mixed.copy()
        undone.replace_species({self.options.by: self.options.replace})
        if not replaced or not left or undone.composition.reduced_formula != pure.composition.reduced_formula:
            ends = f"{pure.composition.reduced_formula} with {self.options.by} for {self.options.replace}"
            raise FrameError(f"{there.reduced_formula} is no solid solution of {ends}", where="structures")
        return float(replaced / (replaced + left))
