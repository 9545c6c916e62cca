"""A stand-in for a quantum-chemistry program: `python stand_in.py JOURNAL`, in a calculation's folder.

JOURNAL is a folder with a file `seconds` (how long it takes) and, where it is to ignore SIGTERM, one `stubborn`. It
has a child, and a grandchild in a session of its own; while one of the three lives in a folder, a second program there
leaves a file `overlap`. Each run leaves a line in `begun`, and one in `done` where it comes to its end.
"""

import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path


def main(journal: Path) -> None:
    seconds = float((journal / "seconds").read_text())
    if (journal / "stubborn").exists():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    alive = (journal / f"{Path.cwd().name}.alive").open("w")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note(journal / "overlap")
    note(journal / "begun")
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
        time.sleep(seconds)
        os._exit(0)
    time.sleep(seconds)
    told = json.loads(Path("told.json").read_text())
    Path("out.json").write_text(json.dumps({"energy": told["energy"]}))
    note(journal / "done")


def note(path: Path) -> None:
    """A line with the process and its folder."""
    with path.open("a") as file:
        file.write(f"{os.getpid()} {Path.cwd()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
