"""The kit finds what is wrong: each fault is caught by the check that names it, and by no other that should pass."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from whet import InputError, Potential
from whet.plugins.registry import registry
from whet.testing import check_potential
from whet.testing.check import CheckFailed
from whet.testing.potentials import POTENTIAL_CHECKS

FAULTY = Path(__file__).parents[2] / "faulty"

OWN_PACKAGE = "own_package_reads_what_was_exported"
EXPORT = {"exported_file_has_the_shift", OWN_PACKAGE}
POTENTIAL_FAULTS = [
    ("stress sign", {"stress_is_the_strain_derivative"}, "its sign is wrong"),
    ("stress in GPa", {"stress_is_the_strain_derivative"}, "it is in GPa"),
    ("no wrap", {"images_are_the_same_atoms"}, "a force differs|the energy differs"),
    ("float32 leak", {"float64_is_float64"}, "show a rounding of"),
    ("in place", {"inputs_are_untouched"}, "changed in place: positions"),
    ("not conservative", {"forces_are_the_slope_of_the_energy"}, "the answer says"),
    ("cross-talk", {"batches_answer_as_single_frames"}, "frame 1"),
    ("global dtype", {"process_is_left_as_it_was"}, "torch's default dtype"),
    ("seeds NumPy", {"process_is_left_as_it_was"}, r"^changed: random numbers of NumPy \(during construction\)$"),
    (
        "draws",
        {"process_is_left_as_it_was"},
        r"NumPy \(during the first prediction\), .* \(during another prediction\)$",
    ),
    ("prints", {"process_is_left_as_it_was"}, "printed on standard output: 'loading"),
    ("silent zero", {"every_element_matters"}, "feel nothing: Xe"),
    ("unknown is nothing", {"unknown_elements_are_refused"}, "raises nothing"),
    ("lists", {"outputs_are_plain_arrays"}, "forces is a list"),
    ("stress always", {"stress_only_where_it_means_something"}, "a stress for a molecule"),
    ("lone force", {"isolated_atom"}, "feels a force"),
    ("old answer", {"known_answer_is_right"}, r"it answers KnownAnswer\(energy=-0\.3"),
    ("bare errors", {"missing_files_are_named"}, "instead of InputError"),
    ("saves rounded", {"saved_is_loaded_the_same"}, "differs by"),
    ("shift left out", EXPORT, "the shift is left out$"),
    ("shift twice", EXPORT, "the shift is counted twice$"),
    ("shift reversed", EXPORT, "the shift has the wrong sign$"),
    ("shift of its elements alone", EXPORT, "the energy differs by"),
    ("export stretches", EXPORT, "the energy differs by|a force differs by"),
    ("lines add it again", {OWN_PACKAGE}, "the shift is counted twice$"),
]
"""Fault, the check that names it, and what it says."""

OF_EXPORTS = [case[0] for case in POTENTIAL_FAULTS if OWN_PACKAGE in case[1]]
OF_THE_PROCESS = ("", "global dtype", "prints", "seeds NumPy", "draws")
FRESH = ("process_is_left_as_it_was", "entry_point_is_light", "missing_packages_are_named")

WITH_CONSEQUENCES = [
    # A lost neighbor is lost in every cell that is smaller than the cutoff.
    ("no self-images", {"one_atom_cells"}, {"supercells_are_multiples", "choice_of_cell_changes_nothing"}),
    ("not extensive", {"distant_fragments_do_not_feel_each_other"}, {"supercells_are_multiples", "one_atom_cells"}),
    # What jumps at the cutoff jumps along every path that crosses it.
    (
        "jump",
        {"smooth_at_the_cutoff", "smooth_along_a_path"},
        {"forces_are_the_slope_of_the_energy", "stress_is_the_strain_derivative"},
    ),
    (
        "sorted",
        {"order_of_atoms_changes_nothing"},
        {"forces_are_the_slope_of_the_energy", "supercells_are_multiples"},
    ),
    (
        "drift",
        {"forces_sum_to_zero"},
        {"forces_are_the_slope_of_the_energy", "rotation_turns_forces_and_stress", "isolated_atom"},
    ),
    ("flat molecules", {"molecule_needs_no_cell"}, {"distant_fragments_do_not_feel_each_other"}),
    # An energy that hangs on how the cell lies in space has a strain derivative of its own.
    (
        "columns",
        {"rotation_turns_forces_and_stress"},
        {"stress_is_the_strain_derivative", "choice_of_cell_changes_nothing", "supercells_are_multiples"},
    ),
    # Equal to the last bit is what these ask as well.
    ("random", {"answers_are_deterministic"}, {"saved_is_loaded_the_same", "calculator_answers_as_evaluate"}),
    # Whoever overrides `evaluate` loses the energy shift, too.
    (
        "no checks",
        {"broken_frames_are_refused", "unknown_elements_are_refused"},
        {"exported_file_has_the_shift"},
    ),
]

TRAINING_FAULTS = [
    ("heads are replaced", {"zero_epochs_change_nothing"}, set()),
    ("weights are ignored", {"weights_take_effect"}, {"labels_without_weight_have_no_effect"}),
    ("stress is dropped", {"every_label_takes_effect"}, set()),
    ("stress without weight", {"labels_without_weight_have_no_effect"}, set()),
    ("thaws", {"only_what_is_trained_changes"}, set()),
    ("rate is its own", {"words_are_honored"}, set()),
    ("replay is dropped", {"replay_happens_or_is_refused"}, set()),
    ("unseeded", {"same_seed_same_weights", "an_interrupted_training_ends_the_same"}, None),
    ("resumes half", {"an_interrupted_training_ends_the_same"}, set()),
    ("starts afresh", {"a_fine_tuned_model_can_be_fine_tuned"}, set()),
    ("seeds Python", {"same_seed_same_weights"}, set()),
    ("learns nothing", {"a_few_epochs_lower_the_loss", "only_what_is_trained_changes"}, None),
]


@pytest.fixture(autouse=True)
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin of faulty potentials, for this process and those that it starts."""
    monkeypatch.syspath_prepend(str(FAULTY))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAULTY), os.environ.get("PYTHONPATH", "")]))
    registry.cache_clear()
    yield
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_faulty"]:
        del sys.modules[name]
    if "torch" in sys.modules:
        sys.modules["torch"].set_default_dtype(sys.modules["torch"].float32)


