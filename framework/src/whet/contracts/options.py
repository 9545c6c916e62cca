"""Options: the checked, documented settings of a component."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from whet.contracts.paths import Written
from whet.data.errors import KeyProblem, OptionsError, shortened, suggestion


class Options(BaseModel):
    """Base class of every component's options: unknown keys are errors, values are checked, nothing changes later.

    A docstring under each field is its description; it names the unit where there is one.
    """

    # Built when first used, docstrings read when asked for: listing plugins is to start fast.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    not_identity: ClassVar[frozenset[str]] = frozenset()
    """Options that move no number (how much is done at once): they may change without a result being computed anew."""

    words: ClassVar[frozenset[str]] = frozenset()
    """What a `ModelPath` among the options can be beside a published model and a path (`scratch`)."""

    @classmethod
    def descriptions(cls) -> dict[str, str]:
        """The docstring under each field, those of base classes included; empty where there is none."""
        found = dict.fromkeys(cls.model_fields, "")
        for owner in reversed(cls.__mro__):
            if issubclass(owner, Options) and owner is not Options:
                found |= _docstrings(owner)
        return {name: found[name] for name in cls.model_fields}

    @classmethod
    def checked(cls, values: Mapping[str, Any], *, of: str, written: Written | None = None) -> Self:
        """The options made of plain values. OptionsError, with the nearest word for an unknown key, if they don't fit.

        of: whose options they are, for the error ("potential 'chgnet'"). written: where a user wrote them; None
        for options of a component, in which nothing is to be made a full path.
        """
        try:
            return cls.model_validate(dict(values), context=written)
        except ValidationError as error:
            raise OptionsError(f"options of {of}", problems=problems(cls, error)) from None

    def as_json(self) -> dict[str, Any]:
        """Plain data with every default filled in; unset (None) keys are left out."""
        return self.model_dump(mode="json", exclude_none=True)


def problems(model: type[BaseModel], error: ValidationError) -> Iterable[KeyProblem]:
    """What pydantic found, in the user's words: one problem a key, with the nearest known key for an unknown one."""
    for found in error.errors():
        path = tuple(part for part in found["loc"] if not (isinstance(part, str) and part.startswith("function-")))
        if found["type"] == "extra_forbidden":
            known = _keys_at(model, path[:-1])
            way_out = suggestion(str(path[-1]), known) or f"Known: {', '.join(known) or 'none'}"
            yield KeyProblem(path, f"unknown key; {way_out[0].lower()}{way_out[1:]}")
        elif found["type"] == "missing":
            yield KeyProblem(path, "missing")
        elif found["type"] in ("model_type", "dict_type"):
            yield KeyProblem(path, f"should be a mapping of keys, not {_shown(found['input'])}")
        else:
            message = found["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            wanted = f"should be {message}" if found["msg"].startswith("Input should be ") else message
            given = found["input"]
            is_said = isinstance(given, dict | list) or (found["type"] == "value_error" and repr(given) in message)
            yield KeyProblem(path, wanted if is_said else f"{wanted}, not {_shown(given)}")


def _shown(given: Any) -> str:
    """The value as it is shown; a number of thousands of digits has no text at all."""
    too_long = isinstance(given, int) and given.bit_length() > 1000
    return f"a number of {given.bit_length():,} bits" if too_long else shortened(repr(given))


def _keys_at(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """The keys that the model at `path` below `model` knows."""
    current: Any = model
    for part in path:
        fields = getattr(current, "model_fields", None)
        if fields is not None and part in fields:
            current = _model_in(fields[part].annotation) or current
    return sorted(getattr(current, "model_fields", {}))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    for inner in typing.get_args(annotation):
        if found := _model_in(inner):
            return found
    return None


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Strings that stand under annotated names in the source of a class."""
    import ast
    import inspect
    import textwrap
    from itertools import pairwise

    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(under.value.value)
        for field, under in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(under, ast.Expr)
        and isinstance(under.value, ast.Constant)
        and isinstance(under.value.value, str)
    }
