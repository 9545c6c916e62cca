"""fine_tune: plain fine-tuning of a potential on a labeled file, scored before and after, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.contracts.component import Component
from whet.contracts.ports import FineTuning
from whet.contracts.potential import Potential
from whet.plugins.registry import registry
from whet.study.evaluation import evaluation_of
from whet.study.file_tuning import TuningRequest, tuning_study
from whet.study.given_frames import file_of
from whet.study.potential_export import ExportedPotential, export_potential
from whet.study.scored_frames import Evaluation
from whet.study.study import Study

EXPORTED = "potential"
"""Where in the folder the potential lies."""


@dataclass(frozen=True)
class FineTunedFile:
    """A potential that was fine-tuned on a file.

    folder: of its study. before, after: scores (see `whet.study.scores.scores_of`) of the untouched and of the
    fine-tuned potential on frames that training did not see; None where there are none. applied: what the potential's
    package really did, read back (epochs, learning_rate, batch_size, …). evaluation: both scores with the frames and
    the predictions for them. exported: where the potential lies, ready to be used without the study. copies: frames of
    the file that are copies of others, and were left out.
    """

    folder: Path
    component: Component
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    applied: Mapping[str, Any]
    train: int
    evaluation: Evaluation
    exported: ExportedPotential
    copies: int = 0

    @classmethod
    def of(cls, study: Study, copies: int = 0) -> FineTunedFile:
        """What a study of `tuning_study` that has run left. copies: of its request."""
        stored = study.stored
        (piece,) = stored.stored.plan.all(FineTuning)
        made = stored.done[piece.key]
        assert made.component is not None
        plain = [score for score in stored.scores if not score["correction"]]
        before, after = ([one for one in plain if bool(one["strategy"]) == tuned] for tuned in (False, True))
        return cls(
            study.source.folder,
            made.component,
            next(iter(before), None),
            next(iter(after), None),
            made.values["applied"],
            made.values["train"],
            evaluation_of(stored),
            export_potential(stored, folder=study.source.folder / EXPORTED, overwrite=True),
            copies,
        )

    @property
    def store(self) -> Path:
        """Where the files of the potential lie, by content."""
        return self.folder / ".whet"

    def potential(self, device: str = "cpu") -> Potential:
        """The potential, loaded. Raises what `Registry.load` raises."""
        return registry().load(self.component, store=self.store, device=device)


def fine_tune(
    frames: Any,
    potential: str,
    folder: str | Path,
    *,
    valid: Any = None,
    valid_fraction: float = 0.2,
    epochs: int | None = None,
    method: str | None = None,
    learning_rate: float | None = None,
    seed: int = 1,
    settings: Mapping[str, Any] | None = None,
    keys: Mapping[str, str] | None = None,
    sampled_by: str | None = None,
    groups: str = "",
    device: str = "cpu",
    threads: int = 1,
    environment: str | Path | None = None,
) -> FineTunedFile:
    """Fine-tunes a potential on labeled frames and scores it, before and after, on frames that training does not see.

    Reference energies are aligned before the first step, and what was asked for is compared with what was done. The
    folder gets a study (`study.yaml`, its store); the same call goes on with it.

    >>> done = whet.fine_tune("frames.extxyz", "chgnet", "chgnet-frames", epochs=20)
    >>> done.before["forces"]["mae"], done.after["forces"]["mae"]
    >>> atoms.calc = done.potential().calculator()

    frames, valid: as for `whet.evaluate`; without `valid` a share of the frames is held back, whole groups where frames
    name them. method: `full`, `frozen`, `lora`, `head-only`, `multihead-replay`. settings: any other words of
    `fine_tune:` of a study file. Raises the first fault: InputError, FrameError, UnknownName, NotApplied, ….
    """
    place = Path(folder)
    given = {"epochs": epochs, "strategy": method, "learning_rate": learning_rate}
    request = TuningRequest(
        file_of(frames, place, "given"),
        potential,
        None if valid is None else file_of(valid, place, "given-valid"),
        valid_fraction,
        seed,
        {**{word: value for word, value in given.items() if value is not None}, **(settings or {})},
        running={"device": device, "threads": threads},
        keys=keys or {},
        sampled_by=sampled_by,
        groups=groups,
        environments=(str(environment),) if environment else (),
    )
    study = tuning_study(request, place)
    for error in study.run().failed.values():
        raise error
    return FineTunedFile.of(study, request.copies)
