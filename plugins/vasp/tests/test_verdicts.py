"""Each recorded run gets the verdicts of verdicts.yaml, and numbers that another parser reads too."""

from __future__ import annotations

import gzip
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
import yaml

from whet import Failure, Labels, units
from whet_vasp.labeler import VaspLabeler
from whet_vasp.vasprun import Unreadable, VaspRun, output_in
from whet_vasp.verdict import Asked, missing_stress, single_point

TABLE: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "verdicts.yaml").read_text())
DERIVED = TABLE.pop("derived")
DATA = os.environ.get("WHET_REFERENCE_DATA")

needs_data = pytest.mark.skipif(not DATA, reason="the environment variable WHET_REFERENCE_DATA is not set")
pytestmark = needs_data
each = pytest.mark.parametrize("name", TABLE)


def recorded(name: str) -> Path:
    return output_in(Path(str(DATA)) / "vasp" / name)


def asked(name: str, **more: Any) -> Asked:
    wanted = TABLE[name]["asked"]
    words = {
        "symbols": VaspRun(recorded(name)).symbols,
        "method": wanted["functional"].removesuffix("+U"),
        "hubbard_u": wanted.get("hubbard_u", {}),
        "dispersion": "none",
    }
    assert len(words["symbols"]) == wanted["atoms"]
    return Asked(**(words | more))


def assert_verdict(answer: Labels | Failure, wanted: Any) -> None:
    if wanted == "accepted":
        assert isinstance(answer, Labels), answer
    else:
        assert isinstance(answer, Failure) and wanted["failure"] in answer.reason, answer


def indices(text: str | int) -> range:
    first, _, last = str(text).partition("-")
    return range(int(first), int(last or first) + 1)


@each
def test_as_a_single_point(name: str) -> None:
    assert_verdict(single_point(VaspRun(recorded(name)), asked(name)), TABLE[name]["single_point"])


@each
def test_as_an_import(name: str) -> None:
    wanted = TABLE[name]["import"]
    found = [one for one in VaspLabeler.recorded(recorded(name)) if one.frame is not None]
    taken = [index for index, one in enumerate(found) if isinstance(one.answer, Labels)]
    if "count" in wanted:  # written as first and last
        first, last = wanted["accepted"]
        assert taken == list(range(first, last + 1)) and len(taken) == wanted["count"]
    else:
        assert taken == wanted["accepted"]
    for which, reason in wanted.get("refused", {}).items():
        for index in indices(which):
            answer = found[index].answer
            assert isinstance(answer, Failure) and reason in answer.reason
    for index in taken:
        labels = found[index].answer
        assert isinstance(labels, Labels) and (labels.stress is not None) is wanted["stress"]
        assert f"ionic step {index}" in found[index].place
    if "note" in wanted:
        assert "the plane waves are those of the first step's cell" in found[-1].note and not found[0].note


@each
def test_last_step_is_what_the_table_says(name: str) -> None:
    if (last := TABLE[name].get("last")) is None:
        pytest.skip("the table has no numbers: nothing of it is accepted")
    labels = VaspRun(recorded(name)).steps[-1].labels
    assert labels is not None
    assert labels.energy == pytest.approx(last["energy"], abs=1e-8)
    assert float(np.abs(labels.forces).max()) == pytest.approx(last["largest_force"], rel=0.01, abs=1e-12)


@each
def test_another_parser_reads_the_same(name: str) -> None:
    """ASE's reader shares no line with pymatgen's: energy, forces, stress, positions of every accepted step."""
    found = [one for one in VaspLabeler.recorded(recorded(name)) if isinstance(one.answer, Labels)]
    if not found:
        pytest.skip("nothing of it is accepted")
    others: Any = ase.io.read(recorded(name), index=":", format="vasp-xml")
    assert len(others) == len(found)
    for one, other in zip(found, others, strict=True):
        labels, frame = one.answer, one.frame
        assert isinstance(labels, Labels) and frame is not None
        assert labels.energy == pytest.approx(other.calc.results["free_energy"], abs=1e-7)
        np.testing.assert_allclose(labels.forces, other.calc.results["forces"], atol=1e-9)
        np.testing.assert_allclose(frame.cell.array, other.cell.array, atol=1e-8)
        np.testing.assert_allclose(frame.positions, other.positions, atol=1e-6)
        assert (frame.numbers == other.numbers).all()
        if labels.stress is not None:
            full = other.calc.results["stress"]
            np.testing.assert_allclose([labels.stress[pair] for pair in units.VOIGT], full, rtol=1e-6, atol=1e-9)


