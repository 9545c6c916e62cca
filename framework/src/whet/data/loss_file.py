"""LossFile: the losses of a training that goes on, a row of CSV for each epoch, for whoever looks."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

NAME = "loss.csv"

LONGEST = 4096
"""Bytes from the end of the file in which its last row is looked for."""


class LossFile:
    """Columns: `epoch` (from 1), `time` (s since 1970), and what the training says (`train_loss`, `valid_loss`, …).

    A training that was cut off and begins again goes on after the row before its first epoch. A disk that refuses costs
    only the rows.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._columns: list[str] = []
        self._rows: list[dict[str, str]] = []

    def __call__(self, epoch: int, losses: Mapping[str, float]) -> None:
        """Appends a row, and writes the file anew where it has other columns by now."""
        row = {"epoch": str(epoch), "time": f"{time.time():.1f}", **{name: f"{v:.9g}" for name, v in losses.items()}}
        with suppress(OSError):
            if self._path.exists() and not self._path.is_file():
                return  # a pipe that nobody reads would be waited for
            is_first = not self._columns
            if is_first:
                self._rows = [one for one in _rows(self._path) if _epoch(one) < epoch]
            self._rows.append(row)
            columns = list(dict.fromkeys(name for one in self._rows for name in one))
            anew = is_first or columns != self._columns
            self._columns = columns
            with self._path.open("w" if anew else "a", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
                if anew:
                    writer.writeheader()
                writer.writerows(self._rows if anew else [row])


def last_losses(folder: Path) -> dict[str, float]:
    """What the last whole row of a folder's file says, without its time; empty where no row or no regular file is."""
    try:
        if not (folder / NAME).is_file():
            return {}
        with (folder / NAME).open("rb") as file:
            columns = file.readline().decode("utf-8").strip().split(",")
            start = file.tell()
            file.seek(max(start, file.seek(0, 2) - LONGEST))
            lines = file.read().rpartition(b"\n")[0].decode("utf-8").splitlines()
        values = dict(zip(columns, lines[-1].split(","), strict=True))
        found = {name: float(value) for name, value in values.items() if name != "time" and value}
    except (OSError, ValueError, IndexError):
        return {}
    return found if all(map(math.isfinite, found.values())) else {}


def said_losses(losses: Mapping[str, float]) -> str:
    """`train loss 0.0123, valid loss 0.0345`: of the losses alone; empty where there are none."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in losses.items() if name in _SHOWN)


_SHOWN = ("train_loss", "valid_loss")


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if not path.is_file():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if None not in row and None not in row.values()]
    except (OSError, ValueError, csv.Error):
        return []


def _epoch(row: Mapping[str, str]) -> float:
    try:
        return int(row.get("epoch", ""))
    except ValueError:
        return math.inf
