"""check_structures: every check of a source of starting structures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from whet.contracts.structures import StructureSource
from whet.data.errors import InputError
from whet.data.frame_checks import check_frame
from whet.data.frame_identity import frame_key
from whet.data.packed import pack
from whet.plugins.registry import registry
from whet.testing.check import TIERS, Check, NotApplicable, Tier, check, demand
from whet.testing.conformance import Conformance, Kit, Outcome, run_checks
from whet.testing.fresh_interpreter import digests_elsewhere
from whet.testing.subject import Given, Subject

if TYPE_CHECKING:
    from ase import Atoms

FEW = 4
"""Structures that are looked at."""

SEED = 7


class StructureSubject(Subject):
    """A structure source under test: a component, or how a user names one."""

    hook = "structures"

    @cached_property
    def source(self) -> StructureSource:
        """The living source."""
        return registry().load(self.component)

    @property
    def indices(self) -> range:
        """The first few that it has."""
        return range(FEW if self.source.count is None else min(FEW, self.source.count))

    def make(self, index: int) -> Atoms:
        """The structure of that index."""
        return self.source.make(index, SEED)


@check("contract")
def structures_are_frames(subject: StructureSubject) -> None:
    """Each structure is one that a potential could be asked about: atoms, finite positions, a cell where periodic.

    It carries no calculator and no labels: what they are worth is the labeler's business.
    """
    from ase import Atoms

    for index in subject.indices:
        made = subject.make(index)
        demand(isinstance(made, Atoms), f"structure {index} is {type(made).__name__}, no ase.Atoms")
        check_frame(made)
        demand(made.calc is None, f"structure {index} carries a calculator")


@check("contract")
def same_index_and_seed_same_structure(subject: StructureSubject) -> None:
    """The same index and seed give the same structure, bit for bit, in any order, and from a fresh source.

    Fails where one generator of random numbers is shared by all calls, or where a dictionary's order gets in.
    """
    before = {index: digest(subject.make(index)) for index in subject.indices}
    again = {index: digest(subject.make(index)) for index in reversed(subject.indices)}
    fresh = registry().load(subject.component)
    for index in subject.indices:
        demand(again[index] == before[index], f"structure {index} is another one when it is made again")
    last = subject.indices[-1]
    demand(digest(fresh.make(last, SEED)) == before[last], f"a fresh source makes another structure {last}")


@check("contract")
def another_process_makes_the_same(subject: StructureSubject) -> None:
    """Another interpreter makes the same structures, bit for bit: steps run in processes of their own.

    Fails where Python's own hashes, the time, the process or a file's place get into the random numbers.
    """
    here = [digest(subject.make(index)) for index in subject.indices]
    there = digests_elsewhere(subject.component, len(here), SEED)
    wrong = [str(index) for index, (one, other) in enumerate(zip(here, there, strict=True)) if one != other]
    demand(not wrong, f"another process makes other structures under the indices {', '.join(wrong)}")


@check("contract")
def another_index_is_another_structure(subject: StructureSubject) -> None:
    """Each index has a structure of its own: training, tests and own runs get theirs by index, never the same one."""
    found: dict[str, int] = {}
    for index in subject.indices:
        first = found.setdefault(frame_key(subject.make(index)), index)
        demand(first == index, f"structures {first} and {index} are the same")


@check("contract")
def structures_end_where_it_says(subject: StructureSubject) -> None:
    """A source that states how many structures it has refuses the next one, as it does a negative index: InputError.

    Fails where the first structures are given once more, which puts one structure into training and test.
    """
    if (count := subject.source.count) is None:
        raise NotApplicable("it states no number of structures")
    demand(count > 0, f"it states {count} structures")
    for index in (count, -1):
        try:
            subject.make(index)
        except InputError:
            continue
        demand(False, f"it states {count} structures and makes one of the index {index}")


@check("contract")
def random_numbers_of_others_stay(subject: StructureSubject) -> None:
    """Making a structure moves no generator of random numbers but its own."""
    import random

    import numpy as np

    before = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    subject.make(0)
    after = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    demand(before == after, "it draws from the random numbers of the whole process")


def digest(atoms: Atoms) -> str:
    """SHA-256 of all that a structure carries."""
    return hashlib.sha256(pack(atoms)).hexdigest()


STRUCTURE_CHECKS: tuple[Check, ...] = (
    structures_are_frames,
    same_index_and_seed_same_structure,
    another_process_makes_the_same,
    another_index_is_another_structure,
    structures_end_where_it_says,
    random_numbers_of_others_stay,
)


def check_structures(
    source: Given,
    expected_failures: Mapping[str, str] | None = None,
    *,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of a structure source; the arguments are those of `check_potential`."""
    subject = StructureSubject(source)
    return run_checks(STRUCTURE_CHECKS, subject, expected_failures=expected_failures, tiers=tiers, only=only, seen=seen)


KIT = Kit(STRUCTURE_CHECKS, check_structures)
