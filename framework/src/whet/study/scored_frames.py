"""Evaluation: what `whet.evaluate` found: the scores, the frames with the predictions, a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from whet.study.predicted_frames import save_predictions

if TYPE_CHECKING:
    import pandas
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class Evaluation(Sequence[Mapping[str, Any]]):
    """Scores of potentials on labeled frames: a sequence of mappings, one for each potential, in their order.

    The keys of a score are those of `scores.json` (see `whet.study.scores.scores_of`).

    frames: the labeled frames in their order, each with what the potentials predict for it: `NAME_energy` (eV) and
    `NAME_stress` (3, 3; eV/Å³, tension positive) in `info`, `NAME_forces` (n_atoms, 3; eV/Å) in `arrays`; `mace:small`
    is `mace_small` there. notes: what looks suspicious in the labels, which potential has no score and why, and what
    must be known before the scores are believed.

    >>> found = whet.evaluate("test.extxyz", "chgnet", "mace:small")
    >>> found[0]["forces"]["mae"], found.frames[0].info["mace_small_energy"], found.table()
    """

    scores: Sequence[Mapping[str, Any]]
    frames: Sequence[Atoms] = field(repr=False)
    notes: Sequence[str] = ()

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> Any:
        return self.scores[place]

    def __len__(self) -> int:
        return len(self.scores)

    def table(self) -> pandas.DataFrame:
        """A row for each potential; columns are the keys of a score, joined by points: `forces.mae` (eV/Å)."""
        import pandas

        return pandas.json_normalize([dict(score) for score in self.scores])

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Writes `frames` in the format that the suffix names, bit for bit in .extxyz. Raises as `export_frames`."""
        save_predictions(Path(path), self.frames, overwrite=overwrite)
