"""MaceTrainingOptions: every option of mace_run_train by its own name, less those that the common words stand for.

The names are read from the source of upstream's parser, so that they can be checked where nothing heavy is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from pydantic import ConfigDict

from whet import KeyProblem, Options, OptionsError, suggestion

HERE = "Whet writes it: leave it out"
REPLAY = "replay frames are trained as a head of their own: use strategy, replay, replay_frames and replay_weight"

TAKEN: Mapping[str, str] = {
    "lr": "use learning_rate",
    "max_num_epochs": "use epochs",
    "batch_size": "use batch_size of fine_tune",
    "patience": "use patience of fine_tune",
    **dict.fromkeys(("ema", "ema_decay"), "use ema of fine_tune"),
    **dict.fromkeys(("energy_weight", "forces_weight", "stress_weight"), "use weights"),
    **dict.fromkeys(("valid_fraction", "test_file", "test_dir"), "use valid_fraction, and test sets of the study"),
    **dict.fromkeys(("foundation_model", "foundation_head", "foundation_model_kwargs"), "use model and head"),
    "foundation_model_elements": "all elements are kept, so that what was forgotten can be measured",
    "E0s": "use reference_energies",
    "device": "use the device of the run",
    **dict.fromkeys(("multiheads_finetuning", "force_mh_ft_lr", "weight_pt_head"), REPLAY),
    **dict.fromkeys(("pt_train_file", "pt_valid_file", "num_samples_pt", "subselect_pt", "filter_type_pt"), REPLAY),
    **dict.fromkeys(("disallow_random_padding_pt", "real_pt_data_ratio_threshold", "heads"), REPLAY),
    **dict.fromkeys(
        ("pseudolabel_replay", "pseudolabel_replay_compute_stress"),
        "give a replay file whose labels are the foundation model's own",
    ),
    "lora": "use strategy: lora",
    **dict.fromkeys(("name", "seed", "config", "train_file", "valid_file", "statistics_file", "work_dir"), HERE),
    **dict.fromkeys(("log_dir", "model_dir", "checkpoints_dir", "results_dir", "downloads_dir"), HERE),
    **dict.fromkeys(("energy_key", "forces_key", "stress_key", "virials_key", "head_key", "log_level"), HERE),
    **dict.fromkeys(("restart_latest", "distributed", "launcher", "dry_run", "multi_processed_test"), HERE),
}
"""Names that would contradict what the core says, with the way out."""

KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "int": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "float": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "str2bool": ("true or false", lambda value: isinstance(value, bool)),
}
"""What upstream's types take, in words and as a test."""


@dataclass(frozen=True)
class Known:
    """An option of upstream's parser.

    dest: the attribute that it sets. flag: its value when given, for a switch. kind: upstream's name of its type.
    """

    dest: str
    flag: bool | None = None
    kind: str = ""
    choices: tuple[Any, ...] = ()
    several: bool = False


class MaceTrainingOptions(Options):
    """Any option of `mace_run_train`, by its own name without the dashes (`loss: huber`, `default_dtype: float64`).

    Switches take true or false. Those that contradict a common word are refused with the word to use.
    """

    model_config = ConfigDict(extra="allow")

    @classmethod
    def checked(cls, values: Mapping[str, Any], *, of: str, **where: Any) -> Self:
        if found := [KeyProblem((name,), fault) for name, value in values.items() if (fault := _fault(name, value))]:
            raise OptionsError(f"options of {of}", problems=found)
        return super().checked(values, of=of, **where)

    @property
    def given(self) -> dict[str, Any]:
        """What the user set, by upstream's names."""
        return dict(self.__pydantic_extra__ or {})

    def arguments(self) -> list[str]:
        """The command line of those options that are no switches."""
        line = []
        for name, value in self.given.items():
            option = known_options()[name]
            if option.several:
                line += [f"--{name}", *map(str, value)]
            elif option.flag is None:
                line.append(f"--{name}={value}")
        return line

    def switches(self) -> dict[str, bool]:
        """The switches, as attributes of the parsed command line: one that is on by default can be turned off so."""
        found = {}
        for name, value in self.given.items():
            option = known_options()[name]
            if option.flag is not None:
                # A switch that stores false under its own name (foundation_model_readout) means what it is called.
                found[option.dest] = value if name == option.dest else value == option.flag
        return found


@cache
def known_options() -> Mapping[str, Known]:
    """The options of the installed mace_run_train, by name. Empty where mace is not installed; it is not imported."""
    package = find_spec("mace")
    if package is None or package.origin is None:
        return {}
    tree = ast.parse((Path(package.origin).parent / "tools" / "arg_parser.py").read_text(encoding="utf-8"))
    found = {}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.FunctionDef) and node.name == "build_default_arg_parser"):
            continue
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("add_argument", "add"):
                names = [str(_plain(name)).removeprefix("--") for name in call.args]
                keywords = {keyword.arg: _plain(keyword.value) for keyword in call.keywords}
                option = Known(
                    dest=keywords.get("dest") or names[0],
                    flag={"store_true": True, "store_false": False}.get(keywords.get("action", "")),
                    kind=next((getattr(part.value, "id", "") for part in call.keywords if part.arg == "type"), ""),
                    choices=tuple(keywords.get("choices") or ()),
                    several=keywords.get("nargs") is not None,
                )
                found.update(dict.fromkeys(names, option))
    return found


def _fault(name: str, value: Any) -> str:
    """What is wrong with an option, in words; empty where nothing is."""
    known = known_options()
    if name in TAKEN:
        return TAKEN[name]
    if known and name not in known:
        way_out = suggestion(name, sorted(set(known) - set(TAKEN))) or "`mace_run_train --help` lists them"
        return f"mace_run_train has no such option; {way_out[0].lower()}{way_out[1:]}"
    option = known.get(name, Known(name))
    if option.flag is not None and not isinstance(value, bool):
        return f"should be true or false, not {value!r}"
    if option.kind in KINDS and not KINDS[option.kind][1](value):
        return f"should be {KINDS[option.kind][0]}, not {value!r}"
    if option.several and not isinstance(value, list):
        return f"should be a list, not {value!r}"
    if option.choices and value not in option.choices:
        return f"should be one of {', '.join(map(str, option.choices))}, not {value!r}"
    return ""


def _plain(node: ast.expr) -> Any:
    """The value of a literal; None for anything that upstream computes."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
