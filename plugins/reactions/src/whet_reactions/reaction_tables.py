"""Tables of the analysis reactions: events, species, and how many there are through time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from whet import Column, Estimate, Table
from whet_reactions.drivers import Driver, by_driver
from whet_reactions.event_rates import Counts
from whet_reactions.followed import Followed

if TYPE_CHECKING:
    from whet_reactions.reaction_events import Pair
    from whet_reactions.species import Species

MOST_EVENTS = 2000
"""Reactions that are listed."""

MOST_RUNS, MOST_SPECIES, MOST_POINTS = 6, 8, 100
"""Of the figure of species through time."""

STATE = Column("state", description="Who drove the trajectories.")


def rates_table(followed: Sequence[Followed]) -> Table:
    """How often something reacts, by who drove the trajectories."""
    groups = by_driver([(one.driver, one) for one in followed])
    rows = []
    for (state, seed), ones in groups.items():
        counts = counts_of(ones)
        rate = Estimate(counts.rate, counts.interval)
        reactive = sum(events > 0 for events in counts.events)
        open_ends = sum(one.recrossings for one in ones), sum(one.undecided for one in ones)
        rows.append([state, seed, sum(counts.events), rate, len(ones), reactive, float(sum(counts.times)), *open_ends])
    columns = (
        STATE,
        seed_column(groups),
        Column("reactions", description="That lasted for the dwell time."),
        Column("rate", "1/ps", "Reactions over the time of all trajectories.", interval=True),
        Column("trajectories", description="Independent trajectories."),
        Column("reactive", description="Trajectories with a reaction."),
        Column("time", "ps", "Of all of them together, from first frame to last.", decimals=2),
        Column("recrossings", description="Bonds made or broken that went back within the dwell time."),
        Column("undecided", description="Bonds made or broken too shortly before the end."),
    )
    return Table("reaction-rates", "How often bonds are made and broken", columns, rows)


def counts_of(ones: Sequence[Followed]) -> Counts:
    """Reactions and times (ps) of trajectories."""
    return Counts([len(one.chemistry.reactions) for one in ones], [one.span for one in ones])


def events_table(followed: Sequence[Followed], names: Mapping[Species, str]) -> Table:
    """Each reaction, in order of trajectory and time; the first 2,000."""
    from whet_reactions.species import side

    columns = (
        STATE,
        seed_column(one.driver for one in followed),
        Column("set", description="The frames that the trajectory was sampled for."),
        Column("trajectory", description="Its number there, from 1."),
        Column("time", "fs", "Of the first frame with the new bonds.", decimals=0),
        Column("frame", description="The number of that frame in the trajectory, from 0."),
        Column("before", description="The species that these atoms were of."),
        Column("after", description="The species that they are of."),
        Column("made", description="Bonds, by elements and numbers of their atoms, from 0."),
        Column("broken", description="Bonds, by elements and numbers of their atoms, from 0."),
        Column("run", description="Set and trajectory.", shown=False),
    )
    rows = []
    for one in followed:
        symbols = one.of.start.get_chemical_symbols()
        for event in one.chemistry.reactions[: MOST_EVENTS - len(rows)]:
            sides = side(event.before, names), side(event.after, names)
            bonds = _bonds(event.made, symbols), _bonds(event.broken, symbols)
            place = [*one.driver, one.of.ref.set, one.of.ref.number, event.time, event.frame]
            rows.append([*place, *sides, *bonds, one.run])
    total = sum(len(one.chemistry.reactions) for one in followed)
    caption = "Reactions" if total == len(rows) else f"The first {len(rows):,} of {total:,} reactions"
    return Table("reactions", caption, columns, rows, folded=len(rows) > 30)


def species_table(followed: Sequence[Followed], names: Mapping[Species, str]) -> Table:
    """Mean numbers of each species, by who drove the trajectories."""
    columns = (
        STATE,
        seed_column(one.driver for one in followed),
        Column("species", description="By formula; charges are not known."),
        Column("mean number", description="Over time, then over trajectories.", decimals=3),
        Column("seen in", description="Trajectories that have it at some time."),
        Column("trajectories", description="Of this driver."),
        Column("graph", description="Weisfeiler-Lehman hash of its elements and bonds.", shown=False),
    )
    rows = []
    for driver, ones in by_driver([(one.driver, one) for one in followed]).items():
        means = [one.means() for one in ones]
        for kind in sorted({kind for one in means for kind in one}):
            seen = sum(kind in one for one in means)
            mean = sum(one.get(kind, 0.0) for one in means) / len(means)
            rows.append([*driver, names[kind], mean, seen, len(ones), kind.graph])
    return Table("species", "Species, and how many of each", columns, rows, folded=len(rows) > 12)


def population_table(followed: Sequence[Followed], names: Mapping[Species, str]) -> Table:
    """Numbers of the species that react, through time: of the first trajectories with a reaction, thinned."""
    columns = (
        STATE,
        seed_column(one.driver for one in followed),
        Column("run", description="Set and trajectory."),
        Column("species", description="By formula; charges are not known."),
        Column("time", "ps", "From which on there are so many."),
        Column("number", description="How many there are."),
    )
    shown = [one for one in followed if one.chemistry.reactions][:MOST_RUNS]
    often: dict[Species, int] = {}
    for event in (event for one in shown for event in one.chemistry.reactions):
        for kind in {*event.before, *event.after}:
            often[kind] = often.get(kind, 0) + (event.before[kind] != event.after[kind])
    kinds = sorted((kind for kind in often if often[kind]), key=lambda kind: (-often[kind], kind))[:MOST_SPECIES]
    rows = []
    for one in shown:
        numbers = one.numbers()
        chosen = [*numbers[:: -(-len(numbers) // MOST_POINTS)], (one.last, numbers[-1][1])]
        for kind in sorted(kinds):
            rows += [[*one.driver, one.run, names[kind], time / 1000, now[kind]] for time, now in chosen]
    return Table("species-numbers", "Species through time", columns, rows, shown=False)


def seed_column(drivers: Iterable[Driver]) -> Column:
    """Shown where a fine-tuning was repeated."""
    return Column("seed", description="Of the fine-tuning.", shown=len({seed for _, seed in drivers}) > 1)


def _bonds(pairs: Sequence[Pair], symbols: Sequence[str]) -> str:
    return ", ".join(f"{symbols[i]}{i}–{symbols[j]}{j}" for i, j in pairs)
