"""Invocation: how a study is called on the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from whet.study.study_file import Source

FILES = "files of frames"
"""What stands for the study file where there is none."""

NOT_OF_THE_STUDY = ("running", "store")
"""Keys that say where and how a study runs: with others of them it is the same study."""

MOST_LETTERS = 40
"""Of words that become the name of a folder."""


@dataclass(frozen=True)
class Invocation:
    """file: of the study: its name, or its path where commands are not given in its folder. overrides: `KEY.KEY=VALUE`,
    as they were given."""

    file: str = "study.yaml"
    overrides: Sequence[str] = ()

    @classmethod
    def of(cls, source: Source) -> Self:
        """Of a study that was read."""
        return cls(source.path.name, tuple(source.overrides.values()))

    @property
    def is_of_files(self) -> bool:
        """Whether there is no study file: one analysis, or one probe, of files of frames."""
        return self.file == FILES

    def command(self, verb: str, *words: str) -> str:
        """`whet VERB study.yaml WORDS --set …`; a `--set` among the words replaces the study's own of the same key."""
        said = {_key(word) for before, word in pairwise(words) if before == "--set"}
        kept = [override for override in self.overrides if _key(override) not in said]
        given = [part for override in kept for part in ("--set", override)]
        return shlex.join(["whet", verb, self.file, *words, *given])

    @property
    def deciding(self) -> list[str]:
        """The overrides that make it another study than the one that is written, in order of their keys."""
        return sorted(one for one in self.overrides if one.partition("=")[0].split(".")[0] not in NOT_OF_THE_STUDY)

    @property
    def identity(self) -> str:
        """The same for two calls that mean the same study of one folder."""
        return shlex.join([self.file, *self.deciding])

    @property
    def short(self) -> str:
        """The overrides in a few words that a folder may be called: `mace-small`, `temperature-400`; may be empty."""
        return "-".join(filter(None, map(_short, self.deciding)))[:MOST_LETTERS].strip("-")

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Invocation.from_json` reads it back."""
        return {"file": self.file, "overrides": list(self.overrides)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` described."""
        return cls(data["file"], tuple(data["overrides"]))


def _key(override: str) -> str:
    return override.partition("=")[0]


def _short(override: str) -> str:
    """Of one override: the value of a component, which says enough; of all else also the last word of its key."""
    key, _, value = override.partition("=")
    *above, last = key.split(".")
    name, colon, model = value.partition(":")
    value = f"{name}{colon}{Path(model).stem if '/' in model else model}"
    says_enough = above == ["potentials"] or (not above and last == "labeler")
    return _letters(value if says_enough else f"{last}-{value}")


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
