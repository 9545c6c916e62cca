"""Model files: what the head of a `nep.txt` says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from whet import InputError

KINDS = ("nep4", "nep4_zbl")
"""First words of the files that are plain potentials. Others hold dipoles, polarizabilities or charges, or a
dispersion that is summed over periodic images and so depends on the box of a molecule."""


@dataclass(frozen=True)
class Head:
    """elements: chemical symbols that the model knows. cutoff: Å, the largest of all."""

    elements: tuple[str, ...]
    cutoff: float


def read_head(path: Path) -> Head:
    """The head of a model file. Raises InputError for a file that is no NEP, or one of another kind."""
    try:
        with path.open(encoding="ascii") as file:
            kind, count, *elements = file.readline().split()
            line = file.readline().split()
            name, *numbers = file.readline().split() if line[:1] == ["zbl"] else line
        # Two numbers in general, two for each element in models with cutoffs by type; then two largest neighbor counts.
        own = numbers[: 2 * len(elements)] if len(numbers) > 4 else numbers[:2]
        cutoff = max(float(number) for number in own)
        if int(count) != len(elements):
            raise ValueError(f"{count} elements are announced, {len(elements)} are named")
        if not kind.startswith("nep") or name != "cutoff":
            raise ValueError(f"it begins with {kind!r} and {name!r}")
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"not a model of NEP ({' '.join(str(error).split())[:200]})",
            where=str(path),
            hint="Give a nep.txt that GPUMD's nep wrote",
        ) from error
    if kind not in KINDS:
        raise InputError(f"{kind!r} is not a kind that this plugin reads", where=str(path), hint="It reads nep4 models")
    return Head(tuple(elements), cutoff)
