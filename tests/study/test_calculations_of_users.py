"""Calculations that users bring: under any name the same answer, and none where one did not converge."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from file_cases import COMMANDS, case, said
from in_process import whet
from whet import FrameError, Labels, read_labeled, read_structures


@pytest.mark.parametrize("name", ["renamed.dat", "calculation.log", "pw.out.gz"])
def test_an_unconverged_calculation_is_known_under_any_name(reference_data: Path, tmp_path: Path, name: str) -> None:
    content = case(reference_data, "unconverged.out", tmp_path).read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(FrameError, match="self-consistency was not reached"):
        read_labeled(tmp_path / name)
    with pytest.raises(FrameError, match="self-consistency was not reached"):
        read_structures(tmp_path / name)


def test_a_converged_output_of_espresso_has_the_right_units_and_sign(reference_data: Path, tmp_path: Path) -> None:
    from ase.units import Bohr, Ry

    (frame,) = read_labeled(case(reference_data, "scf.out", tmp_path))
    labels = Labels.of(frame)
    assert labels.energy == pytest.approx(-10 * Ry, rel=1e-6)
    assert labels.forces[0, 0] == pytest.approx(0.01 * Ry / Bohr, rel=1e-6)
    np.testing.assert_allclose(np.asarray(labels.stress), -0.0001 * Ry / Bohr**3 * np.eye(3), rtol=1e-6, atol=1e-12)


VASP = {
    "v2o5-unconverged-electronic/vasprun.xml.gz": "self-consistency was not reached",
    "truncated/vasprun.xml": "cut off",
}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kept", [True, False], ids=["own name", "other name"])
@pytest.mark.parametrize("name", VASP)
def test_an_unconverged_run_of_vasp_is_refused_by_every_command(
    reference_data: Path, tmp_path: Path, name: str, kept: bool, command: str
) -> None:
    source = reference_data / "vasp" / name
    copied = tmp_path / (source.name if kept else f"calculation{''.join(source.suffixes[1:])}")
    shutil.copy(source, copied)
    ended = said(tmp_path, command, copied)
    everything = ended.stdout + ended.stderr
    assert "self-consistency was not reached" in everything or "cut off" in everything
    assert "nobody foresaw" not in everything


@pytest.mark.parametrize("name", ["vasprun.xml.relax2.gz", "vasprun.relax1.xml", "calc.dat"])
def test_a_converged_run_of_vasp_is_read_under_any_name(reference_data: Path, tmp_path: Path, name: str) -> None:
    content = (reference_data / "vasp" / "nacl-converged" / "vasprun.xml").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (frame,) = read_labeled(tmp_path / name)
    assert Labels.of(frame).energy == pytest.approx(-27.11090125)


@pytest.mark.parametrize("name", ["feo-plus-u", "nacl-converged"])
def test_outcar_and_vasprun_say_the_same(reference_data: Path, name: str) -> None:
    folder = reference_data / "vasp" / name
    one, other = (read_labeled(folder / file) for file in ("vasprun.xml", "OUTCAR"))
    assert len(one) == len(other) > 0
    for a, b in zip(map(Labels.of, one), map(Labels.of, other), strict=True):
        assert a.energy == pytest.approx(b.energy, abs=1e-6)
        np.testing.assert_allclose(a.forces, b.forces, atol=2e-6)
        np.testing.assert_allclose(np.asarray(a.stress), np.asarray(b.stress), atol=1e-5)


def test_steps_of_an_outcar_that_did_not_converge_are_none(reference_data: Path, tmp_path: Path) -> None:
    text = (reference_data / "vasp" / "feo-plus-u" / "OUTCAR").read_text(errors="replace")
    whole = "aborting loop because EDIFF is reached"
    broken = text.replace(whole, "aborting loop EDIFF was not reached (unconverged)", 1)
    (tmp_path / "OUTCAR").write_text(broken)
    with pytest.raises(FrameError, match="ionic step 0: electronic self-consistency was not reached"):
        read_labeled(tmp_path / "OUTCAR")
    first = text.index("- Iteration")
    without = text[:first] + text[first:].replace("- Iteration", "- Learned  ")
    (tmp_path / "OUTCAR").write_text(without)
    with pytest.raises(FrameError, match="there is no electronic step"):
        read_labeled(tmp_path / "OUTCAR")


def test_steps_of_a_vasprun_without_electrons_are_none(reference_data: Path, tmp_path: Path) -> None:
    text = (reference_data / "vasp" / "feo-plus-u" / "vasprun.xml").read_text()
    first = text.index("<calculation>")
    end = text.index("</calculation>")
    learned = re.sub(r"<scstep>.*?</scstep>", "", text[first:end], flags=re.DOTALL)
    (tmp_path / "vasprun.xml").write_text(text[:first] + learned + text[end:])
    with pytest.raises(FrameError, match="ionic step 0: there is no electronic step"):
        read_labeled(tmp_path / "vasprun.xml")
    ended = whet("labels", "import", "vasprun.xml", code=2, folder=tmp_path)
    assert ended.stdout.count("refused: ") == 1
