"""Checks of a potential's contract: what it takes, what it answers, and what it leaves alone. They take seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whet.contracts.component import FileRef, Spec
from whet.contracts.foundation import KnownAnswer
from whet.contracts.options import Options
from whet.contracts.potential import Potential
from whet.data.errors import FrameError, InputError, PluginError, UnknownName, WhetError
from whet.data.units import VOIGT
from whet.plugins.registry import registry
from whet.testing import fresh_interpreter, structures
from whet.testing.check import CheckFailed, NotApplicable, check, demand
from whet.testing.tolerance import same_bits

if TYPE_CHECKING:
    from collections.abc import Callable

    from whet.testing.potential_subject import PotentialSubject

HEAVY = {"torch", "tensorflow", "jax", "numpy", "scipy", "ase", "pymatgen", "sklearn", "matplotlib"}
"""Packages that importing a plugin must not import."""


@check("contract")
def states_what_it_can_do(subject: PotentialSubject) -> None:
    """Capabilities are well formed: chemical symbols, a positive cutoff, energy and forces among the properties.

    A study is checked against them before anything runs. State `elements=None` only where any element is taken.
    """
    from ase.data import chemical_symbols

    stated = subject.capabilities
    unreal = sorted((stated.elements or frozenset()) - set(chemical_symbols[1:]))
    demand(not unreal, f"these are no chemical symbols: {', '.join(unreal)}")
    demand(stated.elements is None or stated.elements, "it states that it knows no element")
    demand(stated.cutoff is None or 0 < stated.cutoff < 100, f"the cutoff is {stated.cutoff} Å")
    demand({"energy", "forces"} <= stated.properties, "energy and forces are what every potential answers")


@check("contract")
def known_answer_is_right(subject: PotentialSubject) -> None:
    """Published weights state what they answer for a small compound, and answer that.

    It is asked when they are first used, so that a version of the package that misreads them is refused.
    """
    potential = subject.potential
    if not potential.published:
        raise NotApplicable("these are no published weights")
    known = potential.known_answer
    symbols = known.symbols if known and set(known.symbols) <= set(subject.pair) else subject.pair
    compound = KnownAnswer(0.0, symbols=symbols).compound
    (labels,) = potential.evaluate([compound], ("energy", "forces"))
    now = f"it answers {KnownAnswer.of(labels, symbols)}"
    if known is None:
        raise NotApplicable(f"none is stated; {now}")
    potential.asks_known_answer = True
    try:
        potential.check_known_answer()
    except PluginError as error:
        raise CheckFailed(f"{error.what}; {now}") from error
    finally:
        potential.asks_known_answer = False


@check("contract")
def options_are_described(subject: PotentialSubject) -> None:
    """Every option has a docstring under its field, with its unit where it has one.

    Help, reference pages and error messages are made out of them.
    """
    offered = registry().find("potentials", subject.component.name)
    demand((offered.__doc__ or "").strip(), "the class has no docstring; its first line is what listings show")
    silent = [name for name, text in offered.Options.descriptions().items() if not text]
    demand(issubclass(offered.Options, Options), "Options is not derived from whet.Options")
    demand(not silent, f"without a docstring: {', '.join(silent)}")


@check("contract")
def outputs_are_plain_arrays(subject: PotentialSubject) -> None:
    """`predict` answers NumPy arrays of the right shapes and a plain number: eV, (n, 3) eV/Å, (3, 3) eV/Å³.

    Tensors that carry a graph keep the whole model's memory alive and cannot cross to another process. Call
    `.numpy(force=True)`; stress is 3×3, not Voigt, and forces belong to the atoms in the frame's own order.
    """
    import numpy as np

    frame = subject.crystal
    answered = list(subject.potential.predict([frame], subject.properties))
    demand(len(answered) == 1, f"one frame was asked about, {len(answered)} answers came")
    (labels,) = answered
    demand(isinstance(labels.energy, int | float | np.floating), f"the energy is a {type(labels.energy).__name__}")
    wanted = {"forces": (len(frame), 3)} | ({"stress": (3, 3)} if "stress" in subject.properties else {})
    for name, shape in wanted.items():
        value = getattr(labels, name)
        demand(isinstance(value, np.ndarray), f"{name} is a {type(value).__name__}, not a NumPy array")
        demand(value.shape == shape, f"{name} has the shape {value.shape}, not {shape}")
    labels.checked(len(frame))


@check("contract")
def stress_only_where_it_means_something(subject: PotentialSubject) -> None:
    """A stress is answered when it is asked for, and only for frames that are periodic in all three directions.

    The stress of a molecule or a slab divides by a volume that nobody chose.
    """
    if "stress" not in subject.properties:
        raise NotApplicable("it has no stress")
    demand(subject.answer(subject.crystal).stress is not None, "no stress for a periodic crystal")
    demand(subject.answer(subject.crystal, ("energy", "forces")).stress is None, "a stress though none was asked for")
    for what, frame in (("molecule", structures.molecule(subject.pair)), ("slab", structures.slab(subject.pair))):
        demand(subject.answer(frame).stress is None, f"a stress for a {what}")


@check("contract")
def one_atom_cells(subject: PotentialSubject) -> None:
    """A primitive cell with one atom is answered: every neighbor is an image of the atom itself.

    Graph builders that drop self-edges, or that squeeze arrays of length one, break here.
    """
    cell = structures.one_atom_cell(subject.pair[0])
    labels = subject.answer(cell)
    double = subject.answer(cell.repeat((2, 1, 1)))
    off = abs(double.energy - 2 * labels.energy) / 2
    limit = 10 * subject.tolerance.energy
    demand(
        off <= limit, f"two such cells have not twice the energy: {off:.2g} eV/atom is lacking (allowed: {limit:.0e})"
    )


@check("contract")
def inputs_are_untouched(subject: PotentialSubject) -> None:
    """Frames are as they were after `predict`: numbers, positions, cell, info, arrays and calculator.

    Whoever wraps positions or attaches a calculator in place corrupts the trajectory that the frame comes from.
    """
    for frame in structures.mixed(subject.pair):
        frame.info["note"] = "mine"
        mark = object()
        frame.calc = mark  # pyright: ignore[reportAttributeAccessIssue]
        before, arrays = frame.copy(), {name: values.tobytes() for name, values in frame.arrays.items()}
        subject.answer(frame)
        changed = [name for name, values in frame.arrays.items() if arrays.get(name) != values.tobytes()]
        demand(not changed, f"changed in place: {', '.join(changed)}")
        demand((frame.cell.array == before.cell.array).all(), "the cell was changed")
        demand(frame.pbc.tolist() == before.pbc.tolist(), "the periodic directions were changed")
        demand(frame.calc is mark, "the frame's calculator was replaced")
        demand(frame.info == before.info, "the frame's info was changed")


@check("contract")
def batches_answer_as_single_frames(subject: PotentialSubject) -> None:
    """A batch gives each frame the answer that it gets alone, in any order and beside any other frame.

    Padding, sums over the wrong index or a shared cell let frames of one batch talk to each other.
    """
    frames = structures.mixed(subject.pair)
    alone = subject.answers(frames)
    for order in (range(len(frames)), [3, 0, 4, 2, 1]):
        together = subject.answers([frames[place] for place in order], batch_size=len(frames))
        for place, labels in zip(order, together, strict=True):
            if differs := subject.tolerance.difference(labels, alone[place]):
                raise CheckFailed(f"frame {place} ({frames[place].get_chemical_formula()}), in a batch: {differs}")


@check("contract")
def answers_are_deterministic(subject: PotentialSubject) -> None:
    """The same frame gets the same answer, to the last bit, again and from a second instance on the same machine.

    Studies resume by recomputing; dropout left on and unordered sums make that a different study.
    """
    first = subject.answer(subject.crystal)
    for what, potential in (("again", subject.potential), ("from a second instance", subject.load())):
        (other,) = potential.evaluate([subject.crystal], subject.properties)
        demand(
            same_bits(other, first), f"asked {what}: {subject.tolerance.difference(other, first) or 'last bits differ'}"
        )


@check("contract")
def process_is_left_as_it_was(subject: PotentialSubject) -> None:
    """Loading and evaluating change nothing global and print nothing: dtype, threads, random numbers, environment, ….

    Another potential lives in the same process. Upstream packages that change the default dtype on loading, seed
    random numbers, set environment variables or install log handlers need to be wrapped: `whet_torch.untouched()`.
    """
    from ase.io import write

    frames = subject.folder("state") / "frames.xyz"
    write(frames, [subject.crystal, structures.molecule(subject.pair)], format="extxyz")
    changed, printed = fresh_interpreter.changed_state(subject.component, frames, subject.folder("empty"))
    demand(not changed, f"changed: {', '.join(changed)}")
    demand(not printed, f"printed on standard output: {printed[:200]!r}")


@check("contract")
def entry_point_is_light(subject: PotentialSubject) -> None:
    """Importing the plugin imports neither torch nor NumPy nor ASE: those belong inside the methods.

    `whet --help` and `whet plugins` import every plugin; one that brings torch makes them take seconds.
    """
    found = HEAVY.intersection(fresh_interpreter.loaded_by_listing())
    demand(not found, f"after listing the plugins these are loaded: {', '.join(sorted(found))}")


@check("contract")
def unknown_elements_are_refused(subject: PotentialSubject) -> None:
    """A frame with an element that the potential was not made for raises UnknownName that names the element.

    An answer of zero for an unknown element is worse than an error.
    """
    from ase import Atoms

    known = subject.capabilities.elements
    if known is None:
        raise NotApplicable("it states that it takes any element")
    from ase.data import chemical_symbols

    strange = next((symbol for symbol in reversed(chemical_symbols[1:]) if symbol not in known), None)
    if strange is None:
        raise NotApplicable("it states that it knows every element")
    frame = Atoms([subject.pair[0], strange], [[0, 0, 0], [0, 0, 2.2]])
    _must_raise(UnknownName, lambda: subject.answer(frame), f"a frame with {strange}", mentions=strange)


@check("contract")
def every_element_matters(subject: PotentialSubject) -> None:
    """Each element that the potential states has an effect: two such atoms near each other feel a force.

    A table that is filled with zeros for elements that were never trained answers silently.
    """
    import numpy as np
    from ase.data import chemical_symbols

    known = subject.capabilities.elements
    symbols = ["H", "Fe", "Xe", "Pu"] if known is None else [s for s in chemical_symbols if s in known]
    pairs = [structures.dimer((s, s), 0.9 * structures.distance(s, s)) for s in symbols]
    forces = [np.abs(labels.forces).max() for labels in subject.potential.evaluate(pairs, ("energy", "forces"))]
    silent = [symbol for symbol, force in zip(symbols, forces, strict=True) if not force > 1e-6]
    demand(not silent, f"two near atoms feel nothing: {', '.join(silent)}")


@check("contract")
def broken_frames_are_refused(subject: PotentialSubject) -> None:
    """Positions that are not finite raise FrameError; they never come back as NaN labels."""
    for bad in (float("nan"), float("inf")):
        frame = subject.crystal
        frame.positions[2, 1] = bad
        _must_raise(FrameError, lambda frame=frame: subject.answer(frame), f"a position of {bad}")


@check("contract")
def missing_files_are_named(subject: PotentialSubject) -> None:
    """A model that is not there, gone since, or damaged raises an InputError that names the file, when it is used.

    Studies run for days on other machines: “KeyError: 'model'” helps nobody.
    """
    here, component = registry(), subject.component
    if "model" in here.find("potentials", component.name).Options.model_fields:
        absent = str(subject.folder("absent") / "weights.bin")
        spec = Spec(component.name, {**component.options, "model": absent})
        _must_raise(
            InputError, lambda: here.resolve("potentials", spec), "a model file that is not there", mentions=absent
        )
    if not component.files:
        return
    for role in component.files:
        damaged = subject.folder("damaged") / f"damaged-{role}"
        damaged.write_bytes(b"\x80\x02not a model\n" * 8)
        bad = replace(component, files={**component.files, role: FileRef.to(damaged)})
        _must_raise(
            InputError,
            lambda bad=bad: list(subject.load(bad).evaluate([subject.crystal])),
            f"a damaged file {role!r}",
            mentions=str(damaged),
        )


@check("contract")
def missing_packages_are_named(subject: PotentialSubject) -> None:
    """Without its packages the plugin is still listed, and using it raises MissingPackage with the pip command.

    List what the backend imports in `packages`, and import it inside methods.
    """
    name = subject.component.name
    packages = dict(registry().find("potentials", name).packages)
    if not packages:
        raise NotApplicable("it needs no package beyond Whet's own")
    said, raised = fresh_interpreter.without_packages("potentials", name, list(packages))
    demand(
        said and all(said),
        "without its packages it is listed as if nothing was missing" if said else "it is not listed",
    )
    missing = [requirement for requirement in packages.values() if requirement not in raised]
    demand("pip install" in raised and not missing, f"using it then says: {raised or 'nothing'}")


@check("contract")
def saved_is_loaded_the_same(subject: PotentialSubject) -> None:
    """What `save` writes answers the same, to the last bit, when it is loaded from those files alone.

    A `checkpoint_version` above 1 comes with an `upgrade`: else what people fine-tuned before is lost to them.
    """
    cls = type(subject.potential)
    own_upgrade = cls.upgrade.__func__ is not Potential.upgrade.__func__  # pyright: ignore[reportFunctionMemberAccess]
    demand(cls.checkpoint_version == 1 or own_upgrade, f"no `upgrade` to version {cls.checkpoint_version}")
    saved = subject.potential.save(subject.folder("saved"))
    demand(saved or not subject.component.files, "`save` names no file")
    registry().vouch_for_made(subject.component, saved.values(), start=subject.potential)
    files = {role: FileRef.to(path) for role, path in saved.items()}
    again = subject.load(replace(subject.component, files=files))
    (labels,) = again.evaluate([subject.crystal], subject.properties)
    original = subject.answer(subject.crystal)
    demand(same_bits(labels, original), subject.tolerance.difference(labels, original) or "the last bits differ")


@check("contract")
def calculator_answers_as_evaluate(subject: PotentialSubject) -> None:
    """The ASE calculator gives the same energy, forces and stress as `evaluate`, bit for bit.

    Dynamics runs through the one and labels come through the other. Override neither.
    """
    import numpy as np

    # Asking for a stress as well may take another way through the model, whose last bits differ.
    wanted = subject.answer(subject.crystal, ("energy", "forces"))
    frame = subject.crystal
    frame.calc = subject.potential.calculator()
    same = frame.get_potential_energy() == wanted.energy and np.array_equal(frame.get_forces(), wanted.forces)
    demand(same, "energy or forces differ")
    stress = subject.answer(subject.crystal).stress
    if stress is not None:
        voigt = np.array([stress[i, j] for i, j in VOIGT])
        demand(np.array_equal(frame.get_stress(), voigt), "the stress differs")


def _must_raise(kind: type[WhetError], act: Callable[[], object], what: str, *, mentions: str = "") -> None:
    try:
        act()
    except kind as error:
        demand(mentions in str(error), f"{what} raises {type(error).__name__} without naming {mentions}: {error}")
        return
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise CheckFailed(f"{what} raises {type(error).__name__} ({said}) instead of {kind.__name__}") from error
    raise CheckFailed(f"{what} raises nothing; {kind.__name__} was to be raised")
