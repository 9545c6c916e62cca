"""A device that torch does not have is refused in one line that names the torch that is here, before anything runs."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from in_process import whet
from labeled_argon import crystal, labeled
from whet import InputError, Study, export_frames
from whet.contracts import device

CPU = "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\nxpu: Optional[str] = None\n"
CUDA = CPU.replace("+cpu", "+cu130").replace("cuda: Optional[str] = None", "cuda: Optional[str] = '13.0'")
ROCM = CPU.replace("+cpu", "+rocm7.0").replace("hip: Optional[str] = None", "hip: Optional[str] = '7.0.5'")
NO_CUDA = "there is no device 'cuda': torch 2.13.0+cpu, which is installed here, is a build without CUDA. Install one"


@pytest.fixture
def torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an installed torch that says what it was built for; a build for the CPU alone."""
    version = tmp_path / "torch" / "version.py"
    version.parent.mkdir()
    version.write_text(CPU)
    spec = ModuleSpec("torch", None, origin=str(version.with_name("__init__.py")))
    monkeypatch.setattr(device, "find_spec", lambda name: spec)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return version


@pytest.mark.parametrize(
    ("build", "driver", "name", "fault"),
    [
        (CPU, False, "cuda", NO_CUDA),
        (
            CPU,
            True,
            "cuda:1",
            "there is no device 'cuda:1': torch 2.13.0+cpu, which is installed here, is a build without",
        ),
        (CPU, False, "xpu", "is a build without XPU"),
        (CUDA, False, "cuda", r"torch 2.13.0+cu130 is built for CUDA, but this machine has no NVIDIA driver. Run it"),
        (ROCM, False, "cuda", r"torch 2.13.0+rocm7.0 is built for ROCm, but this machine has no AMD driver. Run it"),
        (CUDA, True, "cuda", ""),
        (CPU, False, "cpu", ""),
    ],
)
def test_what_torch_lacks_is_named(
    torch: Path, monkeypatch: pytest.MonkeyPatch, build: str, driver: bool, name: str, fault: str
) -> None:
    torch.write_text(build)
    monkeypatch.setattr(device, "_has_nvidia_driver", lambda: driver)
    if not fault:
        device.refuse_absent(name)
        return
    with pytest.raises(InputError) as raised:
        device.refuse_absent(name)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


def test_gpus_that_are_hidden_are_counted(torch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.write_text(CUDA)
    monkeypatch.setattr(device, "_has_nvidia_driver", lambda: True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    device.refuse_absent("cuda:1")
    with pytest.raises(InputError, match="CUDA_VISIBLE_DEVICES=2,3 shows 2 of this machine's GPUs"):
        device.refuse_absent("cuda:2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(InputError, match="CUDA_VISIBLE_DEVICES= shows 0"):
        device.refuse_absent("cuda")


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac may have the device")
def test_the_device_of_a_mac_is_elsewhere(torch: Path) -> None:
    with pytest.raises(InputError, match="it is Apple's, and this is no Mac"):
        device.refuse_absent("mps")


def test_nothing_is_said_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    device.refuse_absent("cuda")


@pytest.fixture
def toy_in_torch(toy: None, torch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from whet_toy.potential import ToyPotential

    monkeypatch.setattr(ToyPotential, "packages", {"torch": "torch>=2.6"})


@pytest.mark.usefixtures("toy_in_torch")
def test_a_study_ends_before_its_first_step(study_file: Path) -> None:
    said = whet("run", study_file, "--set", "running.device=cuda", code=2)
    assert said.faults[-1].startswith(f"whet: plugin 'toy': {NO_CUDA}")
    study = Study.load(study_file, ["running.device=cuda"])
    assert not [key for key in study.plan.steps if study.store.is_done(key)]


@pytest.mark.usefixtures("toy_in_torch")
def test_so_do_evaluate_and_label(tmp_path: Path) -> None:
    export_frames(tmp_path / "frames.extxyz", [labeled(index) for index in range(2)])
    said = whet("evaluate", "frames.extxyz", "--potential", "toy", "--device", "cuda", code=2, folder=tmp_path)
    assert said.faults[-1].startswith(f"whet: plugin 'toy': {NO_CUDA}")
    assert said.stdout == ""
    export_frames(tmp_path / "structures.extxyz", [crystal(0)])
    teacher = ("label", "structures.extxyz", "-l", "teacher", "--set", "potential=toy", "--device", "cuda")
    said = whet(*teacher, code=2, folder=tmp_path)
    assert said.faults == [
        f"whet: plugin 'toy': {NO_CUDA} that has it (https://pytorch.org/get-started/locally), or take the device cpu"
    ]
    assert not (tmp_path / ".whet").exists()
