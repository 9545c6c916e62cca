"""Every option of mace_run_train by its own name, checked before anything runs."""

from __future__ import annotations

import pytest
from mace.tools import build_default_arg_parser

from whet import OptionsError
from whet_mace.upstream_options import TAKEN, MaceTrainingOptions, known_options


def checked(**values: object) -> MaceTrainingOptions:
    return MaceTrainingOptions.checked(values, of="fine-tuner 'mace'")


def test_the_names_are_those_of_upstreams_parser():
    parser = build_default_arg_parser()
    actions = {
        text.removeprefix("--"): action
        for action in parser._actions
        for text in action.option_strings
        if text.startswith("--") and text != "--help"
    }
    assert set(known_options()) == set(actions)
    for name, option in known_options().items():
        assert option.dest == actions[name].dest
        assert option.choices == tuple(actions[name].choices or ())
        assert (option.flag is not None) == (actions[name].nargs == 0)
    assert set(TAKEN) <= set(actions)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"los": "huber"}, "los: mace_run_train has no such option; did you mean 'loss'?"),
        ({"lr": 1e-3}, "lr: use learning_rate"),
        ({"max_num_epochs": 3}, "max_num_epochs: use epochs"),
        ({"multiheads_finetuning": True}, "multiheads_finetuning: replay frames are trained as a head of their own"),
        ({"loss": "huberr"}, "loss: should be one of ef, weighted"),
        ({"amsgrad": "yes"}, "amsgrad: should be true or false"),
        ({"lr_factor": "half"}, "lr_factor: should be a number, not 'half'"),
        ({"scheduler_patience": 1.5}, "scheduler_patience: should be a whole number, not 1.5"),
    ],
)
def test_what_does_not_fit_is_named_with_its_way_out(values, fault):
    with pytest.raises(OptionsError) as raised:
        checked(**values)
    assert fault in str(raised.value)
    assert [problem.path for problem in raised.value.problems] == [(name,) for name in values]


def test_switches_can_be_turned_off():
    given = checked(amsgrad=False, foundation_model_readout=False, stage_two=True, loss="huber", lr_factor=0.5)
    assert given.switches() == {"amsgrad": False, "foundation_model_readout": False, "swa": True}
    assert given.arguments() == ["--loss=huber", "--lr_factor=0.5"]
    assert MaceTrainingOptions.checked(given.as_json(), of="it") == given
