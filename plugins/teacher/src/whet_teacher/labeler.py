"""TeacherLabeler: any potential in the role of a labeler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import Failure, FrameError, Labeler, Labels, LevelOfTheory, Options, Property, Spec, UnknownName, file_digest

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Potential


class TeacherOptions(Options):
    """Who teaches."""

    potential: str | dict[str, Any]
    """A potential as everywhere else: `NAME`, `NAME:MODEL`, or a mapping with `use:` and its options."""


class TeacherLabeler(Labeler[TeacherOptions]):
    """Labels by a potential: another architecture's answers as training data, or a reference that costs nothing.

    Energies are those of the potential, with its reference energies; a stress is given for periodic frames where the
    potential has one.
    """

    name = "teacher"

    @classmethod
    def find_parts(cls, options: TeacherOptions) -> Mapping[str, Spec]:
        """The potential. Raises InputError where it has no name."""
        return {"potential": Spec.parse(options.potential)}

    @classmethod
    def variations(cls, options: TeacherOptions) -> Mapping[str, Any]:
        return {"potential": {"use": "committee", "members": [options.potential, options.potential]}}

    @property
    def theory(self) -> LevelOfTheory:
        """Method `teacher:NAME`; the settings identify the potential by its options and its files' content."""
        return LevelOfTheory(f"teacher:{self._potential.name}", code="whet", settings=identity(self._potential))

    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        """As the contract says. A frame fails where the potential refuses it or answers NaN."""
        stress = "stress" in self._potential.capabilities.properties
        for frame in frames:
            wanted: list[Property] = ["energy", "forces"]
            if stress and frame.pbc.all():
                wanted.append("stress")
            answer: Labels | Failure
            try:
                (answer,) = self._potential.evaluate([frame], wanted)
            except (FrameError, UnknownName) as error:
                answer = Failure(str(error))
            yield answer

    @property
    def _potential(self) -> Potential:
        potential: Any = self.parts["potential"]
        return potential


def identity(backend: Any) -> dict[str, Any]:
    """Plain data that identifies a living backend: what its component's key is made of."""
    known = {
        "potential": backend.name,
        "result_version": backend.result_version,
        "options": backend.options.as_json(),
        "files": {role: file_digest(path) for role, path in sorted(backend.files.items())},
        "parts": {role: identity(part) for role, part in sorted(backend.parts.items())},
        "energy_shift": dict(getattr(backend, "energy_shift", {})),
    }
    return {key: value for key, value in known.items() if value not in ({}, None)}
