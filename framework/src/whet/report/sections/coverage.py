"""Coverage: what was sampled, in descriptor space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whet.bias.q_limits import CAUTION
from whet.data.numbers import percent
from whet.report.drawing import canvas, grid, hide, legend_below, titled
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.pictures import Picture
from whet.report.tables import Cell, Column, Table
from whet.study.plan import Acquisition

MOST_PANELS = 6
MOST_POINTS = 5000


def coverage_section(findings: Findings) -> Section | None:
    """Principal components by round, unique regions, Q-residuals."""
    results = findings.results
    values = results.values(results.plan.coverage)
    if not values:
        return None
    explained = values["explained"]
    descriptor = findings.study.cast.descriptor
    name = descriptor.component.name if descriptor else "unknown"
    text = (
        f"One PCA of per-atom descriptors ({name}) is fitted to everything that the strategies sampled. Two components "
        f"explain {percent(sum(explained[:2]), 1)} of the variance, {len(explained)} explain "
        f"{percent(sum(explained), 1)}. "
        "An environment is unique to A where its nearest neighbor in B, of the same element, is farther than the 95th "
        "percentile of B's own nearest-neighbor distances; so about 5 % are unique where A and B sample the same."
    )
    tables = [_unique(values, findings), _q_residuals(values, findings)]
    pictures = [_components(findings)]
    return Section("Coverage of descriptor space", [text], pictures, [t for t in tables if t.rows], [CAUTION])


def _name(findings: Findings, one: Acquisition) -> str:
    every = findings.results.plan.acquisitions
    seeds = {other.seed for other in every if (other.potential, other.strategy) == (one.potential, one.strategy)}
    return findings.named(one.potential, one.strategy) + (f", seed {one.seed}" if len(seeds) > 1 else "")


def _unique(values: Mapping[str, Any], findings: Findings) -> Table:
    """Each round against those before it; each strategy against each other one of the same seed."""
    acquisitions = findings.results.plan.acquisitions
    rows: list[list[Cell]] = []
    for one in acquisitions:
        found = values["rounds"].get(f"{one.potential}/{one.strategy}/{one.seed}/{one.round}")
        if found is not None:
            rows.append([f"{_name(findings, one)}, round {one.round}", "its earlier rounds", *_share(found)])
    whole = {f"{one.potential}/{one.strategy}/{one.seed}": one for one in acquisitions}
    for first, one in whole.items():
        for second, other in whole.items():
            found = values["strategies"].get(f"{first} not in {second}")
            if found is not None and one.seed == other.seed:
                rows.append([_name(findings, one), _name(findings, other), *_share(found)])
    columns = (
        Column("set A"),
        Column("set B"),
        Column("share of A not in B", percent=True, decimals=1),
        Column("environments of A"),
        Column("not in B", shown=False),
        Column("by element"),
    )
    return Table("unique", "What each set has that another lacks", columns, rows, folded=len(rows) > 16)


def _share(found: Mapping[str, Any]) -> list[Cell]:
    by_element = found["by_element"]
    shares = [f"{symbol} {percent(one['share'])}" for symbol, one in by_element.items() if one["share"] is not None]
    return [found["share"], found["environments"], found["unique"], ", ".join(shares) if len(by_element) > 1 else ""]


def _q_residuals(values: Mapping[str, Any], findings: Findings) -> Table:
    rows: list[list[Cell]] = []
    for role, one in {
        f"{one.potential}/{one.strategy}/{one.seed}": one for one in findings.results.plan.acquisitions
    }.items():
        for test, found in values["q"].get(role, {"tests": {}})["tests"].items():
            shares = [found["beyond_element"], found["beyond_jackson_mudholkar"], found["environments"]]
            rows.append([_name(findings, one), test, *shares])
    columns = (
        Column("training data"),
        Column("test set"),
        Column("beyond mean + 2σ", percent=True, decimals=1),
        Column("beyond Jackson–Mudholkar", percent=True, decimals=1),
        Column("environments"),
    )
    caption = "Q-residuals of test sets against each strategy's data: share of flagged environments"
    return Table("q-residuals", caption, columns, rows, folded=True)


def _components(findings: Findings) -> Picture:
    import numpy as np

    results = findings.results
    acquisitions = [one for one in results.plan.acquisitions if one.labels]
    groups: dict[str, list[Acquisition]] = {}
    for one in acquisitions:
        groups.setdefault(_name(findings, one), []).append(one)
    drawn = dict(list(groups.items())[:MOST_PANELS])
    columns, rows = grid(len(drawn))
    figure, axes = canvas(columns, rows, width=2.6 * columns + 0.4, height=2.6, sharex=True, sharey=True)
    most = max(len(own) for own in drawn.values())
    path = results.store.result(results.plan.coverage).outputs["arrays"].locate(results.store.root)
    with np.load(path, allow_pickle=False) as arrays:
        for place, (name, own) in zip(axes, drawn.items(), strict=False):
            roles = [f"data/{one.potential}/{one.strategy}/{one.seed}/{one.round}" for one in own]
            # Later rounds first, so that what earlier ones covered lies on top (as in the paper's figure 4).
            for number in reversed(range(len(own))):
                points = _thinned(arrays["P" + roles[number]])
                shade = 0.3 + 0.6 * (number + 1) / most
                color = tuple(1 - shade * (1 - part) for part in (0.05, 0.25, 0.5))
                label = f"round {own[number].round}"
                place.scatter(*points[:, :2].T, s=6, lw=0, color=color, rasterized=True, label=label)
            symbols = np.concatenate([arrays["S" + role] for role in roles])
            points = np.concatenate([arrays["P" + role] for role in roles])
            for symbol in sorted(set(symbols.tolist())) if len(set(symbols.tolist())) > 1 else ():
                middle = np.median(points[symbols == symbol], axis=0)
                place.annotate(symbol, (middle[0], middle[1]), fontsize=9, weight="bold", color="#c8553d")
            titled(place, name)
    for place, one in enumerate(axes[: len(drawn)]):
        one.set_xlabel("PC 1" if place + columns >= len(drawn) else "")
        one.tick_params(labelbottom=place + columns >= len(drawn))
        one.set_ylabel("PC 2" if place % columns == 0 else "")
    hide(axes[len(drawn) :])
    legend_below(figure, axes[: len(drawn)], 6)
    more = f" The first {MOST_PANELS} of {len(groups)} data sets." if len(groups) > MOST_PANELS else ""
    caption = f"First two principal components by round; darker is later, earlier rounds lie on top.{more}"
    return Picture("coverage", caption, figure, caption)


def _thinned(points):
    """At most so many points, evenly spaced: more hide one another."""
    return points[:: max(1, -(-len(points) // MOST_POINTS))]
