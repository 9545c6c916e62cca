"""analysis_study: one analysis, or one probe, of files: a study that needs no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from whet.contracts.analysis import Analysis
from whet.contracts.findings import Findings
from whet.contracts.ports import LabeledFrames, Predictions, SampledTrajectory
from whet.data.errors import FrameError, InputError, UnknownName
from whet.data.identity import without_none
from whet.data.input_files import regular_file
from whet.plugins.registry import registry
from whet.study.file_study import Evaluated, by_label, file_study, sampler
from whet.study.other_interpreter import Environments
from whet.study.schema import Given
from whet.study.stored_study import StoredStudy
from whet.study.study import Study

PROPERTIES = "properties"
"""The analysis that shows what probes measured."""

TOGETHER = "trajectories"
"""The set that several trajectories make whose set nobody names."""


@dataclass(frozen=True)
class AnalysisRequest:
    """An analysis or a probe, and what it is of.

    name: of the analysis or probe. sets: name of a set -> its files or folders; for a probe all of them are materials.
    potentials: as for `whet evaluate`; there may be none. options: of the analysis or probe. interval: fs between
    frames, where each file is a trajectory. reference: of a probe, a table of values to hold potentials against.
    labeler: of a probe, what measures the reference. descriptor: by default the one that is installed. sampled_by:
    who sampled the frames; a set that is called `reference`, or as a potential, says it by its name.
    """

    name: str
    sets: Mapping[str, Sequence[Path]]
    potentials: Sequence[Evaluated] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    interval: float | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    first: int | None = None
    sampled_by: str | None = None
    groups: str = ""
    descriptor: Given | None = None
    labeler: Given | None = None
    reference: Path | None = None
    running: Mapping[str, Any] = field(default_factory=dict)
    environments: Environments = ()

    @property
    def is_probe(self) -> bool:
        """Whether it is a probe. UnknownName where the name is neither a probe's nor an analysis's."""
        here = registry()
        if here.knows("analyses", self.name):
            return False
        if here.knows("probes", self.name):
            return True
        known = [*here.names("analyses"), *here.names("probes")]
        raise UnknownName.among("analysis or probe", self.name, known)

    @property
    def shown_by(self) -> str:
        """The analysis that has its findings."""
        return PROPERTIES if self.is_probe else self.name


def analysis_study(request: AnalysisRequest, *, store: Path) -> Study:
    """The study that it is; `found_of` has what it found.

    Raises UnknownName for the name, InputError where a file is missing or a word is of the other kind (a probe has no
    `interval`, an analysis no `reference`), and what resolving the components raises.
    """
    potentials = by_label(request.potentials)
    for path in (path for paths in request.sets.values() for path in paths):
        if not path.is_dir():
            regular_file(path)
    title = f"{request.name} of {', '.join(_called(name, paths) for name, paths in request.sets.items())}"
    rest: dict[str, Any] = {"running": request.running, "environments": request.environments, "store": store}
    if request.is_probe:
        words = ("interval", "first", "keys", "sampled_by", "groups", "descriptor")
        _refuse(request, "an analysis", **{word: getattr(request, word) for word in words})
        return file_study(title, potentials, {PROPERTIES: {}}, **rest, **_probed(request))
    _refuse(request, "a probe", reference=request.reference, labeler=request.labeler)
    _refuse_what_lacks(request)
    here, wanted = registry(), {request.name: request.options}
    for name in _after(request.name):
        wanted[name] = {}
    kind: type[Analysis] = here.find("analyses", request.name)
    descriptor = request.descriptor or _only_descriptor(kind)
    tests = {name: _test(request, name, paths, list(potentials)) for name, paths in request.sets.items()}
    more: dict[str, Any] = {"descriptor": descriptor} if descriptor else {}
    return file_study(title, potentials, wanted, **rest, **more, tests=tests)


def named_sets(words: Sequence[str], *, together: bool) -> dict[str, list[Path]]:
    """The files by the set that they are of: `SET=FILE`, or a file alone.

    together: whether files whose set nobody names are one set; otherwise each is its own, called as the file, with a
    number where another one is called so. InputError for a set, or a file, without a name.
    """
    found: dict[str, list[Path]] = {}
    alone = [word for word in words if Path(word).exists() or "=" not in word]
    for word in words:
        if word not in alone:
            name, _, file = word.partition("=")
            if not (name.strip() and file):
                missing = "file" if name.strip() else "set"
                raise InputError(f"{word!r} names no {missing}", hint="Write SET=FILE, or a file alone")
            found.setdefault(name, []).append(Path(file))
        elif together and len(alone) > 1:
            found.setdefault(TOGETHER, []).append(Path(word))
        else:
            stem = Path(word).absolute().stem
            names = (stem, *(f"{stem} {number}" for number in range(2, len(words) + 1)))
            found[next(name for name in names if name not in found)] = [Path(word)]
    return found


def kept_in(request: AnalysisRequest, scratch: Path) -> Path:
    """The store where nobody names one: a lasting one where labels are paid for."""
    return Path(".whet") if request.labeler is not None else scratch / "store"


def found_of(request: AnalysisRequest, study: StoredStudy) -> list[Findings]:
    """What it found. FrameError where there was nothing in these files for it to look at, or no score could be had."""
    found = [study.names.findings(one) for one in study.findings(request.shown_by)]
    if all(one.is_empty for one in found):
        if study.unscored:
            which, why = study.unscored[0]
            raise FrameError(why, where=which)
        if notes := [note.rstrip(".") for one in found for note in one.notes]:
            raise FrameError("; ".join(notes))
    if not found:
        raise FrameError(
            f"{request.name} has nothing to look at in these files",
            where=", ".join(str(path) for paths in request.sets.values() for path in paths),
            hint=_wanted_by(request),
        )
    return found


def _test(request: AnalysisRequest, name: str, paths: Sequence[Path], labels: Sequence[str]) -> dict[str, Any]:
    by_name = name if name == "reference" or name in labels else None
    known = {
        "file": [str(path.absolute()) for path in paths],
        "interval": request.interval,
        "first": request.first,
        "keys": dict(request.keys) or None,
        "sampled_by": by_name or sampler(request.sampled_by, labels),
        "groups": request.groups or None,
    }
    return without_none(known)


def _called(name: str, paths: Sequence[Path]) -> str:
    return paths[0].name if len(paths) == 1 else f"{name} ({len(paths)} files)"


def _probed(request: AnalysisRequest) -> dict[str, Any]:
    if not request.potentials and request.labeler is None:
        raise InputError(f"{request.name} needs a potential to ask", hint="Name one: --potential chgnet")
    reference = None if request.reference is None else str(regular_file(request.reference).absolute())
    probe = {**request.options} | ({"reference": reference} if reference else {})
    materials = [str(path.absolute()) for paths in request.sets.values() for path in paths]
    return {"materials": materials, "probes": {request.name: probe}} | without_none({"labeler": request.labeler})


def _refuse(request: AnalysisRequest, whose: str, **words: Any) -> None:
    """InputError where a word is given that goes with the other kind."""
    for word, given in words.items():
        if given:
            which = "a probe" if request.is_probe else "an analysis"
            raise InputError(f"`{word}` goes with {whose}; {request.name} is {which}", hint="Leave it out")


def _refuse_what_lacks(request: AnalysisRequest) -> None:
    """InputError where what the analysis looks at cannot come of these words."""
    here = registry()
    looked_at = [here.find("analyses", name).inputs.values() for name in (request.name, *_after(request.name))]
    own, every = ({port.data.kind for port in ports} for ports in (looked_at[0], chain.from_iterable(looked_at)))
    if own == {SampledTrajectory.kind} and request.interval is None:
        hint = "Say how far apart its frames are: --interval FS"
        raise InputError(f"{request.name} looks at trajectories", hint=hint)
    if Predictions.kind in every and LabeledFrames.kind not in own and not request.potentials:
        raise InputError(f"{request.name} needs a potential to ask", hint="Name one: --potential chgnet")


def _after(name: str) -> list[str]:
    """The analyses whose findings it reads, at any depth."""
    found: list[str] = []
    for one in registry().find("analyses", name).after:
        found += [one, *_after(one)]
    return [one for one in dict.fromkeys(found) if registry().knows("analyses", one)]


def _only_descriptor(analysis: type[Analysis]) -> str | None:
    """The descriptor that is installed, where the analysis needs one and there is one to take."""
    if not _describes(analysis):
        return None
    return next(iter(names)) if len(names := registry().names("descriptors")) == 1 else None


def _describes(analysis: type[Analysis]) -> bool:
    return "descriptors" in analysis.components.values()


def _wanted_by(request: AnalysisRequest) -> str:
    """What may be missing, by which option it is had; else what it looks at."""
    if request.is_probe:
        return "No potential, and no reference, has a number"
    kind: type[Analysis] = registry().find("analyses", request.name)
    kinds = {port.data.kind for port in kind.inputs.values()}
    hints = []
    if SampledTrajectory.kind in kinds and request.interval is None:
        hints.append("--interval FS (the time between two frames) makes a trajectory of each file")
    if Predictions.kind in kinds and not request.potentials:
        hints.append("--potential NAME gives predictions")
    if _describes(kind) and request.descriptor is None:
        hints.append("--descriptor NAME (for example soap) describes environments")
    looks = [f"{port.data.kind} ({port.what})" if port.what else port.data.kind for port in kind.inputs.values()]
    return "; ".join(hints) or (f"It looks at {'; '.join(looks)}" if looks else "It needs a study")
