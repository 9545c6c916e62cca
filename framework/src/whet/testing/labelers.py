"""check_labeler: every check of a labeler, on a small molecule."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Spec
from whet.contracts.labeling import Labeler
from whet.data.labels import Failure, Labels
from whet.plugins.registry import registry
from whet.programs.code_labeler import CodeOptions
from whet.testing.check import TIERS, Check, NotApplicable, Tier, check, demand
from whet.testing.conformance import Conformance, Kit, Outcome, run_checks
from whet.testing.option_variations import varied, with_changed_file
from whet.testing.subject import Given, Subject

if TYPE_CHECKING:
    from ase import Atoms


CORE_OPTIONS = frozenset(CodeOptions.not_identity)
"""Options that are the core's: how a program is run."""


class LabelerSubject(Subject):
    """A labeler under test: a component, or how a user names one.

    molecule: its formula, as ASE's collection has it. variations: other values of options, beside the plugin's own.
    """

    hook = "labelers"

    def __init__(self, given: Given, *, molecule: str = "H2O", variations: Mapping[str, Any] | None = None) -> None:
        super().__init__(given)
        self.variations: Mapping[str, Any] = variations or {}
        self.molecule = molecule
        self._scratch = tempfile.TemporaryDirectory(prefix="whet-check-")

    @cached_property
    def labeler(self) -> Labeler:
        """The living labeler."""
        return registry().load(self.component)

    def frame(self, seed: int = 1) -> Atoms:
        """The molecule, off its equilibrium, in a periodic box."""
        from ase.build import molecule

        atoms = molecule(self.molecule, vacuum=4.0)
        atoms.pbc = True
        atoms.rattle(0.04, seed=seed)
        return atoms

    def label(self, *frames: Atoms) -> list[Labels | Failure]:
        """What the labeler says of each frame."""
        return list(self.labeler.label(frames, Path(self._scratch.name)))

    def labels(self, *frames: Atoms) -> list[Labels]:
        """Labels of frames that must not fail."""
        answers = self.label(*frames)
        failed = [answer.reason for answer in answers if isinstance(answer, Failure)]
        demand(not failed, f"a frame failed: {failed[0] if failed else ''}")
        return [answer for answer in answers if isinstance(answer, Labels)]


@check("contract")
def theory_is_stated(subject: LabelerSubject) -> None:
    """The level of theory is named, is plain data, and is the same for another instance.

    Its fingerprint is the key of every label that is kept: whatever moves a number belongs in it, and nothing else.
    """
    import json

    theory = subject.labeler.theory
    demand(theory.method.strip(), "it has no method")
    json.dumps(theory.as_json())
    again: Labeler = registry().load(subject.component)
    demand(again.theory.fingerprint == theory.fingerprint, "another instance has another fingerprint")


@check("contract")
def every_option_that_moves_a_label_is_in_the_theory(subject: LabelerSubject) -> None:
    """Each option is varied: the theory has another fingerprint then, or the labels are the same.

    An option that `theory` leaves out hands out the labels of its first value for those of every other. One of text, a
    list or a mapping is varied by what `variations` says; the files of a component by their content.
    """
    labeler, scratch = subject.labeler, Path(subject._scratch.name)
    cls, here = type(labeler), registry()
    names = {role: ref.locate() for role, ref in subject.component.files.items()}
    own = labeler.theory.fingerprint

    def made(options: Any) -> Labeler:
        return here.load(here.resolve("labelers", Spec(cls.name, options.as_json())))

    stated = {**cls.variations(labeler.options), **subject.variations}
    unknown, wrong = [], []
    for name, options in varied(labeler.options, stated, names, lambda options: made(options) and None):
        if name in CORE_OPTIONS:
            continue
        if options is None:
            unknown.append(name)
        elif (other := made(options)).theory.fingerprint == own and _moved(subject, other, scratch / f"varied-{name}"):
            wrong.append(name)
    demand(not wrong, f"labels move with {', '.join(wrong)}, and the theory does not")
    for role in names:
        changed: Labeler = here.load(with_changed_file(subject.component, role, scratch))
        same = changed.theory.fingerprint == own and _moved(subject, changed, scratch / f"varied-{role}")
        demand(not same, f"labels move with the content of the file {role!r}, and the theory does not")
    demand(not unknown, f"no other value is known of {', '.join(unknown)}: state one in `variations`")


def _moved(subject: LabelerSubject, other: Labeler, folder: Path) -> bool:
    """Whether another instance labels a frame differently; one that fails moves nothing."""
    import numpy as np

    frame = subject.frame()
    first, second = subject.label(frame)[0], next(iter(other.label([frame], folder)))
    if isinstance(first, Failure) or isinstance(second, Failure):
        return False
    apart = float(np.abs(first.forces - second.forces).max())
    return abs(first.energy - second.energy) > 1e-6 or apart > 1e-5


