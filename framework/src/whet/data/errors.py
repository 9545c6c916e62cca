"""Every fault that Whet knows, drawn once.

WhetError                      a fault with a cause and a way out: one line, exit code 2, never a traceback
├── InputError (ValueError)    something the user wrote or gave is wrong
│   ├── OptionsError           options of a component: one problem per key
│   ├── SeveralFaults          all that is wrong in one file, a line each
│   ├── FrameError             a frame, or a file of frames
│   └── UntrustedFile          a file that would run code when loaded, and nobody vouches for
├── UnknownName (LookupError)  no such plugin, key, kind; suggests the nearest
├── PluginError                a plugin is broken, or two claim one name
├── MissingPackage (ImportError)
├── Unsupported (NotImplementedError)   the backend cannot do what was asked
├── NotApplied (RuntimeError)  what ran is not what was asked
├── StoreError (OSError)       the store cannot be read or written
├── ProcessLost (RuntimeError) a worker was killed, or cannot be started: not the step's fault, it may be tried again
└── StepFailed (RuntimeError)  a step ended with a fault nobody foresaw: its log says more
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class WhetError(Exception):
    """A fault with a cause and a way out.

    what: the fault, one sentence without a period. where: file, line and key, or the step. hint: what to do. line: of
    the file, where there is one: the order of several faults.
    """

    line: int = 0

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """One line: `where: what. hint`."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        return one_line(f"{line}. {self.hint}" if self.hint else line)

    def at(self, where: str) -> Self:
        """The same fault with its place, when the place is known only further up."""
        self.where = f"{where}: {self.where}" if self.where else where
        return self


class InputError(WhetError, ValueError):
    """Something that the user wrote or gave is wrong."""


@dataclass(frozen=True)
class KeyProblem:
    """One wrong key: where it stands below the component or file, and what is wrong with it."""

    path: tuple[str | int, ...]
    what: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.what}" if self.path else self.what


class OptionsError(InputError):
    """Options that do not fit: `problems` has one entry per key."""

    def __init__(self, what: str, *, problems: Iterable[KeyProblem] = (), where: str = "", hint: str = "") -> None:
        self.problems = tuple(problems)
        listed = "; ".join(map(str, self.problems))
        super().__init__(f"{what}: {listed}" if listed else what, where=where, hint=hint)


class SeveralFaults(InputError):
    """All that is wrong in one file: `faults`, in its order; as text, a line each, of the first `SHOWN`."""

    SHOWN = 20

    def __init__(self, faults: Iterable[WhetError]) -> None:
        distinct = {str(fault): fault for fault in faults}
        self.faults = tuple(sorted(distinct.values(), key=lambda fault: fault.line))
        super().__init__(f"{len(self.faults)} things are wrong")

    @classmethod
    def or_one(cls, faults: Iterable[WhetError]) -> WhetError:
        """The only fault, or one that nobody foresaw, itself; else all of them."""
        every = list(faults)
        unforeseen = next((fault for fault in every if isinstance(fault, StepFailed)), None)
        return unforeseen or (every[0] if len(every) == 1 else cls(every))

    def __str__(self) -> str:
        """A line for each, and one for how many more there are."""
        lines = [str(fault) for fault in self.faults[: self.SHOWN]]
        if more := len(self.faults) - len(lines):
            lines.append(f"and {more:,} more faults")
        return "\n".join(lines)


class FrameError(InputError):
    """A frame, or a file of frames, that cannot be used."""


class UntrustedFile(InputError):
    """A file that would run code when it is loaded, and that nobody vouches for."""

    @classmethod
    def of(cls, path: Path, code: str) -> UntrustedFile:
        """The error for a file; code: what it would run, as `Backend.foreign_code` says it."""
        import shlex

        way_out = f"If you trust whoever made it: whet models trust {shlex.quote(str(path))}"
        return cls(f"loading this file would run code that is in it ({code})", where=str(path), hint=way_out)


class UnknownName(WhetError, LookupError):
    """A name that nothing answers to."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], *, where: str = "", hint: str = "") -> UnknownName:
        """The error for `name`, which is no `kind`, with the nearest of the known names."""
        known = sorted(known)
        way_out = hint or suggestion(name, known) or f"Known: {', '.join(known) or 'none'}"
        return cls(f"there is no {kind} {name!r}", where=where, hint=way_out)


class PluginError(WhetError):
    """A plugin is broken, or two plugins claim one name."""


class MissingPackage(WhetError, ImportError):
    """A plugin's upstream package is not installed here."""


class Unsupported(WhetError, NotImplementedError):
    """The backend cannot do what was asked; it did nothing instead."""


class NotApplied(WhetError, RuntimeError):
    """What the upstream package did is not what was asked of it."""


class StoreError(WhetError, OSError):
    """The store cannot be read or written."""


class ProcessLost(WhetError, RuntimeError):
    """A process that worked for Whet was killed, gave no answer, or cannot be started: trying again may help."""


class StepFailed(WhetError, RuntimeError):
    """A step ended with a fault that nobody foresaw; the log has its traceback."""


def one_line(text: str) -> str:
    """The text on one line: what would break it, or hide in it, is written out, and what is endless is cut."""
    import unicodedata

    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    text = re.sub(r"\S{400,}", lambda word: f"{word[0][:200]}…{word[0][-100:]}", text)
    text = text if len(text) <= 1400 else f"{text[:1000]} … {text[-300:]}"
    return "".join(repr(letter)[1:-1] if unicodedata.category(letter) in hidden else letter for letter in text)


def shortened(text: str, most: int = 80) -> str:
    """The text, or its beginning and how much there is."""
    return text if len(text) <= most else f"{text[: most - 20]}… ({len(text):,} letters)"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?`, or nothing where no known word is near."""
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else ""


def by_name(name: str) -> type[WhetError]:
    """The error class of that name: how a fault that crossed from a worker is raised again here."""
    found = globals().get(name)
    return found if isinstance(found, type) and issubclass(found, WhetError) else StepFailed
