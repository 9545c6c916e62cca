"""Level of theory: which labels are the same quantity, and which may be trained together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whet.data.identity import JSON, key_of, without_none


@dataclass(frozen=True)
class LevelOfTheory:
    """Everything that moves a number of a label.

    method: functional or Hamiltonian (`PBE`, `GFN1-xTB`). code: the program. dispersion: `D3(BJ)` or None.
    hubbard_u: U in eV by element. pseudopotentials: family name. settings: the rest that moves a number
    (cutoff, k-density, smearing, basis, spin, convergence, hashes of pseudopotentials).
    """

    method: str
    code: str = ""
    dispersion: str | None = None
    hubbard_u: Mapping[str, float] = field(default_factory=dict)
    pseudopotentials: str | None = None
    settings: Mapping[str, JSON] = field(default_factory=dict)

    def as_json(self) -> dict[str, JSON]:
        """Plain data, from which `LevelOfTheory(**data)` makes it again."""
        return without_none(
            {
                "method": self.method,
                "code": self.code,
                "dispersion": self.dispersion,
                "hubbard_u": dict(self.hubbard_u),
                "pseudopotentials": self.pseudopotentials,
                "settings": dict(self.settings),
            }
        )

    @property
    def fingerprint(self) -> str:
        """The key of this theory's labels on the shelf."""
        return key_of(self.as_json())

    @property
    def surface(self) -> str:
        """Labels of one surface may be trained together: same method, U, dispersion and pseudopotentials."""
        return key_of([self.method, dict(self.hubbard_u), self.dispersion, self.pseudopotentials])

    def __str__(self) -> str:
        parts = [self.method]
        if self.hubbard_u:
            parts[0] += "+U(" + ", ".join(f"{el} {u:g}" for el, u in sorted(self.hubbard_u.items())) + ")"
        if self.dispersion:
            parts.append(self.dispersion)
        return "-".join(parts) + (f" ({self.code})" if self.code else "")
