"""ModelFile: one file of published weights: where it lies, where it comes from, and how it is fetched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from whet.data.errors import MissingPackage
from whet.data.identity import file_digest
from whet.data.user_folders import model_cache, user_cache


@dataclass(frozen=True)
class ModelFile:
    """One file of published weights.

    names: what it is called in Whet's cache and in the folders of `WHET_MODELS`; the first is the one that a download
    gets. sha256, size (bytes): empty and 0 where they are not known. url: where it is downloaded from. shipped: its
    path below the folder that holds an installed package (`chgnet/pretrained/…`), for weights that come with pip.
    cached: where upstream's own downloads put it, below the user's cache folder.
    """

    names: tuple[str, ...]
    sha256: str = ""
    size: int = 0
    url: str = ""
    shipped: str = ""
    cached: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Where it comes from: its address, or the package that it ships with."""
        return self.url or f"ships with {self.shipped.partition('/')[0]}"

    def is_in(self, path: Path) -> bool:
        """Whether the file's content is this one's, as far as that is known."""
        fits = not self.size or path.stat().st_size == self.size
        return fits and (not self.sha256 or file_digest(path) == self.sha256)

    def find(self) -> Path | None:
        """The file where it lies already, its content checked: the user's folders first; None where it is nowhere."""
        return next((path for path in self._places() if path.is_file() and self.is_in(path)), None)

    def altered(self) -> str:
        """What is wrong with the file that ships with a package; empty where it is right, or not there."""
        path = next((path for path in self._shipped() if path.is_file()), None)
        if path is None or self.is_in(path):
            return ""
        found = f"{path} is there, but its SHA-256 is {file_digest(path)[:12]}… ({path.stat().st_size:,} bytes)"
        return f"{found}; it should be {self.sha256[:12]}… ({self.size:,} bytes)"

    def place(self) -> Path:
        """Where it lies, else where `obtain` will put it. Never asks the network.

        MissingPackage where it comes only with a package that has no such file here.
        """
        if found := self.find():
            return found
        if not self.url:
            package = self.shipped.partition("/")[0]
            altered = self.altered()
            raise MissingPackage(
                altered or f"{self.names[0]} comes with the package {package}, which has no such file here",
                hint=f"Install {package} again" if altered else "",
            )
        return model_cache() / self.names[0]

    def obtain(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Path:
        """The file: where it lies, else downloaded into Whet's cache.

        progress: called with bytes had and bytes in all. Raises InputError where it cannot be fetched, naming the
        address and where to put the file, and as `place` does.
        """
        from whet.data.download import download

        if found := self.find():
            return found
        path = self.place()
        way_out = f"Get {self.url} elsewhere and save it as {path}, or name its folder in WHET_MODELS"
        download(self.url, path, size=self.size, sha256=self.sha256, way_out=way_out, progress=progress)
        return path

    def _places(self) -> Iterator[Path]:
        named = [Path(folder).expanduser() for folder in os.environ.get("WHET_MODELS", "").split(os.pathsep) if folder]
        for folder in (*named, model_cache()):
            yield from (folder / name for name in self.names)
        yield from self._shipped()
        yield from (user_cache() / place for place in self.cached)

    def _shipped(self) -> Iterator[Path]:
        package, _, inside = self.shipped.partition("/")
        found = find_spec(package) if package else None
        if found and found.origin:
            yield Path(found.origin).parent / inside
