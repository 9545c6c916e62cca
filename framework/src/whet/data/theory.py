"""Level of theory: which labels are the same quantity, and which may be trained together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from whet.data.identity import JSON, key_of, without_none


@dataclass(frozen=True)
class LevelOfTheory:
    """Everything that moves a number of a label.

    method: functional or Hamiltonian (`PBE`, `GFN1-xTB`). code: the program. dispersion: `D3(BJ)` or None.
    hubbard_u: U in eV by element. pseudopotentials: family name. settings: the rest that moves a number
    (cutoff, k-density, smearing, basis, spin, convergence). by_element: what is chosen for each element, by name
    (`pseudopotentials`), then element; it moves only the frames that have the element. elements: those that it was
    narrowed to by `of`; empty for all.
    """

    method: str
    code: str = ""
    dispersion: str | None = None
    hubbard_u: Mapping[str, float] = field(default_factory=dict)
    pseudopotentials: str | None = None
    settings: Mapping[str, JSON] = field(default_factory=dict)
    by_element: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    elements: tuple[str, ...] = ()

    def of(self, symbols: Iterable[str]) -> LevelOfTheory:
        """The theory of a frame with these elements: without what is chosen for others, which moves nothing there.

        Itself where nothing is chosen by element.
        """
        if not (self.by_element or self.hubbard_u):
            return self
        wanted = set(symbols)
        chosen = {name: _only(values, wanted) for name, values in self.by_element.items()}
        return replace(
            self,
            hubbard_u=_only(self.hubbard_u, wanted),
            by_element={name: values for name, values in chosen.items() if values},
            elements=tuple(sorted(wanted)),
        )

    def covers(self, part: LevelOfTheory) -> bool:
        """Whether labels of `part` are labels of this theory: it is this one, or this one narrowed to its elements."""
        narrowed = self.of(part.elements) if part.elements else self
        return narrowed.fingerprint == part.fingerprint

    def joined(self, other: LevelOfTheory) -> LevelOfTheory | None:
        """The theory that covers both of two narrowed ones; None where they contradict each other."""
        both = {*self.elements, *other.elements}
        names = {*self.by_element, *other.by_element}
        made = replace(
            self,
            hubbard_u={**self.hubbard_u, **other.hubbard_u},
            by_element={n: {**self.by_element.get(n, {}), **other.by_element.get(n, {})} for n in sorted(names)},
            elements=tuple(sorted(both)),
        )
        return made if made.covers(self) and made.covers(other) else None

    def as_json(self) -> dict[str, JSON]:
        """Plain data, from which `from_json` makes it again."""
        return without_none(
            {
                "method": self.method,
                "code": self.code,
                "dispersion": self.dispersion,
                "hubbard_u": dict(self.hubbard_u),
                "pseudopotentials": self.pseudopotentials,
                "settings": dict(self.settings),
                "by_element": {name: dict(values) for name, values in self.by_element.items()} or None,
                "elements": list(self.elements) or None,
            }
        )

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> LevelOfTheory:
        """The theory that `as_json` described."""
        return cls(**{**data, "elements": tuple(data.get("elements", ()))})

    @property
    def fingerprint(self) -> str:
        """The key of this theory's labels in the label store."""
        return key_of(self.as_json())

    @property
    def surface(self) -> str:
        """Labels of one surface may be trained together: same method, U, dispersion and pseudopotentials."""
        chosen = self.by_element.get("pseudopotentials", {})
        parts = [self.method, dict(self.hubbard_u), self.dispersion, self.pseudopotentials]
        return key_of([*parts, dict(chosen)] if chosen else parts)

    def __str__(self) -> str:
        parts = [self.method]
        if self.hubbard_u:
            parts[0] += "+U(" + ", ".join(f"{el} {u:g}" for el, u in sorted(self.hubbard_u.items())) + ")"
        if self.dispersion:
            parts.append(self.dispersion)
        return "-".join(parts) + (f" ({self.code})" if self.code else "")


def _only(values: Mapping[str, JSON], wanted: Iterable[str]) -> dict[str, JSON]:
    return {element: value for element, value in sorted(values.items()) if element in wanted}
