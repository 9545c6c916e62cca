"""A plugin whole enough to run a study in a second: a trainable pair potential, an engine, labels, structures."""

from whet import hookimpl
from whet_toy.engine import ToyEngine
from whet_toy.labeler import ToyLabeler
from whet_toy.potential import ToyFineTuner, ToyPotential
from whet_toy.program_labeler import ToyProgramLabeler
from whet_toy.structures import ToyDescriptor, ToyStructures

whet_api = 1


@hookimpl
def potentials():
    return [ToyPotential]


@hookimpl
def fine_tuners():
    return [ToyFineTuner]


@hookimpl
def md_engines():
    return [ToyEngine]


@hookimpl
def labelers():
    return [ToyLabeler, ToyProgramLabeler]


@hookimpl
def structures():
    return [ToyStructures]


@hookimpl
def descriptors():
    return [ToyDescriptor]
