"""Runs mace_run_train in an interpreter of its own: `python -m whet_mace.train_upstream FOLDER`.

FOLDER/request.json has `arguments` (a command line) and `switches` (attributes set after it was parsed). What was
seen goes to FOLDER/seen.json; the rest upstream writes into the working directory.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from whet_mace.training_run import REQUEST, SEEN
from whet_mace.witness import PatienceEnded, Witness


def main(folder: Path) -> None:
    """One training. Whatever upstream raises goes through."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    from mace.cli.run_train import run

    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    witness = Witness()
    logging.getLogger().addHandler(witness)
    arguments = _parsed(request)
    try:
        run(arguments)
    except PatienceEnded:
        # Upstream saves its model only at the end; begun again from the best checkpoint with no epoch left, it does.
        for handler in list(logging.getLogger().handlers):
            if handler is not witness:
                logging.getLogger().removeHandler(handler)
        run(_parsed({**request, "switches": {**request["switches"], "restart_latest": True}}, max_num_epochs=0))
    seen = {
        **witness.seen,
        "stopped_early": witness.stopped,
        "kept_epoch": witness.kept_epoch,
        "arguments": {name: _plain(value) for name, value in vars(arguments).items()},
    }
    (folder / SEEN).write_text(json.dumps(seen, indent=1), encoding="utf-8")


def _end_with_parent(parent: int) -> None:
    """Nobody would take the result of an orphan."""
    while os.getppid() == parent:
        time.sleep(2)
    os._exit(1)


def _parsed(request: dict[str, Any], **fixed: Any) -> Any:
    from mace.tools import build_default_arg_parser

    parsed = build_default_arg_parser().parse_args(request["arguments"])
    for name, value in {**request["switches"], **fixed}.items():
        setattr(parsed, name, value)
    return parsed


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
