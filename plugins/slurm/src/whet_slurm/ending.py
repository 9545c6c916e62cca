"""lost_job: why a job of Slurm is gone without an answer, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from whet import ProcessLost

RAISE = "Raise `{}` of these steps (`running: {{resources: {{TASK: {{{}: …}}}}}}`)"

STATES = {
    "TIMEOUT": ("ran out of its walltime", RAISE.format("walltime", "walltime")),
    "OUT_OF_MEMORY": ("ran out of memory", RAISE.format("memory", "memory")),
    "NODE_FAIL": ("was on a node that failed", ""),
    "BOOT_FAIL": ("was given a node that did not boot", ""),
    "PREEMPTED": ("had to make room for another job", ""),
    "CANCELLED": ("was cancelled", ""),
    "DEADLINE": ("was not done by its deadline", ""),
}


def ended_by_itself(known: Mapping[str, str]) -> bool:
    """Whether nobody cut the job off, as far as Slurm knows: then its answer may be on its way."""
    return known.get("JobState", "") not in STATES and not _signal(known)


def lost_job(number: int, known: Mapping[str, str], last_words: str = "") -> ProcessLost:
    """The loss of a job.

    known: as `scontrol show job` has it. last_words: of what the job printed.
    """
    where, said = f"Slurm job {number}", f": {last_words}" if last_words else ""
    state = known.get("JobState", "")
    if state in STATES:
        what, hint = STATES[state]
        return ProcessLost(f"the job {what}", where=where, hint=hint)
    if signal := _signal(known):
        hint = f"Out of memory? {RAISE.format('memory', 'memory')}" if signal == 9 else ""
        return ProcessLost(f"the job was ended by signal {signal}{said}", where=where, hint=hint)
    if not known:
        return ProcessLost(f"the job is gone, and Slurm knows no more of it{said}", where=where)
    code = _exit_code(known)[0]
    hint = "Is the store on a disk that all nodes share?" if code == 0 else ""
    return ProcessLost(f"the job ended with exit code {code} and left no answer{said}", where=where, hint=hint)


def _exit_code(known: Mapping[str, str]) -> tuple[int, int]:
    """Code and signal, as in `ExitCode=0:9`."""
    code, _, signal = known.get("ExitCode", "").partition(":")
    return (int(code) if code.isdigit() else 0), (int(signal) if signal.isdigit() else 0)


def _signal(known: Mapping[str, str]) -> int:
    """The signal that ended the job, which a shell tells by a code above 128; 0 where none did."""
    code, signal = _exit_code(known)
    return signal or (code - 128 if code > 128 else 0)
