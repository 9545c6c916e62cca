"""Labels of the hard toy potential plus constants per element: another theory, far away on the energy scale."""

from __future__ import annotations

import os
import time
from pathlib import Path

from whet import Failure, Labeler, LevelOfTheory, Options, frame_key

CONSTANTS = {"Ar": -431.7, "Ne": -128.2, "Kr": -900.1}


class ToyLabelerOptions(Options):
    """Options of the toy labeler."""

    fail_every: int = 0
    """Every so-manieth frame fails; 0: none."""
    nan: bool = False
    """Answer NaN forces."""


class ToyLabeler(Labeler[ToyLabelerOptions]):
    """Labels of the hard toy potential."""

    name = "toy"

    @property
    def theory(self):
        return LevelOfTheory("toy-hard", code="toy", settings=self.options.as_json())

    def label(self, frames, folder):
        from whet_toy.potential import ToyOptions, ToyPotential

        hard = ToyPotential(ToyOptions(model="hard"))
        for frame in frames:
            _count_for_tests(frame)
            _die_for_tests()
            if self.options.fail_every and int(frame.positions.sum() * 1e6) % self.options.fail_every == 0:
                yield Failure("the toy did not converge")
                continue
            (labels,) = hard.evaluate([frame], ("energy", "forces", "stress"))
            shift = sum(CONSTANTS[symbol] for symbol in frame.get_chemical_symbols())
            labels = labels.shifted(shift)
            if self.options.nan:
                labels.forces[0, 0] = float("nan")
            yield labels


def _count_for_tests(frame) -> None:
    """Each label that is computed leaves a line, the frame's key, so that a test can tell; it may take its time."""
    if path := os.environ.get("WHET_TOY_BOUGHT"):
        with Path(path).open("a") as file:
            file.write(f"{frame_key(frame)}\n")
    time.sleep(float(os.environ.get("WHET_TOY_WAIT", 0)))


def _die_for_tests() -> None:
    """What is left in the file $WHET_TOY_DEATHS is done to this process, a line each time.

    A signal's number, `exit` of the interpreter, `leave` as an upstream package does, nonsense on its line of answers,
    or `cut` it.
    """
    path = os.environ.get("WHET_TOY_DEATHS")
    if not path or not (deaths := Path(path).read_text().split()):
        return
    Path(path).write_text("\n".join(deaths[1:]))
    how = deaths[0]
    if how == "exit":
        os._exit(3)
    if how == "leave":
        raise SystemExit("upstream has had enough")
    pipes = [number for number in range(3, 30) if _is_pipe(number)]
    for number in pipes:
        if how == "nonsense":
            os.write(number, b"nonsense\n")
        if how == "cut":
            os.close(number)
    if how.isdigit():
        os.kill(os.getpid(), int(how))


def _is_pipe(number: int) -> bool:
    import fcntl
    import stat

    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode) and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_WRONLY != 0
    except OSError:
        return False
