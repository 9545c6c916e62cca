"""StrategyPlanner: strategies as steps: gather frames, label them, fine-tune, round after round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from whet.contracts.ports import Dataset, FineTuning, LabeledFrames, Predictions, SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.contracts.rounds import Round
from whet.plugins.registry import registry
from whet.study.resolved import Placed
from whet.study.step_maker import StepMaker, Trained
from whet.study.structure_split import Purpose
from whet.study.yaml_tree import Keys


@dataclass(frozen=True)
class Labeled:
    """Frames of a trajectory that are labeled. key: of the step. is_sampled: whether dynamics sampled them."""

    key: str
    ref: Ref
    is_sampled: bool


@dataclass
class StrategyPlanner:
    """Plans strategies one after the other; remembers what each gathered, and every potential that there will be.

    gathered: (potential, strategy, seed) -> what each round added.
    """

    make: StepMaker
    potentials: list[Trained] = field(default_factory=list)
    gathered: dict[tuple[str, str, int], list[tuple[Labeled, ...]]] = field(default_factory=dict)

    def plan(self, potential: str) -> None:
        """The untouched potential, then every strategy with it. Strategies that others are cut to come first."""
        self.potentials.append(Trained(Ref(potential)))
        strategies, resolved = self.make.study.strategies, self.make.resolved.strategies
        for name in sorted(strategies, key=lambda one: resolved[one].matched is not None):
            for seed in strategies[name].seeds if strategies[name].is_for(potential) else ():
                self._strategy(potential, name, seed)

    def _strategy(self, potential: str, strategy: str, seed: int) -> None:
        entry, rounds = self.make.study.strategies[strategy], self.make.resolved.strategies[strategy].rounds
        walk = _Walk(self.make, potential, strategy, seed, Trained(Ref(potential)))
        added = self.gathered.setdefault((potential, strategy, seed), [])
        gatherer = self._gatherer(potential, strategy)
        for number, round_ in enumerate(rounds, start=1):
            title = f"{potential} {strategy} {number}" + (f" seed {seed}" if len(entry.seeds) > 1 else "")
            if gatherer == potential:
                added.append(tuple(walk.gather(round_, number, title)))
            else:
                theirs = self.gathered[gatherer, strategy, seed][number - 1]
                mine = Ref(potential, strategy, number, seed)
                added.append(tuple(replace(one, ref=replace(one.ref, gathered_by=mine)) for one in theirs))
            for one in added[-1]:
                self._leaves(potential, strategy, one)
            if round_.train_from != "none":
                is_last = number == len(rounds) or round_.sampler == "data"
                ref = Ref(potential, strategy, number, seed, round_.frames, is_last)
                walk.current = self._trained(walk.current, ref, round_, title)
                self.potentials.append(walk.current)
        walk.check_selectors()

    def _gatherer(self, potential: str, strategy: str) -> str:
        """Whose data it is: shared data are gathered by the first potential that the strategy is for."""
        study = self.make.study
        if study.acquisition == "own":
            return potential
        return next(name for name in study.potentials if study.strategies[strategy].is_for(name))

    def _leaves(self, potential: str, strategy: str, one: Labeled) -> None:
        ref = replace(one.ref, set=f"{potential} {strategy}", set_kind="training")
        self.make.plan.leaves(LabeledFrames, ref, one.key)
        if one.is_sampled:
            self.make.plan.leaves(SampledTrajectory, ref, one.key)

    def _trained(self, current: Trained, ref: Ref, round_: Round, title: str) -> Trained:
        make, potential = self.make, ref.potential
        labeled, trajectories = self._gathered(ref, round_)
        dataset = self._dataset(ref, round_, labeled, trajectories, title)
        make.plan.leaves(Dataset, ref, dataset)
        start = Trained(Ref(potential)) if round_.train_from == "foundation" else current
        count = make.study.strategies[ref.strategy].committee
        seeds = [make.seed("fine-tune", ref.seed, *([place] if place else [])) for place in range(count)]
        datasets = [dataset] * count
        if count > 1:
            draws = [make.seed("bootstrap", ref.seed, place) for place in range(count)]
            groups = make.study.data[round_.data or ""].groups if round_.sampler == "data" else ""
            datasets = make.bootstrap(dataset, labeled, trajectories, draws, title, groups)
        key, members = make.fine_tune(start, datasets, seeds, title)
        make.plan.leaves(FineTuning, ref, key)
        if ref.round == 1:
            first = make.evaluate(
                Trained(Ref(potential)), (dataset,), f"{potential} on the first data of {ref.strategy}", output="train"
            )
            of = Ref(potential, ref.strategy, 1, ref.seed)
            on = Ref(set=f"first data of {ref.strategy}", set_kind="training", gathered_by=of)
            make.plan.leaves(Predictions, Ref(potential).on(on), first)
        return Trained(ref, key, members)

    def _gathered(self, ref: Ref, round_: Round) -> tuple[list[str], list[int] | None]:
        """The steps that leave all labeled frames so far, and the trajectory of each, where they have one."""
        if round_.sampler == "data":
            return [self._data(round_)], None
        all_so_far = [one for each in self.gathered[ref.potential, ref.strategy, ref.seed] for one in each]
        trajectories = [one.ref.trajectory for one in all_so_far]
        known = [number for number in trajectories if number is not None]
        return [one.key for one in all_so_far], known if len(known) == len(trajectories) else None

    def _dataset(self, ref: Ref, round_: Round, labeled: list[str], trajectories: list[int] | None, title: str) -> str:
        make, match = self.make, self.make.resolved.strategies[ref.strategy].matched
        fraction = make.resolved.potentials[ref.potential].settings.valid_fraction
        settings: dict[str, Any] = {"seed": make.seed("data", ref.seed), "valid_fraction": fraction}
        matched: list[str] = []
        if round_.sampler == "data":
            settings["frames"] = round_.frames
            if round_.data in make.resolved.grouped:
                settings["groups"] = make.study.data[round_.data].groups
        elif match is not None:
            seeds = make.study.strategies[match].seeds
            twin = ref.seed if ref.seed in seeds else seeds[0]
            theirs = self.gathered.get((ref.potential, match, twin), [])[: ref.round]
            matched = [one.key for each in theirs for one in each]
            # Where both have the same labels there is nothing to cut, and the fine-tuning is one and the same.
            matched = [] if matched == labeled else matched
        # Whole trajectories, where that holds back no more than about twice the share that was asked for.
        if trajectories is not None and len(set(trajectories)) * fraction > 0.5:
            settings["trajectories"] = trajectories
        return make.dataset(settings, labeled, matched, f"{title}: gather data")

    def _data(self, round_: Round) -> str:
        name = round_.data or ""
        return self.make.read(self.make.study.data[name], ("data", name))


@dataclass
class _Walk:
    """The trajectories of one potential with one strategy and seed, each of which may go on from the one before."""

    make: StepMaker
    potential: str
    strategy: str
    seed: int
    current: Trained
    _last: str = ""
    _fresh: int = 0
    _known: tuple[str, ...] = ()
    _blind: dict[str, Keys] = field(default_factory=dict)
    _sighted: set[str] = field(default_factory=set)

    def check_selectors(self) -> None:
        """InputError for a selector that ranks by what no driver of its rounds gives."""
        for name in self._blind.keys() - self._sighted:
            what = f"no driver of this strategy gives what the selector {name!r} ranks by"
            hint = (
                "Let a committee drive a round (`committee:`, or the potential `committee`), or choose another selector"
            )
            raise self.make.source.fault(self._blind[name], what, hint)

    def _look(self, selector: Placed, driver: Trained | None, keys: Keys) -> None:
        """Notes whether the selector has anything to rank by where this driver moves the atoms."""
        name = selector.component.name
        if self.make.gives(driver, registry().find("selectors", name).needs):
            self._sighted.add(name)
        else:
            self._blind.setdefault(name, keys)

    def gather(self, round_: Round, number: int, title: str) -> Iterator[Labeled]:
        """The steps of a round that leave labeled frames."""
        if round_.sampler == "data":
            return
        keys = ("strategies", self.strategy)
        of = Ref(self.potential, self.strategy, number, self.seed)
        driver = None if round_.sampler == "structures" else self.make.driver(round_.driver, self.current)
        pool: list[str] = []
        for _ in range(round_.trajectories):
            start = self._start(round_, keys)
            ref = Ref(trajectory=self._fresh - 1, gathered_by=of)  # one that is taken up again is still the same
            if round_.sampler == "structures":
                yield Labeled(self.make.label(start, f"{title}: label structure"), ref, is_sampled=False)
                continue
            if round_.sampler == "minimize":
                self._last = self.make.minimize(driver, start, round_.minimize, f"{title}: relax")
                yield Labeled(self.make.label(self._last, f"{title}: label"), ref, is_sampled=False)
                continue
            if start != self._last:  # what goes on from another trajectory is as it is
                start = self.make.relaxed(driver, start, title)
            seed = self.make.seed("md", self.seed, self._fresh, number)
            self._last = self.make.md(driver, start, seed, f"{title}: dynamics")
            pool.append(self._last)
            if round_.selection is None:
                ref = replace(ref, sampled_by=driver.ref if driver else LABELER)
                yield Labeled(self.make.label(self._last, f"{title}: label"), ref, is_sampled=True)
        spelled_out = self.make.study.strategies[self.strategy].spelled_out is not None
        place = ("rounds", number - 1, "selection") if spelled_out else ("selection",)
        if (selector := self.make.selector(round_.selection, self.seed)) is not None:
            self._look(selector, driver, (*keys, *place))
            chosen = self.make.select(selector, pool, self._known, f"{title}: select")
            ref = Ref(gathered_by=of, sampled_by=driver.ref if driver else LABELER)
            self._known += (self.make.label(chosen, f"{title}: label"),)
            yield Labeled(self._known[-1], ref, is_sampled=False)

    def _start(self, round_: Round, keys: tuple[str, ...]) -> str:
        if round_.sampler in ("md", "minimize") and round_.start == "last" and self._last:
            return self._last
        self._fresh += 1
        return self.make.structure(Purpose("training", seed=self.seed), self._fresh - 1, keys)
