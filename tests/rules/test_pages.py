"""Pages lead somewhere: one next step each, links and anchors that exist, external ones that are well-formed."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)
READMES = [path for folder in ("examples", "plugins") for path in sorted((ROOT / folder).glob("*/README.md"))]
PAGES = [*DOCS, *READMES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
NEXT = re.compile(r"(?m)^Next: .*$")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """The text without code."""
    return re.sub(r"(?ms)^ *(```|~~~).*?^ *\1 *$", "", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """What `page.md#…` can name: headings of three levels, as Sphinx (myst_heading_anchors) and GitHub call them."""
    times: Counter[str] = Counter()
    found = set()
    for title in re.findall(r"(?m)^#{1,3} +(.+?) *$", prose(page)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(f"{slug}-{times[slug]}" if times[slug] else slug)
        times[slug] += 1
    return frozenset(found)


def named(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=[str(page.relative_to(ROOT)) for page in pages])


@named(DOCS)
def test_a_page_ends_with_its_one_next_step(page: Path) -> None:
    steps = NEXT.findall(prose(page))
    assert len(steps) == 1, "a line `Next: [words](page.md).`"
    assert page.read_text(encoding="utf-8").rstrip().endswith(steps[0])
    (target,) = LINK.findall(steps[0])
    assert (page.parent / target.partition("#")[0]).resolve() in DOCS and (page.parent / target) != page


@named(PAGES)
def test_links_inside_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if urlsplit(target).scheme:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{target}: {there.name} has {', '.join(sorted(anchors(there)))}"


@named(PAGES)
def test_links_outside_are_well_formed(page: Path) -> None:
    for target in re.findall(r"\]\((\w+:[^)]*)\)|(?<![\w(\"'`])(https?://[^\s)>`\"']+)", prose(page)):
        link = urlsplit(target[0] or target[1])
        assert link.scheme in ("http", "https") and re.fullmatch(r"[\w.-]+\.\w+(:\d+)?", link.netloc), target
        assert not re.search(r"\s", link.geturl()), target


def test_the_index_lists_every_page_once() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = [line for tree in re.findall(r"```\{toctree\}\n(.*?)```", index, re.DOTALL) for line in tree.splitlines()]
    listed = [line for line in listed if line and not line.startswith(":")]
    assert sorted(listed) == sorted(
        str(page.relative_to(ROOT / "docs").with_suffix("")) for page in DOCS if page.name != "index.md"
    )


def test_anchors_are_those_of_the_built_pages(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `key`, of the study\n\n```yaml\n# no heading\n```\n\n## Why?\n\n## Why?\n\n### Why?\n")
    assert anchors(page) == {"a-key-of-the-study", "why", "why-1", "why-2"}
