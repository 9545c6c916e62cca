"""Bad values and bad texts, of which the tests of this folder make bad inputs."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

Keys = tuple[str | int, ...]


class Raw(str):
    """A value as it stands in YAML."""


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    7,
    100_000,
    10**9,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**19,
    -(10**30),
    10**400,
    Raw("9" * 5000),
    Raw("-" + "9" * 5000),
    Raw("0x" + "f" * 5000),
    0.0,
    -0.0,
    0.5,
    1e-320,
    1e308,
    Raw("1e400"),
    Raw("-1e400"),
    Raw(".nan"),
    Raw(".inf"),
    Raw("2001-01-01"),
    Raw("2001-13-45"),
    Raw("2001-01-01T10:00:00Z"),
    Raw("12:30:45"),
    Raw("0o17"),
    Raw("!!python/object/apply:os.system ['true']"),
    Raw("!!binary aGFsbG8="),
    Raw("!foo bar"),
    Raw("!!set {a, b}"),
    Raw("&a [*a]"),
    Raw("*nothing"),
    Raw("{? [a] : b}"),
    Raw("{<<: {a: 1}}"),
    Raw("{<<: 3}"),
    Raw("|\n   text"),
    Raw("&x true"),
    Raw("[" * 3000),
    Raw("[" * 60 + "]" * 60),
    Raw("{a: " * 60 + "1" + "}" * 60),
    "",
    " ",
    "x",
    "toy",
    "tow",
    "toy:",
    ":",
    "toy:nofile",
    "toy:/nofile/x",
    "toy:/dev/zero",
    "toy:.",
    "toy:/",
    "a:b:c",
    "x" * 300,
    "x" * 5000,
    "a.b/" * 600,
    "a\nb",
    "a\tb",
    "tab\\t",
    "\0",
    "a\0b",
    "\ud800",
    "\x1b[31m",
    "\u202e",
    "é",
    "名前",
    "🧪",
    "/dev/zero",
    "/dev/null",
    "/dev/stdin",
    "/dev/full",
    "/proc/self/mem",
    ".",
    "..",
    "/",
    "~",
    "~nobody-of-this-name/x",
    "$HOME",
    "${NOWHERE}",
    "${",
    "$",
    "%s%n",
    "{}",
    "{x}",
    "*",
    "?",
    "main",
    "labeler",
    "foundation",
    "current",
    "data",
    "pool",
    "study.yaml",
    "loop",
    "folder",
    "pipe",
    "none.xyz",
    "test.extxyz",
    "1",
    "-1",
    "1e5",
    "nan",
    "inf",
    "null",
    "true",
    "5 ",
    "0x10",
    "1_000",
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    {"a": {}},
    [None],
    [1, 1],
    [1, 2],
    ["main"],
    [0],
    [-1],
    [10**18],
    ["x", "x"],
    {"use": "toy"},
    {"use": ""},
    {"use": None},
    {"use": ["toy"]},
    {"use": "toy", "use2": 1},
    {"use": "toy", "model": "/dev/zero"},
    {"file": "pipe"},
    {"file": ""},
    {"file": "/dev/zero"},
    {"preset": "hybrid", "rounds": 10**12},
    {"preset": "subsets", "data": "pool", "sizes": [10**12]},
    {"rounds": 3, "seeds": list(range(3000))},
    {"rounds": [{"trajectories": 10**15}]},
    {"rounds": 2, "preset": "naive", "committee": 10**9},
    {"trajectories": 10**12},
    list(range(500)),
    {str(n): n for n in range(300)},
    "gpu",
    "cuda:99999",
    "cuda:-1",
    "CPU",
    "cuda 0",
]


def places(tree: Any, above: Keys = ()) -> Iterator[Keys]:
    """The place of every value in a tree."""
    yield above
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield from places(value, (*above, key))


def mutated(tree: Any, draw: random.Random) -> Any:
    """The tree with one thing wrong in it, or with several."""
    tree = copy.deepcopy(tree)
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        keys = draw.choice([place for place in places(tree) if place] or [()])
        if not keys:
            return copy.deepcopy(draw.choice(VALUES))
        node: Any = tree
        for key in keys[:-1]:
            node = node[key]
        last: Any = keys[-1]
        how = draw.random()
        if how < 0.6 or isinstance(node, list):
            node[last] = copy.deepcopy(draw.choice(VALUES))
        elif how < 0.7:
            del node[last]
        elif how < 0.85:
            node[misspelt(str(last), draw)] = node.pop(last)
        elif how < 0.95:
            node[draw.choice([str(value)[:400] for value in VALUES if isinstance(value, str)])] = copy.deepcopy(
                draw.choice(VALUES)
            )
        else:
            node[last] = {last: node[last]}
    return tree


def misspelt(word: str, draw: random.Random) -> str:
    """The word with a letter too few, too many, or another."""
    place = draw.randrange(len(word) + 1)
    return draw.choice(
        [word[:place] + word[place + 1 :], f"{word[:place]}x{word[place:]}", word.upper(), f" {word}", word * 2]
    )


def yaml_of(value: Any) -> str:
    """The value in YAML, on one line, where it is not raw."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{yaml_of(key)}: {yaml_of(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(yaml_of, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**300:
        return "1" + "0" * 400
    return json.dumps(value)


def document(tree: Any) -> str:
    """A YAML text with a line for each key at the top."""
    if not isinstance(tree, dict):
        return yaml_of(tree) + "\n"
    return "".join(f"{yaml_of(key)}: {yaml_of(value)}\n" for key, value in tree.items())


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Bytes of a file with some of them lost, changed, moved or added."""
    how = draw.randrange(9)
    place, other = sorted((draw.randrange(len(content) + 1), draw.randrange(len(content) + 1)))
    if how == 0:
        return content[:place]
    if how == 1 and content:
        place = draw.randrange(len(content))
        return content[:place] + bytes([content[place] ^ (1 << draw.randrange(8))]) + content[place + 1 :]
    if how == 2:
        return content[:place] + content[other:]
    if how == 3:
        return content[:place] + content[place:other] * 2 + content[other:]
    if how == 4:
        return draw.choice(
            [b"", b"\0", b"\0" * 5000, b"text\n", b"{}", b"[]", b"null", b"\x80\x04N.", b"\xff\xfe", BOMB.encode()]
        )
    if how == 5:
        return content.replace(b"\n", b"\r\n")
    if how == 6:
        return (
            content[:place]
            + draw.choice([b"\0", b"\xff", b"\n", b"nan", b"1e400", b"-", b'"', b"9" * 5000, b"\xef\xbb\xbf"])
            + content[place:]
        )
    if how == 7:
        return draw.choice([b"\xef\xbb\xbf" + content, content.decode("utf-8", "replace").encode("utf-16")])
    word = draw.choice(content.split() or [b""])
    return content.replace(
        word, draw.choice([b"", b"nan", b"-1", b"1e308", b"1e-300", b"x", b"99999999999999999999", word * 2]), 1
    )
