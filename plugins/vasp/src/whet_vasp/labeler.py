"""VaspLabeler: density-functional labels by VASP, run through custodian, judged before they count."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from whet import (
    CodeLabeler,
    Failure,
    FrameError,
    InputError,
    Labels,
    LevelOfTheory,
    Recorded,
    k_grid,
    read_json,
    suggestion,
    total_charge,
    write_json,
)
from whet_vasp.options import VaspOptions, chosen_by_element, incar_of, numbers
from whet_vasp.references import PAW, VASP
from whet_vasp.tags import written

if TYPE_CHECKING:
    from ase import Atoms


class VaspLabeler(CodeLabeler[VaspOptions]):
    """Density-functional theory by VASP, from an input set that is written out; custodian watches and repairs the run.

    Energy is the free energy, which the forces belong to. A stress is given for frames that are periodic in all
    directions. Open directions need vacuum in the cell. A run that is anything else than the converged single point
    that was asked for is a failure that says what it is.
    """

    name = "vasp"
    title = "VASP"
    unpickles = False
    packages: ClassVar[Mapping[str, str]] = {"custodian": "custodian>=2025.12", "pymatgen": "pymatgen>=2025.10"}
    program = ("vasp_std",)
    outputs: ClassVar[Sequence[str]] = ("vasprun.xml*", "OUTCAR*")

    @classmethod
    def references(cls, options: VaspOptions) -> Sequence[str]:
        return (VASP, PAW)

    @classmethod
    def find_files(cls, options: VaspOptions) -> Mapping[str, Path]:
        """The pseudopotentials, by `potcar-ELEMENT`."""
        import os

        from whet_vasp.potcars import find_potcar

        library = options.library or os.environ.get("VASP_PP_PATH")
        if not library:
            raise InputError("where the POTCARs lie is not known", hint="Give `library:`, or set VASP_PP_PATH")
        return {
            f"potcar-{element}": find_potcar(Path(library), element, name) for element, name in options.potcars.items()
        }

    @classmethod
    def suggested(cls, symbols: Sequence[str], given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The pseudopotentials of the Materials Project, as far as the library has them. InputError without one."""
        import os

        from whet_vasp.potcars import usual_potcar

        library = given.get("library") or os.environ.get("VASP_PP_PATH")
        if "potcars" in given:
            return {}
        if not library:
            hint = "Set VASP_PP_PATH, or give --set labeler.library=FOLDER"
            raise InputError("where the POTCARs lie is not known", hint=hint)
        return {"potcars": {symbol: usual_potcar(Path(library), symbol) for symbol in symbols}}

    @classmethod
    def variations(cls, options: VaspOptions) -> Mapping[str, Any]:
        from whet_vasp.potcars import titels

        files = dict(zip(options.potcars, cls.find_files(options).values(), strict=True))
        named, titled = {element: path.parent.name for element, path in files.items()}, titels(files)
        element = next(iter(options.potcars))
        return {
            "potcars": titled if titled != options.potcars else named,
            "hubbard_u": {element: 1.25},
            "hubbard_shell": {element: "p"},
            "magmoms": {element: 1.25},
            "incar": {**options.incar, "LASPH": not options.incar.get("LASPH", True)},
            "handlers": options.handlers[:1],
            "library": f"{options.library}/." if options.library else "",
        }

    @property
    def theory(self) -> LevelOfTheory:
        from whet_vasp.vasprun import family

        options = self.options
        return LevelOfTheory(
            method=options.functional,
            code="VASP",
            dispersion=options.dispersion,
            hubbard_u={symbol: u for symbol, u in sorted(options.hubbard_u.items()) if u},
            pseudopotentials=family(list(self._titels.values())),
            settings=numbers(options),
            by_element={"pseudopotentials": self._titels, **chosen_by_element(options)},
        )

    @property
    def argv(self) -> list[str]:
        return [*self.found(["{python}"]), "-m", "whet_vasp.run"]

    def prepare(self, frame: Atoms, folder: Path) -> None:
        import ase.io

        from whet_vasp.potcars import joined, valence

        if frame.cell.rank < 3:
            raise FrameError("VASP needs a cell in all three directions; put the frame into vacuum")
        options = self.options
        self._refuse_typos()
        command = self.found(shlex.split(options.command) or list(self.program))
        order = poscar_order(frame)
        symbols = list(dict.fromkeys(frame[order].get_chemical_symbols()))
        if missing := [symbol for symbol in symbols if symbol not in options.potcars]:
            hint = f"Add `{missing[0]}: NAME` to `potcars:`"
            raise FrameError(f"no pseudopotential is chosen for {', '.join(missing)}", hint=hint)
        potcars = [self.files[f"potcar-{symbol}"] for symbol in symbols]
        tags = incar_of(options, frame, order)
        if charge := total_charge(frame):
            electrons = sum(valence(self.files[f"potcar-{symbol}"]) for symbol in frame.get_chemical_symbols())
            tags["NELECT"] = electrons - charge
        grid = k_grid(frame, options.k_spacing)
        incar = "".join(f"{tag} = {written(value)}\n" for tag, value in sorted(tags.items()))
        (folder / "INCAR").write_text(incar, encoding="utf-8")
        (folder / "KPOINTS").write_text(f"{options.k_spacing:g} 1/A\n0\nGamma\n{' '.join(map(str, grid))}\n0 0 0\n")
        ase.io.write(folder / "POSCAR", frame[order], format="vasp", direct=True)
        (folder / "POTCAR").symlink_to(joined(potcars))
        how = {"handlers": options.handlers, "most_repairs": options.most_repairs, "look_every": options.look_every}
        write_json(folder / "run.json", {"command": command, "tags": tags, "grid": list(grid), **how})

    def is_complete(self, folder: Path) -> bool:
        from whet_vasp.vasprun import Unreadable, VaspRun, output_in

        try:
            return (folder / "run.json").is_file() and not VaspRun(output_in(folder)).is_cut_off
        except Unreadable:
            return False

    def read(self, frame: Atoms, folder: Path) -> Labels | Failure:
        import numpy as np

        from whet_vasp.vasprun import Unreadable, VaspRun, output_in
        from whet_vasp.verdict import Asked, single_point

        told = read_json(folder / "run.json")
        order = poscar_order(frame)
        theory = self.theory
        try:
            run = VaspRun(output_in(folder))
        except Unreadable as error:
            return Failure(str(error), str(folder / "vasp.out"))
        symbols = frame[order].get_chemical_symbols()
        asked = Asked(
            symbols=symbols,
            frame=frame[order],
            method=theory.method,
            hubbard_u=theory.hubbard_u,
            dispersion=theory.dispersion or "none",
            tags=told["tags"],
            grid=told["grid"],
            titels=[self._titels[symbol] for symbol in dict.fromkeys(symbols)],
            stress=self.options.stress and bool(frame.pbc.all()),
        )
        answer = single_point(run, asked)
        if isinstance(answer, Failure):
            return answer
        forces = np.empty_like(answer.forces)
        forces[order] = answer.forces
        return replace(answer, forces=forces, stress=answer.stress if frame.pbc.all() else None)

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        from whet_vasp.outcar import begins_outcar

        return b"<modeling>" in head or begins_outcar(head)

    @classmethod
    def recorded(cls, output: Path) -> Iterator[Recorded]:
        """Each ionic step of a vasprun.xml or an OUTCAR: its labels where it is converged and whole.

        An OUTCAR does not say all that moves a number: its labels come without a theory.
        """
        from whet_vasp.outcar import is_outcar, outcar_steps
        from whet_vasp.vasprun import Unreadable, VaspRun
        from whet_vasp.verdict import imported

        if is_outcar(output):
            yield from outcar_steps(output)
            return
        try:
            run = VaspRun(output)
            theory = run.theory.of(run.symbols)
        except Unreadable as error:
            yield Recorded(str(output), None, Failure(str(error), str(output)))
            return
        first = run.steps[0].frame.cell.array if run.steps else None
        for index, step in enumerate(run.steps):
            moved = bool((step.frame.cell.array != first).any())
            note = "the plane waves are those of the first step's cell, which moved: the stress has a Pulay part"
            place = f"{output}, ionic step {index}"
            yield Recorded(place, step.frame, imported(run, index), theory, note if moved else "")
        if run.is_cut_off:
            yield Recorded(str(output), None, Failure("vasprun.xml is cut off after these steps", str(output)))

    @cached_property
    def _titels(self) -> dict[str, str]:
        from whet_vasp.potcars import titels

        return titels({element: self.files[f"potcar-{element}"] for element in self.options.potcars})

    def _refuse_typos(self) -> None:
        """VASP passes over tags that it does not know. InputError for one that is nearly the name of another."""
        tags, handlers = _known()
        for tag in self.options.incar:
            if tag not in tags and (near := suggestion(tag, tags)):
                raise InputError(f"VASP knows no INCAR tag {tag}", where="incar", hint=near)
        for name in self.options.handlers:
            if name not in handlers:
                hint = suggestion(name, handlers) or f"Known: {', '.join(sorted(handlers))}"
                raise InputError(f"custodian has no handler {name!r}", where="handlers", hint=hint)


def poscar_order(frame: Atoms) -> list[int]:
    """Numbers of the frame's atoms as POSCAR has them: an element's atoms together, elements as they first appear."""
    symbols = frame.get_chemical_symbols()
    first = {symbol: place for place, symbol in reversed(list(enumerate(symbols)))}
    return sorted(range(len(frame)), key=lambda index: first[symbols[index]])


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """INCAR tags that pymatgen has heard of, and custodian's handlers."""
    import json
    from importlib.resources import files

    from custodian.vasp import handlers

    listed = files("pymatgen.io.vasp").joinpath("incar_parameters.json")
    known = {name for name, found in vars(handlers).items() if getattr(found, "__module__", "") == handlers.__name__}
    tags = frozenset(json.loads(listed.read_text(encoding="utf-8")))
    return tags, frozenset(name for name in known if name.endswith("Handler"))
