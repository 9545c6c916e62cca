"""PackedText: a text too long to lie among plain data: gzipped, known by its content, read when it is asked for."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class PackedText:
    """digest: SHA-256 of the text in UTF-8, by which two are the same. read: gives it gzipped."""

    digest: str
    read: Callable[[], bytes] = field(compare=False, repr=False)

    @classmethod
    def of(cls, text: str) -> Self:
        """A text that is here."""
        plain = text.encode()
        content = gzip.compress(plain, 9, mtime=0)
        return cls(hashlib.sha256(plain).hexdigest(), lambda: content)

    @property
    def text(self) -> str:
        """The text. OSError, EOFError or ValueError where what was read is damaged."""
        return gzip.decompress(self.read()).decode()

    @property
    def base64(self) -> str:
        """It gzipped, in base64: light, and nothing in it ends a script element."""
        return base64.b64encode(self.read()).decode()
