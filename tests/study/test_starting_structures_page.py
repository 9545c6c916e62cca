"""docs/how-to/starting-structures.md does what it says: its commands run one after the other in an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from in_process import whet
from whet import Labels, Study, read_structures
from whet.contracts.ports import LabeledFrames, SampledTrajectory
from whet.plugins.registry import registry
from whet.running.stored_step import StoredSteps

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to" / "starting-structures.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]

pytestmark = [
    pytest.mark.slow,
    *(
        pytest.mark.skipif(name not in registry().names(hook), reason=f"whet-{name} is not installed")
        for hook, name in (
            ("labelers", "tblite"),
            ("potentials", "chgnet"),
            ("structures", "packmol"),
            ("md_engines", "ase-md"),
        )
    ),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Command -> what it printed, and the folder under an empty one."""
    folder = tmp_path_factory.mktemp("page")
    tutorial = (DOCS / "tutorials" / "from-a-cif.md").read_text(encoding="utf-8")
    for kind, text in (("text", tutorial), ("yaml", PAGE)):
        for name, content in re.findall(rf"```{kind}\n# ([\w.-]+)\n(.*?)```", text, re.DOTALL):
            (folder / name).write_text(content, encoding="utf-8")
    found = {"": str(folder)}
    for command in COMMANDS:
        program, *words = shlex.split(command)
        assert program == "whet"
        found[command] = whet(*words, folder=folder).stdout
    return found


def command(said: dict[str, str], words: str) -> str:
    return next(text for command, text in said.items() if command.startswith(f"whet {words}"))


def test_rattled_frames_decide_how_soft_it_is(said: dict[str, str]) -> None:
    frames = read_structures(Path(said[""]) / "rattled.extxyz")
    assert len(frames) == 12 and {frame.info["sampled_by"] for frame in frames} == {"rattle"}
    assert min(frame.get_all_distances(mic=True)[np.triu_indices(8, 1)].min() for frame in frames) >= 2.0
    for text in (command(said, "evaluate rattled.extxyz"), command(said, "run rattled.yaml")):
        assert "read from s, as these frames are rattled" in " ".join(text.split())


def test_the_study_labels_what_it_rattled(said: dict[str, str]) -> None:
    study = Study.load(Path(said[""]) / "rattled.yaml")
    (score,) = study.stored.scores
    assert score["softening"]["sampler"] == "rattle" and score["softening"]["units"] == 8


def test_volumes_molecules_and_dimers_are_as_many_as_they_are_said_to_be(said: dict[str, str]) -> None:
    folder = Path(said[""])
    liquid, scan = read_structures(folder / "liquid.extxyz"), read_structures(folder / "scan.extxyz")
    shares = [frame.get_volume() / liquid[0].get_volume() for frame in scan]
    np.testing.assert_allclose(shares, [0.9, 1.0, 1.1, 1.2, 1.3] * 2)
    alone = [frame.get_chemical_formula() for frame in read_structures(folder / "alone.extxyz")]
    assert alone == ["H2O", "H", "O"]
    assert len(read_structures(folder / "dimers.extxyz")) == 3 * 17
    assert "frames" in command(said, "frames show .")


def test_the_probe_measures_the_repulsion(said: dict[str, str]) -> None:
    rows = Study.load(Path(said[""]) / "short-range.yaml").stored.tables("properties")["properties"]
    values = dict(zip(rows["quantity"], rows["value"], strict=True))
    assert 0 < values["lowest ratio to ZBL"] < values["highest ratio to ZBL"]
    assert values["wrong wells"] >= 0


def test_packings_are_minimized_before_dynamics_and_as_a_test(said: dict[str, str]) -> None:
    study = Study.load(Path(said[""]) / "packed.yaml")
    stored, plan = StoredSteps(study.store), study.plan
    (run,) = plan.of_kind("md")
    begun = plan.steps[run.inputs["start"][0]]
    assert begun.kind == "minimize" and plan.steps[begun.inputs["start"][0]].kind == "structure"
    (packed,), relaxed = stored[begun.inputs["start"][0]].frames(), stored[begun.key].frames()[-1]
    assert np.linalg.norm(Labels.of(relaxed).forces, axis=1).max() <= 0.2
    assert abs(relaxed.positions - packed.positions).max() > 0.05
    assert plan.all(SampledTrajectory, set="dynamics")
    minima = plan.all(LabeledFrames, set="minima")
    assert len(minima) == 2
    for piece in minima:
        (frame,) = stored[piece.key].frames()
        assert np.linalg.norm(Labels.of(frame).forces, axis=1).max() <= 0.2
