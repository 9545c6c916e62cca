"""Materials: softness and errors of each of many materials, their distribution, and which stand out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from whet.analyses.parts.ends import ends_of, seed_note
from whet.analyses.parts.last_states import first_seeds
from whet.analyses.parts.material_figures import distribution, scale_and_probes
from whet.analyses.parts.material_states import StateOverMaterials, names_of_materials, states_over_materials
from whet.analyses.parts.material_tables import material_table, over_table, probe_rows, standing_table
from whet.analyses.parts.series_table import series_rows, several
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import LEAST_UNITS, Findings, Verdict
from whet.contracts.options import Options
from whet.contracts.ports import Found, Port, Predictions
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.numbers import count, percent, shown, with_interval

MOST_NAMED = 5
"""Materials that a verdict names; the table has all that stand out."""

DEFINITION = (
    "Each material counts once, however many frames it has. Its curvature ratio is s or 1/b of its own frames, as who "
    "sampled them decides; where that is not known of every material, s is shown, which errors of any kind lower "
    "on frames of the potential’s own. No frame is discounted: what exploded stands out, with its name. The mean’s "
    "interval is had by drawing materials, the median’s from order statistics. A material stands out where it is "
    "farther from the median than k times the spread (1.4826 times the median absolute deviation), farther than k "
    "times its own standard error and the scatter together, and by more than 0.05. With the k that is used, any "
    "material of a set is named in at most 5 % of the sets whose materials scatter normally; a distribution with "
    "longer tails has more."
)


class MaterialsOptions(Options):
    """What a material is."""

    by: str = ""
    """Key of the frames' info that names their material, or `formula` for the reduced formula. By default as frames say
    themselves (`material`, `name`, `material_id`, `mp_id` or `label`), else the reduced formula."""


class Materials(Analysis[MaterialsOptions]):
    """Softness, errors and probes by material: the distribution over materials, and those that stand out."""

    name = "materials"
    place = 27
    Options = MaterialsOptions
    after = ("scores", "properties")
    inputs: ClassVar[Mapping[str, Port]] = {
        "scores": Port(Found, many=False, what="of the set"),
        "predictions": Port(Predictions, what="of every state of every potential"),
        "properties": Port(Found, what="what probes measured of the same materials"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for each independent set but those of relaxed structures, which have no slope."""
        wanted, probed = [], [piece for piece in study.all(Found) if piece.role == "properties"]
        for piece in study.all(Found, set_kind="independent"):
            if piece.role == "scores" and piece.ref.minimum_of is None:
                ends = first_seeds(study.all(Predictions, set=piece.ref.set))
                ref = Ref(set=piece.ref.set, set_kind="independent")
                inputs = {"scores": [piece], "predictions": ends} | ({"properties": probed} if probed else {})
                wanted.append(Wanted(inputs, ref=ref, label=piece.ref.set))
        return wanted

    def run(self, work: Work) -> Findings:
        """Tables: `over-materials`, `standing-out`, `materials`, `material-probes`; `distribution`, `probes`."""
        found = work.one("scores", Found)
        on, title = found.ref.set, "Many materials"
        ends = ends_of(series_rows(found.findings), work.all("predictions", Predictions))
        if not ends:
            return Findings(title, on, notes=["there are no predictions to compare"])
        names = [names_of_materials(comparison, self.options.by) for _, comparison in ends]
        many = len({name for each in names for name in each})
        if many < 2:
            return Findings(title, on, notes=[f"the frames of “{on}” are of one material: {names[0][0]}"])
        states, by_ratio = states_over_materials(ends, names)
        what = "curvature ratio" if by_ratio else "softening scale s"
        if not any(len(one.over.values) for one in states):
            return Findings(title, on, notes=[f"no material of “{on}” has a slope"])
        note = seed_note([one.row for one in states])
        said = f"{what}, on “{on}”."
        figures, tables = [], [over_table(states, said + note), *standing_table(states, said)]
        figure, bins = distribution(states, what, said + note)
        probes = probe_rows(states, work.all("properties", Found))
        if probes is not None:
            tables.append(probes)
            figures += scale_and_probes(probes, what, on)
        tables += [material_table(states, f"Each material of “{on}”.{note}", by_ratio), bins]
        notes = [f"{count(many, 'material')}: below {LEAST_UNITS}, nothing is decided."] if many < LEAST_UNITS else []
        if still := max(len(one.scales) - len(one.over.values) for one in states):
            notes.append(f"{count(still, 'material')} without a slope: all reference forces are zero, or by symmetry.")
        return Findings(
            title,
            on,
            tables,
            [figure, *figures],
            [*_softness(states, by_ratio), *_standing(states)],
            DEFINITION,
            "Deng et al., figure 5b",
            notes,
        )


def _softness(states: Sequence[StateOverMaterials], by_ratio: bool) -> Iterator[Verdict]:
    """Of each untouched potential, and what became of it."""
    from whet.bias.curvature import reading_in_words

    question = "How soft over many materials?"
    for before in (one for one in states if one.row.untouched and len(one.over.values)):
        over, potential = before.over, before.row.potential
        materials = count(len(over.values), "material")
        numbers = f"{with_interval(over.mean, 2)}, {over.below} of {len(over.values)} below 1"
        after = [one for one in states if one.row.potential == potential and one.row.strategy and len(one.over.values)]
        evidence = f"{potential}: median {with_interval(over.median, 3)}, mean {with_interval(over.mean, 3)}"
        for one in after:
            change = with_interval(over.change_to(one.over), 3, sign=True)
            evidence += f"; with {one.row.state} mean {with_interval(one.over.mean, 3)}, change {change}"
        limits = "Averages over these materials alone: how they were chosen decides what they speak for."
        known = {"evidence": evidence, "units": len(over.values), "of": "materials", "limits": limits}
        if len(over.values) < LEAST_UNITS:
            yield Verdict(question, f"{potential}: undecided: {materials}", decided=False, **known)
        elif not by_ratio:
            why = "undecided: these frames do not decide, as a curvature is read by who sampled them"
            yield Verdict(question, f"{potential}: {why} (mean s {numbers})", decided=False, **known)
        else:
            words = reading_in_words(over.reading, over.mean.value)
            claim = f"{potential}: {words} on average over {materials} (mean curvature ratio {numbers})"
            yield Verdict(question, claim, decided=over.reading != "undecided", **known)


def _standing(states: Sequence[StateOverMaterials]) -> Iterator[Verdict]:
    """Of each untouched potential, and of what was fine-tuned where any material does."""
    every = several([one.row for one in states])
    for one in states:
        found, values = one.over.standing, one.over.values
        if found is None or len(values) < LEAST_UNITS or not (found.places or one.row.untouched):
            continue
        frames = {scale.name: scale.slopes.frames for scale in one.scales}
        known = [(one.over.names[place], float(values[place])) for place in found.places]
        named = [f"{name} ({shown(value, 2)} from {count(frames[name], 'frame')})" for name, value in known]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        who = one.name if every else f"{one.row.potential} {one.row.state}"
        what = f"{', '.join(named[:MOST_NAMED])}{more}" if named else f"none of {count(len(values), 'material')}"
        yield Verdict(
            "Which materials stand out?",
            f"{who}: {what}",
            f"median {shown(found.median, 3)}, spread {shown(found.spread, 3)}, k = {shown(found.k, 1)}",
            units=len(values),
            of="materials",
            limits=f"Names any of a set in at most {percent(0.05)} of sets that scatter normally; why it stands out is "
            "not known from this.",
            prominent=bool(named),
        )
