"""kinds_to_begin: the kinds of plugin that `whet plugins new` can begin, each by the example of a documentation page.

The example stands on the page alone: what people read there, what the tests run and what a new plugin begins with are
the same lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from whet.data.errors import InputError
from whet.plugins.hookspecs import KINDS

WRITING = "writing-a-plugin.md"


@dataclass(frozen=True)
class Example:
    """A kind's example: where it stands, and how a package made of it is tested.

    hook: by which it is offered. source: `whet_tiny/engine.py`, the file in the page. stem: of the names of its classes
    (`Tiny`); in lower case, that of the backend. cls: the class to be offered. kit: the test class to inherit, or the
    text of a test module where the kind has no kit.
    """

    hook: str
    source: str
    cls: str
    kit: str
    page: str = WRITING
    stem: str = "Tiny"
    name: str = "tiny"

    @property
    def has_kit(self) -> bool:
        """Whether the conformance kit has checks of its kind."""
        return self.kit.isidentifier()

    @property
    def file(self) -> str:
        """The module: `engine`."""
        return Path(self.source).stem

    def text(self) -> str:
        """The file as the page has it. InputError where the page is not in this installation."""
        found = re.search(rf"```python\n# src/{re.escape(self.source)}\n(.*?)```", page_text(self.page), re.DOTALL)
        if found is None:
            raise InputError(f"the page {self.page} of this installation has no {self.source}", hint=REINSTALL)
        return found.group(1)


REINSTALL = "pip install --force-reinstall whet"


def page_text(name: str) -> str:
    """A page of the documentation: in the package, or in a checkout. InputError where it is in neither."""
    package = Path(__file__).parents[1]
    for path in (package / "pages" / name, package.parents[2] / "docs" / name):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise InputError(f"the page {name} is not in this installation of Whet", hint=REINSTALL)


CHOOSES = '''"""The selector chooses what it is said to."""

from __future__ import annotations

from ase import Atoms

from whet import FrameSet, Labels
from whet_tiny.selector import TinySelector


def test_the_largest_forces_are_chosen() -> None:
    frames = [Labels(0.0, [[force, 0.0, 0.0]]).attach(Atoms("Ar")) for force in (0.1, 0.3, 0.2)]
    selector = TinySelector(TinySelector.Options(frames=2))
    assert [choice.index for choice in selector.choose(FrameSet(frames), FrameSet(()), None)] == [1, 2]
'''

WATCHES = '''"""The monitor ends what it is said to, and nothing else."""

from __future__ import annotations

import pytest
from ase import Atoms

from whet import Labels, Stopped, Watched
from whet_tiny.monitor import TinyMonitor


def test_atoms_that_come_close_end_the_run() -> None:
    look = TinyMonitor(TinyMonitor.Options()).watch(Watched(Atoms("Ar2"), 300.0))
    labels = Labels(0.0, [[0.0] * 3] * 2)
    look(Atoms("Ar2", [[0, 0, 0], [0, 0, 3.0]]), labels)  # as they may be
    with pytest.raises(Stopped, match="0.5 Å apart"):
        look(Atoms("Ar2", [[0, 0, 0], [0, 0, 0.5]]), labels)
'''

SURVIVES = '''"""What is written is read again."""

from __future__ import annotations

from pathlib import Path

from ase import Atoms

from whet import Labels, export_frames, frame_key, read_labeled


def test_frames_survive_the_file(tmp_path: Path) -> None:
    frame = Labels(-1.5, [[0.0, 0.1, -0.1]] * 2).attach(Atoms("Ar2", [[0, 0, 0], [0, 0, 3.0]]))
    export_frames(tmp_path / "frames.tiny", [frame])
    (back,) = read_labeled(tmp_path / "frames.tiny")
    assert frame_key(back) == frame_key(frame)
    assert Labels.of(back).energy == -1.5
'''

ENDS = '''"""A job comes to an end, and nothing is left."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from whet import Job, Site, WhetError
from whet_tiny.executor import TinyExecutor


def test_a_job_that_cannot_be_done_ends_with_its_fault(tmp_path: Path) -> None:
    executor = TinyExecutor(TinyExecutor.Options())
    assert executor.start(Site(tmp_path / "site", workers=2)) == 2
    try:
        done = executor.submit(Job((tmp_path / "steps" / "none",), Path(sys.executable)))
        with pytest.raises(WhetError):
            done.result(timeout=120)
    finally:
        executor.stop()
'''

ENGINE = Example("md_engines", "whet_tiny/engine.py", "TinyEngine", "EngineConformance")

LABELER = Example("labelers", "whet_tiny/labeler.py", "TinyLabeler", "LabelerConformance")

DESCRIPTOR = Example("descriptors", "whet_tiny/descriptor.py", "TinyDescriptor", "DescriptorConformance")

STRUCTURES = Example("structures", "whet_tiny/structures.py", "TinyStructures", "StructureConformance")

ANALYSIS = Example(
    "analyses",
    "whet_angles/force_angles.py",
    "ForceAngles",
    "AnalysisConformance",
    page="writing-an-analysis.md",
    stem="ForceAngles",
    name="force-angles",
)

PROBE = Example("probes", "whet_tiny/probe.py", "TinyProbe", "ProbeConformance", name="tiny-vacancy")

SELECTOR = Example("selectors", "whet_tiny/selector.py", "TinySelector", CHOOSES)

MONITOR = Example("monitors", "whet_tiny/monitor.py", "TinyMonitor", WATCHES)

FORMAT = Example("formats", "whet_tiny/format.py", "TinyFormat", SURVIVES)

EXECUTOR = Example("executors", "whet_tiny/executor.py", "TinyExecutor", ENDS)


def kinds_to_begin() -> dict[str, Example]:
    """Word on the command line -> example, of the kinds that have one in the table of kinds.

    A potential, which has a fine-tuner, has a whole package as its template.
    """
    return {kind.noun.lower().replace(" ", "-"): globals()[kind.example] for kind in KINDS.values() if kind.example}
