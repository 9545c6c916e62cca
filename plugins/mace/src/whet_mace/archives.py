"""Archives: the zip files in which torch keeps models and TorchScript, read in the only way in which they can be meant.

A zip file can be made so that two programs see different files in it. What is checked here is therefore written anew,
and torch gets that and not the file.
"""

from __future__ import annotations

import io
import zipfile

MAGIC = b"PK\x03\x04"
LARGEST_TEXT = 16_000_000
"""Bytes of a compressed record when unpacked; generated code has some kilobytes."""


def records(content: bytes) -> dict[str, bytes]:
    """The records of an archive by name, less the folder that all of them are in.

    Raises ValueError for what is no archive, or one that torch did not write: two records of one name, several folders.
    """
    if not content.startswith(MAGIC):
        raise ValueError("it is not an archive of torch")
    found: dict[str, bytes] = {}
    folders: set[str] = set()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                folder, _, name = entry.filename.partition("/")
                folders.add(folder)
                if name in found or len(folders) > 1:
                    raise ValueError(f"the archive has {entry.filename!r} beside others of that name or folder")
                if entry.compress_type != zipfile.ZIP_STORED and entry.file_size > LARGEST_TEXT:
                    raise ValueError(f"the archive's {entry.filename!r} unpacks to {entry.file_size:,} bytes")
                found[name] = archive.read(entry)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, zipfile.zlib.error) as error:  # pyright: ignore
        raise ValueError(f"the archive is damaged ({error})") from error
    return found


def archive_of(found: dict[str, bytes]) -> bytes:
    """An archive with these records and nothing else, as torch reads it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in found.items():
            archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()
