"""Safe SVG: a picture of which nothing acts, and which refers to nothing outside itself."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

ELEMENTS = re.compile(
    "svg|g|a|defs|symbol|use|path|rect|circle|ellipse|line|polyline|polygon|text|tspan|textPath|title|desc|clipPath|mask|"
    "marker|pattern|linearGradient|radialGradient|stop|image|style"
)
SAID = {"metadata", "title", "desc"}
"""Elements that show nothing: their going leaves the picture whole."""

OF_ROOT = re.compile(r"viewBox|width|height|preserveAspectRatio|(fill|stroke|font|stop|color|opacity)[a-z-]*")
NAME = re.compile(r"(?!on|href$|src$)[a-zA-Z][a-zA-Z0-9-]*", re.I)
SILENT = ("class", "role", "tabindex", "aria-", "data-", "{")
"""Beginnings of attributes that change nothing in what is seen. Those with a brace are of other programs."""

PIXELS = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#|['\"]?#)|@import|javascript:|expression\(|\\|src\(|image\(|image-set\(", re.I)
DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*>", re.I)
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class SafeSvg:
    """A picture.

    text: the SVG, without XML declaration. is_inline: whether it may stand in a page among others; false where it has
    a style sheet, which would reach the whole page, or where something had to be taken out.
    """

    text: str
    is_inline: bool

    @classmethod
    def of(cls, svg: str, name: str, title: str) -> SafeSvg:
        """What is left of an SVG document.

        name: put before all its ids, which share those of a page. title: what it shows, for those who cannot see it.
        ValueError, in a line, where it cannot be read or defines entities.
        """
        plain = DOCTYPE.sub("", CONTROLS.sub("\ufffd", svg))
        if re.search(r"<!(DOCTYPE|ENTITY)", plain, re.I):
            raise ValueError("an SVG with entities of its own is not opened")
        try:
            root = ElementTree.fromstring(plain)
            if _local(root.tag) != "svg":
                raise ValueError("this is no SVG")
            is_styled = any(_local(one.tag) == "style" for one in root.iter())
            # Rules of its style sheet name ids and classes; alone in an image element, it may keep them.
            cleaned = _Cleaned("" if is_styled else name)
            found = cleaned.element(root)
        except ElementTree.ParseError as error:
            raise ValueError(f"the SVG cannot be read: {error}") from None
        except RecursionError:
            raise ValueError("the SVG is nested too deeply") from None
        shown = ElementTree.Element("title", {"id": f"{name}-title"})
        shown.text = printable(title)
        found.attrib = {k: v for k, v in found.attrib.items() if OF_ROOT.fullmatch(k)}
        found.attrib |= {"xmlns": SVG, "role": "img", "aria-labelledby": f"{name}-title"}
        found.insert(0, shown)
        return cls(ElementTree.tostring(found, encoding="unicode"), cleaned.is_whole and not is_styled)

    @property
    def data_url(self) -> str:
        """For an image element, in which no script runs and nothing is loaded."""
        import base64

        return "data:image/svg+xml;base64," + base64.b64encode(self.text.encode()).decode()


def printable(text: str) -> str:
    """A text without what neither XML nor UTF-8 can hold."""
    return CONTROLS.sub("\ufffd", text)


class _Cleaned:
    """Copies elements, and notes whether anything had to stay behind."""

    def __init__(self, name: str) -> None:
        """name: what its ids begin with; empty where ids and classes stay as they are."""
        self.name, self.is_whole = name, True
        self._ids: dict[str, str] = {}

    def element(self, old: ElementTree.Element) -> ElementTree.Element:
        """The element, without what is not known to be harmless."""
        tag = _local(old.tag)
        new = ElementTree.Element("g" if tag == "a" else tag)
        new.text, new.tail = old.text, old.tail
        for key, value in old.attrib.items():
            if (cleaned := self._attribute(tag, key.removeprefix(f"{{{XLINK}}}"), value)) is not None:
                new.set(*cleaned)
        new.extend([self.element(child) for child in old if self._is_kept(child)])
        return new

    def _is_kept(self, child: ElementTree.Element) -> bool:
        tag = _local(child.tag)
        if tag in SAID:
            return False
        is_kept = child.tag == f"{{{SVG}}}{tag}" and bool(ELEMENTS.fullmatch(tag))
        is_kept = is_kept and not (tag == "style" and OUTSIDE.search("".join(child.itertext())))
        self.is_whole &= is_kept
        return is_kept

    def _attribute(self, tag: str, name: str, value: str) -> tuple[str, str] | None:
        if name == "id":
            return name, self._id(value)
        if name == "class" and not self.name:
            return name, value
        if name.startswith(SILENT) or (tag == "a" and name == "href"):
            return None
        if name == "href" and value.startswith("#"):
            return name, f"#{self._id(value[1:])}"
        is_pixels = name == "href" and tag == "image" and PIXELS.fullmatch(value)
        if not is_pixels and (not NAME.fullmatch(name) or OUTSIDE.search(value)):
            self.is_whole = False
            return None
        return name, re.sub(r"url\(\s*(['\"]?)#([^'\")]*)\1\s*\)", lambda found: f"url(#{self._id(found[2])})", value)

    def _id(self, old: str) -> str:
        """Numbered: Vega counts the figures that a process has drawn, and what others call theirs may be anything."""
        return self._ids.setdefault(old, f"{self.name}-{len(self._ids) + 1}") if self.name else old


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
