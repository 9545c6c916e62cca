"""init_study: a commented study file out of a file of structures, a potential and a labeler, which works as it is."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Spec
from whet.contracts.labeling import Labeler
from whet.data.durable import write_text
from whet.data.errors import InputError, MissingPackage, WhetError
from whet.data.fastest_mode import PERIODS, period_of
from whet.data.frame_identity import frame_key
from whet.data.frames import FrameSet
from whet.plugins.frame_files import read_structures
from whet.plugins.hookspecs import HOOKS
from whet.plugins.registry import registry
from whet.study.given_frames import file_of
from whet.study.named_potential import full_paths_in
from whet.study.study import Study
from whet.study.study_file import read_settings, rewritten

if TYPE_CHECKING:
    from ase import Atoms

TRAIN, TEST = 3, 4
"""Trajectories; below four independent ones nothing is decided."""

LEAST_EQUILIBRATION = 1500
"""Steps before the first frame is kept."""

TRAINING = f"""\
strategies: # how frames to train on are gathered
  naive: {TRAIN} # trajectories of the untouched potential
  # periodic: {TRAIN} # one trajectory in pieces, fine-tuned after each

fine_tune:
  epochs: 20 # passes over the training frames
  # learning_rate: 0.0001 # the potential's own unless given
  valid_fraction: 0.2 # share of the labels that is held back to watch the training"""

LEAST_LENGTH, MOST_ATOMS = 7.0, 96
"""Å and atoms: a cell is repeated until it is so long, as long as it has no more atoms."""

PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w./-]*", re.ASCII | re.IGNORECASE)
"""Text that is itself in YAML."""


@dataclass(frozen=True)
class FirstStudy:
    """What was written. copies: whether starting structures are rattled copies, as the file has too few."""

    path: Path
    study: Study
    copies: bool
    structures: int
    needed: int


def init_study(
    structures: Any,
    potential: str,
    labeler: str,
    out: str | Path = "study.yaml",
    *,
    overrides: Iterable[str] = (),
) -> FirstStudy:
    """Writes a study file with comments that `whet check` accepts: dynamics of the potential, labels, fine-tuning,
    and four test trajectories from structures that no training uses.

    structures: a file or folder, frames or structures of pymatgen, which then get a file beside the study. potential,
    labeler: `NAME` or `NAME:MODEL`. overrides: `KEY.KEY=VALUE` of the study file (`labeler.method=GFN2-xTB`). Where the
    file has too few structures the study starts from rattled copies (the source `rattled`). Nothing is overwritten.
    Raises InputError, FrameError, UnknownName, …: then nothing is written.
    """
    path, overrides = Path(out), list(overrides)
    if path.exists():
        raise InputError("the file exists", where=str(path), hint="Give another name (--out)")
    with TemporaryDirectory(prefix="whet-") as scratch:
        source = file_of(structures, Path(scratch))
        frames = read_structures(source)
        beside = source if source.parent != Path(scratch) else path.with_suffix(".extxyz")
        trains = registry().knows("fine_tuners", potential.partition(":")[0])
        needed, there = TEST + TRAIN * trains, len({frame_key(frame) for frame in frames})
        said = _Words(potential, labeler, frames, beside, path.absolute().parent, there < needed, trains)
        text = said.text(read_settings(overrides).get("labeler"))
        folder = path.absolute().parent
        if not folder.is_dir():
            raise InputError("there is no such folder", where=str(folder))
        made = [] if beside == source else [_written_beside(beside, frames)]
        try:
            study = _checked(path, text, overrides)
        except BaseException:
            for one in made:
                one.unlink()
            raise
    return FirstStudy(path, study, there < needed, there, needed)


def _written_beside(path: Path, frames: FrameSet) -> Path:
    from whet.plugins.frame_export import export_frames

    if path.exists():
        raise InputError("the file exists", where=str(path), hint="Give another name (--out)")
    export_frames(path, frames)
    return path


def _checked(path: Path, text: str, overrides: Sequence[str]) -> Study:
    """The study, written once its text is one that `whet check` accepts."""
    trial = path.with_name(f".{path.name}.partial")
    try:
        write_text(trial, text)
        text = rewritten(trial, overrides)
        write_text(trial, text)
        Study.load(trial)
        os.link(trial, path)  # never over another file
    except FileExistsError:
        raise InputError("the file exists", where=str(path), hint="Give another name (--out)") from None
    except WhetError as error:
        error.where = error.where.replace(str(trial.absolute()), str(path)).replace(str(trial), str(path))
        raise
    finally:
        trial.unlink(missing_ok=True)
    return Study.load(path)


def _equilibration(elements: Collection[str], timestep: float) -> int:
    """Steps that suffice for `bias.settled`, in hundreds."""
    return max(LEAST_EQUILIBRATION, 100 * math.ceil(PERIODS * period_of(set(elements)) / timestep / 100))


