"""What these probes refuse, what they ask for, and what they leave as it was."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import FrameError, InputError, OptionsError, Spec, frame_key
from whet.plugins.registry import registry

MIXING = {"replace": "Cu", "by": "Ni", "length": 5}
OPTIONS: dict[str, dict[str, Any]] = {
    "elastic": {},
    "phonons": {"length": 5},
    "barrier": {"length": 5, "images": 1},
    "surface": {},
    "defect": {"length": 5},
    "mixing": {**MIXING, "configurations": 1, "fractions": [0.5]},
}


def probe(name: str, **options: Any) -> Any:
    return registry().load(registry().resolve("probes", Spec(name, options)))


def copper() -> Atoms:
    return bulk("Cu", a=3.6, cubic=True)


def test_importing_matcalc_asks_no_network() -> None:
    """In a process of its own, MatGL importable or imported before; the plugin by itself imports nothing heavy."""
    code = """\
        import socket, sys
        def connect(*given):
            asked.append(given)
            raise OSError("no network here")
        asked = []
        socket.socket.connect = socket.getaddrinfo = connect
        import whet_matcalc
        assert not {"matcalc", "pymatgen", "phonopy", "ase", "numpy", "torch"} & set(sys.modules), "not light"
        if sys.argv[1] == "before":
            import matgl
        from whet_matcalc.matcalc_import import matcalc_module
        before = sys.modules.get("matgl", "absent")
        matcalc_module()
        assert sys.modules.get("matgl", "absent") is before
        import matgl
        assert matgl.load_model
        assert not asked, asked
    """
    pytest.importorskip("matgl")
    for word in ("never", "before"):
        told = subprocess.run([sys.executable, "-c", textwrap.dedent(code), word], capture_output=True, text=True)
        assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("name", OPTIONS)
def test_nothing_is_printed_and_nothing_global_changes(
    name: str, effective_medium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import matplotlib
    import torch

    monkeypatch.chdir(tmp_path)

    def state() -> Any:
        root = logging.getLogger()
        told = root.level, list(root.handlers), list(warnings.filters), Path.cwd(), dict(os.environ)
        return *told, torch.get_num_threads(), torch.get_default_dtype(), dict.get(matplotlib.rcParams, "backend")

    capfd.readouterr()
    before = state()
    atoms = copper()
    probe(name, **OPTIONS[name]).measured(atoms, effective_medium)
    assert state() == before
    assert capfd.readouterr().out == ""
    assert not list(tmp_path.iterdir()), "no file is left"
    assert atoms == copper()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_same_again(name: str, effective_medium: Any) -> None:
    first, again = (probe(name, **OPTIONS[name]).measured(copper(), effective_medium) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("name", OPTIONS)
def test_a_molecule_is_refused(name: str, effective_medium: Any) -> None:
    with pytest.raises(FrameError, match="only a crystal, periodic in all three directions"):
        probe(name, **OPTIONS[name]).measured(molecule("H2O"), effective_medium)


@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_not_at_rest_in_time_is_refused(name: str, effective_medium: Any) -> None:
    atoms = copper()
    atoms.rattle(0.1, seed=1)
    with pytest.raises(FrameError, match=r"is not at rest after 1 steps\. Raise `steps`"):
        probe(name, **OPTIONS[name], steps=1).measured(atoms, effective_medium)


@pytest.mark.parametrize("name", ["elastic", "barrier", "mixing"])
def test_no_more_frames_than_it_says(name: str, effective_medium: Any) -> None:
    asked = probe(name, **OPTIONS[name])
    asked.measured(copper(), effective_medium)
    assert len({frame_key(frame) for frame in effective_medium.frames}) <= asked.most_frames(asked.options)


def test_a_frame_is_asked_for_once(effective_medium: Any) -> None:
    probe("elastic", relax=False, relax_atoms=False).measured(copper(), effective_medium)
    assert len(effective_medium.frames) == 25


def test_magnetic_moments_reach_the_labeler(effective_medium: Any) -> None:
    atoms = copper()
    atoms.set_initial_magnetic_moments([1, -1, 1, -1])
    for name in ("elastic", "phonons"):
        probe(name, **OPTIONS[name]).measured(atoms, effective_medium)
    assert all(abs(frame.get_initial_magnetic_moments()).max() == 1 for frame in effective_medium.frames)
    for name in ("surface", "defect", "mixing"):
        with pytest.raises(FrameError, match="the crystal has initial magnetic moments, which are lost where a"):
            probe(name, **OPTIONS[name]).measured(atoms, effective_medium)
    plain = probe("phonons", length=5)
    effective_medium.frames.clear()
    plain.measured(copper(), effective_medium)
    assert not any(frame.has("initial_magmoms") for frame in effective_medium.frames)


def test_a_charged_cell_is_refused(effective_medium: Any) -> None:
    atoms = copper()
    atoms.info["charge"] = 1
    with pytest.raises(FrameError, match="elastic constants of a cell with a charge or a multiplicity cannot be"):
        probe("elastic").measured(atoms, effective_medium)


def test_imaginary_modes_are_told(effective_medium: Any) -> None:
    """Simple cubic copper is no minimum of any potential."""
    found = probe("phonons", length=7, steps=5000).measured(bulk("Cu", "sc", a=2.4), effective_medium)
    assert found.values["imaginary modes"] > 1
    assert "% of the modes are imaginary, down to −" in found.notes[1].replace("-", "−")


def test_an_unstable_crystal_keeps_its_numbers_and_is_told(effective_medium: Any) -> None:
    """Left out, it would make the mean error of a potential smaller than it is."""
    found = probe("elastic", steps=5000).measured(bulk("Cu", "sc", a=2.4), effective_medium)
    assert found.values["C44"] < 0
    assert found.notes[0].startswith("not stable under strain: the lowest eigenvalue of the elastic tensor is -")
    assert not probe("elastic").measured(copper(), effective_medium).notes


def test_a_failure_of_matcalc_is_a_line_with_its_reason(effective_medium: Any, monkeypatch: Any) -> None:
    from whet_matcalc.matcalc_import import matcalc_module

    def broken(*given: Any) -> None:
        raise RuntimeError("the fit is singular")

    monkeypatch.setattr(matcalc_module().ElasticityCalc, "calc", broken)
    what = r"^MatCalc cannot compute the elastic constants \(RuntimeError: the fit is singular\)$"
    with pytest.raises(FrameError, match=what):
        probe("elastic").measured(copper(), effective_medium)


@pytest.mark.parametrize(
    ("name", "options", "what"),
    [
        ("defect", {"element": "Ni"}, "the crystal has no Ni: it has Cu"),
        ("defect", {"element": "Ni", "at": [0.5, 0.5, 0.5]}, "energy of Ni outside the crystal is not known. Give `el"),
        ("barrier", {"element": "Ni"}, "the crystal has no Ni"),
        ("barrier", {"length": 1}, "which element hops"),
        ("mixing", {"replace": "Ni", "by": "Al"}, "Al cannot take the place of Ni in Cu"),
        ("mixing", {**MIXING, "length": 1, "fractions": [0.01]}, "4 atoms of Cu are too few for these fractions"),
    ],
)
def test_what_is_asked_wrongly_is_one_line(name: str, options: Any, what: str, effective_medium: Any) -> None:
    atoms = copper()
    if "hops" in what:
        atoms.symbols[0] = "Ni"
    with pytest.raises(FrameError, match=what):
        probe(name, **options).measured(atoms, effective_medium)


def test_ends_that_do_not_belong_to_the_material(effective_medium: Any, tmp_path: Path) -> None:
    path = tmp_path / "ends.extxyz"
    other = copper() * (2, 1, 1)
    other.info["material"] = "copper"
    other.write(path)
    with pytest.raises(OptionsError, match=r"the material has no name to find\. Give each end"):
        probe("barrier", final=str(path)).measured(copper(), effective_medium)
    named = copper()
    named.info["material"] = "copper"
    with pytest.raises(FrameError, match="other atoms, another order of them, or another cell"):
        probe("barrier", final=str(path)).measured(named, effective_medium)


def test_options_that_mean_nothing_are_refused() -> None:
    for name, options in (("surface", {"miller": [0, 0, 0]}), ("elastic", {"normal": [0.0]}), ("mixing", {})):
        with pytest.raises(InputError):
            registry().resolve("probes", Spec(name, options))
