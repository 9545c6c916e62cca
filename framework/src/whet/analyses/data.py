"""data: what looks wrong in the labels of training and test sets, and frames that are trained on and tested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import ClassVar

from whet.analyses.parts.structure_picture import structure_picture
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Column, Findings, Table, Verdict
from whet.contracts.ports import Dataset, LabeledFrames, Port
from whet.contracts.task import Work
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.data.numbers import count

QUESTION = "Is the data sound?"

LIMITS = "labels of the potentials' own dynamics are not looked at"

COLUMNS = (
    Column("data", description="The name of the frames in the study file."),
    Column("suspicion", description="What looks wrong, with the places of some frames."),
)


class Data(Analysis):
    """What looks wrong in labels, and training frames that are tested on; each is a verdict."""

    name = "data"
    result_version = 5
    place = 90
    by_default = True
    inputs: ClassVar = {
        "labeled": Port(LabeledFrames, what="files that were read, and test sets"),
        "datasets": Port(Dataset, what="what was trained on"),
        "gathered": Port(LabeledFrames, what="training frames that strategies sampled"),
        "replayed": Port(LabeledFrames, what="replay frames of trainings"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        tested = ("independent", "replay")
        labeled = [
            piece
            for piece in study.all(LabeledFrames)
            if piece.ref.set_kind in tested or (piece.ref.set_kind == "training" and piece.ref.gathered_by is None)
        ]
        replayed = study.all(LabeledFrames, set_kind="replayed")
        gathered = [piece for piece in study.all(LabeledFrames, set_kind="training") if piece.ref.gathered_by]
        inputs = {"labeled": labeled, "datasets": study.all(Dataset)}
        inputs |= {role: one for role, one in (("gathered", gathered), ("replayed", replayed)) if one}
        return [Wanted(inputs)] if labeled else []

    def run(self, work: Work) -> Findings:
        labeled = work.all("labeled", LabeledFrames)
        replayed = _sets(work.all("replayed", LabeledFrames), "replayed")
        gathered = _sets(work.all("gathered", LabeledFrames), "training")
        looked_at = {**_sets(labeled, "independent"), **gathered}
        found = list(dict.fromkeys([*_suspicious(labeled), *_looks_wrong(looked_at)]))
        found += _trained_on(_sets(labeled, "independent"), work.all("datasets", Dataset))
        found += _replayed(_sets(labeled, "independent", "replay"), replayed)
        found += _tested_twice(_sets(labeled, "independent", "replay"))
        verdicts = [Verdict(QUESTION, f"{name}: {what}") for name, what in found]
        if not found:
            sets = count(len({one.ref.set for one in labeled}), "set")
            frames = count(sum(len(one.frames) for one in labeled), "frame")
            sampled = count(len(sum(gathered.values(), FrameSet(())).unique()), "training frame")
            known = f"{frames} of {sets}" + (f", and {sampled} that strategies sampled" if gathered else "")
            more = {"limits": LIMITS, "prominent": False}
            verdicts = [Verdict(QUESTION, "nothing looks wrong", known, **more)]
        first = next((one for one in labeled if len(one.frames)), None)
        shown = first and structure_picture(first.frames[0], f"The first frame of “{first.ref.set}”")
        return Findings(
            "Data",
            figures=[replace(shown, prominent=True)] if shown else [],
            tables=(Table("suspicious", "What looks wrong in the data", COLUMNS, found, shown=bool(found)),),
            verdicts=verdicts,
            definition="Labels of a set, for training or for tests, are looked at together: forces, energies and "
            "stresses that stand apart from the others, and units that cannot be. A frame that is trained "
            "on and tested on is one with the same atoms in the same places. A near-duplicate has the same "
            "cell to half a percent, and no atom displaced by 0.05 Å or more, wherever the whole stands and "
            "in whatever order like atoms are; rotations and other choices of the cell are not looked for.",
        )


def _suspicious(labeled: Sequence[LabeledFrames]) -> Iterator[tuple[str, str]]:
    from whet.labels.label_checks import Finding

    for one in labeled:
        for said in one.suspicious:
            yield one.ref.set, str(Finding(said["kind"], said["what"], tuple(said["places"])))


def _looks_wrong(sets: Mapping[str, FrameSet]) -> Iterator[tuple[str, str]]:
    """In labels that were computed here; those of a file were looked at when it was read, and say the same."""
    from whet.labels.label_checks import LabelChecks

    for name, frames in sets.items():
        checks = LabelChecks()
        for index, frame in enumerate(frames):
            checks.add(f"frame {index}", frame, Labels.of(frame))
        # Which of two energies belongs to the forces is the labeler's to know.
        yield from ((name, str(one)) for one in checks.findings() if one.kind != "two-energies")


def _trained_on(tested: Mapping[str, FrameSet], datasets: Sequence[Dataset]) -> Iterator[tuple[str, str]]:
    """For each potential and strategy which frames of an independent set are among its training frames."""
    trained: dict[tuple[str, str], FrameSet] = {}
    for one in datasets:
        whose = (one.ref.potential, one.ref.strategy)
        trained[whose] = trained.get(whose, FrameSet(())) + one.train + one.valid
    for name, frames in tested.items():
        for (potential, strategy), known in trained.items():
            by = f"({potential} {strategy})"
            for said in _overlap(
                frames, known, f"were trained on {by}", f"are near-duplicates of training frames {by}"
            ):
                yield name, said


def _replayed(tested: Mapping[str, FrameSet], replayed: Mapping[str, FrameSet]) -> Iterator[tuple[str, str]]:
    for name, frames in tested.items():
        for other, known in replayed.items():
            for said in _overlap(frames, known, f"are in the {other}", f"are near-duplicates of the {other}"):
                yield name, said


def _tested_twice(tested: Mapping[str, FrameSet]) -> Iterator[tuple[str, str]]:
    for name, other in combinations(tested, 2):
        known, of = tested[other], f"frames of the test “{other}”"
        for said in _overlap(tested[name], known, f"are {of}, too", f"are near-duplicates of {of}"):
            yield name, said


def _overlap(frames: FrameSet, others: FrameSet, are: str, nearly: str) -> Iterator[str]:
    from whet.labels.overlaps import Overlap

    return (said for said, _ in Overlap.of(frames, others.unique()).said(are, nearly))


def _sets(labeled: Sequence[LabeledFrames], *kinds: str) -> dict[str, FrameSet]:
    """The frames of each set of these kinds, its parts together."""
    found: dict[str, FrameSet] = {}
    for one in labeled:
        if one.ref.set_kind in kinds:
            found[one.ref.set] = found.get(one.ref.set, FrameSet(())) + one.frames
    return found
