"""Committee: several potentials as one: their mean, and how far their forces are apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet.contracts.component import Component, Spec
from whet.contracts.options import Options
from whet.contracts.potential import Capabilities, Potential, Property
from whet.contracts.upstream_model import UpstreamModel
from whet.data.errors import InputError, Unsupported
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms

ROLE = "potential-"
"""Its members are the parts `potential-1`, `potential-2`, …"""


class CommitteeOptions(Options):
    """Who is in it."""

    members: list[str | dict[str, Any]] = Field(min_length=2)
    """Potentials as everywhere else: `NAME`, `NAME:MODEL`, or a mapping with `use:` and its options."""


class Committee(Potential[CommitteeOptions]):
    """Several potentials as one: the mean of their energies, forces and stresses, and the spread of their forces.

    `extra["force_spread"]` (n_atoms,) is the standard deviation of each atom's force over the M members, eV/Å:
    √(Σ_m |F_m − ⟨F⟩|² / M), the model deviation of Zhang et al., Comput. Phys. Commun. 253, 107206 (2020), eq. 9. The
    monitor `max_force_spread` looks at it.
    """

    name = "committee"
    extras = frozenset({"force_spread"})
    unpickles: ClassVar[bool] = False

    @classmethod
    def find_parts(cls, options: CommitteeOptions) -> Mapping[str, Spec]:
        given = enumerate(options.members, start=1)
        return {f"{ROLE}{place}": Spec.parse(member) for place, member in given}

    @classmethod
    def of(cls, members: Sequence[Component]) -> Component:
        """The component of a committee of these potentials. InputError for fewer than two."""
        if len(members) < 2:
            raise InputError(f"a committee needs two members at least, not {len(members)}")
        parts = {f"{ROLE}{place}": member for place, member in enumerate(members, start=1)}
        options = {"members": [member.name for member in members]}
        return Component("potentials", cls.name, cls.result_version, options, {}, parts, unpickles=cls.unpickles)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; every member answers every frame of the batch."""
        import numpy as np

        answers = [list(member.evaluate(frames, properties, batch_size=len(frames))) for member in self.members]
        for one in zip(*answers, strict=True):
            forces = np.array([labels.forces for labels in one])
            stresses = [labels.stress for labels in one if labels.stress is not None]
            spread = np.sqrt(((forces - forces.mean(axis=0)) ** 2).sum(axis=2).mean(axis=0))
            yield Labels(
                energy=float(np.mean([labels.energy for labels in one])),
                forces=forces.mean(axis=0),
                stress=np.mean(stresses, axis=0) if len(stresses) == len(one) else None,
                extra={"force_spread": spread},
            )

    def export(self, folder: Path) -> UpstreamModel:
        """Unsupported: no package but Whet joins potentials in this way."""
        what = "a committee is Whet's own: no other package has a file of several potentials"
        raise Unsupported(what, hint="Whet loads all members; export a strategy without `committee:` for one file")

    @cached_property
    def members(self) -> list[Potential]:
        """The living members, in order."""
        found: list[Any] = [self.parts[f"{ROLE}{place}"] for place in range(1, len(self.parts) + 1)]
        return found

    @cached_property
    def _capabilities(self) -> Capabilities:
        each = [member.capabilities for member in self.members]
        known = [one.elements for one in each if one.elements is not None]
        cutoffs = [one.cutoff for one in each if one.cutoff is not None]
        theories = {one.theory.fingerprint: one.theory for one in each if one.theory is not None}
        same = len(theories) == 1 and all(one.theory is not None for one in each)
        return Capabilities(
            elements=frozenset.intersection(*known) if known else None,
            properties=frozenset.intersection(*(one.properties for one in each)),
            cutoff=max(cutoffs, default=None),
            conservative=all(one.conservative for one in each),
            theory=next(iter(theories.values())) if same else None,
            dtype="float32" if any(one.dtype == "float32" for one in each) else "float64",
        )
