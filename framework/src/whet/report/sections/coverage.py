"""Coverage: what was sampled, in descriptor space."""

from __future__ import annotations

from whet.bias.q_limits import CAUTION
from whet.report.drawing import canvas
from whet.report.parts import Cell, Picture, Section, Table
from whet.study.results import Results
from whet.study.study import Study


def coverage_section(study: Study, results: Results) -> Section | None:
    """Principal components by round, unique regions, Q-residuals."""
    values = results.values(results.plan.coverage)
    if not values:
        return None
    explained = values["explained"]
    text = [
        f"One PCA of per-atom descriptors ({study.cast.descriptor.component.name if study.cast.descriptor else ''}) is fitted "
        f"to everything that the strategies sampled. Explained variance: two components {sum(explained[:2]):.1%}, "
        f"{len(explained)} components {sum(explained):.1%}. An environment is unique to A where its nearest neighbor in B, "
        "of the same element, is farther than the 95th percentile of B's own nearest-neighbor distances; so about 5 % are "
        "unique where A and B sample the same.",
    ]
    unique: list[list[Cell]] = [
        [name, one["share"], one["unique"], one["environments"], _elements(one)]
        for name, one in [*values["rounds"].items(), *values["strategies"].items()]
    ]
    q: list[list[Cell]] = [
        [training, test, one["beyond_element"], one["beyond_jackson_mudholkar"], one["environments"]]
        for training, found in values["q"].items()
        for test, one in found["tests"].items()
    ]
    headings = ("set A", "share not in B", "environments not in B", "environments of A", "by element")
    return Section(
        "Coverage of descriptor space",
        text,
        [
            Table(
                "unique", "What each round adds to those before it, and each strategy to the others", headings, unique
            ),
            Table(
                "q-residuals",
                "Q-residuals of test sets against each strategy's data: share of flagged environments",
                (
                    "training data",
                    "test set",
                    "beyond mean + 2σ of the element",
                    "beyond Jackson–Mudholkar 95 %",
                    "environments",
                ),
                q,
            ),
        ],
        [_components(results)],
        notes=[CAUTION],
    )


def _elements(one: dict) -> str:
    shares = {symbol: found["share"] for symbol, found in one["by_element"].items()}
    return ", ".join(f"{symbol} {share:.0%}" for symbol, share in shares.items() if share is not None)


def _components(results: Results) -> Picture:
    import numpy as np

    path = results.store.result(results.plan.coverage).outputs["arrays"].locate(results.store.root)
    with np.load(path, allow_pickle=False) as arrays:
        roles = [name[1:] for name in arrays if name.startswith("Pdata/")]
        strategies = list(dict.fromkeys(role.removeprefix("data/").rpartition("/")[0] for role in roles))[:6]
        columns = min(3, len(strategies))
        figure, axes = canvas(
            columns=columns,
            rows=-(-len(strategies) // columns),
            width=3 * columns + 0.6,
            height=2.8,
            sharex=True,
            sharey=True,
        )
        for place, strategy in zip(axes, strategies, strict=False):
            own = [role for role in roles if role.removeprefix("data/").rpartition("/")[0] == strategy]
            # Later rounds first, so that what earlier ones covered lies on top (as in the paper's figure 4).
            for number in reversed(range(len(own))):
                points = arrays["P" + own[number]]
                shade = 0.25 + 0.65 * (number + 1) / max(len(own), 1)
                place.scatter(
                    points[:, 0],
                    points[:, 1],
                    s=5,
                    lw=0,
                    color=(0.2, 0.35, 0.6, 1),
                    alpha=shade * 0.8,
                    rasterized=True,
                    label=f"round {number + 1}",
                )
            symbols = np.concatenate([arrays["S" + role] for role in own])
            points = np.concatenate([arrays["P" + role] for role in own])
            for symbol in sorted(set(symbols.tolist())):
                middle = np.median(points[symbols == symbol], axis=0)
                place.annotate(symbol, (middle[0], middle[1]), fontsize=9, weight="bold", color="#c8553d")
            place.set(title=strategy.rpartition("/")[0].replace("/", " "))
            place.set_xlabel("PC 1")
            place.set_ylabel("PC 2")
        for spare in axes[len(strategies) :]:
            spare.set_visible(False)
        handles, labels = axes[0].get_legend_handles_labels()
        axes[0].legend(handles[::-1], labels[::-1], fontsize=7, frameon=False)
    return Picture(
        "coverage", "First two principal components by round; darker is later, earlier rounds lie on top.", figure
    )
