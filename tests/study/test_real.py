"""The main job with real potentials and real labels, small: what the demo and the examples do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bits import contents
from whet import Labels, Study, record_of, write_report
from whet.contracts.ports import FineTuning, Predictions
from whet.running.stored_step import StoredSteps

ROOT = Path(__file__).parents[2]

SMALL = [
    "structures.molecules={methanol: 2}",
    "structures.density=0.6",
    "minimize.steps=3",
    "dynamics.equilibration=0",
    "dynamics.production=4",
    "dynamics.every=2",
    "fine_tune.epochs=1",
    "strategies={naive: 2, periodic: {rounds: 2, train_from: previous}}",
    "tests={reference dynamics: {driver: labeler, trajectories: 1}}",
    "self_generated.trajectories=1",
]


def small_quickstart(tmp_path: Path, *overrides: str) -> Study:
    """The quickstart study, cut down to a minute, with a store of its own."""
    return Study.load(ROOT / "examples" / "quickstart", [f"store={tmp_path / 'store'}", *SMALL, *overrides])


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def mace_small(reference_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MACE's weights where `mace:small` looks for them first."""
    monkeypatch.setenv("WHET_MODELS", str(reference_data / "weights" / "mace"))


def test_the_quickstart_runs(tmp_path: Path) -> None:
    study = small_quickstart(tmp_path)
    account = study.run()
    assert not account.failed
    stored = study.stored
    assert stored.complete
    assert stored.theories[0].method == "GFN1-xTB"
    assert {score["potential"] for score in stored.scores} >= {"main", "main naive 2", "main periodic 2"}
    assert not study.run().ran
    page = write_report(record_of(study.stored), tmp_path / "report")
    assert "GFN1-xTB" in page.read_text()


def trainings(study: Study) -> list[Mapping[str, Any]]:
    """What each fine-tuning left."""
    found = [study.stored.done[one.key].values for one in study.plan.all(FineTuning)]
    assert found
    return found


@pytest.mark.slow
def test_one_word_swaps_the_architecture(tmp_path: Path, mace_small: None) -> None:
    study = small_quickstart(tmp_path, "potentials.main=mace:small")
    account = study.run()
    assert not account.failed
    assert study.stored.complete
    assert all(one["applied"]["trainable_parameters"] > 0 for one in trainings(study))


@pytest.mark.slow
def test_labels_are_bought_once_for_both_architectures(tmp_path: Path, mace_small: None) -> None:
    """A later study with another potential finds the frames that both need in the label store."""
    reference = ["strategies={}", "self_generated={of: none}"]
    first = small_quickstart(tmp_path, *reference)
    first.run()
    second = small_quickstart(tmp_path, *reference, "potentials.main=mace:small")
    account = second.run()
    bought = [second.store.result(key).provenance.get("bought", 0) for key in account.ran]
    assert not account.failed
    assert sum(bought) < first.stored.labels["labeled"]


ARCHITECTURES = ["data.train.first=12", "tests.test-50.first=3", "fine_tune.epochs=1", "strategies.ten.sizes=[3]"]


@pytest.mark.slow
def test_four_architectures_in_two_environments(tmp_path: Path, reference_data: Path, sevennet_python: Path) -> None:
    """The example, small: each potential where it lives, SevenNet fine-tuned in its own environment."""
    study = Study.load(ROOT / "examples" / "architectures", [f"store={tmp_path / 'store'}", *ARCHITECTURES])
    account = study.run()
    assert not account.failed, account.failed
    scores = {one["potential"]: one for one in study.stored.scores if not one["correction"]}
    assert list(scores) == ["CHGNet", "MACE-MP-0 small", "SevenNet-0", "SevenNet-0 ten 3", "NEP89"]
    assert all(score["seconds_per_frame"] for score in scores.values())
    step = study.plan.all(FineTuning)[0].key
    provenance = study.store.result(step).provenance
    assert provenance["interpreter"] == str(sevennet_python)
    assert "sevenn" in provenance["versions"]
    assert "mace-torch" not in provenance["versions"]


