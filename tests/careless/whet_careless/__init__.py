"""A plugin whose author did not think of it: it unpickles whatever file it gets, and says nothing of that."""

import json
import pickle
from dataclasses import replace
from functools import cached_property

from whet import Potential, hookimpl
from whet_toy.potential import ToyFineTuner, ToyOptions, ToyPotential, coefficients

whet_api = 1


class CarelessPotential(Potential[ToyOptions]):
    """The toy potential, in a pickle."""

    name = "careless"
    capabilities = ToyPotential.capabilities  # pyright: ignore[reportIncompatibleMethodOverride]
    predict = ToyPotential.predict

    @classmethod
    def find_files(cls, options):
        return {} if options.model in ("soft", "hard") else super().find_files(options)

    @cached_property
    def coefficients(self):
        import numpy as np

        if "checkpoint" in self.files:
            return np.array(pickle.loads(self.files["checkpoint"].read_bytes()))
        return np.array(coefficients(self.options.model))


class CarelessFineTuner(ToyFineTuner):
    """That of the toy; what it makes is a pickle."""

    name = "careless"

    def fine_tune(self, request, folder, progress):
        made = super().fine_tune(request, folder, progress)
        path = folder / "made.pkl"
        path.write_bytes(pickle.dumps(json.loads(made.files["coefficients"].read_text())))
        return replace(made, files={"checkpoint": path})


@hookimpl
def potentials():
    return [CarelessPotential]


@hookimpl
def fine_tuners():
    return [CarelessFineTuner]
