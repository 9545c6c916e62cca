"""TheoryStatement: what a user says about the theory of labels, settled with what their source says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from whet.data.errors import FrameError, InputError
from whet.data.identity import JSON
from whet.data.theory import LevelOfTheory

HOW = "Add --theory METHOD (with --code, --u, --dispersion, --setting), or --labeler NAME whose labels they equal"


@dataclass(frozen=True)
class TheoryStatement:
    """Parts of a theory, each None or empty where the user said nothing; or the whole of one.

    exact: the theory of a labeler, which the labels are said to equal in everything.
    """

    method: str | None = None
    code: str | None = None
    dispersion: str | None = None
    hubbard_u: Mapping[str, float] = field(default_factory=dict)
    pseudopotentials: str | None = None
    settings: Mapping[str, JSON] = field(default_factory=dict)
    exact: LevelOfTheory | None = None

    def settle(self, source: LevelOfTheory | None) -> LevelOfTheory:
        """The theory of a label whose source states `source`.

        Where both say something they must not contradict each other; the source's theory is then the fuller one.
        Raises FrameError for a contradiction, InputError where nobody says anything.
        """
        if self.exact is not None:
            return self._as_exactly(self.exact, source)
        if source is None:
            return self.alone()
        for name in ("method", "code", "dispersion", "pseudopotentials"):
            _agree(name, getattr(self, name), getattr(source, name))
        elements = source.elements or tuple(self.hubbard_u)
        said = {element: value for element, value in self.hubbard_u.items() if element in elements}
        if said and said != dict(source.hubbard_u):
            _agree("U", said, dict(source.hubbard_u))
        for name, value in self.settings.items():
            _agree(name, value, source.settings.get(name))
        return source

    def alone(self) -> LevelOfTheory:
        """The theory where the source states none. InputError where its method is not said."""
        if self.exact is not None:
            return self.exact
        if not self.method:
            parts = (self.code, self.dispersion, self.hubbard_u, self.pseudopotentials, self.settings)
            raise InputError(f"the {'method' if any(parts) else 'theory'} of these labels is not stated", hint=HOW)
        return LevelOfTheory(
            self.method,
            code=self.code or "",
            dispersion=self.dispersion,
            hubbard_u=dict(self.hubbard_u),
            pseudopotentials=self.pseudopotentials,
            settings=dict(self.settings),
        )

    def _as_exactly(self, exact: LevelOfTheory, source: LevelOfTheory | None) -> LevelOfTheory:
        narrowed = exact if source is None else exact.of(source.elements or exact.elements)
        if source is not None and source.fingerprint not in (exact.fingerprint, narrowed.fingerprint):
            differing = ", ".join(differences(narrowed, source))
            raise FrameError(f"not what this labeler computes: {differing}")
        return exact


def differences(one: LevelOfTheory, other: LevelOfTheory) -> Iterable[str]:
    """Each part in which another theory differs from one: `encut is 400, not 520`."""
    ours, theirs = ({**data.pop("settings"), **data} for data in (one.as_json(), other.as_json()))
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            yield f"{name} is {theirs.get(name, 'unset')}, not {ours.get(name, 'unset')}"


def _agree(name: str, said: JSON, stated: JSON) -> None:
    if said not in (None, "", {}) and said != stated:
        found = "none" if stated in (None, "", {}) else stated
        raise FrameError(f"the theory is said to have {name} {said}, the source states {found}")
