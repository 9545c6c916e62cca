"""LabelKeys: under which names a frame carries its labels, and the labels that stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError
from whet.data.labels import EXTRA_SHAPES, FORCES_NAMES, LABEL_NAMES, LABEL_PREFIXES, VIRIAL_NAMES, Labels
from whet.files.naming import how_to_name
from whet.files.unit_system import UnitSystem

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

SAME = {"energy": 1e-5, "forces": 1e-4, "stress": 1e-5}
"""In the file's own units: labels under two keys that are no farther apart are the same one, rounded differently."""

MOST_FORCE, MOST_ENERGY = 1e6, 1e12
"""eV/Å and eV; beyond these a label is no label."""

NOTHING: Mapping[str, str] = MappingProxyType({})

OWN = UnitSystem()
"""eV, Å, eV/Å³ with tension positive."""


@dataclass(frozen=True)
class LabelKeys:
    """Under which keys a file keeps its labels; stress and virial are None where it has none, or is not to be read."""

    energy: str
    forces: str
    stress: str | None
    virial: str | None = None

    @classmethod
    def find(cls, atoms: Atoms, named: Mapping[str, str] = NOTHING) -> LabelKeys:
        """The label keys that this frame uses. FrameError where there are none, or two labels that differ.

        named: label (`energy`, `forces`, `stress`, `virial`) -> key, of those that a user named; of stress and virial
        the other is not looked for then.
        """
        usual = None if {"energy", "forces"} <= set(named) else cls._usual(atoms, named)
        one_named = "stress" in named or "virial" in named
        found = cls(
            named.get("energy") or (usual.energy if usual else ""),
            named.get("forces") or (usual.forces if usual else ""),
            named.get("stress") if one_named or usual is None else usual.stress,
            named.get("virial") if one_named or usual is None else usual.virial,
        )
        for label in SAME:
            if label not in named and (key := getattr(found, label)):
                _refuse_another(atoms, label, key)
        return found

    @classmethod
    def are_in(cls, atoms: Atoms, named: Mapping[str, str] = NOTHING) -> bool:
        """Whether the frame has an energy and forces under keys that are looked for, right ones or not."""
        there = {name for source in _places(atoms) for name in source}
        energies = {named.get("energy"), *(prefix + "energy" for prefix in LABEL_PREFIXES)}
        forces = {named.get("forces"), *(prefix + name for prefix in LABEL_PREFIXES for name in FORCES_NAMES)}
        return bool(there & energies) and bool(there & forces)

    def __str__(self) -> str:
        return ", ".join(key for key in (self.energy, self.forces, self.stress, self.virial) if key)

    @classmethod
    def _usual(cls, atoms: Atoms, named: Mapping[str, str]) -> LabelKeys:
        there = {name for source in _places(atoms) for name in source}
        for prefix in LABEL_PREFIXES:
            energy = named.get("energy", prefix + "energy")
            forces = named.get("forces") or next(
                (prefix + name for name in FORCES_NAMES if prefix + name in there), None
            )
            if energy in there and forces:
                stress = prefix + "stress" if prefix + "stress" in there else None
                return cls(
                    energy, forces, stress, next((prefix + v for v in VIRIAL_NAMES if prefix + v in there), None)
                )
            if (energy in there or forces) and not named:
                missing, present = ("forces", energy) if energy in there else ("energy", forces)
                hint = f"Energy and forces are both needed; {how_to_name()}"
                raise FrameError(f"the frame has {present!r} but no {missing}", hint=hint)
        has = ", ".join(sorted(set(map(str, there)) - {"numbers", "positions"})[:12]) or "nothing"
        hint = f"Looked for energy and forces, also behind REF_, dft_, DFT_ or ref_, and it has: {has}; {how_to_name()}"
        raise FrameError("the frame has no labels", hint=hint)

    def read(self, atoms: Atoms, units: UnitSystem = OWN) -> tuple[Atoms, Labels]:
        """The bare structure, and its labels; in Å and eV whatever the units they are written in.

        Raises FrameError for labels that are missing, not finite, of a wrong shape, absurdly large, or that contradict
        one another.
        """
        frame = _bare(atoms, self, units)
        energy, forces = (self._value(atoms, name) for name in ("energy", "forces"))
        labels = Labels(
            float(units.scale(energy, units.energy_factor)),
            units.scale(forces, units.force_factor),
            self._stress(atoms, frame, units),
            dict(_extra(atoms, units)),
        ).checked(len(frame))
        _check_size(labels)
        return frame, labels

    def _value(self, atoms: Atoms, name: str) -> Any:
        key = getattr(self, name)
        if key is None:
            return None
        found = next((source[key] for source in _places(atoms) if key in source), None)
        if found is None and name in ("energy", "forces"):
            raise FrameError(f"the frame has no {name} under the key {key!r}")
        return found

    def _stress(self, atoms: Atoms, frame: Atoms, units: UnitSystem) -> np.ndarray | None:
        """(3, 3) eV/Å³, tension positive, from a stress or a virial. A virial without a volume is none."""
        import numpy as np

        stress, virial = self._value(atoms, "stress"), self._value(atoms, "virial")
        found = None
        if stress is not None:
            found = _matrix(units.scale(stress, units.stress_factor), "stress", self.stress)
        if virial is not None and (volume := abs(float(frame.cell.volume))) > 1e-9:
            from_virial = -_matrix(units.scale(virial, units.energy_factor), "virial", self.virial) / volume
            if found is not None and not np.allclose(found, from_virial, rtol=0.02, atol=2e-4):
                raise FrameError(
                    f"{self.stress!r} is not −{self.virial!r} / volume: their units or signs differ",
                    hint=f"Say which of them counts: {how_to_name(['stress'])}, or the same with virial",
                )
            found = from_virial if found is None else found
        return found


