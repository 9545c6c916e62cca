"""Archive: files packed into one, whole or not at all, each as it was when it was made."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from whet.data.durable import replacing
from whet.data.errors import InputError, StoreError

SUFFIXES = (".tar.gz", ".tgz", ".zip")

CHUNK = 1 << 20


class Archive(Protocol):
    """What files are put into, below one folder."""

    def add(self, source: Path, name: str, sha256: str = "") -> None:
        """Adds a file. StoreError where its content has another digest than `sha256`."""
        ...

    def add_text(self, text: str, name: str) -> None:
        """Adds a file with that text."""
        ...


@contextmanager
def archive(path: Path, folder: str) -> Iterator[Archive]:
    """The archive has its name when all is in it; after a fault there is none. folder: what all of it lies in.

    Raises InputError where the suffix names no kind of archive, StoreError where it cannot be written.
    """
    if not path.name.endswith(SUFFIXES):
        hint = f"Known: {', '.join(SUFFIXES)}"
        raise InputError("the name does not say which kind of archive it is", where=str(path), hint=hint)
    with replacing(path) as partial:
        if path.suffix == ".zip":
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as zipped:
                yield _Zip(zipped, folder)
        else:
            with tarfile.open(partial, "w:gz", format=tarfile.PAX_FORMAT, compresslevel=6) as tar:
                yield _Tar(tar, folder)


class _Tar:
    def __init__(self, tar: tarfile.TarFile, folder: str) -> None:
        self._tar, self._folder = tar, PurePosixPath(folder)

    def add(self, source: Path, name: str, sha256: str = "") -> None:
        """Of Archive."""
        with source.open("rb") as file:
            about = source.stat()
            info = self._info(name, about.st_size, about.st_mtime)
            read = _Read(file)
            self._tar.addfile(info, cast("IO[bytes]", read))
        read.check(sha256, source)

    def add_text(self, text: str, name: str) -> None:
        """Of Archive."""
        content = text.encode()
        self._tar.addfile(self._info(name, len(content), time.time()), io.BytesIO(content))

    def _info(self, name: str, size: int, written: float) -> tarfile.TarInfo:
        info = tarfile.TarInfo(str(self._folder / name))
        info.size, info.mtime, info.mode = size, written, 0o644
        return info


class _Zip:
    def __init__(self, zipped: zipfile.ZipFile, folder: str) -> None:
        self._zip, self._folder = zipped, PurePosixPath(folder)

    def add(self, source: Path, name: str, sha256: str = "") -> None:
        """Of Archive."""
        info = self._info(name, source.stat().st_mtime)
        with source.open("rb") as file, self._zip.open(info, "w", force_zip64=True) as packed:
            read = _Read(file)
            while chunk := read.read(CHUNK):
                packed.write(chunk)
        read.check(sha256, source)

    def add_text(self, text: str, name: str) -> None:
        """Of Archive."""
        self._zip.writestr(self._info(name, time.time()), text.encode())

    def _info(self, name: str, written: float) -> zipfile.ZipInfo:
        year, *rest = time.localtime(max(written, 315_532_800 + 86_400))[:6]  # zip knows no time before 1980
        info = zipfile.ZipInfo(str(self._folder / name), (year, *rest))  # pyright: ignore[reportArgumentType]
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        return info


class _Read:
    """A file as it is packed, and the digest of what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Of a file."""
        content = self._file.read(size)
        self._digest.update(content)
        return content

    def check(self, sha256: str, source: Path) -> None:
        """StoreError where another digest was expected."""
        if sha256 and self._digest.hexdigest() != sha256:
            hint = "`whet store verify` says more"
            raise StoreError("the file's content has changed since it was made", where=str(source), hint=hint)
