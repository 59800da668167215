"""What a type says about JSON: its fields, its kinds, and what tells the members of a union apart.

Takes models of pydantic, dataclasses, TypedDicts, unions (annotated too), Literals and plain types. pydantic is not
imported here: a model brings it along.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Protocol,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from ..deep_json import Json
from ..records import Record

KINDS: Final = ("string", "number", "boolean", "null", "object", "array")
_AROUND: Final = frozenset({"NotRequired", "Required", "ReadOnly"})
_SCALARS: Final[Mapping[object, str]] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    None: "null",
    dict: "object",
    list: "array",
    tuple: "array",
}


class Field(Record):
    """A member of an object: how it is called in Python and in JSON, and what may stand in it."""

    name: str
    wire: str
    form: object
    required: bool
    default: Json = None


class _ModelField(Protocol):
    annotation: object
    alias: str | None
    serialization_alias: str | None

    def is_required(self) -> bool: ...
    def get_default(self, *, call_default_factory: bool) -> object: ...


def members_of(form: object) -> tuple[object, ...]:
    """The members of a union, through annotations and aliases; a type that is none is its only member."""
    return tuple(_members(form))


def _members(form: object) -> Iterator[object]:
    form = bare(form)
    if get_origin(form) in (Union, types.UnionType):
        for member in get_args(form):
            yield from _members(member)
    else:
        yield form


def bare(form: object) -> object:
    """The type without Annotated, Required, aliases and the like around it."""
    while True:
        if type(form).__name__ == "TypeAliasType":
            form = cast("Any", form).__value__
        elif get_origin(form) is Annotated or str(get_origin(form)).rpartition(".")[2] in _AROUND:
            form = get_args(form)[0]
        elif isinstance(form, TypeVar):
            form = object
        else:
            return form


def fields_of(form: object) -> Mapping[str, Field] | None:
    """The fields of an object type, by their Python names; None where the type does not say."""
    form = bare(form)
    try:
        return _fields_of(form)
    except TypeError:  # not hashable, hence no class
        return None


@cache
def _fields_of(form: object) -> Mapping[str, Field] | None:
    if not isinstance(form, type):
        return None
    model = getattr(form, "model_fields", None)
    if isinstance(model, Mapping):
        return {name: _model_field(name, field) for name, field in cast("Mapping[str, _ModelField]", model).items()}
    if hasattr(form, "__dataclass_fields__"):
        return _dataclass_fields(form)
    if issubclass(form, Record):
        hints = get_type_hints(form)
        return {name: Field(name, name, hints[name], not hasattr(form, name)) for name in form.__match_args__}
    required: frozenset[str] | None = getattr(cast("object", form), "__required_keys__", None)
    if required is not None:  # a TypedDict
        hints = get_type_hints(cast("Any", form), include_extras=True)
        return {name: Field(name, name, hint, name in required) for name, hint in hints.items()}
    return None


def _model_field(name: str, field: _ModelField) -> Field:
    required = field.is_required()
    default = None if required else field.get_default(call_default_factory=True)
    wire = field.serialization_alias or field.alias or name
    return Field(name, wire, field.annotation, required, _plain(default))


def _dataclass_fields(form: object) -> Mapping[str, Field]:
    dataclasses = sys.modules["dataclasses"]  # there, for the form is one
    hints = get_type_hints(form, include_extras=True)
    return {
        field.name: Field(
            field.name,
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            None if field.default is dataclasses.MISSING else _plain(field.default),
        )
        for field in dataclasses.fields(cast("Any", form))
        if field.init
    }


def _plain(default: object) -> Json:
    return default if isinstance(default, str | int | float | bool) else None


def kinds_of(form: object) -> frozenset[str]:
    """The kinds of JSON value (`string`, `number` …) that a type takes; all six where the type does not say."""
    kinds: set[str] = set()
    for member in members_of(form):
        kinds |= _kinds_of_member(member)
    return frozenset(kinds)


def _kinds_of_member(form: object) -> set[str]:
    if get_origin(form) is Literal:
        return {_SCALARS[type(value)] for value in get_args(form)}
    if fields_of(form) is not None:
        return {"object"}
    plain = get_origin(form) or form
    if plain in (Mapping, Sequence):
        return {"object"} if plain is Mapping else {"array"}
    if isinstance(plain, type):
        for base in plain.__mro__:
            if base in _SCALARS:
                return {_SCALARS[base]}
    return {_SCALARS[plain]} if plain in _SCALARS else set(KINDS)


def literals_of(form: object) -> tuple[Json, ...] | None:
    """The values that a Literal type (or a union of them) allows; None for any other type."""
    values: list[Json] = []
    for member in members_of(form):
        if get_origin(member) is not Literal:
            return None
        values.extend(cast("tuple[Json, ...]", get_args(member)))
    return tuple(values)


def values_of(form: object) -> object:
    """What the fields of an object type hold whose names it does not say; `object` where it does not say either."""
    for member in members_of(form):
        arguments = get_args(member)
        if len(arguments) == 2 and kinds_of(member) == frozenset({"object"}):
            return arguments[1]
    return object


def item_of(form: object) -> object:
    """What stands in an array type; `object` where the type does not say."""
    for member in members_of(form):
        arguments = cast("tuple[object, ...]", get_args(member))
        if "array" in _kinds_of_member(member) and arguments:
            return arguments[0]
    return object


def name_of(form: object) -> str:
    """How to call a type in a sentence."""
    return " | ".join(_name_of_member(member) for member in members_of(form))


def _name_of_member(form: object) -> str:
    if get_origin(form) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(form)))}]"
    return "None" if form is type(None) else str(getattr(form, "__name__", form))


def discriminator_of(forms: Sequence[object]) -> str | None:
    """The field (its Python name) whose Literal values tell these object types apart; None where there is none."""
    every = [fields_of(form) for form in forms]
    if not every or every[0] is None:
        return None
    for name in every[0]:
        values: list[Json] = []
        for fields in every:
            literals = literals_of(fields[name].form) if fields and name in fields else None
            if not literals:
                break
            values.extend(literals)
        else:
            if len(set(values)) == len(values):
                return name
    return None
