"""`python -m whet.worker STEP…` runs steps by their folders, in this interpreter or another environment's.

`python -m whet.worker -` reads jobs from standard input, one JSON object a line, and answers on standard output:
`{"run": [FOLDER, …], "device": "cpu", "batch": 1}` (several folders: steps that are done at once),
`{"resolve": [{"hook": …, "name": …, …}, …]}` or `{"wish": ANALYSIS, "study": PIECES}`. Answers are
`{"progress": [done, total]}` and, last for each job, `{"done": …}` or `{"fault": {…}}`. It ends when its standard
input closes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from whet.contracts.analysis import StudyPieces
from whet.contracts.component import Component
from whet.data.errors import OptionsError, WhetError
from whet.running.environments import Question, Wish
from whet.running.store import Store
from whet.running.work import run_step, run_together


def main(arguments: list[str]) -> int:
    """Exit code 0 where every step has its result; 2 after a known fault, said in one line; 1 after any other."""
    if arguments == ["-"]:
        serve()
        return 0
    for argument in arguments:
        folder = Path(argument).resolve()
        try:
            run_step(Store(folder.parent.parent), folder.name)
        except WhetError as error:
            print(error, file=sys.stderr)  # noqa: T201 -- the program's own answer
            return 2
    return 0


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

    def answer(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")

    threading.Thread(target=listen, daemon=True).start()
    while True:
        job = jobs.get()
        try:
            answer({"done": _do(job, lambda done, total: answer({"progress": [done, total]}))})
        except WhetError as error:
            answer({"fault": described(error)})
        except (Exception, SystemExit) as error:  # an upstream package may call sys.exit
            answer(
                {"fault": {"kind": "StepFailed", "what": f"{type(error).__name__}: {error}", "where": "", "hint": ""}}
            )


def described(error: WhetError) -> dict[str, Any]:
    """A fault as plain data, to be raised again on the other side."""
    fault: dict[str, Any] = {
        "kind": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "hint": error.hint,
    }
    if isinstance(error, OptionsError):
        fault["problems"] = [[list(problem.path), problem.what] for problem in error.problems]
    return fault


def _do(job: dict[str, Any], progress: Callable[[int, int], None]) -> Any:
    if "run" in job:
        folders = [Path(folder) for folder in job["run"]]
        keys = [folder.name for folder in folders]
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
