"""Foundation models: what MACE-MP-0's files are called, where they are looked for, and how they are fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from whet import InputError, UnknownName, file_digest, replacing

CONNECT_SECONDS = 10.0
"""How long a server may stay silent: compute nodes without a network should say so soon."""

RELEASE = "https://github.com/ACEsuit/mace-mp/releases/download/mace_mp_0/"


@dataclass(frozen=True)
class Foundation:
    """A published file of weights.

    names: of the file, as Whet, upstream and upstream's cache call it. size: bytes. What is not known is None.
    """

    url: str
    names: tuple[str, ...]
    sha256: str | None = None
    size: int | None = None

    def is_in(self, path: Path) -> bool:
        """Whether the file's content is this model's, as far as that is known."""
        fits = self.size is None or path.stat().st_size == self.size
        return fits and (self.sha256 is None or file_digest(path) == self.sha256)


MODELS = {
    "small": Foundation(
        RELEASE + "2023-12-10-mace-128-L0_energy_epoch-249.model",
        (
            "mace_mp_small.model",
            "2023-12-10-mace-128-L0_energy_epoch-249.model",
            "20231210mace128L0_energy_epoch249model",
        ),
        "2ddb079cee0e131eaaf6912ba581b394551ead283e95c99cfe78c605d10b5736",
        32_581_838,
    ),
    "medium": Foundation(
        RELEASE + "2023-12-03-mace-128-L1_epoch-199.model",
        ("mace_mp_medium.model", "2023-12-03-mace-128-L1_epoch-199.model", "20231203mace128L1_epoch199model"),
        "01bfe22100139f424713cf921144e5509cbe353d67aa9fa1be9c6e1e0ed35845",
        44_422_970,
    ),
    "large": Foundation(
        RELEASE + "MACE_MPtrj_2022.9.model",
        ("mace_mp_large.model", "MACE_MPtrj_2022.9.model", "MACE_MPtrj_20229model"),
    ),
}
"""MACE-MP-0, trained on MPtrj (Batatia et al., arXiv:2401.00096)."""


def obtain(name: str) -> Path:
    """The file of a named model: the one that lies here, else it is fetched into Whet's cache.

    Raises UnknownName for a name that is none of `MODELS`; InputError where it cannot be fetched, naming the address
    and where to put the file.
    """
    if name not in MODELS:
        raise UnknownName.among("MACE model", name, MODELS)
    model = MODELS[name]
    for path in _places(model):
        if path.is_file() and model.is_in(path):
            return path
    path = cache() / model.names[0]
    fetch(model, path)
    return path


def cache() -> Path:
    """Whet's folder of models; it need not exist."""
    return _caches() / "whet" / "models"


def fetch(model: Foundation, path: Path) -> None:
    """Downloads a model to `path`, all or nothing, its content checked.

    Raises InputError where the server does not give it, and StoreError where it cannot be written.
    """
    way_out = f"Get {model.url} elsewhere and save it as {path}, or name its folder in WHET_MODELS"
    try:
        with replacing(path) as partial:
            with partial.open("wb") as file:
                for block in _blocks(model.url):
                    file.write(block)
            if not model.is_in(partial):
                found = f"{partial.stat().st_size} bytes, SHA-256 {file_digest(partial)}"
                wanted = f"{model.size or 'any number of'} bytes, SHA-256 {model.sha256}"
                raise InputError(f"what was downloaded has {found}, not {wanted}", where=model.url)
    except InputError as error:
        error.hint = way_out
        raise


def _blocks(url: str) -> Iterator[bytes]:
    """The content at an address. InputError where it cannot be had whole."""
    # Not at the top: listing plugins is to start fast.
    from http.client import HTTPException
    from urllib.request import urlopen

    had = 0
    try:
        with urlopen(url, timeout=CONNECT_SECONDS) as answer:
            announced = answer.headers.get("Content-Length")
            while block := answer.read(1 << 20):
                had += len(block)
                yield block
    except (OSError, HTTPException) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__
        raise InputError(f"the model cannot be downloaded ({reason})", where=url) from error
    if announced is not None and had != int(announced):
        raise InputError(f"the download was cut off after {had} of {announced} bytes", where=url)


def _places(model: Foundation) -> Iterator[Path]:
    """Where the file may lie, the user's folders first."""
    named = [Path(folder).expanduser() for folder in os.environ.get("WHET_MODELS", "").split(os.pathsep) if folder]
    for folder in (*named, cache(), _caches() / "mace"):
        for name in model.names:
            yield folder / name


def _caches() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
