"""How pw.x's output is read and judged, by outputs that version 6.7 wrote (less what is not read)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from whet import Failure, Labels
from whet_espresso.labeler import EspressoLabeler
from whet_espresso.options import EspressoOptions
from whet_espresso.output import read_output

RECORDED = Path(__file__).parent / "recorded"


def read(
    folder: Path, n_atoms: int = 8, *, with_stress: bool = True, xc: str = "LDA", hubbard: bool = False
) -> Labels | Failure:
    return read_output(folder, n_atoms, with_stress=with_stress, xc=xc, hubbard=hubbard)


def failure(answer: Labels | Failure) -> str:
    assert isinstance(answer, Failure) and answer.log.endswith("output.txt"), answer
    return answer.reason


def changed(name: str, folder: Path, change: Callable[[str], str], file: str = "whet.xml") -> Path:
    """A copy of a recorded calculation with one of its files changed."""
    shutil.copytree(RECORDED / name, folder / name)
    place = folder / name / file
    place.write_text(change(place.read_text()))
    return folder / name


def labeler(max_iterations: int = 200) -> EspressoLabeler:
    return EspressoLabeler(EspressoOptions(pseudopotentials={"Si": "Si.upf"}, max_iterations=max_iterations))


def test_a_crystal() -> None:
    labels = read(RECORDED / "silicon")
    assert isinstance(labels, Labels) and labels.stress is not None
    assert labels.checked(8).energy == pytest.approx(-63.32138962 * 13.605693, abs=1e-4)
    assert labels.forces[2, 1] == pytest.approx(0.0836429, abs=1e-6)  # the slope of the energy is 0.0835979 eV/Å
    assert labels.stress[1, 2] == pytest.approx(-0.0124385, abs=1e-6)
    assert not labels.extra
    assert labeler().is_complete(RECORDED / "silicon")


def test_an_isolated_atom_has_no_stress_and_its_moment() -> None:
    labels = read(RECORDED / "oxygen", 1, with_stress=False, xc="PBE")
    assert isinstance(labels, Labels) and labels.stress is None
    assert labels.extra["magmoms"] == pytest.approx([2.0], abs=1e-2)


def test_a_calculation_that_did_not_converge_is_no_label_and_may_have_more_iterations() -> None:
    folder = RECORDED / "unconverged"
    assert failure(read(folder)) == "self-consistency was not reached in 3 iterations"
    assert labeler().is_complete(folder) and labeler().can_do_better(folder)
    assert not labeler(max_iterations=3).can_do_better(folder)
    assert not labeler(max_iterations=500).can_do_better(RECORDED / "silicon")


def test_a_result_that_says_it_did_not_converge_is_no_label(tmp_path: Path) -> None:
    told = "<convergence_achieved>true", "<convergence_achieved>false"
    assert failure(read(changed("silicon", tmp_path, lambda text: text.replace(*told)))) == (
        "self-consistency was not reached"
    )


def test_a_truncated_output_is_no_label(tmp_path: Path) -> None:
    cut = changed("silicon", tmp_path / "1", lambda text: text[: text.index("JOB DONE")], "output.txt")
    assert "truncated" in failure(read(cut)) and not labeler().is_complete(cut)
    half = changed("silicon", tmp_path / "2", lambda text: text[: len(text) // 2])
    assert "whet.xml breaks off" in failure(read(half))
    gone = changed("silicon", tmp_path / "3", str)
    (gone / "whet.xml").unlink()
    assert "truncated" in failure(read(gone))
    assert not labeler().is_complete(tmp_path)


def test_missing_numbers_are_no_label(tmp_path: Path) -> None:
    assert failure(read(RECORDED / "silicon", 9)) == "its output has forces of 8 atoms, the frame has 9"
    stressless = changed("silicon", tmp_path / "1", lambda text: text.replace("stress", "tension"))
    assert failure(read(stressless)) == "its output has no stress"
    no_energy = changed("silicon", tmp_path / "2", lambda text: text.replace("etot>", "total>"))
    assert failure(read(no_energy)) == "its output has no energy"


def test_what_ran_is_compared_with_what_was_asked() -> None:
    assert failure(read(RECORDED / "silicon", xc="PBE")) == "pw.x ran the functional 'LDA', not 'PBE'"
    # Version 6.7 passes over the card HUBBARD, with a warning, and ends well.
    assert "before version 7.1 it needs" in failure(read(RECORDED / "card", 2, xc="PBE", hubbard=True))
    plus_u = read(RECORDED / "namelist", 2, xc="PBE", hubbard=True)
    plain = read(RECORDED / "card", 2, xc="PBE")
    assert isinstance(plus_u, Labels) and isinstance(plain, Labels)
    assert plus_u.energy > plain.energy + 1 and np.all(plus_u.extra["magmoms"] > 3)


def test_bands_that_cut_through_the_smearing_are_no_label() -> None:
    # With twice the bands the energy is 0.0016 eV lower; with pw.x's own number 0.06 eV higher, and nothing says so.
    assert failure(read(RECORDED / "crowded")).startswith("the highest band is occupied (by 0.006): give more bands")


def test_why_it_broke_off(tmp_path: Path) -> None:
    assert (
        labeler()
        .fault(RECORDED / "aborted")
        .startswith('Error in routine read_namelists (1): bad line in namelist &system: " nonsense = 3"')
    )
    assert labeler().fault(RECORDED / "unconverged") == "self-consistency was not reached in 3 iterations"
    (tmp_path / "output.txt").write_text("first\nlast words\n\n")
    assert labeler().fault(tmp_path) == "last words"
