"""Parsl's pool of workers on a node, which ends as a whole when the server of what its workers share is gone.

Parsl's own pool lives on without it (2026.10.26): it takes steps, loses them, and never says so.
`python -P whole_pool.py SCRIPT ARGUMENTS…` runs the script in this process. Only the standard library is imported.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import sys
import threading
import time

LOOK = 0.5
"""Seconds between looks for the server, until it is there."""

ORDERLY_END = 10.0
"""Seconds that a pool has to end by itself after its server: an orderly end stops that, too."""


def end_with_server() -> None:
    """Has this process end some seconds after the server that `multiprocessing.Manager` starts in it."""

    def watch() -> None:
        while not (servers := [one for one in multiprocessing.active_children() if "SyncManager" in one.name]):
            time.sleep(LOOK)
        multiprocessing.connection.wait([servers[0].sentinel])
        time.sleep(ORDERLY_END)
        os._exit(1)

    threading.Thread(target=watch, name="whole-pool", daemon=True).start()


def main(script: str, *arguments: str) -> None:
    """Runs the script."""
    import runpy

    end_with_server()
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
