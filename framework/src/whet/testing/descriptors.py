"""check_descriptor: every check of a descriptor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from whet.contracts.descriptor import Descriptor
from whet.plugins.registry import registry
from whet.testing import structures
from whet.testing.check import TIERS, Check, Tier, check, demand
from whet.testing.conformance import Conformance, Kit, Outcome, run_checks
from whet.testing.subject import Given, Subject

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


class DescriptorSubject(Subject):
    """A descriptor under test: a component, or how a user names one."""

    hook = "descriptors"

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        self.pair = structures.pair_of(None)

    @cached_property
    def descriptor(self) -> Descriptor:
        """The living descriptor."""
        return registry().load(self.component)

    def of(self, *frames: Atoms) -> list[np.ndarray]:
        """Features of each frame."""
        return list(self.descriptor.describe(frames, list(self.pair)))


@check("contract")
def features_belong_to_atoms(subject: DescriptorSubject) -> None:
    """One array a frame, (n_atoms, n_features), finite, with as many features for every frame of a study.

    The number of features hangs on the elements of the study, never on those of the frame.
    """
    import numpy as np

    frames = [
        structures.crystal(subject.pair),
        structures.molecule(subject.pair),
        structures.lone_atom(subject.pair[0]),
    ]
    found = subject.of(*frames)
    demand(len(found) == len(frames), f"{len(frames)} frames were given, {len(found)} arrays came")
    for frame, features in zip(frames, found, strict=True):
        demand(isinstance(features, np.ndarray) and features.ndim == 2, "features are no two-dimensional NumPy array")
        demand(len(features) == len(frame), f"{len(features)} rows for {len(frame)} atoms")
        demand(np.isfinite(features).all(), f"features of {frame.get_chemical_formula()} are not finite")
    widths = sorted({features.shape[1] for features in found})
    demand(len(widths) == 1, f"frames of one study have {' and '.join(map(str, widths))} features")


@check("contract")
def features_come_one_frame_at_a_time(subject: DescriptorSubject) -> None:
    """Features of the first frame are there before the second is asked about: never everything at once.

    Trajectories do not fit into memory; their features less so.
    """
    asked: list[int] = []

    class Watched(Sequence):
        def __init__(self, frames: list[Atoms]) -> None:
            self.frames = frames

        def __len__(self) -> int:
            return len(self.frames)

        def __getitem__(self, index: Any) -> Any:
            asked.append(index)
            return self.frames[index]

        def __iter__(self) -> Iterator[Atoms]:
            for index in range(len(self.frames)):
                yield self[index]

    frames = Watched([structures.crystal(subject.pair, seed=seed) for seed in range(4)])
    next(iter(subject.descriptor.describe(frames, list(subject.pair))))
    demand(len(asked) <= 2, f"{len(asked)} of 4 frames were read before the first features came")


@check("contract")
def frames_do_not_mix(subject: DescriptorSubject) -> None:
    """A frame has the same features, bit for bit, alone and among others; and it is not changed."""
    import numpy as np

    frame, other = structures.crystal(subject.pair), structures.molecule(subject.pair)
    before = frame.copy()
    (alone,) = subject.of(frame)
    _, among = subject.of(other, frame)
    demand(np.array_equal(alone, among), "features change with the frames beside")
    demand(frame == before, "the frame was changed")


@check("physics")
def features_are_invariant(subject: DescriptorSubject) -> None:
    """Moving, turning and wrapping a frame change no feature; reordering its atoms reorders the rows."""
    import numpy as np
    from scipy.spatial.transform import Rotation

    frame = structures.crystal(subject.pair)
    (wanted,) = subject.of(frame)
    limit = 1e-6 * max(1.0, float(np.abs(wanted).max()))
    turn = Rotation.from_rotvec([0.4, -0.7, 0.9]).as_matrix()
    moved, turned, imaged = frame.copy(), frame.copy(), frame.copy()
    moved.positions += (0.3, -0.2, 0.1)
    turned.set_cell(frame.cell.array @ turn.T, scale_atoms=True)
    imaged.positions += np.outer(np.arange(len(frame)) - 4, frame.cell.array[0])
    order = np.random.default_rng(0).permutation(len(frame))
    for what, other, rows in (
        ("moving", moved, slice(None)),
        ("turning", turned, slice(None)),
        ("images of", imaged, slice(None)),
        ("reordering", frame[order], order),
    ):
        off = float(np.abs(subject.of(other)[0] - wanted[rows]).max())
        demand(off <= limit, f"{what} the atoms changes a feature by {off:.2g}")


@check("physics")
def features_tell_environments_apart(subject: DescriptorSubject) -> None:
    """Another environment has other features."""
    import numpy as np

    first, second = subject.of(structures.crystal(subject.pair, 3), structures.crystal(subject.pair, 4))
    demand(float(np.abs(first - second).max()) > 1e-6, "two different crystals have the same features")


DESCRIPTOR_CHECKS: tuple[Check, ...] = (
    features_belong_to_atoms,
    features_come_one_frame_at_a_time,
    frames_do_not_mix,
    features_are_invariant,
    features_tell_environments_apart,
)


def check_descriptor(
    descriptor: Given,
    expected_failures: Mapping[str, str] | None = None,
    *,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of a descriptor; the arguments are those of `check_potential`."""
    subject = DescriptorSubject(descriptor)
    return run_checks(
        DESCRIPTOR_CHECKS, subject, expected_failures=expected_failures, tiers=tiers, only=only, seen=seen
    )


KIT = Kit(DESCRIPTOR_CHECKS, check_descriptor)