def _refuse_another(atoms: Atoms, label: str, key: str) -> None:
    """FrameError where the frame has this label under another usual key too, and it differs: which one counts?"""
    import numpy as np

    names = {"energy": ("energy",), "forces": FORCES_NAMES, "stress": ("stress",)}[label]
    others = {prefix + name for prefix in LABEL_PREFIXES for name in names} - {key}
    there = {name: source[name] for source in _places(atoms) for name in source if name in {key, *others}}
    chosen = _comparable(there.pop(key), label)
    for other, value in sorted(there.items()):
        rival = _comparable(value, label)
        if chosen is None or rival is None or chosen.shape != rival.shape:
            continue
        apart = float(np.abs(chosen - rival).max(initial=0.0))
        if apart > SAME[label] + 1e-9 * float(np.abs(chosen).max(initial=0.0)):
            what = f"the frame has two different labels: {key!r} and {other!r} are up to {apart:.4g} apart"
            hint = f"Say which of them counts ({how_to_name([label])}), or remove the other from the file"
            raise FrameError(what, hint=hint)


def _comparable(value: Any, label: str) -> np.ndarray | None:
    """Flat numbers, a stress as six of ASE's order; None for what is no finite number."""
    import numpy as np

    try:
        found = np.asarray(value, dtype=float).ravel()
    except (TypeError, ValueError):
        return None
    if label == "stress" and found.size == 9:
        found = found[[0, 4, 8, 5, 2, 1]]
    return found if np.all(np.isfinite(found)) else None


def _places(atoms: Atoms) -> Iterator[dict[str, Any]]:
    """Where a frame may carry labels."""
    yield atoms.info
    yield atoms.arrays
    yield atoms.calc.results if atoms.calc is not None else {}


def _matrix(value: np.ndarray, what: str, key: str | None) -> np.ndarray:
    """(3, 3), from nine numbers or from six in ASE's order."""
    import numpy as np

    if value.size == 6:
        xx, yy, zz, yz, xz, xy = value.ravel()
        return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    if value.size != 9:
        raise FrameError(f"the {what} under {key!r} has {value.size} numbers, not 6 or 9")
    full = value.reshape(3, 3)
    if not np.allclose(full, full.T, atol=1e-6, equal_nan=True):
        raise FrameError(f"the {what} under {key!r} is not symmetric")
    lower = np.tril_indices(3, -1)
    full = full.copy()
    full[lower] = full.T[lower]  # ASE keeps six numbers; a round trip through it changes nothing then
    return full


def _extra(atoms: Atoms, units: UnitSystem) -> Iterator[tuple[str, np.ndarray]]:
    """Registered labels beside energy, forces and stress that ASE read as results."""
    factors = {"eV": units.energy_factor, "eV/Å": units.force_factor, "e·Å": units.length_factor}
    results = atoms.calc.results if atoms.calc is not None else {}
    for name, (_, unit) in EXTRA_SHAPES.items():
        if (value := results.get(name)) is not None:
            yield name, units.scale(value, factors.get(unit, 1.0))


def _check_size(labels: Labels) -> None:
    """FrameError for numbers that no atoms have, which would only overflow further on."""
    import numpy as np

    largest = float(np.abs(labels.forces).max(initial=0.0))
    if largest > MOST_FORCE or abs(labels.energy) > MOST_ENERGY:
        what = f"a force of {largest:.3g} eV/Å" if largest > MOST_FORCE else f"an energy of {labels.energy:.3g} eV"
        raise FrameError(f"the frame has {what}", hint="Is it of another unit, or damaged?")


def _bare(atoms: Atoms, keys: LabelKeys, units: UnitSystem) -> Atoms:
    """The structure in Å with its info, less the label arrays that it carried."""
    from ase import Atoms as _Atoms

    bare = _Atoms(
        numbers=atoms.numbers,
        positions=units.scale(atoms.positions, units.length_factor),
        cell=units.scale(atoms.cell.array, units.length_factor),
        pbc=atoms.pbc,
    )
    named = {keys.energy, keys.forces, keys.stress, keys.virial, "energy_unit", "forces_unit", "stress_unit"}
    bare.info = {key: value for key, value in atoms.info.items() if key not in LABEL_NAMES | named}
    if atoms.has("initial_magmoms"):
        bare.set_initial_magnetic_moments(atoms.get_initial_magnetic_moments())
    if atoms.has("initial_charges"):
        bare.set_initial_charges(atoms.get_initial_charges())
    return bare
