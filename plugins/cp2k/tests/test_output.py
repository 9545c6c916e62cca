"""How CP2K's output is read and judged, by outputs that CP2K 2023.1 wrote."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Failure, Labels, Spec, isolated_atom
from whet.plugins.registry import registry

RECORDED = Path(__file__).parent / "recorded"


def silicon() -> Atoms:
    frame = bulk("Si", "diamond", a=5.43, cubic=True)
    frame.rattle(0.05, seed=1)
    return frame


def labeler(**options: Any) -> Any:
    return registry().load(registry().resolve("labelers", Spec("cp2k", options)))


def changed(name: str, folder: Path, change: Callable[[str], str], file: str = "output.txt") -> Path:
    """A copy of a recorded calculation with one of its files changed."""
    place = folder / name
    shutil.copytree(RECORDED / name, place)
    (place / file).write_text(change((place / file).read_text()))
    return place


def read(frame: Atoms, folder: Path, **options: Any) -> Labels | Failure:
    return labeler(**options).read(frame, folder)


def failure(frame: Atoms, folder: Path, **options: Any) -> str:
    answer = read(frame, folder, **options)
    assert isinstance(answer, Failure) and answer.log.endswith("output.txt"), answer
    return answer.reason


def test_a_crystal() -> None:
    labels = read(silicon(), RECORDED / "silicon")
    assert isinstance(labels, Labels) and labels.stress is not None
    assert labels.checked(8).energy == pytest.approx(-31.470542823554460 * 27.211386, abs=1e-4)
    assert labels.forces[2, 1] == pytest.approx(0.0797942, abs=1e-6)  # the slope of the energy is 0.0797056 eV/Å
    assert np.trace(labels.stress) == pytest.approx(-0.0557083, abs=1e-6)  # … and by strain −0.0559287 eV/Å³
    assert not labels.extra
    assert labeler().is_complete(RECORDED / "silicon")


def test_an_isolated_atom_has_no_stress_and_its_moment() -> None:
    labels = read(isolated_atom("O"), RECORDED / "oxygen")
    assert isinstance(labels, Labels) and labels.stress is None
    assert labels.extra["magmoms"] == pytest.approx([2.0], abs=1e-3)


def test_orbital_transformation() -> None:
    assert isinstance(read(isolated_atom("H"), RECORDED / "ot"), Labels)
    assert (
        failure(isolated_atom("O"), RECORDED / "ot_unconverged") == "self-consistency was not reached in 5 iterations"
    )


def test_a_calculation_that_did_not_converge_is_no_label_and_may_have_more_iterations() -> None:
    # CP2K 2023.1 goes on, prints energy, forces and stress, and ends with exit code 0.
    folder = RECORDED / "unconverged"
    assert "ENERGY| Total" in (folder / "output.txt").read_text()
    assert failure(silicon(), folder) == "self-consistency was not reached in 3 iterations"
    assert labeler().is_complete(folder) and labeler().can_do_better(folder)
    assert not labeler(max_iterations=3).can_do_better(folder)
    assert not labeler(max_iterations=500).can_do_better(RECORDED / "silicon")


def test_a_truncated_output_is_no_label(tmp_path: Path) -> None:
    folder = changed("silicon", tmp_path, lambda text: text[: text.index("PROGRAM ENDED AT")])
    assert "truncated" in failure(silicon(), folder)
    assert not labeler().is_complete(folder) and not labeler().is_complete(tmp_path)


def test_missing_numbers_are_no_label(tmp_path: Path) -> None:
    fewer = changed("silicon", tmp_path / "1", lambda text: text.replace("\n      8      1", "\n      8"), "forces")
    assert failure(silicon(), fewer) == "its output has forces of 7 atoms, the frame has 8"
    overflown = changed("silicon", tmp_path / "2", lambda text: text.replace("0.001", "*****"), "forces")
    assert "forces of" in failure(silicon(), overflown)
    stressless = changed("silicon", tmp_path / "3", lambda text: "", "stress")
    assert failure(silicon(), stressless) == "its output has no stress"
    no_energy = changed("silicon", tmp_path / "4", lambda text: text.replace("ENERGY| Total", "ENERGY| Partial"))
    assert failure(silicon(), no_energy) == "its output has 0 energies instead of one"


def test_a_grid_that_is_too_coarse_is_found_out() -> None:
    reason = failure(silicon(), RECORDED / "silicon", net_force=1e-6)
    assert "raise `cutoff`" in reason


def test_the_form_of_2025_gives_the_same_numbers(tmp_path: Path) -> None:
    def forces(text: str) -> str:
        rows = [line.split() for line in text.splitlines() if line.split()[:1] and line.split()[0].isdigit()]
        lines = [f" FORCES|{row[0]:>7} {row[3]} {row[4]} {row[5]} 1.00000000E-01" for row in rows]
        head = " FORCES| Atomic forces [hartree/bohr]\n FORCES|   Atom     x     y     z     |f|\n"
        return head + "\n".join(lines) + "\n FORCES| Sum 1.0E-05 2.0E-05 3.0E-05\n FORCES| Total atomic force 1.0E-05\n"

    folder = changed("silicon", tmp_path, forces, "forces")
    output = folder / "output.txt"
    output.write_text(output.read_text().replace("energy [a.u.]:", "energy [hartree]"))
    old, new = read(silicon(), RECORDED / "silicon"), read(silicon(), folder)
    assert isinstance(old, Labels) and isinstance(new, Labels)
    assert new.energy == old.energy and np.array_equal(new.forces, old.forces)


def test_why_it_broke_off(tmp_path: Path) -> None:
    assert labeler().fault(RECORDED / "aborted") == "found an unknown keyword NONSENSE in section SCF"
    # From 2024.1 on CP2K stops where it does not converge.
    assert labeler().fault(RECORDED / "unconverged") == "self-consistency was not reached in 3 iterations"
    (tmp_path / "output.txt").write_text("first\nlast words\n\n")
    assert labeler().fault(tmp_path) == "last words"
