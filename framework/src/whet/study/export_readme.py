"""readme: what somebody is told who unpacks a study."""

from __future__ import annotations

from importlib.metadata import version
from typing import Protocol


class Packed(Protocol):
    """What a README says of an archive: see `whet.study.export.Exported`."""

    folder: str
    study: str
    steps: int
    unfinished: int
    labels: int
    theories: list[str]
    left_out: dict[str, int]
    has_study_file: bool


def readme(packed: Packed) -> str:
    """The text of README.md."""
    unfinished = f"; {packed.unfinished} more had none when this was made" if packed.unfinished else ""
    theories = f": {', '.join(packed.theories)}" if packed.theories else ""
    lines = [
        f"# {packed.study}",
        "",
        f"A study made with Whet, packed by version {version('whet')}: what it computed, its plan, and the labels that",
        "it used.",
        "",
        f"- {packed.steps} steps with their results, in `.whet/steps`{unfinished}",
        f"- {packed.labels} labels, in `.whet/labels.sqlite`{theories}",
    ]
    if packed.left_out:
        lines += ["", "Left out on purpose are the files of these steps (what they found is there):", ""]
        lines += [f"- {kind}: {size / 1e6:.1f} MB" for kind, size in packed.left_out.items()]
        lines += ["", "`whet run` would do these steps again, and all that is computed with them."]
    lines += ["", "To look at it, neither a potential nor its plugin is needed:", "", "```sh", "pip install whet"]
    if packed.has_study_file:
        lines += ["whet report study.yaml"]
    lines += ["whet labels list", "whet store verify", "```", "", "or, in Python:", "", "```python", "import whet", ""]
    lines += ['study = whet.Study.open(".whet")', 'whet.write_report(whet.record_of(study), "report")', "```"]
    return "\n".join(lines) + "\n"
