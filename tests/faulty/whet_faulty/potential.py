"""The pair potential of the template, with one fault."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from functools import cached_property

from whet import Labels, UpstreamModel, units
from whet_pairwise.model import PairModel
from whet_pairwise.potential import PairwiseOptions, PairwisePotential


class FaultyOptions(PairwiseOptions):
    """Which weights, and which fault."""

    fault: str = ""
    """Of the potential, or of its fine-tuner; empty: none."""


class FaultyModel(PairModel):
    """The model with a fault in its neighbor list."""

    fault = ""

    def neighbors(self, atoms):
        from ase.neighborlist import neighbor_list

        first, second, vectors, distances, images = neighbor_list("ijDdS", atoms, self.cutoff)
        if self.fault == "no wrap":  # searches the next few cells, from where the atoms happen to be
            keep = (abs(images) <= 4).all(axis=1)
        elif self.fault == "no self-images":
            keep = first != second
        else:
            keep = slice(None)
        return first[keep], second[keep], vectors[keep], distances[keep]


class FaultyPotential(PairwisePotential):
    """A pair potential with a fault."""

    name = "faulty"
    Options = FaultyOptions
    options: FaultyOptions  # pyright: ignore[reportIncompatibleVariableOverride]
    foundation_models = {  # noqa: RUF012
        name: replace(model, answer=None) for name, model in PairwisePotential.foundation_models.items()
    }

    @property
    def known_answer(self):
        right = PairwisePotential.foundation_models["noble-gases"].answer
        assert right is not None
        return replace(right, energy=right.energy - 1) if self.options.fault == "old answer" else None

    @cached_property
    def model(self):
        import numpy as np

        fault = self.options.fault
        if fault == "global dtype":
            torch = importlib.import_module("torch")
            torch.set_default_dtype(torch.float64)
        if fault == "seeds NumPy":
            np.random.seed(1)  # noqa: NPY002 -- the fault
        if fault == "prints":
            print("loading ...")
        if fault == "bare errors":
            json.loads(self.files["checkpoint"].read_text(errors="replace"))["elements"]
        model = super().model
        made = FaultyModel(**vars(model))
        object.__setattr__(made, "fault", fault)
        return made

    @property
    def capabilities(self):
        right = super().capabilities
        if self.options.fault == "silent zero":
            return replace(right, elements=(right.elements or frozenset()) | {"Xe"})
        return right

    def evaluate(self, frames, properties=("energy", "forces", "stress"), *, batch_size=1):
        if self.options.fault == "unknown is nothing":
            frames = [frame[[s in self.model.elements for s in frame.get_chemical_symbols()]] for frame in frames]
        if self.options.fault == "no checks":
            return iter(self.predict(list(frames), properties))
        return super().evaluate(frames, properties, batch_size=batch_size)

    def predict(self, frames, properties):
        import numpy as np

        fault = self.options.fault
        if fault == "draws":
            np.random.random()  # noqa: NPY002 -- the fault
        energies = []
        for atoms in frames:
            known = atoms
            if fault == "silent zero":
                known = atoms[[symbol != "Xe" for symbol in atoms.get_chemical_symbols()]]
                if not len(known):
                    yield Labels(0.0, np.zeros((len(atoms), 3)))
                    continue
            (labels,) = super().predict([known], properties)
            if fault == "silent zero":
                forces = np.zeros((len(atoms), 3))
                forces[[symbol != "Xe" for symbol in atoms.get_chemical_symbols()]] = labels.forces
                labels = replace(labels, forces=forces)
            if fault in ("stress sign", "stress in GPa") and labels.stress is not None:
                labels = replace(labels, stress=labels.stress * (-1 if fault == "stress sign" else 1 / units.GPA))
            if fault == "stress always" and "stress" in properties and labels.stress is None:
                labels = replace(labels, stress=np.eye(3))
            if fault == "float32 leak":
                labels = replace(labels, energy=float(np.float32(labels.energy)))
            if fault == "in place":
                atoms.positions -= atoms.positions.mean(axis=0)
            if fault == "not conservative":
                labels = replace(labels, forces=1.1 * labels.forces)
            if fault == "cross-talk" and energies:
                labels = replace(labels, energy=labels.energy + 1e-3 * energies[-1])
            if fault == "lists":
                labels = replace(labels, forces=labels.forces.tolist())
            if fault == "lone force" and len(atoms) == 1:
                labels = replace(labels, forces=np.array([[0.1, 0.0, 0.0]]))
            if fault == "not extensive":
                labels = replace(labels, energy=labels.energy + 1e-4 * len(atoms) ** 2)
            if fault == "jump":
                pairs = len(self.model.neighbors(atoms)[0]) / 2
                labels = replace(labels, energy=labels.energy + 0.01 * pairs)
            if fault == "sorted":
                labels = replace(labels, forces=labels.forces[np.argsort(atoms.numbers, kind="stable")])
            if fault == "columns":
                labels = replace(labels, energy=labels.energy + 0.01 * float(abs(atoms.cell.array[0, 1])))
            if fault == "drift":
                labels = replace(labels, forces=labels.forces + 0.01)
            if fault == "random":
                labels = replace(labels, energy=labels.energy + 1e-12 * np.random.default_rng().random())
            if fault == "flat molecules" and not atoms.pbc.any():
                labels = replace(labels, energy=labels.energy + 0.01 * (len(atoms) > 2))
            if shift := self.shift_in_file:
                labels = replace(labels, energy=labels.energy + sum(map(shift.get, atoms.get_chemical_symbols())))
            energies.append(labels.energy)
            yield Labels(labels.energy, labels.forces, labels.stress)

    def save(self, folder):
        (path,) = super().save(folder).values()
        if self.options.fault == "saves rounded":
            saved = json.loads(path.read_text())
            saved["coefficients"] = [[round(number, 3) for number in row] for row in saved["coefficients"]]
            path.write_text(json.dumps(saved))
        return {"checkpoint": path}

    @cached_property
    def shift_in_file(self):
        saved = json.loads(self.files["checkpoint"].read_text())
        return saved.get("shift", {})

    def export(self, folder):
        fault = self.options.fault
        times = {"shift left out": 0, "shift twice": 2, "shift reversed": -1}.get(fault, 1)
        if fault == "shift of its elements alone":
            times = 1 / 8  # as often as somebody counts who forgets that it is for each atom of eight
        saved = json.loads(self.files["checkpoint"].read_text())
        saved["shift"] = {symbol: times * value for symbol, value in self.energy_shift.items()}
        if fault == "export stretches":
            saved["coefficients"] = [[1.1 * number for number in row] for row in saved["coefficients"]]
        path = folder / "faulty.json"
        path.write_text(json.dumps(saved))
        given = f'{{"use": "faulty", "fault": {fault!r}, "model": model}}'
        again = self.energy_shift if fault == "lines add it again" else {}
        lines = ["import whet", f"potential = whet.load({given})", f"potential.energy_shift = {again}"]
        return UpstreamModel(path, "\n".join([*lines, "calculator = potential.calculator()"]), {"fault": fault})
