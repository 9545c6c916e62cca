"""Titles: what people call a component, and what they cite for it, as its plugin says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from whet.contracts.component import Backend, FileRef
from whet.contracts.foundation import FoundationModel
from whet.contracts.options import Options

WHICH = ("head", "modal")
"""Options of a potential that say which of its surfaces answers."""


@dataclass(frozen=True)
class Titles:
    """title: `MACE-MP-0 small`; of weights that nobody published, `MACE tuned.model`; empty where the plugin has none.

    references: BibTeX entries. Published weights are known by their name or, under whatever path they lie, by content.
    """

    title: str
    references: tuple[str, ...]

    @classmethod
    def of(cls, offered: type[Backend], options: Options, files: Mapping[str, FileRef]) -> Titles:
        """What the plugin says of a backend with these options and files."""
        known: Mapping[str, FoundationModel] = getattr(offered, "foundation_models", {})
        chosen = getattr(options, "model", None)
        found = [(name, one) for name, one in known.items() if name == chosen or one.is_content(files)]
        cited = [*offered.references(options), *(one for _, model in found[:1] for one in model.references)]
        if found:
            name, model = found[0]
            title = model.title or (f"{offered.title} {name}" if offered.title else "")
        else:
            names = dict.fromkeys(Path(ref.path).name for ref in files.values()) if known else ()
            title = " ".join([offered.title, *names]) if offered.title else ""
        if title and (coupling := getattr(options, "coupling", None)):
            title = f"{title}, {coupling} thermostat"
        surface = "".join(f", {name} {said}" for name in WHICH if (said := getattr(options, name, None)))
        return cls(title + surface if title else "", tuple(dict.fromkeys(cited)))