@pytest.mark.slow
def test_known_slopes_of_four_architectures(tmp_path: Path, reference_data: Path, sevennet_python: Path) -> None:
    """Of independent scripts; NEP89's is our own number, kept from drifting."""
    given = [f"store={tmp_path / 'store'}", "strategies={}"]
    study = Study.load(ROOT / "examples" / "architectures", given)
    assert not study.run().failed
    found = {one["potential"]: one["softening"]["scale"] for one in study.stored.scores}
    wanted = {"CHGNet": 0.738, "MACE-MP-0 small": 0.855, "SevenNet-0": 0.925, "NEP89": 0.873}
    assert found == pytest.approx(wanted, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("train_from", ["foundation", "previous"])
def test_multihead_replay_for_three_rounds(
    tmp_path: Path, mace_small: None, reference_data: Path, train_from: str
) -> None:
    replay = reference_data / "mptrj" / "mptrj-random-1k.extxyz"
    study = small_quickstart(
        tmp_path,
        "potentials.main=mace:small",
        f"strategies={{periodic: {{rounds: 3, train_from: {train_from}}}}}",
        f"fine_tune={{epochs: 1, strategy: multihead-replay, replay: {replay}, replay_frames: 6, learning_rate: 1e-4}}",
    )
    account = study.run()
    assert not account.failed, list(map(str, account.failed.values()))
    for one in trainings(study):
        applied = one["applied"]
        assert applied["strategy"] == "multihead-replay"
        assert len(applied["heads"]) == 2
        assert applied["replay_frames"] == 6
        assert applied["learning_rate"] == pytest.approx(1e-4)


@pytest.mark.slow
def test_zero_steps_change_nothing(tmp_path: Path, mace_small: None) -> None:
    for potential in ("chgnet", "mace:small"):
        study = small_quickstart(
            tmp_path, f"potentials.main={potential}", "fine_tune.epochs=0", "strategies={periodic: 1}"
        )
        assert not study.run().failed
        pieces = study.plan.all(Predictions, set="reference dynamics")
        assert [str(one.ref.state) for one in pieces] == ["main", "main periodic 1"]
        stored = StoredSteps(study.store)
        before, after = (Predictions.read(stored[one.key], one.ref).predicted for one in pieces)
        for one, other in zip(map(Labels.of, before), map(Labels.of, after), strict=True):
            assert (one.forces == other.forces).all()
            assert one.energy == other.energy


@pytest.mark.slow
def test_known_values_on_real_dft(reference_data: Path, mace_small: None) -> None:
    from whet import evaluate

    chgnet, mace = evaluate(reference_data / "lgps" / "test-50.extxyz", "chgnet", "mace:small")
    for score, slope, force, energy in ((chgnet, 0.738, 0.209, 323), (mace, 0.855, 0.148, 28.5)):
        found = json.loads(json.dumps(score))
        assert found["softening"]["scale"] == pytest.approx(slope, abs=5e-4)
        assert found["forces"]["mae"] == pytest.approx(force, abs=5e-4)
        assert found["energy"]["mae"] == pytest.approx(energy, rel=2e-3)
        assert found["frames"] == 200
        assert found["softening"]["scale_interval"][0] < slope < found["softening"]["scale_interval"][1]


@pytest.mark.slow
def test_multiplication_by_b_corrects_and_division_by_the_scale_over_corrects(
    reference_data: Path, mace_small: None
) -> None:
    """MACE-MP-0 small on LGPS, the factor from each of the 200 frames in turn, the error over all of them."""
    import numpy as np

    from whet import Spec, read_labeled
    from whet.bias.force_factor import ForceFactor
    from whet.bias.pairs import Comparison
    from whet.plugins.registry import registry

    potential = registry().load(registry().resolve("potentials", Spec("mace", {"model": "small"})))
    frames = list(read_labeled(reference_data / "lgps" / "test-50.extxyz"))
    guesses = [labels.attach(frame) for frame, labels in zip(frames, potential.evaluate(frames), strict=True)]
    comparison = Comparison.of(frames, guesses)

    def error(one: Comparison) -> float:
        return float(np.abs(one.predicted.forces - one.reference.forces).mean())

    pairs = list(zip(frames, guesses, strict=True))
    ours, deng = (
        np.mean([error(ForceFactor.of_frame(*pair, rule).applied_to(comparison)) for pair in pairs])
        for rule in ("b", "1/s")
    )
    assert [error(comparison), ours, deng] == pytest.approx([0.1484, 0.1472, 0.1571], abs=5e-4)


@pytest.mark.slow
def test_a_real_potential_gives_the_same_bits_everywhere(tmp_path: Path, foreign_python: Path) -> None:
    """With the same packages and threads: in this process, in workers, and in another interpreter."""
    import torch

    torch.set_num_threads(1)
    elsewhere = (
        f"environments={{other: {foreign_python}}}",
        "potentials.main={use: chgnet, environment: other}",
        "labeler={use: tblite, environment: other}",
    )
    found = []
    for name, workers, overrides in (("here", 0, ()), ("workers", 2, ()), ("elsewhere", 1, elsewhere)):
        study = small_quickstart(tmp_path / name, "strategies={periodic: 2}", *overrides)
        assert not study.run(workers=workers).failed
        found.append(contents(study.store))
    assert found[0] == found[1]
    assert found[0] == found[2]
