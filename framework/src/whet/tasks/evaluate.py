"""evaluate: a potential's predictions for frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from whet.contracts.energy_span import energy_doubts
from whet.contracts.options import Options
from whet.contracts.ports import LabeledFrames, Port
from whet.contracts.potential import Potential, Property
from whet.contracts.task import Outcome, Task, Work
from whet.data.frame_log import write_frames
from whet.data.frames import FrameSet
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms


class EvaluateSettings(Options):
    """Settings of a step `evaluate`."""

    output: str = "frames"
    """Which frames of the steps that feed it."""


class Evaluate(Task):
    """Lets a potential predict labeled frames."""

    name = "evaluate"
    result_version = 2
    Options = EvaluateSettings
    inputs: ClassVar = {"frames": Port(LabeledFrames, what="frames to predict, one step a trajectory or file")}
    components: ClassVar = {"potential": "potentials"}

    def run(self, work: Work) -> Outcome:
        """Leaves `frames`, the predictions.

        Values: frames, kept (indices of those predicted), left_out (index, reason), and where there are such
        energy_doubts (sentences on compositions whose energy the potential's reference energies do not determine),
        conservative (false where forces are no gradient of the energy).
        Measured: seconds_per_frame. A frame that the potential cannot answer (an element that it does not know, a
        non-finite answer) is left out and listed; where it can answer none, the fault is raised.
        """
        import time

        potential: Potential = work.load("potential")
        frames = sum((step.frames(self.options.output) for step in work.steps("frames")), FrameSet(()))
        properties: list[Property] = ["energy", "forces"]
        if "stress" in potential.capabilities.properties:
            properties.append("stress")
        predicted: list[Atoms] = []
        kept, left_out, fault, doubts = [], [], None, dict[str, None]()
        potential.check_known_answer()  # asked for now, because the first answer of all compiles and allocates
        started = time.perf_counter()
        answers = potential.answers(frames, properties, batch_size=work.batch)
        for index, (frame, answer) in enumerate(zip(frames, answers, strict=True)):
            if isinstance(answer, Labels):
                predicted.append(answer.attach(frame))
                kept.append(index)
                doubts |= dict.fromkeys(energy_doubts(potential, frame))
            else:
                fault = answer
                left_out.append({"index": index, "reason": answer.what})
            work.progress(index + 1, len(frames))
        if fault is not None and not predicted:
            raise fault
        seconds = (time.perf_counter() - started) / max(len(frames), 1)
        path = work.folder / "predicted.frames"
        write_frames(path, predicted)
        values = {"frames": len(frames), "kept": kept, "left_out": left_out}
        values |= {"energy_doubts": list(doubts)} if doubts else {}
        values |= {} if potential.capabilities.conservative else {"conservative": False}
        return Outcome(values, {"frames": path}, measured={"seconds_per_frame": seconds})