def failures(fault: str, *tiers: str) -> dict[str, str]:
    # Fresh interpreters take seconds, and few faults are of the kind that they see.
    left_out = () if fault in OF_THE_PROCESS else FRESH if fault in OF_EXPORTS else (*FRESH, OWN_PACKAGE)
    only = [check.name for check in POTENTIAL_CHECKS if check.name not in left_out]
    given = {"use": "faulty", "fault": fault}
    found = check_potential(given, tiers=tiers, only=only)  # pyright: ignore[reportArgumentType]
    return {outcome.check: outcome.said for outcome in found.failed}


def test_without_a_fault_everything_passes() -> None:
    assert failures("", "contract", "physics", "training") == {}


@pytest.mark.parametrize(("fault", "checks", "said"), POTENTIAL_FAULTS, ids=[case[0] for case in POTENTIAL_FAULTS])
def test_a_fault_is_caught_by_the_check_that_names_it(fault: str, checks: set[str], said: str) -> None:
    import re

    if fault == "global dtype" and find_spec("torch") is None:
        pytest.skip("torch is not installed")
    found = failures(fault, "contract", "physics")
    assert found.keys() == checks
    assert all(re.search(said, line) for line in found.values()), found


@pytest.mark.parametrize(
    ("fault", "checks", "consequences"), WITH_CONSEQUENCES, ids=[case[0] for case in WITH_CONSEQUENCES]
)
def test_a_fault_with_consequences_is_caught_by_its_own_check(fault: str, checks: set, consequences: set) -> None:
    found = failures(fault, "contract", "physics")
    assert checks <= found.keys() <= checks | consequences, found


@pytest.mark.parametrize(
    ("fault", "checks", "consequences"), TRAINING_FAULTS, ids=[case[0] for case in TRAINING_FAULTS]
)
def test_a_fault_of_training_is_caught(fault: str, checks: set, consequences: set | None) -> None:
    found = failures(fault, "training")
    assert checks <= found.keys(), found
    if consequences is not None:
        assert found.keys() <= checks | consequences, found


def test_few_instances_and_few_sizes_of_frames_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What compiles anew for each instance and each shape pays for every one of them."""
    from whet_faulty.potential import FaultyPotential

    made, sizes = [], set()
    init, predict = FaultyPotential.__init__, FaultyPotential.predict

    def counted(self, *given, **named):
        made.append(1)
        init(self, *given, **named)

    def seen(self, frames, properties):
        sizes.update(map(len, frames))
        return predict(self, frames, properties)

    monkeypatch.setattr(FaultyPotential, "__init__", counted)
    monkeypatch.setattr(FaultyPotential, "predict", seen)
    monkeypatch.setattr(FaultyPotential, "export", Potential.export)  # what is exported is loaded again, and again
    assert failures("", "contract", "physics") == {}
    assert len(made) <= 4
    assert sizes <= {1, 2, 4, 8, 16}


def test_expected_failures_are_strict() -> None:
    given = {"use": "faulty", "fault": "stress sign"}
    name = "stress_is_the_strain_derivative"
    announced = check_potential(given, {name: "known"}, only=[name])
    assert announced.ok
    assert announced.outcomes[0].status == "expected"
    mended = check_potential("faulty", {name: "known"}, only=[name])
    assert "listed as an expected failure" in mended.failed[0].said
    with pytest.raises(CheckFailed, match="listed as an expected failure: known"):
        mended.raise_for_failures()
    with pytest.raises(InputError, match=r"there is no check .stress_is_strain_derivative.\. Did you mean"):
        check_potential("faulty", {"stress_is_strain_derivative": "known"})


def test_a_failure_says_what_it_means_and_where_that_is_explained() -> None:
    found = check_potential({"use": "faulty", "fault": "in place"}, only=["inputs_are_untouched"])
    (failure,) = found.failed
    assert failure.meaning.startswith("Frames are as they were")
    page, _, anchor = failure.page.partition("#")
    assert f"### `{anchor}`" in Path(page).read_text()
    assert found.as_json()["ok"] is False
    assert "page" not in found.as_json()["outcomes"][0]  # nor any place of this machine
