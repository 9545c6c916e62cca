"""refused_files: what a study would end with, found before its first step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from whet.contracts.component import Component, FileRef
from whet.data.errors import UntrustedFile
from whet.plugins.registry import registry


def refused_files(components: Iterable[Component]) -> list[UntrustedFile]:
    """The files of these components that would run code when they are loaded, and that nobody vouches for.

    Each as the fault that loading it raises. Nothing is loaded.
    """
    found: dict[str, UntrustedFile] = {}
    here = registry()
    for component in components:
        for part, ref in files_of(component):
            path = Path(ref.path)
            if ref.path not in found and not here.voucher(ref.sha256) and (code := here.code_in(part, path)):
                found[ref.path] = UntrustedFile.of(path, code)
    return [*found.values()]


def files_of(component: Component) -> list[tuple[Component, FileRef]]:
    """Files of a component and its parts, each with the one that will load it."""
    inner = [file for part in component.parts.values() for file in files_of(part)]
    return [(component, ref) for ref in component.files.values()] + inner
