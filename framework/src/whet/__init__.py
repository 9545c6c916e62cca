"""Whet: measure the bias of universal interatomic potentials, and fine-tune it away with few labels.

What plugin authors and notebooks need is handed on from here, lazily: importing whet imports no ASE, NumPy or torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whet.contracts.code_labeler import CodeLabeler, CodeOptions, k_grid
    from whet.contracts.component import Component, FileRef, Spec
    from whet.contracts.descriptor import Descriptor
    from whet.contracts.dynamics import MDEngine, Simulation, Start
    from whet.contracts.fine_tune_settings import FineTuneSettings, Strategy, Weights
    from whet.contracts.fine_tuning import Applied, FineTuned, FineTuner, FineTuneRequest, Progress
    from whet.contracts.foundation import FoundationModel, KnownAnswer, ModelFile
    from whet.contracts.labeling import Labeler, isolated_atom
    from whet.contracts.monitors import End, Monitors, Stopped, answering
    from whet.contracts.options import Options
    from whet.contracts.potential import Capabilities, Potential, Property
    from whet.contracts.protocol import Protocol
    from whet.contracts.recording import Recording, State, Trajectory
    from whet.contracts.reference_energies import ReferenceEnergies
    from whet.contracts.structures import StructureSource
    from whet.contracts.velocities import initial_momenta
    from whet.data import units
    from whet.data.durable import replacing
    from whet.data.errors import (
        FrameError,
        InputError,
        KeyProblem,
        MissingPackage,
        NotApplied,
        OptionsError,
        PluginError,
        ProcessLost,
        UnknownName,
        Unsupported,
        UntrustedFile,
        WhetError,
        suggestion,
    )
    from whet.data.frame_checks import check_frame
    from whet.data.frame_identity import frame_key, multiplicity, total_charge
    from whet.data.frame_log import FrameLog, read_frames, write_frames
    from whet.data.frames import FrameSet, boxed
    from whet.data.identity import file_digest, key_of
    from whet.data.kinetics import degrees_of_freedom, temperature
    from whet.data.labels import Failure, Labels, without_labels
    from whet.data.recorded import Recorded
    from whet.data.theory import LevelOfTheory
    from whet.files.ase_files import frames_by_ase, read_by_ase
    from whet.files.frame_format import FrameFormat, ReadFrame
    from whet.files.label_keys import LabelKeys
    from whet.files.opened import first_bytes, opened_text
    from whet.files.unit_system import UnitSystem
    from whet.labels.label_store import LabelStore
    from whet.plugins.frame_export import export_frames
    from whet.plugins.frame_files import read_labeled, read_structures
    from whet.plugins.hookspecs import hookimpl
    from whet.plugins.registry import load
    from whet.plugins.trusted_files import TrustedFiles
    from whet.programs.program import Program
    from whet.report.page import write_report
    from whet.running.frame_labeling import label_frames
    from whet.study.evaluation import evaluate
    from whet.study.study import Study

_HOME = {
    "whet.contracts.code_labeler": ("CodeLabeler", "CodeOptions", "k_grid"),
    "whet.contracts.component": ("Component", "FileRef", "Spec"),
    "whet.contracts.descriptor": ("Descriptor",),
    "whet.contracts.dynamics": ("MDEngine", "Simulation", "Start"),
    "whet.contracts.fine_tune_settings": ("FineTuneSettings", "Strategy", "Weights"),
    "whet.contracts.fine_tuning": ("Applied", "FineTuneRequest", "FineTuned", "FineTuner", "Progress"),
    "whet.contracts.foundation": ("FoundationModel", "KnownAnswer", "ModelFile"),
    "whet.contracts.labeling": ("Labeler", "isolated_atom"),
    "whet.contracts.monitors": ("End", "Monitors", "Stopped", "answering"),
    "whet.contracts.options": ("Options",),
    "whet.contracts.potential": ("Capabilities", "Potential", "Property"),
    "whet.contracts.protocol": ("Protocol",),
    "whet.contracts.recording": ("Recording", "State", "Trajectory"),
    "whet.contracts.reference_energies": ("ReferenceEnergies",),
    "whet.contracts.structures": ("StructureSource",),
    "whet.contracts.velocities": ("initial_momenta",),
    "whet.data.durable": ("replacing",),
    "whet.data.errors": (
        "FrameError",
        "InputError",
        "KeyProblem",
        "MissingPackage",
        "NotApplied",
        "OptionsError",
        "PluginError",
        "ProcessLost",
        "UnknownName",
        "Unsupported",
        "UntrustedFile",
        "WhetError",
        "suggestion",
    ),
    "whet.data.frame_checks": ("check_frame",),
    "whet.files.ase_files": ("frames_by_ase", "read_by_ase"),
    "whet.files.frame_format": ("FrameFormat", "ReadFrame"),
    "whet.files.label_keys": ("LabelKeys",),
    "whet.files.unit_system": ("UnitSystem",),
    "whet.plugins.frame_export": ("export_frames",),
    "whet.files.opened": ("first_bytes", "opened_text"),
    "whet.plugins.frame_files": ("read_labeled", "read_structures"),
    "whet.data.frame_log": ("FrameLog", "read_frames", "write_frames"),
    "whet.data.frame_identity": ("frame_key", "multiplicity", "total_charge"),
    "whet.data.frames": ("FrameSet", "boxed"),
    "whet.data.identity": ("file_digest", "key_of"),
    "whet.data.kinetics": ("degrees_of_freedom", "temperature"),
    "whet.data.labels": ("Failure", "Labels", "without_labels"),
    "whet.data.recorded": ("Recorded",),
    "whet.data.theory": ("LevelOfTheory",),
    "whet.plugins.hookspecs": ("hookimpl",),
    "whet.plugins.registry": ("load",),
    "whet.plugins.trusted_files": ("TrustedFiles",),
    "whet.programs.program": ("Program",),
    "whet.report.page": ("write_report",),
    "whet.running.frame_labeling": ("label_frames",),
    "whet.labels.label_store": ("LabelStore",),
    "whet.study.evaluation": ("evaluate",),
    "whet.study.study": ("Study",),
}
__all__ = [
    "Applied",
    "Capabilities",
    "CodeLabeler",
    "CodeOptions",
    "Component",
    "Descriptor",
    "End",
    "Failure",
    "FileRef",
    "FineTuneRequest",
    "FineTuneSettings",
    "FineTuned",
    "FineTuner",
    "FoundationModel",
    "FrameError",
    "FrameFormat",
    "FrameLog",
    "FrameSet",
    "InputError",
    "KeyProblem",
    "KnownAnswer",
    "LabelKeys",
    "LabelStore",
    "Labeler",
    "Labels",
    "LevelOfTheory",
    "MDEngine",
    "MissingPackage",
    "ModelFile",
    "Monitors",
    "NotApplied",
    "Options",
    "OptionsError",
    "PluginError",
    "Potential",
    "ProcessLost",
    "Program",
    "Progress",
    "Property",
    "Protocol",
    "ReadFrame",
    "Recorded",
    "Recording",
    "ReferenceEnergies",
    "Simulation",
    "Spec",
    "Start",
    "State",
    "Stopped",
    "Strategy",
    "StructureSource",
    "Study",
    "Trajectory",
    "TrustedFiles",
    "UnitSystem",
    "UnknownName",
    "Unsupported",
    "UntrustedFile",
    "Weights",
    "WhetError",
    "answering",
    "boxed",
    "check_frame",
    "degrees_of_freedom",
    "evaluate",
    "export_frames",
    "file_digest",
    "first_bytes",
    "frame_key",
    "frames_by_ase",
    "hookimpl",
    "initial_momenta",
    "isolated_atom",
    "k_grid",
    "key_of",
    "label_frames",
    "load",
    "multiplicity",
    "opened_text",
    "read_by_ase",
    "read_frames",
    "read_labeled",
    "read_structures",
    "replacing",
    "suggestion",
    "temperature",
    "total_charge",
    "units",
    "without_labels",
    "write_frames",
    "write_report",
]
_ORIGIN = {name: home for home, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "units":
        return import_module("whet.data.units")
    if name not in _ORIGIN:
        raise AttributeError(f"module 'whet' has no attribute {name!r}")
    return getattr(import_module(_ORIGIN[name]), name)


def __dir__() -> list[str]:
    return __all__
