"""A stand-in for VASP's executable: answers with a recorded run. `python stand_in.py PLAN RECORDED`, in a run's folder.

PLAN is a folder: its file `todo` has a word for each run to come (the last one stays), `done` gets a line a run.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def main(plan: Path, recorded: Path) -> None:
    todo = (plan / "todo").read_text().split()
    what = todo[0]
    (plan / "todo").write_text(" ".join(todo[1:] or todo))
    with (plan / "done").open("a") as file:
        file.write(f"{what}\n")
    for name in ("INCAR", "KPOINTS", "POSCAR", "POTCAR"):
        (plan / name).write_text(Path(name).read_text())
    text = recorded.read_text()
    half = text[: text.index('<varray name="forces"') + 300]
    say(" running on    1 total cores")
    if what == "crash":
        sys.stderr.write("forrtl: severe (174): SIGSEGV, segmentation fault occurred\n")
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "hang":
        Path("vasprun.xml").write_text(half)
        (plan / "pid").write_text(str(os.getpid()))
        time.sleep(60)
    if what == "dav":  # custodian answers with ALGO = All
        say(" Error EDDDAV: Call to ZHEGV failed. Returncode =   8 1  16")
        Path("vasprun.xml").write_text(half)
        return
    if what == "hermitian":  # custodian answers with LREAL = .FALSE.
        say(" WARNING: Sub-Space-Matrix is not hermitian in DAV            1")
        Path("vasprun.xml").write_text(half)
        return
    Path("vasprun.xml").write_text(text)
    if what == "linger":
        (plan / "pid").write_text(str(os.getpid()))
        time.sleep(60)


def say(line: str) -> None:
    """On standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
