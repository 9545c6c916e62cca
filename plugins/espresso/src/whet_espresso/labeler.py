"""EspressoLabeler: density-functional labels by Quantum ESPRESSO's pw.x."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from whet import CodeLabeler, Failure, InputError, Labels, LevelOfTheory, Recorded, file_digest
from whet_espresso.options import EspressoOptions
from whet_espresso.pseudopotentials import Pseudopotential, read_pseudopotential
from whet_espresso.references import QUANTUM_ESPRESSO

if TYPE_CHECKING:
    from ase import Atoms

INPUT = "pw.in"


class EspressoLabeler(CodeLabeler[EspressoOptions]):
    """Density-functional theory by Quantum ESPRESSO: plane waves and pseudopotentials in UPF form.

    Forces belong to the free energy; a stress is given for frames that are periodic in all directions. Along open
    directions the cell is repeated too, so it needs vacuum. A frame's total charge is `info["charge"]` (e), its
    multiplicity `info["spin"]` (2S + 1), which is then kept; with initial magnetic moments alone the total moment is
    free. Extra labels: `magmoms` (μB) where the calculation is spin-polarized.
    """

    name = "espresso"
    title = "Quantum ESPRESSO"
    unpickles = False
    program = ("pw.x",)
    outputs: ClassVar[Sequence[str]] = ("*.pwo", "pw.out*", "scf.out*", "relax.out*", "vc-relax.out*")

    @classmethod
    def references(cls, options: EspressoOptions) -> Sequence[str]:
        return (QUANTUM_ESPRESSO,)

    @classmethod
    def find_files(cls, options: EspressoOptions) -> Mapping[str, Path]:
        """The pseudopotentials, by chemical symbol. InputError where one is missing or is another element's."""
        found = {}
        for symbol, name in options.pseudopotentials.items():
            path = Path(options.pseudo_folder, name).resolve()
            if not path.is_file():
                raise InputError(f"there is no pseudopotential of {symbol}", where=str(path), hint="Set pseudo_folder")
            element = read_pseudopotential(path).element
            if element != symbol:
                raise InputError(f"the pseudopotential given for {symbol} is one of {element}", where=str(path))
            found[symbol] = path
        return found

    @classmethod
    def suggested(cls, symbols: Sequence[str], given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The first pseudopotential of each element in the folder that ESPRESSO_PSEUDO names. InputError without."""
        import os

        if "pseudopotentials" in given:
            return {}
        folder = Path(given.get("pseudo_folder") or os.environ.get("ESPRESSO_PSEUDO", ""))
        if folder == Path() or not folder.is_dir():
            hint = "Set ESPRESSO_PSEUDO, or give --set labeler.pseudo_folder=FOLDER"
            raise InputError("where the pseudopotentials (UPF) lie is not known", hint=hint)
        found: dict[str, str] = {}
        for symbol in symbols:
            of = re.compile(rf"{symbol}[^a-z].*\.upf", re.IGNORECASE)
            names = sorted(one.name for one in folder.iterdir() if of.fullmatch(one.name))
            if not names:
                raise InputError(f"there is no pseudopotential of {symbol}", where=str(folder))
            found[symbol] = names[0]
        return {"pseudo_folder": str(folder.absolute()), "pseudopotentials": found}

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        return b"Program PWSCF" in head

    @classmethod
    def recorded(cls, output: Path) -> Iterator[Recorded]:
        """Each configuration of what pw.x printed. It names no pseudopotentials by content: there is no theory."""
        from whet_espresso.printed import printed_steps

        yield from printed_steps(output)

    @classmethod
    def variations(cls, options: EspressoOptions) -> Mapping[str, Any]:
        element = next(iter(options.pseudopotentials))
        return {
            "xc": "PBE" if options.xc != "PBE" else "PBESOL",
            "hubbard_u": {**options.hubbard_u, f"{element}-3p": 1.25},
            "input": {"ELECTRONS": {"mixing_beta": 0.2}},
            "pseudo_folder": f"{options.pseudo_folder}/.",
        }

    @property
    def pseudopotentials(self) -> Mapping[str, Pseudopotential]:
        """By chemical symbol. InputError where a file is no pseudopotential."""
        return {symbol: read_pseudopotential(path) for symbol, path in sorted(self.files.items())}

    @property
    def xc(self) -> str:
        """The functional: the one asked for, else that of the pseudopotentials. InputError where they disagree."""
        if self.options.xc is not None:
            return self.options.xc
        made = {one.xc: symbol for symbol, one in self.pseudopotentials.items()}
        if len(made) > 1:
            listed = ", ".join(f"{symbol} with {xc}" for xc, symbol in sorted(made.items()))
            raise InputError(f"the pseudopotentials were made with several functionals ({listed})", hint="Say `xc:`")
        return next(iter(made))

    @property
    def theory(self) -> LevelOfTheory:
        from whet_espresso.calculation import density_cutoff

        given = self.options.as_json().items()
        words = {key: value for key, value in given if key not in self.Options.not_identity and value != {}}
        words["density_cutoff"] = density_cutoff(self.options, self.pseudopotentials)
        if self.options.smearing == 0:
            del words["smearing_kind"]
        by_shell = words.pop("hubbard_u", {})
        if by_shell:
            words["hubbard_shells"] = sorted(by_shell)
        else:
            del words["hubbard_projectors"]
        del words["pseudopotentials"]
        words.pop("xc", None)
        norms = {one.conserves_norm for one in self.pseudopotentials.values()}
        kinds = {True: "norm-conserving", False: "ultrasoft or projector augmented-wave"}
        return LevelOfTheory(
            self.xc,
            "Quantum ESPRESSO",
            words.pop("dispersion", None),
            hubbard_u={name.partition("-")[0]: u for name, u in by_shell.items()},
            pseudopotentials=" and ".join(kinds[norm] for norm in sorted(norms)),
            settings=words,
            by_element={"pseudopotentials": {symbol: file_digest(path) for symbol, path in sorted(self.files.items())}},
        )

    @property
    def argv(self) -> list[str]:
        return [*super().argv, "-in", INPUT]

    def prepare(self, frame: Atoms, folder: Path) -> None:
        from whet_espresso.calculation import write_input

        here = set(frame.symbols)
        names = {symbol: f"{symbol}.UPF" for symbol in self.files if symbol in here}
        with (folder / INPUT).open("w", encoding="utf-8") as file:
            write_input(file, frame, self.options, self.pseudopotentials, names)
        for symbol, name in names.items():
            shutil.copyfile(self.files[symbol], folder / name)

    def read(self, frame: Atoms, folder: Path) -> Labels | Failure:
        from whet_espresso.output import read_output

        hubbard = any(name.partition("-")[0] in set(frame.symbols) for name in self.options.hubbard_u)
        return read_output(folder, len(frame), with_stress=bool(frame.pbc.all()), xc=self.xc, hubbard=hubbard)

    def is_complete(self, folder: Path) -> bool:
        from whet_espresso.output import ENDED, OUTPUT

        output = folder / OUTPUT
        return output.is_file() and ENDED in output.read_text(encoding="utf-8", errors="replace")

    def can_do_better(self, folder: Path) -> bool:
        from whet_espresso.output import unconverged_after

        tried = unconverged_after(folder)
        return tried is not None and tried < self.options.max_iterations

    def fault(self, folder: Path) -> str:
        from whet_espresso.output import why_it_ended

        return why_it_ended(folder) or super().fault(folder)
