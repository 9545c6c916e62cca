"""Draws docs/strategies.svg: rounds of naive, periodic and hybrid, side by side.

`python docs/draw_strategies.py` writes it; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PICTURE = Path(__file__).parent / "strategies.svg"

WIDTH, PANEL, TOP, LEFT, COLUMN, ROUNDS = 840, 208, 44, 184, 220, 3
STYLE = """
svg { background: #ffffff; font: 13px system-ui, 'DejaVu Sans', sans-serif }
text { fill: #1f2328 } .quiet { fill: #59636e } .name { font-weight: 600; font-size: 15px }
.rule { stroke: #d1d9e0 } .line { stroke: #59636e; fill: none; stroke-width: 1.5 } .head { fill: #59636e }
.on { stroke-dasharray: 4 4 }
.untouched { stroke: #0072b2 } .tuned { stroke: #c04f00 } .path { fill: none; stroke-width: 2.5 }
.untouched.fill { fill: #0072b2; stroke: none } .tuned.fill { fill: #c04f00; stroke: none }
.start { fill: #ffffff; stroke: #1f2328; stroke-width: 1.5 } .box { fill: #f6f8fa; stroke: #59636e }
@media (prefers-color-scheme: dark) {
svg { background: #15181c } text { fill: #e6edf3 } .quiet { fill: #a5afba } .rule { stroke: #3d444d }
.line { stroke: #a5afba } .head { fill: #a5afba } .untouched { stroke: #56b4e9 } .tuned { stroke: #f0a050 }
.untouched.fill { fill: #56b4e9 } .tuned.fill { fill: #f0a050 } .start { fill: #15181c; stroke: #e6edf3 }
.box { fill: #22272e; stroke: #a5afba }
}""".strip()


@dataclass(frozen=True)
class Preset:
    """How a preset samples. goes_on: each trajectory from where the one before stopped; adapts: driven by the potential
    that was fine-tuned so far, not by the untouched one."""

    name: str
    said: tuple[str, ...]
    trajectories: int
    goes_on: bool
    adapts: bool


PRESETS = (
    Preset("naive", ("the untouched potential", "drives every trajectory"), 1, goes_on=False, adapts=False),
    Preset("periodic", ("one trajectory; the latest", "potential drives each piece"), 1, goes_on=True, adapts=True),
    Preset("hybrid", ("several new trajectories a", "round; the latest potential", "drives them"), 2, False, True),
)


def picture() -> str:
    """The SVG."""
    height = TOP + len(PRESETS) * PANEL + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title">',
        '<title id="title">Three rounds of naive, periodic and hybrid fine-tuning: what drives the dynamics, where it '
        "starts, which labels a fine-tuning has</title>",
        f"<style>\n{STYLE}\n</style>",
        *(_text(LEFT + COLUMN * n + 80, 26, f"round {n + 1}", "quiet", "middle") for n in range(ROUNDS)),
    ]
    for place, preset in enumerate(PRESETS):
        parts += _panel(preset, TOP + place * PANEL)
    return "\n".join([*parts, *_legend(height - 16), "</svg>", ""])


def _panel(preset: Preset, y: int) -> Iterator[str]:
    yield f'<line class="rule" x1="0" y1="{y}" x2="{WIDTH}" y2="{y}"/>'
    yield _text(16, y + 34, preset.name, "name")
    for line, words in enumerate(preset.said):
        yield _text(16, y + 54 + 17 * line, words, "quiet", size=10.5)
    for number in range(1, ROUNDS + 1):
        yield from _round(preset, number, LEFT + COLUMN * (number - 1), y)


def _round(preset: Preset, number: int, x: int, y: int) -> Iterator[str]:
    tuned = preset.adapts and number > 1
    kind, driver = ("tuned", f"fine-tuned {number - 1}") if tuned else ("untouched", "untouched")
    first = y + (46 if preset.trajectories == 1 else 36)
    for path in range(preset.trajectories):
        yield from _trajectory(x + 8, first + 26 * path, kind, is_new=number == 1 or not preset.goes_on)
    if preset.goes_on and number > 1:
        yield f'<path class="line on" d="M{x - 59} {first} H{x + 6}"/>'
    yield _text(x + 80, y + 20, driver, "", "middle", size=12)
    sampled, one = number * preset.trajectories, "piece" if preset.goes_on else "trajectory"
    many = one if sampled == 1 else "pieces" if preset.goes_on else "trajectories"
    yield _arrow(x + 80, y + 66 + 4 * preset.trajectories, x + 80, y + 99)
    yield _text(x + 90, y + 90, "select, label", "quiet", size=10.5)
    yield _box(x + 20, y + 100, f"labels of {sampled} {many}")
    yield _arrow(x + 80, y + 128, x + 80, y + 153)
    yield _text(x + 90, y + 145, "fine-tune", "quiet", size=10.5)
    yield _box(x + 20, y + 154, f"fine-tuned {number}")
    if number < ROUNDS:
        yield _arrow(x + 146, y + 114, x + COLUMN + 14, y + 114)
        if preset.adapts:
            corner = x + 172
            yield f'<path class="line" d="M{x + 146} {y + 168} H{corner} V{y + 20} H{x + COLUMN + 32}"/>'
            yield _head(x + COLUMN + 36, y + 20)


def _trajectory(x: int, y: int, kind: str, *, is_new: bool) -> Iterator[str]:
    """A wavy arrow with the frames that are labeled; a ring where it starts from a new structure."""
    waves = " ".join(f"q9 {-14 if wave % 2 == 0 else 14} 18 0" for wave in range(8))
    yield f'<path class="path {kind}" d="M{x} {y} {waves}"/>'
    yield f'<path class="fill {kind}" d="M{x + 142} {y - 6} l11 6 l-11 6 z"/>'
    yield from (f'<circle class="fill {kind}" cx="{x + 54 + 36 * n}" cy="{y}" r="5"/>' for n in range(3))
    if is_new:
        yield f'<circle class="start" cx="{x}" cy="{y}" r="7"/>'


def _legend(y: int) -> Iterator[str]:
    yield f'<circle class="start" cx="24" cy="{y - 4}" r="7"/>' + _text(38, y, "new structure", size=12)
    yield f'<path class="line on" d="M140 {y - 4} H176"/>' + _text(184, y, "goes on from the last frame", size=12)
    yield f'<circle class="fill untouched" cx="376" cy="{y - 4}" r="5"/>' + _text(388, y, "frames labeled", size=12)
    yield f'<path class="path untouched" d="M500 {y - 4} H530"/>' + _text(538, y, "untouched", size=12)
    yield f'<path class="path tuned" d="M622 {y - 4} H652"/>' + _text(660, y, "fine-tuned potential", size=12)


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", size: float = 0) -> str:
    said = f' style="font-size:{size:g}px"' if size else ""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}"{said}>{words}</text>'


def _box(x: int, y: int, words: str) -> str:
    return f'<rect class="box" x="{x - 20}" y="{y}" width="146" height="28" rx="5"/>' + _text(
        x + 53, y + 18.5, words, "", "middle", 11.5
    )


def _arrow(x: int, y: int, to_x: int, to_y: int) -> str:
    if y == to_y:
        return f'<path class="line" d="M{x} {y} H{to_x - 22}"/>' + _head(to_x - 15, to_y)
    return f'<path class="line" d="M{x} {y} V{to_y - 7}"/><path class="head" d="M{x - 5} {to_y - 8} h10 l-5 8 z"/>'


def _head(x: int, y: int) -> str:
    return f'<path class="head" d="M{x - 8} {y - 5} v10 l8 -5 z"/>'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
