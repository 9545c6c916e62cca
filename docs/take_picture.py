"""Takes docs/report.png, the picture of the README: the report of the quickstart, drawn anew from its store.

`make demo`, then `python docs/take_picture.py`. It needs Chromium, and computes nothing. The picture carries the
answers that it shows, so that a test can hold them against what the pages say.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import whet

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "report.png"
STUDY = ROOT / "examples" / "quickstart"

WIDTH, HEIGHT = 1280, 860
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"Answers"


def take(study: whet.StoredStudy, picture: Path = PICTURE) -> None:
    """Draws the report of a finished study and takes a picture of its first screen, light, at 1280 by 860."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"No browser: install {BROWSERS[0]}")
    with tempfile.TemporaryDirectory() as folder:
        page, shot = whet.write_report(whet.record_of(study), Path(folder) / "report"), Path(folder) / "shot.png"
        drawn = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        drawn += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={shot}", page.resolve().as_uri()]
        subprocess.run(drawn, check=True, capture_output=True, timeout=120)
        picture.write_bytes(_carrying(shot.read_bytes(), answers_of(study)))


def answers_of(study: whet.StoredStudy) -> dict[str, list[str]]:
    """Question -> the claims with which a report begins."""
    found: dict[str, list[str]] = {}
    for findings in (one for section in study.shown for one in section.findings):
        for verdict in findings.verdicts:
            if verdict.prominent:
                found.setdefault(verdict.question, []).append(verdict.claim)
    return found


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height."""
    return struct.unpack(">II", picture.read_bytes()[16:24])


def answers_in(picture: Path) -> dict[str, list[str]] | None:
    """The answers that a picture carries; None of one that was taken otherwise."""
    for kind, content in _chunks(picture.read_bytes()):
        if kind == b"iTXt" and content.startswith(KEYWORD + b"\0"):
            return json.loads(content.rpartition(b"\0")[2])
    return None


def _carrying(png: bytes, answers: dict[str, list[str]]) -> bytes:
    """The picture with the answers as international text, before its end."""
    content = KEYWORD + b"\0\0\0\0\0" + json.dumps(answers, ensure_ascii=False).encode()
    chunks = [*_chunks(png)]
    chunks.insert(-1, (b"iTXt", content))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(inside)) + kind + inside + struct.pack(">I", zlib.crc32(kind + inside))
        for kind, inside in chunks
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length


if __name__ == "__main__":
    take(whet.Study.load(STUDY).stored)