@check("contract")
def one_answer_a_frame(subject: LabelerSubject) -> None:
    """Each frame gets Labels or a Failure, in order, of the right shapes, and is not changed."""
    frames = [subject.frame(seed) for seed in (1, 2)]
    before = [frame.copy() for frame in frames]
    answers = subject.label(*frames)
    demand(len(answers) == 2, f"two frames were given, {len(answers)} answers came")
    for answer in answers:
        demand(isinstance(answer, Labels | Failure), f"an answer is a {type(answer).__name__}")
    for frame, labels in zip(frames, subject.labels(*frames), strict=True):
        labels.checked(len(frame))
    demand(all(frame == other for frame, other in zip(frames, before, strict=True)), "a frame was changed")


@check("contract")
def answers_come_as_they_are_there(subject: LabelerSubject) -> None:
    """The first answer is there before the second frame is begun: the core stores each at once.

    A label that waits in a list for the others is lost when the machine goes down.
    """
    asked: list[int] = []

    class Watched(list):
        def __getitem__(self, index: Any) -> Any:
            asked.append(index)
            return super().__getitem__(index)

        def __iter__(self) -> Any:
            for index in range(len(self)):
                yield self[index]

    next(iter(subject.labeler.label(Watched([subject.frame(seed) for seed in (1, 2, 3)]), Path(subject._scratch.name))))
    demand(len(asked) <= 2, f"{len(asked)} of 3 frames were read before the first answer came")


@check("contract")
def same_frame_same_labels(subject: LabelerSubject) -> None:
    """A frame has the same labels again, and after another one: within 1e-6 eV and 1e-5 eV/Å."""
    import numpy as np

    frame = subject.frame()
    first, _, again = subject.labels(frame, subject.frame(2), frame)
    demand(abs(first.energy - again.energy) < 1e-6, f"the energy differs by {abs(first.energy - again.energy):.2g} eV")
    worst = float(np.abs(first.forces - again.forces).max())
    demand(worst < 1e-5, f"a force differs by {worst:.2g} eV/Å")


@check("contract")
def a_hopeless_frame_is_a_failure(subject: LabelerSubject) -> None:
    """Two atoms on one place are a Failure with its reason, or labels that are finite; the frames after it are labeled.

    Failed calculations that pass for successful ones poison a training set.
    """
    bad = subject.frame()
    bad.positions[1] = bad.positions[0]
    first, second = subject.label(bad, subject.frame())
    if isinstance(first, Failure):
        demand(first.reason.strip(), "the failure has no reason")
    else:
        first.checked(len(bad))
    demand(isinstance(second, Labels), "the frame after it got no labels")


@check("physics")
def label_forces_are_the_slope_of_the_energy(subject: LabelerSubject) -> None:
    """Forces are the slope of the energy that comes with them: of the free energy, where electrons are smeared.

    VASP prints three energies; only one of them belongs to its forces.
    """
    import numpy as np

    frame, step = subject.frame(), 0.01
    moved = []
    for sign in (1, -1):
        other = frame.copy()
        other.positions[0] += sign * step * np.array(_ALONG)
        moved.append(other)
    labels, up, down = subject.labels(frame, *moved)
    slope, said = (up.energy - down.energy) / (2 * step), -float(labels.forces[0] @ _ALONG)
    demand(abs(slope - said) < 0.02 + 0.01 * abs(said), f"the slope is {slope:.4f} eV/Å, the force says {said:.4f}")


@check("physics")
def label_stress_is_the_strain_derivative(subject: LabelerSubject) -> None:
    """Stress is the derivative of the energy by strain over the volume, tension positive, in eV/Å³."""
    import numpy as np

    frame, step = subject.frame(), 0.005
    (labels,) = subject.labels(frame)
    if labels.stress is None:
        raise NotApplicable("it answers no stress")
    energies = []
    for sign in (1, -1):
        other = frame.copy()
        other.set_cell(frame.cell.array * (1 + sign * step), scale_atoms=True)
        energies.append(subject.labels(other)[0].energy)
    found = (energies[0] - energies[1]) / (2 * step) / frame.get_volume()
    said = float(np.trace(labels.stress))
    demand(abs(found - said) < 2e-4 + 0.03 * abs(found), f"the trace should be {found:.5f} eV/Å³ and is {said:.5f}")


_ALONG = (0.48, 0.6, 0.64)

LABELER_CHECKS: tuple[Check, ...] = (
    theory_is_stated,
    every_option_that_moves_a_label_is_in_the_theory,
    one_answer_a_frame,
    answers_come_as_they_are_there,
    same_frame_same_labels,
    a_hopeless_frame_is_a_failure,
    label_forces_are_the_slope_of_the_energy,
    label_stress_is_the_strain_derivative,
)


def check_labeler(
    labeler: Given,
    expected_failures: Mapping[str, str] | None = None,
    *,
    molecule: str = "H2O",
    variations: Mapping[str, Any] | None = None,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of a labeler; the other arguments are those of `check_potential`."""
    subject = LabelerSubject(labeler, molecule=molecule, variations=variations)
    return run_checks(LABELER_CHECKS, subject, expected_failures=expected_failures, tiers=tiers, only=only, seen=seen)


KIT = Kit(LABELER_CHECKS, check_labeler)
