"""Named models: the foundation models of every potential that is installed here."""

from __future__ import annotations

from dataclasses import dataclass

from whet.contracts.component import Spec
from whet.contracts.foundation import FoundationModel
from whet.contracts.potential import Potential
from whet.data.errors import InputError, UnknownName, WhetError
from whet.plugins.registry import Registry, registry


@dataclass(frozen=True)
class NamedModel:
    """A foundation model and the words that name it: `POTENTIAL:MODEL`."""

    potential: str
    model: str
    foundation: FoundationModel

    @property
    def name(self) -> str:
        """`mace:small`"""
        return f"{self.potential}:{self.model}"

    def altered(self) -> str:
        """What is wrong with a file that ships with a package; empty where nothing is."""
        return next((fault for file in self.foundation.files.values() if (fault := file.altered())), "")

    def fault(self) -> str:
        """What is wrong with the files that lie here or with what they answer; empty where all is well.

        Loads the potential. Where nothing lies here that is the fault.
        """
        if altered := self.altered():
            return altered
        if self.foundation.find() is None:
            return "not here"
        try:
            here = registry()
            potential: Potential = here.load(here.resolve("potentials", Spec(self.potential, {"model": self.model})))
            potential.check_known_answer()
        except WhetError as error:
            return str(error)
        return ""


def named_models(here: Registry | None = None) -> list[NamedModel]:
    """Every foundation model of the potentials that are installed, in order of name. Nothing heavy is loaded."""
    here = here or registry()
    return [
        NamedModel(offered.name, model, foundation)
        for plugin in here.plugins
        for offered in plugin.offers.get("potentials", ())
        if issubclass(offered, Potential)
        for model, foundation in offered.foundation_models.items()
    ]


def named_model(name: str) -> NamedModel:
    """The model that `POTENTIAL:MODEL` names. UnknownName, with the nearest, where there is none."""
    known = {model.name: model for model in named_models()}
    if name in known:
        return known[name]
    if ":" not in name and any(model.potential == name for model in known.values()):
        hint = f"Known: {', '.join(model for model in known if model.startswith(name + ':'))}"
        raise InputError(f"{name!r} names no model", hint=hint)
    raise UnknownName.among("foundation model", name, known)
