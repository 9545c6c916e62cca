"""data: what looks wrong in the labels that a study reads, and frames that are trained on and tested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Column, Findings, Table, Verdict
from whet.contracts.ports import Dataset, LabeledFrames, Port
from whet.contracts.task import Work
from whet.data.frame_identity import frame_key
from whet.data.numbers import count

QUESTION = "Is the data sound?"

COLUMNS = (
    Column("data", description="The name of the frames in the study file."),
    Column("suspicion", description="What looks wrong, with the places of some frames."),
)


class Data(Analysis):
    """What looks wrong in labeled files, and training frames that are tested on; each is a verdict."""

    name = "data"
    place = 90
    by_default = True
    inputs: ClassVar = {
        "labeled": Port(LabeledFrames, what="files that were read, and test sets"),
        "datasets": Port(Dataset, what="what was trained on"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        tested = ("independent", "replay")
        labeled = [
            piece
            for piece in study.all(LabeledFrames)
            if piece.ref.set_kind in tested or (piece.ref.set_kind == "training" and piece.ref.gathered_by is None)
        ]
        return [Wanted({"labeled": labeled, "datasets": study.all(Dataset)})] if labeled else []

    def run(self, work: Work) -> Findings:
        labeled = work.all("labeled", LabeledFrames)
        found = [*_suspicious(labeled), *_trained_on(labeled, work.all("datasets", Dataset))]
        verdicts = [Verdict(QUESTION, f"{name}: {what}") for name, what in found]
        if not found:
            sets = count(len({one.ref.set for one in labeled}), "set")
            frames = count(sum(len(one.frames) for one in labeled), "frame")
            verdicts = [Verdict(QUESTION, "nothing looks wrong", f"{frames} of {sets}", prominent=False)]
        return Findings(
            "Data",
            tables=(Table("suspicious", "What looks wrong in the data", COLUMNS, found, shown=bool(found)),),
            verdicts=verdicts,
            definition="Labels are looked at together: forces, energies and stresses that stand apart from the others, "
            "and units that cannot be. A frame that is trained on and tested on is one with the same atoms in the same "
            "places.",
        )


def _suspicious(labeled: Sequence[LabeledFrames]) -> Iterator[tuple[str, str]]:
    from whet.labels.label_checks import Finding

    for one in labeled:
        for said in one.suspicious:
            yield one.ref.set, str(Finding(said["kind"], said["what"], tuple(said["places"])))


def _trained_on(labeled: Sequence[LabeledFrames], datasets: Sequence[Dataset]) -> Iterator[tuple[str, str]]:
    """For each potential and strategy how many frames of an independent set are among its training frames."""
    trained: dict[tuple[str, str], set[str]] = {}
    for one in datasets:
        keys = trained.setdefault((one.ref.potential, one.ref.strategy), set())
        keys.update(frame_key(frame) for part in (one.train, one.valid) for frame in part)
    for name, keys in _tested(labeled).items():
        for (potential, strategy), known in trained.items():
            if number := sum(key in known for key in keys):
                yield name, f"{number} of its {len(keys)} frames were trained on ({potential} {strategy})"


def _tested(labeled: Sequence[LabeledFrames]) -> Mapping[str, list[str]]:
    """Keys of the frames of each independent set."""
    found: dict[str, list[str]] = {}
    for one in labeled:
        if one.ref.set_kind == "independent":
            found.setdefault(one.ref.set, []).extend(map(frame_key, one.frames))
    return found
