"""methods: paragraphs for a paper, and what to cite, from what really ran."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from whet.contracts.component import Component
from whet.contracts.ports import FineTuning, LabeledFrames
from whet.contracts.ref import Ref
from whet.data.numbers import count
from whet.running.stored_step import StoredStep
from whet.study.label_costs import LabelCosts
from whet.study.papers import DENG, NIBLETT, WHET, WONG_YANG
from whet.study.protocol_words import ProtocolWords
from whet.study.stored_study import StoredStudy

INTERVALS = (
    "Intervals are 95 % bootstrap intervals over independent units, which are trajectories (or the groups of frames "
    "that a file names), never single frames of one trajectory; with fewer than four units nothing is decided."
)


def methods(study: StoredStudy) -> list[str]:
    """One paragraph each: potentials, structures, dynamics, labels, fine-tuning, tests; none on what did not run."""
    if not study.done:
        return []
    parts = (_potentials, _structures, _dynamics, _labels, _fine_tuning, _tests)
    return [" ".join(sentences) for part in parts if (sentences := list(part(study)))]


def references(study: StoredStudy) -> list[str]:
    """BibTeX entries: Whet, the methods that were used, and what the components say."""
    if not study.done:
        return []
    found = [WHET.replace("VERSION", _version(study, "whet"))]
    found += [WONG_YANG] if study.scores or study.of_task("fine-tune") else []
    found += [DENG] if study.scores else []
    found += [NIBLETT] if study.of_task("committee") else []
    return [*found, *study.stored.cited]


def _potentials(study: StoredStudy) -> Iterator[str]:
    roles = [one.component for role, one in study.stored.roles.items() if role.startswith("potential ")]
    named = _and([f"{one.called}{_cited(one)}" for one in roles])
    subject = f"The potential {named} was" if len(roles) == 1 else f"The potentials {named} were"
    yield f"{subject} studied with Whet {_version(study, 'whet')} [whet] ({_packages(study)})."


def _structures(study: StoredStudy) -> Iterator[str]:
    made, source = study.of_task("structure"), study.stored.roles.get("structures")
    if not made:
        return
    formulas = dict.fromkeys(f"{step.values['formula']} ({step.values['atoms']} atoms)" for step in made)
    by = ""
    if source is not None:
        options = _options(source.component)
        by = f" by {source.component.called}{_cited(source.component)}" + (f" ({options})" if options else "")
    some = _and(list(formulas)[:4]) + (f" and {len(formulas) - 4} other compositions" if len(formulas) > 4 else "")
    yield f"{count(len(made), 'starting structure')} {'was' if len(made) == 1 else 'were'} made{by}: {some}."
    if relaxed := study.of_task("minimize"):
        said = relaxed[0].options
        yield f"Structures were relaxed by {said['optimizer']} until the largest force was below {said['fmax']:g} eV/Å,"
        yield f"for {said['steps']} steps at the most ({count(len(relaxed), 'relaxation')})."


def _dynamics(study: StoredStudy) -> Iterator[str]:
    runs = study.of_task("md")
    engines = {step.recipe.components["engine"].key: step.recipe.components["engine"] for step in runs}
    titles = {
        one.component.key: one.component for role, one in study.stored.roles.items() if role.startswith("dynamics")
    }
    for key, engine in engines.items():
        own = [step for step in runs if step.recipe.components["engine"].key == key]
        words, shown = ProtocolWords(engine.options), titles.get(key, engine)
        what = words.whole if words.is_known else _options(engine)
        yield f"Molecular dynamics ran with {shown.called}{_cited(shown)}: {what}{_coupling(words)}."
        yield f"{_trajectories(len(own))} {'was' if len(own) == 1 else 'were'} run,"
        yield f"of which {sum(int(step.values['frames']) for step in own):,} frames were kept."


def _coupling(words: ProtocolWords) -> str:
    """Time constants, where the ensemble has them, and how often a frame is kept."""
    if not words.is_known:
        return ""
    said = []
    if words.options["ensemble"] != "nve" and "thermostat_time" in words.options:
        said.append(f"thermostat time {words.options['thermostat_time']:g} fs")
    if words.has_pressure and "barostat_time" in words.options:
        said.append(f"barostat time {words.options['barostat_time']:g} fs")
    if "every" in words.options:
        said.append(f"a frame every {words.time('every')}")
    return "".join(f", {one}" for one in said)


def _labels(study: StoredStudy) -> Iterator[str]:
    labeler = study.stored.roles.get("labeler")
    if study.theories:
        cited = _cited(labeler.component) if labeler is not None else ""
        yield f"Reference energies, forces and stresses are of {_and([str(one) for one in study.theories])}{cited};"
        costs = LabelCosts.of(study)
        shares = [f"{number:,} {purpose}" for purpose, number in costs.computed.items()]
        yield f"{count(sum(costs.computed.values()), 'label')} were computed"
        yield (f"({', '.join(shares)})." if shares else "for this study.")
    for name, theory in study.stored.theories.items():
        yield f"Labels of “{name}” are of {theory}, from a file."


def _fine_tuning(study: StoredStudy) -> Iterator[str]:
    last = [piece for piece in study.stored.plan.all(FineTuning) if piece.key in study.done and piece.ref.last]
    groups: dict[tuple[str, str], list[tuple[Ref, StoredStep]]] = {}
    for piece in last:
        groups.setdefault((piece.ref.potential, piece.ref.strategy), []).append((piece.ref, study.done[piece.key]))
    for (potential, strategy), made in groups.items():
        tunings = [(ref, step) for ref, step in made if "applied" in step.values]
        if not tunings:
            continue
        (ref, step), seeds = tunings[0], sorted({ref.seed for ref, _ in tunings})
        how = f"in {count(ref.round, 'round')}" if ref.size is None else "on sets of frames drawn from a file"
        frames = f"{step.values['train']} training and {step.values['valid']} validation frames in the last"
        whose = study.names.shown.get(potential, potential)
        yield f"{whose} was fine-tuned by the strategy “{strategy}” {how} ({frames};"
        yield f"{'seed' if len(seeds) == 1 else 'seeds'} {_and(list(map(str, seeds)))}): {_settings(step.values)}."


def _settings(values: Mapping[str, Any]) -> str:
    applied = values["applied"]
    weights = applied.get("loss", {}).get("weights", {})
    said = [
        f"{applied['strategy']} training of {applied['trainable_parameters']:,} parameters",
        count(applied["epochs"], "epoch"),
        f"batches of {applied['batch_size']}",
        f"learning rate {applied['learning_rate']:g}",
        "loss weights " + ", ".join(f"{name} {weight:g}" for name, weight in weights.items()) if weights else "",
        f"{applied['replay_frames']:,} replay frames" if applied.get("replay_frames") else "",
        str(applied.get("other", {}).get("optimizer", "")),
    ]
    source = values.get("reference_energies", {}).get("source", "fit")
    said.append(
        {"fit": "reference energies fitted on the training frames", "none": ""}.get(
            source, f"reference energies: {source}"
        )
    )
    return ", ".join(filter(None, said))


def _tests(study: StoredStudy) -> Iterator[str]:
    sets = {one["set"]: one for one in study.scores if one["set_kind"] in ("independent", "replay")}
    for name, score in sets.items():
        yield f"“{name}” has {count(score['frames'], 'frame')}{_origin(study, name)}."
    if sets:
        yield "Softening is the slope of predicted on reference force components, or its inverse counterpart, as who"
        yield f"sampled the frames decides [deng2025softening]; errors are those of [wong2026bias]. {INTERVALS}"


def _origin(study: StoredStudy, name: str) -> str:
    pieces = study.stored.plan.all(LabeledFrames, set=name)
    numbers = {piece.ref.trajectory for piece in pieces} - {None}
    return f" of {_trajectories(len(numbers))}" if numbers else " of a file"


def _trajectories(number: int) -> str:
    return "1 trajectory" if number == 1 else f"{number:,} trajectories"


def _options(component: Component) -> str:
    given = {key: value for key, value in component.options.items() if value not in (None, "", {}, [])}
    return ", ".join(f"{key} {_plain(value)}" for key, value in given.items())


def _plain(value: Any) -> str:
    return ", ".join(f"{name} {one}" for name, one in value.items()) if isinstance(value, Mapping) else f"{value}"


def _cited(component: Component) -> str:
    keys = [found[1] for entry in component.cited if (found := re.match(r"\s*@\w+\{([^,\s]+),", entry))]
    return f" [{', '.join(keys)}]" if keys else ""


def _packages(study: StoredStudy) -> str:
    """`ase 3.29.0, chgnet 0.4.2`: of all results."""
    found: dict[str, set[str]] = {}
    for step in study.done.values():
        for name, number in step.measured.get("versions", {}).items():
            if not name.startswith("whet"):
                found.setdefault(name, set()).add(number)
    return ", ".join(f"{name} {' and '.join(sorted(numbers))}" for name, numbers in sorted(found.items()))


def _version(study: StoredStudy, package: str) -> str:
    from importlib.metadata import version

    found = {step.measured.get("versions", {}).get(package) for step in study.done.values()} - {None}
    return " and ".join(sorted(found)) or version(package)


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