def test_forces_and_stress_do_the_work_that_the_energy_says() -> None:
    """Along a recorded relaxation the energy changes by −F·dr + V σ:ε: signs, units, and which energy it is."""
    steps = VaspRun(recorded("feo-plus-u")).steps
    said, done = [], []
    for one, other in pairwise(steps):
        assert one.labels and other.labels and one.labels.stress is not None and other.labels.stress is not None
        strain = np.linalg.solve(one.frame.cell.array, other.frame.cell.array) - np.eye(3)
        moved = other.frame.get_scaled_positions(wrap=False) - one.frame.get_scaled_positions(wrap=False)
        away = (moved - np.round(moved)) @ ((one.frame.cell.array + other.frame.cell.array) / 2)
        if abs(strain).max() > 0.02 or abs(away).max() > 0.05:
            continue  # too far for a trapezium
        force = (one.labels.forces + other.labels.forces) / 2
        stress = (one.labels.stress * one.frame.get_volume() + other.labels.stress * other.frame.get_volume()) / 2
        said.append(float(-(force * away).sum() + (stress * (strain + strain.T) / 2).sum()))
        done.append(other.labels.energy - one.labels.energy)
    assert len(done) >= 10
    scale = np.dot(said, done) / np.dot(said, said)
    assert scale == pytest.approx(1.0, abs=0.1), f"{len(done)} steps"
    assert np.corrcoef(said, done)[0, 1] > 0.98


def test_stress_is_needed_only_where_it_was_asked_for() -> None:
    run = VaspRun(recorded("ag-no-stress"))
    wanted = TABLE["ag-no-stress"]["where_stress_is_needed"]["refused"]["0-1"]
    assert wanted in missing_stress(run)


def test_with_the_inputs_that_lie_in_its_folder() -> None:
    """The folder of v2o5 holds the inputs of another calculation."""
    folder = Path(str(DATA)) / "vasp" / "v2o5-unconverged-electronic"
    poscar: Any = ase.io.read(folder / "POSCAR", format="vasp")
    answer = single_point(VaspRun(output_in(folder)), Asked(symbols=poscar.get_chemical_symbols()))
    assert isinstance(answer, Failure)
    had, wanted = re.findall(r"\d+", TABLE["v2o5-unconverged-electronic"]["with_its_own_inputs"]["failure"])
    assert answer.reason == f"{had} atoms, and {wanted} were asked for"


@pytest.mark.parametrize("case", DERIVED)
def test_what_no_recorded_run_shows(case: str, tmp_path: Path) -> None:
    wanted = DERIVED[case]
    text = recorded("nacl-converged").read_text()
    path, more = tmp_path / "vasprun.xml", {}
    if case == "empty file":
        path.write_text("")
    elif case == "nacl cut in the middle of its forces":
        path.write_text(text[: text.index('<varray name="forces"') + 300])
    elif case == "nacl without its stress":
        start = text.index('<varray name="stress"')
        path.write_text(text[:start] + text[text.index("</varray>", start) + len("</varray>") :])
    elif case != "no vasprun.xml":
        path.write_text(text)
        more = {"tags": {"ISPIN": 2}} if "ISPIN" in case else {"symbols": ["Na"] * 4 + ["Cl"] * 3}
    try:
        run = VaspRun(path)
    except Unreadable as error:
        assert wanted["failure"] in str(error)
        return
    assert_verdict(single_point(run, asked("nacl-converged", **more)), wanted)
    if "without_stress" in wanted:
        assert_verdict(single_point(run, asked("nacl-converged", stress=False)), wanted["without_stress"])
    if "import" in wanted:
        taken = [one for one in VaspLabeler.recorded(path) if isinstance(one.answer, Labels)]
        assert len(taken) == len(wanted["import"]["accepted"])


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_cut_anywhere_is_never_a_single_point(cut: int, tmp_path: Path) -> None:
    text = recorded("feo-plus-u").read_bytes()
    for path, content in (
        (tmp_path / "vasprun.xml", text[: len(text) * cut // 12]),
        (tmp_path / "vasprun.xml.gz", gzip.compress(text)[: len(gzip.compress(text)) * cut // 12]),
    ):
        path.write_bytes(content)
        found = list(VaspLabeler.recorded(path))
        assert isinstance(found[-1].answer, Failure)
        whole = VaspRun(recorded("feo-plus-u")).steps
        for index, one in enumerate(found[:-1]):
            if isinstance(one.answer, Labels):  # what was written before the cut is as in the whole file
                same = whole[index].labels
                assert same is not None and one.answer.energy == same.energy
                np.testing.assert_array_equal(one.answer.forces, same.forces)
        try:
            answer = single_point(VaspRun(path), Asked())
        except Unreadable:
            continue
        assert isinstance(answer, Failure) and "cut off" in answer.reason
