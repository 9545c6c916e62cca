"""Architectures: untrained potentials, made from a seed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from whet import InputError, UnknownName
from whet_matgl.isolation import untouched
from whet_matgl.model_files import prepared

if TYPE_CHECKING:
    from matgl.apps.pes import Potential

Architecture = Literal["TensorNet", "M3GNet", "CHGNet", "QET"]
Size = Literal["small", "medium", "large"]

WIDTHS: Mapping[Size, int] = {"small": 32, "medium": 64, "large": 128}
"""Length of the feature vectors; 64 is upstream's own default for each architecture."""

SET_HERE = ("element_types", "cutoff", "is_intensive")
"""Hyperparameters that other options stand for, or that a potential cannot have otherwise."""


def untrained(
    architecture: Architecture,
    elements: Sequence[str],
    *,
    cutoff: float,
    size: Size,
    hyperparameters: Mapping[str, Any],
    seed: int,
    device: str,
) -> Potential:
    """A potential with random weights, without reference energies; the same arguments give the same bits.

    elements: chemical symbols, in any order. cutoff: Å. hyperparameters: of upstream's class, by its own names, on top
    of those of the size. Raises InputError for a symbol that is none or a value that upstream refuses, UnknownName for
    a hyperparameter that the architecture does not have.
    """
    known = sorted(set(elements), key=_number)
    with untouched():
        import torch
        from matgl import models
        from matgl.apps.pes import Potential

        kind: Any = getattr(models, architecture)
        _check_names(architecture, kind, hyperparameters)
        arguments = {**_defaults(architecture, cutoff, WIDTHS[size]), **hyperparameters}
        torch.manual_seed(seed)
        try:
            graph_model = kind(element_types=tuple(known), cutoff=cutoff, **arguments)
            model = Potential(model=graph_model, calc_charge=architecture == "QET")
        except (TypeError, ValueError, KeyError, AssertionError, RuntimeError, NotImplementedError) as error:
            raise InputError(f"{architecture} cannot be made with these hyperparameters ({error})") from error
    return prepared(model, device)


def _defaults(architecture: Architecture, cutoff: float, width: int) -> dict[str, Any]:
    """Upstream's arguments for a smooth, extensive potential of this width."""
    smooth = {"is_intensive": False, "rbf_type": "SphericalBessel", "use_smooth": True}
    if architecture == "CHGNet":
        return {
            "threebody_cutoff": min(3.0, cutoff),
            # Upstream cuts off the basis by its own value, not by the distance: once it has learned, it no longer ends
            # at the cutoff, and energies jump there.
            "learn_basis": False,
            **dict.fromkeys(("dim_atom_embedding", "dim_bond_embedding", "dim_angle_embedding"), width),
            **dict.fromkeys(("atom_conv_hidden_dims", "bond_conv_hidden_dims"), (width,)),
            "final_hidden_dims": (width, width),
        }
    if architecture == "M3GNet":
        widths = dict.fromkeys(("units", "dim_node_embedding", "dim_edge_embedding"), width)
        return {**smooth, **widths, "threebody_cutoff": min(4.0, cutoff)}
    if architecture == "QET":
        del smooth["is_intensive"]  # it never is
    return {**smooth, "units": width}


def _check_names(architecture: str, kind: Any, hyperparameters: Mapping[str, Any]) -> None:
    # Upstream takes any keyword and ignores those that it does not know.
    named = [name for name in inspect.signature(kind).parameters if name not in ("kwargs", *SET_HERE)]
    for name in hyperparameters:
        if name in SET_HERE:
            raise InputError(f"{name!r} is not set under `hyperparameters`: it follows from the other options")
        if name not in named:
            raise UnknownName.among(f"hyperparameter of {architecture}", name, named)


def _number(symbol: str) -> int:
    from ase.data import atomic_numbers

    if not atomic_numbers.get(symbol):
        raise InputError(f"there is no element {symbol!r}", where="elements")
    return atomic_numbers[symbol]


ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)
