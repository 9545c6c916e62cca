"""TrainingRun: mace_run_train as a child process, followed while it works and read when it has ended."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from whet import InputError, NotApplied, Progress

NAME = "fine-tuned"
LOG = "upstream.log"
REQUEST = "request.json"
SEEN = "seen.json"
POLL_SECONDS = 0.2


class TrainingRun:
    """One training in a fresh folder below `folder`.

    seen: what `Witness` saw. rows: upstream's own results, one mapping a step or evaluation (mode, epoch, loss, …).
    """

    def __init__(self, folder: Path) -> None:
        from tempfile import mkdtemp  # not at the top: listing plugins is to start fast

        self.folder = Path(mkdtemp(dir=folder, prefix="run-"))
        self.seen: dict[str, Any] = {}
        self._read = 0
        self._so_far: list[dict[str, Any]] = []
        self._ended: set[int] = set()

    def run(
        self,
        arguments: list[str],
        switches: Mapping[str, bool],
        *,
        device: str,
        epochs: int,
        progress: Progress,
        ended: Callable[[int, list[dict[str, Any]]], None] = lambda epoch, rows: None,
    ) -> None:
        """Trains. ended: called with each epoch (from 0) that was evaluated on all heads, and its rows.

        Raises InputError where upstream refuses an option, NotApplied where it fails.
        """
        from whet import Program  # not at the top, either

        request = {"arguments": arguments, "switches": dict(switches)}
        (self.folder / REQUEST).write_text(json.dumps(request, indent=1), encoding="utf-8")
        command = [sys.executable, "-m", "whet_mace.train_upstream", str(self.folder)]
        log = self.folder / LOG
        done = 0
        with (
            log.open("w", encoding="utf-8") as out,
            Program(command, self.folder, environment=_environment(device), stdout=out) as child,
        ):
            while child.code is None:
                time.sleep(POLL_SECONDS)
                if (now := min(self._epochs_so_far(ended), epochs)) > done:
                    done = now
                    progress(done, epochs)
            code = child.wait()
        if code or not (self.folder / SEEN).is_file():
            raise _failure(log, code)
        self._epochs_so_far(ended, whole=True)
        self.seen = json.loads((self.folder / SEEN).read_text(encoding="utf-8"))
        if self.epochs > done:
            progress(min(self.epochs, epochs), epochs)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Upstream's results, one a step or evaluation."""
        return [
            json.loads(line)
            for path in self.folder.glob("results/*_train.txt")
            for line in path.read_text(encoding="utf-8").splitlines()
        ]

    @property
    def epochs(self) -> int:
        """Epochs that were trained and evaluated."""
        rows = self.rows
        finished = {row["epoch"] for row in rows if row["mode"] == "eval" and row["epoch"] is not None}
        return len(finished & {row["epoch"] for row in rows if row["mode"] == "opt"})

    def _epochs_so_far(self, ended: Callable[[int, list[dict[str, Any]]], None], *, whole: bool = False) -> int:
        """Epochs evaluated until now; each line of the results is looked at once.

        An epoch has ended where the next one has begun: heads are evaluated in turn. whole: the last one, too.
        """
        for path in self.folder.glob("results/*_train.txt"):
            with path.open("rb") as file:
                file.seek(self._read)
                lines = file.read().rpartition(b"\n")[0]
            self._read += len(lines) + 1 if lines else 0
            self._so_far += [row for line in lines.splitlines() if (row := json.loads(line))["epoch"] is not None]
        evaluated = {row["epoch"] for row in self._so_far if row["mode"] == "eval"}
        last = max((row["epoch"] for row in self._so_far), default=-1)
        for epoch in sorted(evaluated - self._ended):
            if whole or epoch < last:
                self._ended.add(epoch)
                ended(epoch, [row for row in self._so_far if row["epoch"] == epoch])
        self._so_far = [row for row in self._so_far if row["epoch"] not in self._ended]
        return len(evaluated | self._ended)

    def take_model(self, path: Path) -> Path:
        """Moves the trained model to `path` and removes the checkpoints, which are many times larger.

        Raises NotApplied where upstream left no model.
        """
        from shutil import rmtree

        models = [self.folder / f"{NAME}_stagetwo.model", self.folder / f"{NAME}.model"]
        made = next((model for model in models if model.is_file()), None)
        if made is None:
            raise NotApplied("mace_run_train left no model", hint=f"Its log: {self.folder / LOG}")
        made.replace(path)
        rmtree(self.folder / "checkpoints", ignore_errors=True)
        for rest in self.folder.glob("*.model"):
            rest.unlink()
        return path


def _environment(device: str) -> dict[str, str]:
    """Of the child, beside this process's: as many threads as here, and the one GPU that was chosen."""
    import torch

    environment = {"OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONUNBUFFERED": "1"}
    kind, _, index = device.partition(":")
    if kind == "cuda" and index:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        environment["CUDA_VISIBLE_DEVICES"] = visible.split(",")[int(index)] if visible else index
    return environment


def _failure(log: Path, status: int) -> InputError | NotApplied:
    """The fault in upstream's own last words."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if ": error: " in last:
        return InputError(f"mace_run_train refuses its options: {last.split(': error: ', 1)[1]}", hint=f"Log: {log}")
    reason = f"it was killed by signal {-status}" if status < 0 else last
    return NotApplied(f"mace_run_train failed: {reason}", hint=f"Its log: {log}")
