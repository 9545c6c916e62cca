"""`python -m whet.worker STEP…` does steps by their folders, at once, in this interpreter or another environment's.

`--device` and `--batch` are as in the study file; `--answer FILE` writes there what the last line of this page calls an
answer, all or nothing.

`python -m whet.worker -` reads jobs from standard input, one JSON object a line, and answers on standard output:
`{"run": [FOLDER, …], "device": "cpu", "batch": 1}` (several folders: steps that are done at once),
`{"resolve": [{"hook": …, "name": …, …}, …]}` or `{"wish": ANALYSIS, "study": PIECES}`. It ends when its standard input
closes. An answer is `{"done": …}` or `{"fault": {…}}`, one for each job.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from whet.contracts.analysis import StudyPieces
from whet.contracts.component import Component
from whet.data.durable import write_json
from whet.data.errors import WhetError
from whet.programs.worker_process import described
from whet.running.environments import Question, Wish
from whet.running.progress_file import ProgressFile
from whet.running.store import Store
from whet.running.work import run_together


def main(arguments: list[str]) -> int:
    """Exit code 0 where every step has its result; 2 after a known fault, said in one line; 1 after any other."""
    if arguments == ["-"]:
        serve()
        return 0
    parser = argparse.ArgumentParser(prog="python -m whet.worker", description="Does steps by their folders.")
    parser.add_argument("steps", nargs="+", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--answer", type=Path)
    asked = parser.parse_args(arguments)
    job = {"run": [str(step.resolve()) for step in asked.steps], "device": asked.device, "batch": asked.batch}
    answer: dict[str, Any] = {}
    try:
        answer = {"done": _do(job)}
    except WhetError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- the program's own answer
        answer = {"fault": described(error)}
    except Exception as error:
        answer = {"fault": _unforeseen(error)}
        raise
    finally:
        if asked.answer is not None and answer:
            write_json(asked.answer, answer)
    return 2 if "fault" in answer else 0


def serve() -> None:
    """Works through the jobs that arrive, one after the other; ends at once when the other side is gone."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    # Nothing that upstream prints may reach the line of answers, not even at exit.
    os.dup2(2, 1)
    jobs: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            jobs.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        answers.write(json.dumps(_answer(jobs.get())) + "\n")


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    """What was done, or the fault in it."""
    try:
        return {"done": _do(job)}
    except WhetError as error:
        return {"fault": described(error)}
    except (Exception, SystemExit) as error:  # an upstream package may call sys.exit
        return {"fault": _unforeseen(error)}


def _unforeseen(error: BaseException) -> dict[str, Any]:
    return {"kind": "StepFailed", "what": f"{type(error).__name__}: {error}", "where": "", "hint": ""}


def _do(job: dict[str, Any]) -> Any:
    if "run" in job:
        folders = [Path(folder) for folder in job["run"]]
        keys = [folder.name for folder in folders]
        # Of several steps, the first one's file speaks for all, as its log does.
        progress = ProgressFile(folders[0])
        run_together(Store(folders[0].parent.parent), keys, device=job["device"], batch=job["batch"], progress=progress)
        return True
    if "wish" in job:
        return Wish.of(Component.from_json(job["wish"]), StudyPieces.from_json(job["study"])).as_json()
    answers = [Question.from_json(question).answer() for question in job["resolve"]]
    return [
        {"fault": described(answer)} if isinstance(answer, WhetError) else {"component": answer.as_json()}
        for answer in answers
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