@dataclass(frozen=True)
class _Words:
    """What the study says. source: the file of structures. folder: of the study."""

    potential: str
    labeler: str
    frames: FrameSet
    source: Path
    folder: Path
    copies: bool
    trains: bool

    def text(self, labeling: Any) -> str:
        """labeling: what the user set of the labeler."""
        name = self.potential.partition(":")[0]
        elements = self.frames.elements
        hot = 0.5 if "H" in elements else 1.0
        registry().find("potentials", name)
        # The file of structures is named as whoever wrote the study would: from its folder.
        file = _quoted(os.path.relpath(self.source.absolute(), self.folder))
        title = f"{self.potential} on {', '.join(sorted({_formula(frame) for frame in self.frames})[:3])}"
        return f"""\
# A study to begin with, written by `whet init`: change what you like. `whet check` says what it costs and finds
# faults, `whet run` runs it and goes on with it. Every key stands in docs/reference/study-file.md.
name: {_quoted(title)}

{self._structures(file)}

potentials: # name -> NAME or NAME:MODEL; another potential is another word here (`whet plugins` lists them)
  {_quoted(Path(name).name)}: {_quoted(full_paths_in(self.potential))}

labeler: {self._labeler(labeling, elements)} # what computes the reference labels

dynamics:
  use: {_first_usable("md_engines")}
  ensemble: nvt # or npt, nve
  temperature: 300 # K
  timestep: {hot} # fs; 0.5 with hydrogen
  equilibration: {_equilibration(elements, hot)} # steps before the first frame: ten periods of the fastest mode
  production: 500 # steps
  every: 100 # steps between frames: 6 frames a trajectory, each is labeled

{TRAINING if self.trains else f"# {name} has no fine-tuner: this study measures it, and trains nothing."}

tests: # from structures that no training uses; four trajectories are the least that decides anything
  own dynamics: {{driver: foundation, trajectories: {TEST}}} # frames of the untouched potential, labeled
  # reference dynamics: {{driver: labeler, trajectories: {TEST}}} # better, and dear: every step is a label

self_generated: {{of: none}} # `last`: also dynamics of the fine-tuned potential, labeled

running: {{workers: 2, threads: 1, device: cpu}} # steps side by side; cores of each; cpu or cuda
"""

    def _structures(self, file: str) -> str:
        if not self.copies:
            return f"structures: {{file: {file}}} # each is used for one purpose only"
        repeat = repeats(self.frames[0])
        atoms = len(self.frames[0]) * math.prod(repeat)
        many = "one structure" if len(self.frames) == 1 else f"{len(self.frames)} structures"
        return f"""\
structures: # the file has {many}: each trajectory starts from a copy of its own, with displaced atoms
  use: rattled
  file: {file}
  repeat: {list(repeat)} # copies of the cell along its vectors: {atoms} atoms
  displacement: 0.05 # Å"""

    def _labeler(self, given: Any, elements: Sequence[str]) -> str:
        spec = Spec.parse(self.labeler)
        offered: type[Labeler] = registry().find("labelers", spec.name)
        set_here = dict(given) if isinstance(given, Mapping) else {}
        options = {**offered.suggested(elements, {**spec.options, **set_here}), **spec.options}
        for word, field in offered.Options.model_fields.items():
            # A required potential (of a teacher) is another one than is studied: that would teach itself.
            if field.is_required() and word in HOOKS.values() and word not in {**options, **set_here}:
                options[word] = _another("potentials", self.potential)
        if not options and not set_here:
            return _quoted(spec.name)
        return _flow({"use": spec.name, **options})


def repeats(frame: Atoms) -> tuple[int, int, int]:
    """Copies along each periodic vector until the cell is 7 Å thick, but no more than 96 atoms."""
    import numpy as np

    if frame.cell.rank != 3:
        return (1, 1, 1)
    heights = abs(frame.cell.volume) * np.array([1 / np.linalg.norm(row) for row in _faces(frame)])
    wanted = [
        math.ceil(LEAST_LENGTH / high) if periodic else 1 for high, periodic in zip(heights, frame.pbc, strict=True)
    ]
    while len(frame) * math.prod(wanted) > MOST_ATOMS and max(wanted) > 1:
        wanted[wanted.index(max(wanted))] -= 1
    return (wanted[0], wanted[1], wanted[2])


def _faces(frame: Atoms) -> list[Any]:
    import numpy as np

    a, b, c = frame.cell.array
    return [np.cross(b, c), np.cross(c, a), np.cross(a, b)]


def _formula(frame: Atoms) -> str:
    return frame.symbols.formula.reduce()[0].format("metal")


def _first_usable(hook: str) -> str:
    """The first backend whose packages are here. MissingPackage where there is none."""
    here = registry()
    for name in here.names(hook):
        try:
            here.find(hook, name)
        except WhetError:  # broken, or without its package: `whet plugins` says it
            continue
        return name
    raise MissingPackage(f"no {HOOKS[hook]} is installed", hint="pip install whet-ase-md")


def _another(hook: str, than: str) -> str:
    """Another backend that can be used as it is. InputError where there is none."""
    here, name = registry(), than.partition(":")[0]
    for other in here.names(hook):
        try:
            if other != name:
                here.resolve(hook, Spec(other))
                return other
        except WhetError:
            continue
    raise InputError(
        f"no other {HOOKS[hook]} than {name!r} is installed", hint="Name one: --set labeler.potential=NAME"
    )


def _quoted(text: str) -> str:
    """The text as YAML: bare where it is a plain word or path."""
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _flow(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(key))}: {_flow(one)}" for key, one in value.items()) + "}"
    return _quoted(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
