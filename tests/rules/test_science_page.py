"""The science page is true: each of its formulas stands in the docstring that it names."""

from __future__ import annotations

import inspect
import pkgutil
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "science.md"
NAMED = re.compile(r"`(whet\.[\w.]+)`")


def formulas(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each line of the page's blocks, with the names that the text before it gives, or those of the block before."""
    found, names = [], ()
    for before, block in re.findall(r"(.*?)```text\n(.*?)```", page, re.DOTALL):
        names = tuple(NAMED.findall(before.rpartition("\n#")[2].rpartition("\n**")[2])) or names
        found += [(line, names) for line in block.splitlines() if line.strip()]
    return found


def states(docstring: str, formula: str) -> bool:
    """Whether it stands there whole: `b = Σpf/Σp` is not stated by `b = Σpf/Σp²`."""
    said, asked = (" ".join(text.replace("`", "").split()) for text in (docstring, formula))
    return re.search(rf"(?:^|[\s(]){re.escape(asked)}(?:$|[\s.,;:)])", said) is not None


FORMULAS = formulas(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("formula", "names"), FORMULAS, ids=[formula for formula, _ in FORMULAS])
def test_a_formula_of_the_page_stands_in_the_docstring(formula: str, names: tuple[str, ...]) -> None:
    docstrings = [inspect.getdoc(pkgutil.resolve_name(name)) or "" for name in names]
    assert any(states(one, formula) for one in docstrings), f"none of {', '.join(names)} states {formula}"


def test_every_name_of_the_page_is_there() -> None:
    for name in NAMED.findall(PAGE.read_text(encoding="utf-8")):
        assert inspect.getdoc(pkgutil.resolve_name(name)), name


def test_another_formula_is_noticed() -> None:
    assert states("The slope b = Σpf/Σp²; no unit.", "b = Σpf/Σp²")
    for wrong in ("b = Σpf/Σp", "b = Σpf/Σf²", "= Σpf/Σp²x"):
        assert not states("The slope b = Σpf/Σp²; no unit.", wrong)


def test_dois_lead_where_they_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    links = re.findall(r"\[(doi|arXiv):([^\]]+)\]\(([^)]+)\)", page)
    assert len(links) >= 10
    for kind, name, target in links:
        assert target == {"doi": f"https://doi.org/{name}", "arXiv": f"https://arxiv.org/abs/{name}"}[kind]
        assert re.fullmatch(r"10\.\d{4,5}/\S+" if kind == "doi" else r"\d{4}\.\d{4,5}", name), name
