"""FoundationModel: published weights: their files, where these come from, and how to tell that they answer right."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from whet.data.errors import MissingPackage
from whet.data.identity import file_digest

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.labels import Labels
    from whet.data.theory import LevelOfTheory


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


@dataclass(frozen=True)
class KnownAnswer:
    """What a model answers for one small compound, by which misread weights are found out.

    The compound is a rock salt of two elements, primitive cell, its second atom off its site (`compound`).
    energy: eV, total. forces: (2, 3) eV/Å; empty where they are not known. tolerance: eV/atom and eV/Å; wide enough
    for another machine's rounding and far below what a misread parameter does.
    """

    energy: float
    forces: tuple[tuple[float, float, float], ...] = ()
    symbols: tuple[str, str] = ("Na", "Cl")
    lattice_constant: float = 5.64
    tolerance: float = 0.005

    @property
    def compound(self) -> Atoms:
        """The two atoms."""
        from ase.build import bulk

        atoms = bulk("".join(self.symbols), "rocksalt", a=self.lattice_constant)
        atoms.positions[1] += (0.12, -0.07, 0.04)
        return atoms

    @classmethod
    def of(cls, labels: Labels, symbols: tuple[str, str]) -> Self:
        """The answer that labels of the compound of these two elements are: what a plugin's author states."""
        rows = [tuple(round(float(number), 4) for number in row) for row in labels.forces]
        return cls(round(labels.energy, 5), (rows[0], rows[1]), symbols)  # pyright: ignore[reportArgumentType]

    def __str__(self) -> str:
        """As it stands in a plugin's source."""
        return f"KnownAnswer(energy={self.energy}, forces={self.forces}, symbols={self.symbols})"

    def fault(self, labels: Labels) -> str:
        """What is wrong with labels of the compound; empty where they are as they should be."""
        import numpy as np

        off = abs(labels.energy - self.energy) / 2
        if not off <= self.tolerance:
            return f"an energy of {labels.energy / 2:.3f} eV/atom instead of {self.energy / 2:.3f}"
        worst = float(np.abs(labels.forces - np.array(self.forces)).max()) if self.forces else 0.0
        return "" if worst <= self.tolerance else f"a force that is wrong by {worst:.3f} eV/Å"


@dataclass(frozen=True)
class FoundationModel:
    """Weights that somebody published, under a name of ours.

    files: role -> file, as the component carries them. licence: its SPDX name. theory: of the labels that it was
    trained on. answer: checked when the model is first used; None where nobody has measured one yet. reference: the
    paper, or where the model is described.
    """

    files: Mapping[str, ModelFile]
    licence: str = ""
    theory: LevelOfTheory | None = None
    answer: KnownAnswer | None = None
    reference: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files; 0 where one is not known."""
        sizes = [file.size for file in self.files.values()]
        return sum(sizes) if all(sizes) else 0

    def find(self) -> dict[str, Path] | None:
        """The files, where all of them lie here; else None."""
        found = {role: file.find() for role, file in self.files.items()}
        return None if None in found.values() else {role: path for role, path in found.items() if path}

    def obtain(self, progress: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Path]:
        """The files; raises as `ModelFile.obtain` does."""
        return {role: file.obtain(progress) for role, file in self.files.items()}

    def is_in(self, files: Mapping[str, Path]) -> bool:
        """Whether these files are the model's, by content; never where a checksum is not known."""
        return files.keys() == self.files.keys() and all(
            file.sha256 and file.is_in(files[role]) for role, file in self.files.items()
        )


def model_cache() -> Path:
    """Whet's folder of downloaded models; it need not exist."""
    return user_cache() / "whet" / "models"


def user_data() -> Path:
    """The user's data folder (`XDG_DATA_HOME`, else `~/.local/share`)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def user_cache() -> Path:
    """The user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
