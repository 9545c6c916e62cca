"""fresh_interpreter: questions about a backend that only a fresh interpreter can answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Component
from whet.data.errors import InputError
from whet.data.labels import Labels
from whet.testing.check import CheckFailed

if TYPE_CHECKING:
    from ase import Atoms

STATE = """
import importlib, importlib.util, json, sys
from pathlib import Path
from whet.contracts.component import Component
from whet.plugins.frame_files import read_structures
from whet.plugins.registry import registry
from whet.testing.process_state import changes, process_state

if importlib.util.find_spec("torch"):
    importlib.import_module("torch")
given = json.load(sys.stdin)
frames = list(read_structures(Path(given["frames"])))
changed, before = [], process_state()
potential = registry().load(Component.from_json(given["component"]))
wanted = potential.capabilities.properties & {"energy", "forces", "stress"}
for phase in ("construction", "the first prediction", "another prediction"):
    if phase != "construction":
        list(potential.evaluate(frames, wanted))
    changed += changes(before, phase)
    before = process_state()
sys.stderr.write("\\n" + json.dumps(changed))
"""

ANALYSIS = """
import importlib, importlib.util, json, sys
from whet.contracts.component import Component
from whet.testing.analyses import AnalysisSubject
from whet.testing.process_state import changes, process_state

if importlib.util.find_spec("torch"):
    importlib.import_module("torch")
given = json.load(sys.stdin)
subject = AnalysisSubject(Component.from_json(given["component"]))
before = process_state()
subject.steps.wants()
changed, before = changes(before, "planning"), process_state()
found = [findings.as_json() for _, findings in subject.steps.found()]
changed += changes(before, "the analysis")
sys.stderr.write("\\n" + json.dumps([changed, found]))
"""

WITHOUT_PACKAGES = """
import importlib.abc, json, sys
given = json.load(sys.stdin)

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in given["packages"]:
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Missing())
from whet.data.errors import MissingPackage
from whet.plugins.registry import registry
here = registry()
said = [line.problem for line in here.listings() if (line.hook, line.name) == (given["hook"], given["name"])]
try:
    here.find(given["hook"], given["name"])
    raised = ""
except MissingPackage as error:
    raised = str(error)
except Exception as error:
    raised = f"{type(error).__name__}: {error}"
sys.stderr.write("\\n" + json.dumps([said, raised]))
"""

LOADED = """
import json, sys
from whet.plugins.registry import registry
registry().listings()
sys.stderr.write("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


STRUCTURES = """
import json, sys
from whet.contracts.component import Component
from whet.plugins.registry import registry
from whet.testing.structure_sources import digest
given = json.load(sys.stdin)
source = registry().load(Component.from_json(given["component"]))
made = [digest(source.make(index, given["seed"])) for index in reversed(range(given["count"]))]
sys.stderr.write("\\n" + json.dumps(made[::-1]))
"""

LINES = """
import json, sys
from ase import Atoms
given = json.load(sys.stdin)
space = {"model": given["model"]}
exec(given["lines"], space)
found = []
for frame in given["frames"]:
    atoms = Atoms(**frame)
    atoms.calc = space["calculator"]
    found.append([float(atoms.get_potential_energy()), atoms.get_forces().tolist()])
sys.stderr.write("\\n" + json.dumps(found))
"""


def answers_of_lines(lines: str, model: Path, frames: Sequence[Atoms]) -> list[Labels]:
    """Energies and forces by the ASE calculator that lines of Python make of a model, in a fresh interpreter."""
    import numpy as np

    given = [
        {
            "numbers": frame.numbers.tolist(),
            "positions": frame.positions.tolist(),
            "cell": frame.cell.array.tolist(),
            "pbc": frame.pbc.tolist(),
        }
        for frame in frames
    ]
    found, _ = _asked(LINES, {"lines": lines, "model": str(model.absolute()), "frames": given})
    return [Labels(energy, np.array(forces)) for energy, forces in found]


def digests_elsewhere(component: Component, count: int, seed: int) -> list[str]:
    """SHA-256 of the first structures that a source makes in a fresh interpreter, in order of their indices."""
    return _asked(STRUCTURES, {"component": component.as_json(), "count": count, "seed": seed})[0]


def changed_state(component: Component, frames: Path, folder: Path) -> tuple[list[str], str]:
    """What loading and evaluating changed in the process, and in which phase; what it printed on standard output."""
    return _asked(STATE, {"component": component.as_json(), "frames": str(frames)}, folder)


def changed_by_analysis(component: Component, folder: Path) -> tuple[tuple[list[str], list[Any]], str]:
    """What an analysis of the sample study changed in a process, and when; what it found; what it printed."""
    return _asked(ANALYSIS, {"component": component.as_json()}, folder)


def without_packages(hook: str, name: str, packages: list[str]) -> tuple[list[str], str]:
    """What a listing says of the backend where its packages are missing, and the error of using it."""
    (said, raised), _ = _asked(WITHOUT_PACKAGES, {"hook": hook, "name": name, "packages": packages})
    return said, raised


def loaded_by_listing() -> list[str]:
    """Top-level modules in memory after every plugin was listed."""
    return _asked(LOADED, {})[0]


def _asked(script: str, given: Any, folder: Path | None = None) -> tuple[Any, str]:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=folder,
    )
    last = (ended.stderr.strip().splitlines() or ["nothing"])[-1]
    if ended.returncode:
        raise CheckFailed(f"a fresh interpreter ended with: {last}")
    return json.loads(last), ended.stdout.strip()


def run_elsewhere(python: str, words: Sequence[str]) -> int:
    """A command of Whet, run by another interpreter, which writes where this one does; its exit code.

    InputError where that interpreter has no Whet.
    """
    found = subprocess.run([python, "-c", "import whet.cli.main"], capture_output=True, text=True)
    if found.returncode:
        said = (found.stderr.strip().splitlines() or ["it cannot be started"])[-1]
        hint = "pip install whet there, or make one: whet env create NAME --plugin PLUGIN"
        raise InputError(f"there is no Whet in this interpreter ({said})", where=python, hint=hint)
    return subprocess.run([python, "-m", "whet", *words]).returncode
