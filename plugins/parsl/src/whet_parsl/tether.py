"""A process that ends with the one that started it, however that ended; Parsl's own processes do not.

`python -P tether.py PARENT LOG SCRIPT` runs a script of Parsl in this process, in a process group of its own (Ctrl-C at
the terminal is the driver's to answer), with what it prints in the file LOG. Only the standard library is imported.
"""

from __future__ import annotations

import os
import sys
import threading
import time

LOOK = 0.5
"""Seconds between looks at whether the parent is there."""


def end_with(parent: int) -> None:
    """Has this process end, without any tidying up, once `parent` is not its parent any more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        os._exit(0)

    threading.Thread(target=watch, name="tether", daemon=True).start()


def main(parent: str, log: str, script: str) -> None:
    """Runs the script."""
    import runpy

    end_with(int(parent))
    os.setpgid(0, 0)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
