"""Component: the only description of a potential, engine, labeler or descriptor that crosses steps and interpreters."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, get_args

from whet.contracts.device import checked_device
from whet.contracts.options import Options
from whet.data.errors import InputError, StoreError
from whet.data.identity import JSON, file_digest, key_of
from whet.data.input_files import full_path, is_there, regular_file
from whet.data.refusals import unreadable

if TYPE_CHECKING:
    from whet.data.model_file import ModelFile


@dataclass(frozen=True)
class FileRef:
    """A file identified by its content; the path says only where it was found.

    path: absolute, or relative to the store where the file lies in it (a store can be moved); of published weights
    that are not here yet, where they will be. origin: who published it, where that is known.
    """

    sha256: str
    path: str
    origin: str = ""

    @classmethod
    def to(cls, path: Path, origin: str = "") -> Self:
        """A reference to an existing file. InputError where there is none, StoreError where it cannot be read."""
        return cls(_digest(regular_file(path)), str(full_path(path)), origin)

    @classmethod
    def to_published(cls, file: ModelFile) -> Self:
        """A reference to published weights by the checksum that is stated of them, whether they are here or not.

        Never asks the network. Raises MissingPackage as `ModelFile.place` does, and InputError where no checksum is
        stated and the file is not here: nothing says what its content will be.
        """
        path = file.place()
        if file.sha256:
            return cls(file.sha256, str(full_path(path)), file.origin)
        if not path.is_file():
            what = f"{path.name} is not here, and no checksum of it is stated by which it could be known beforehand"
            raise InputError(what, where=file.origin, hint="Fetch it first: whet models prefetch POTENTIAL:MODEL")
        return cls.to(path, file.origin)

    @classmethod
    def to_any(cls, path: Path) -> Self:
        """A reference to a file, or to a folder with all that is in it. Raises as `to`."""
        return cls(_digest(path), str(full_path(path))) if path.is_dir() else cls.to(path)

    def within(self, store: Path) -> FileRef:
        """The same reference, relative to `store` where it lies in it."""
        path = Path(self.path)
        inside = path.is_absolute() and path.is_relative_to(store.resolve())
        return replace(self, path=str(path.relative_to(store.resolve()))) if inside else self

    def locate(self, store: Path | None = None) -> Path:
        """The file. InputError where it is gone or its content is another, StoreError where it cannot be read."""
        path = Path(self.path) if store is None else store / self.path
        if not (is_there(path) or path.is_dir()):
            raise InputError("the file is gone", where=str(path), hint=f"Its SHA-256 was {self.sha256}")
        if _digest(path) != self.sha256:
            raise InputError("the file's content has changed", where=str(path), hint=f"SHA-256 should be {self.sha256}")
        return path


def _digest(path: Path) -> str:
    try:
        return file_digest(path if path.is_dir() else regular_file(path))
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise unreadable(path, error) from error


@dataclass(frozen=True)
class Component:
    """Plain data that names an implementation, its settings and its files; made where the plugin is installed.

    hook: `potentials`, `labelers`, …. result_version: bumped by the author when numbers change. parts: components
    inside this one (the teacher of a teacher labeler). energy_shift: eV by chemical symbol, added to a potential's
    total energies for each atom: the reference energies that the core aligned before a fine-tuning. energy_span:
    formulas of the compositions by whose fit that shift is determined, where it is not for each element (see
    `EnergySpan`). unpickles: whether loading its files would run code that nobody vouches for, as the interpreter that
    owns the plugin found. together: whether an MD engine gains from running many trajectories at once. not_identity:
    options that move no number. checkpoint_version: of the form of a potential's files, as its plugin saved them.
    title: what people call it (`MACE-MP-0 small`); references: BibTeX entries of what to cite for it; both empty where
    its plugin says nothing. None of the last seven is part of its identity.
    """

    hook: str
    name: str
    result_version: int = 1
    options: Mapping[str, JSON] = field(default_factory=dict)
    files: Mapping[str, FileRef] = field(default_factory=dict)
    parts: Mapping[str, Component] = field(default_factory=dict)
    energy_shift: Mapping[str, float] = field(default_factory=dict)
    energy_span: tuple[str, ...] = ()
    unpickles: bool = True
    together: bool = False
    not_identity: tuple[str, ...] = ()
    checkpoint_version: int = 1
    title: str = ""
    references: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """What people call it: its title, or `NAME MODEL`; of what is made of others, these too."""
        parts = " and ".join(dict.fromkeys(part.called for part in self.parts.values()))
        return self._alone + (f" of {parts}" if parts else "")

    @property
    def _alone(self) -> str:
        if self.title:
            return self.title
        given = [str(self.options[name]) for name in ("model", "head", "modal") if self.options.get(name)]
        return " ".join([self.name, *(self._file_of(word) for word in given)])

    def _file_of(self, word: str) -> str:
        """The file's own name, where a word of the options stands for a file."""
        ref = self.files.get(word.removeprefix("file:")) if word.startswith("file:") else None
        return Path(ref.path).name if ref is not None else word

    @property
    def cited(self) -> tuple[str, ...]:
        """References of it and of what it is made of, each once."""
        return tuple(dict.fromkeys([*self.references, *(one for part in self.parts.values() for one in part.cited)]))

    def as_json(self) -> dict[str, JSON]:
        """Plain data; `Component.from_json` reads it back."""
        return {
            "hook": self.hook,
            "name": self.name,
            "result_version": self.result_version,
            "options": dict(self.options),
            "files": {role: asdict(ref) for role, ref in self.files.items()},
            "parts": {role: part.as_json() for role, part in self.parts.items()},
            "energy_shift": dict(self.energy_shift),
            **({"energy_span": list(self.energy_span)} if self.energy_span else {}),
            "unpickles": self.unpickles,
            "together": self.together,
            "not_identity": list(self.not_identity),
            "checkpoint_version": self.checkpoint_version,
            **({"title": self.title} if self.title else {}),
            **({"references": list(self.references)} if self.references else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The component that `as_json` described."""
        return cls(
            hook=data["hook"],
            name=data["name"],
            result_version=data["result_version"],
            options=data["options"],
            files={role: FileRef(**ref) for role, ref in data["files"].items()},
            parts={role: Component.from_json(part) for role, part in data["parts"].items()},
            energy_shift=data["energy_shift"],
            energy_span=tuple(data.get("energy_span", ())),
            unpickles=data.get("unpickles", True),
            together=data.get("together", False),
            not_identity=tuple(data.get("not_identity", ())),
            checkpoint_version=data.get("checkpoint_version", 1),
            title=data.get("title", ""),
            references=tuple(data.get("references", ())),
        )

    @property
    def nameless(self) -> Self:
        """The same without title and references: steps are many, and what people call it is said once."""
        if not (self.title or self.references or self.parts):
            return self
        parts = {role: part.nameless for role, part in self.parts.items()}
        return replace(self, title="", references=(), parts=parts)

    def identity(self) -> dict[str, JSON]:
        """What enters keys: everything but where the files lie."""
        data = self.as_json()
        for name in ("energy_span", "title", "references"):
            data.pop(name, None)
        del data["unpickles"], data["together"], data["not_identity"], data["checkpoint_version"]
        data["options"] = {key: value for key, value in self.options.items() if key not in self.not_identity}
        data["files"] = {role: ref.sha256 for role, ref in self.files.items()}
        data["parts"] = {role: part.identity() for role, part in self.parts.items()}
        return data

    @property
    def key(self) -> str:
        """32 hexadecimal digits that identify the component."""
        return key_of(self.identity())


@dataclass(frozen=True)
class Spec:
    """How a user names a component: `NAME`, `NAME:MODEL`, or a mapping with `use:` and its options.

    In a mapping the options stand beside `use`. MODEL becomes the option `model`. folder: where relative paths of the
    options start: the study file's folder, or the working directory. place: of a part of a component, the keys among
    the whole's options under which it stands; a fault in it is named there.
    """

    name: str
    options: Mapping[str, JSON] = field(default_factory=dict)
    folder: Path = field(default=Path(), compare=False)
    place: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: str | Mapping[str, Any], *, folder: Path = Path()) -> Self:
        """Reads a name or mapping; `${VAR}` is expanded in every string. InputError where it has no name."""
        if isinstance(given, Mapping):
            if not isinstance(given.get("use"), str):
                raise InputError("`use:` is missing: which plugin?", hint="For example `use: chgnet`")
            short = cls.parse(given["use"], folder=folder)
            rest = {key: expanded(value) for key, value in given.items() if key != "use"}
            if "model" in rest and "model" in short.options:
                raise InputError(f"`model` is given twice: in `use: {given['use']}` and as an option")
            return cls(short.name, {**short.options, **rest}, folder)
        name, colon, model = expanded(given).partition(":")
        if not name.strip() or (colon and not model.strip()):
            what = "no model" if name.strip() else "no component"
            raise InputError(f"{given!r} names {what}", hint="Write NAME or NAME:MODEL")
        return cls(name, {"model": model} if model else {}, folder)


def expanded(value: Any) -> Any:
    """`${VAR}` and `$VAR` in strings replaced, at any depth. InputError where a variable is not set."""
    if isinstance(value, str):
        full = os.path.expandvars(value)
        if "${" in full:
            variable = full.split("${", 1)[1].split("}", 1)[0]
            raise InputError(f"the environment variable {variable} is not set", where=value)
        return full
    if isinstance(value, Mapping):
        return {expanded(key): expanded(inner) for key, inner in value.items()}
    return [expanded(inner) for inner in value] if isinstance(value, list) else value


OptionsT = TypeVar("OptionsT", bound=Options)


class Backend(Generic[OptionsT]):
    """What every class that a plugin offers has in common; `Potential[MyOptions]` says which options it takes.

    Importing the module of a backend must import neither torch nor any other heavy package: those belong inside
    its methods. Instances are made by the core, from a component; the heavy work may start there.
    """

    name: ClassVar[str]
    """The word in the study file."""
    result_version: ClassVar[int] = 1
    """To be bumped when the numbers change: results of the old version are then not reused. Files that are saved in
    another form have a version of their own: `Potential.checkpoint_version`."""
    Options: ClassVar[type[Options]] = Options  # pyright: ignore[reportUnboundVariable]
    """The options' class: that in the brackets of the base class."""
    packages: ClassVar[Mapping[str, str]] = {}
    """What must be importable: module name -> requirement for pip (`{"chgnet": "chgnet>=0.4.2"}`)."""
    unpickles: ClassVar[bool] = True
    """Whether loading its files may run code that is in them; it then gets only files that somebody vouches for."""
    takes_folders: ClassVar[bool] = False
    """Whether a path of `find_files` may be a folder, which then counts with all that is in it."""
    title: ClassVar[str] = ""
    """What people call it (`MACE`), in reports; empty: its name."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        for base in cls.__dict__.get("__orig_bases__", ()):
            stated = [one for one in get_args(base) if isinstance(one, type)]
            # A class that is not Whet's is refused when the plugin is found, by its name.
            options = [one for one in stated if issubclass(one, Options)] or (
                stated if len(get_args(base)) == 1 else []
            )
            if options and "Options" not in cls.__dict__:
                cls.Options = options[0]

    def __init__(
        self,
        options: OptionsT,
        files: Mapping[str, Path] | None = None,
        parts: Mapping[str, Backend] | None = None,
        device: str = "cpu",
    ) -> None:
        self.options: OptionsT = options
        self.files: Mapping[str, Path] = files or {}
        self.parts: Mapping[str, Backend] = parts or {}
        self.device = checked_device(device)

    @classmethod
    def find_files(cls, options: OptionsT) -> Mapping[str, Path | ModelFile]:
        """The files that these options point to, by role (`{"checkpoint": path}`); asked without loading anything.

        Published weights are named by their ModelFile and not fetched: that is done when the component is loaded. In
        the component's options such a path is replaced by `file:ROLE`. Raises InputError where one is missing.
        """
        return {}

    @classmethod
    def references(cls, options: OptionsT) -> Sequence[str]:
        """BibTeX entries of what is to be cited by who uses it with these options; reports gather them."""
        return ()

    @classmethod
    def foreign_code(cls, path: Path) -> str:
        """What would run if this backend loaded the file that nobody vouches for, in a few words; empty: nothing would.

        To be overridden where files are read under a list of what they may name. It must find out without running
        anything, and importing nothing heavy: it is asked by `whet check` and before every loading.
        """
        return "it can be anything" if cls.unpickles else ""

    @classmethod
    def expected_failures(cls, options: OptionsT) -> Mapping[str, str]:
        """Checks of the conformance kit that cannot be passed: check -> reason. One that passes is an error."""
        return {}

    @classmethod
    def prepared(cls, given: Mapping[str, Any], find: Callable[[str, str], Any]) -> Mapping[str, Any]:
        """The options as the user gave them, with what other plugins say filled in, before they are checked.

        find: hook, name -> the class that another plugin offers. Raises OptionsError.
        """
        return given

    @classmethod
    def find_parts(cls, options: OptionsT) -> Mapping[str, Spec]:
        """The components inside this one: role -> spec. The role names the hook: `potential`, or `potential-2`.

        Their relative paths start where those of these options do.
        """
        return {}
