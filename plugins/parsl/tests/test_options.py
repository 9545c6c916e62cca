"""The options: Parsl's own words, each only where the provider has it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

import pytest

from whet import InputError, Study
from whet.data.errors import OptionsError
from whet_parsl.options import ParslOptions, lines
from whet_parsl.provider_keys import OVERRIDDEN, PROVIDER_KEYS, SEVERAL_NODES, Launcher

OURS = {"overrides"}
"""An argument of the launchers."""


def refused(**given: Any) -> str:
    with pytest.raises(OptionsError) as caught:
        ParslOptions.checked(given, of="executor 'parsl'")
    return "; ".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize("provider", [name for name in PROVIDER_KEYS if name != "local"])
def test_the_providers_have_these_words(provider: str) -> None:
    import parsl.providers

    from whet_parsl.providers import CLASSES

    own = set(inspect.signature(getattr(parsl.providers, CLASSES[provider]).__init__).parameters)
    assert PROVIDER_KEYS[provider] - OURS <= own
    # All that are ours; the rest of theirs is decided by the size of the steps, or is not offered.
    every = set().union(*PROVIDER_KEYS.values())
    assert (own & every) - PROVIDER_KEYS[provider] <= {"nodes_per_block"}


def test_every_word_is_an_option() -> None:
    assert set().union(*PROVIDER_KEYS.values()) <= set(ParslOptions.model_fields)
    assert all(ParslOptions.descriptions().values())


def test_the_launchers_are_parsls() -> None:
    from parsl import launchers

    for name in get_args(Launcher):
        takes = inspect.signature(getattr(launchers, name).__init__).parameters
        assert ("overrides" in takes) == (name in OVERRIDDEN)


def test_what_the_provider_has_not_is_refused_by_name() -> None:
    assert "the provider 'local' has no `partition`" in refused(partition="short")
    assert "the provider 'slurm' has no `queue`. Slurm's word is `partition`" in refused(provider="slurm", queue="a")
    assert "has no `cores_per_node`. PBSPro's word is" in refused(provider="pbspro", cores_per_node=4)
    assert "'torque' has no `cpus_per_node`" in refused(provider="torque", cpus_per_node=4)
    assert "the provider 'kubernetes' has no `walltime`" in refused(
        provider="kubernetes", image="a", walltime="1:00:00"
    )


def test_all_that_the_provider_has_not_is_refused_at_once() -> None:
    said = refused(cores_per_node=2, walltime="00:30:00", partition="main")
    assert said.endswith("the provider 'local' has no `cores_per_node`, `partition`, `walltime`")
    said = refused(provider="slurm", queue="a", cpus_per_node=2)
    words = "Slurm's word is `cores_per_node`. Slurm's word is `partition`"
    assert said.endswith(f"the provider 'slurm' has no `cpus_per_node`, `queue`. {words}")


@pytest.mark.parametrize("given", [30, "30", "1:30", "1:30:99", 1.5])
def test_a_walltime_says_its_units(given: object) -> None:
    said = f"should be hours, minutes and seconds, HH:MM:SS (`00:30:00` for half an hour), not {given!r}"
    assert refused(provider="slurm", walltime=given).endswith(said)


def test_what_nobody_has_is_refused_with_the_nearest() -> None:
    assert "unknown key; did you mean `partition`" in refused(provider="slurm", partitoin="short").replace("'", "`")
    assert "slurm" in refused(provider="slrum")
    assert "SrunLauncher" in refused(provider="slurm", launcher="srun")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"min_blocks": 2}, "can be no more than `max_blocks`"),
        ({"provider": "pbspro", "nodes_per_block": 2}, "give the `launcher` that reaches them: SrunLauncher"),
        ({"provider": "slurm", "nodes_per_block": 2, "launcher": "SingleNodeLauncher"}, "on one node only, not on 2"),
        ({"provider": "slurm", "overrides": "--mpi=pmix"}, "`overrides` needs a `launcher`"),
        ({"provider": "slurm", "walltime": "0:00:30"}, "less than a minute"),
        ({"provider": "lsf", "request_by_nodes": False}, "give `cores_per_block` and `cores_per_node`"),
        ({"provider": "kubernetes"}, "`image` is missing"),
        ({"heartbeat_period": 30, "heartbeat_threshold": 40}, "two `heartbeat_period` at least"),
    ],
)
def test_what_contradicts_itself_is_refused(given: dict[str, Any], said: str) -> None:
    assert said in refused(**given)


def test_a_study_refuses_a_misspelt_option_where_it_stands(toy_study: Path) -> None:
    toy_study.write_text(toy_study.read_text() + "running:\n  use: parsl\n  provider: slurm\n  partitoin: short\n")
    with pytest.raises(InputError, match="partitoin") as caught:
        Study.load(toy_study)
    assert "line 7" in str(caught.value) and "Did you mean 'partition'" in str(caught.value)


def test_options_survive_the_component(toy_study: Path) -> None:
    """With every default filled in, none is one that the provider has not."""
    more = "running: {use: parsl, provider: slurm, walltime: 01:30:00, scheduler_options: ['#SBATCH --nice']}\n"
    toy_study.write_text(toy_study.read_text() + more)
    component = Study.load(toy_study).resolved.executor
    again = ParslOptions.checked(component.options, of="executor 'parsl'")
    assert again.walltime == "01:30:00" and again.walltime_minutes == 90
    assert lines(again.scheduler_options) == "#SBATCH --nice"


def test_several_nodes_need_no_launcher_on_slurm() -> None:
    assert "SingleNodeLauncher" not in SEVERAL_NODES
    assert ParslOptions.checked({"provider": "slurm", "nodes_per_block": 2}, of="").nodes == 2
    lsf = {"provider": "lsf", "request_by_nodes": False, "cores_per_block": 96, "cores_per_node": 48}
    assert ParslOptions.checked({**lsf, "launcher": "JsrunLauncher"}, of="").nodes == 2
    assert "give the `launcher`" in refused(**lsf)
