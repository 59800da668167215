"""The JSON schema of Python types: fields, kinds, and the field that distinguishes the members of a union.

Supported are pydantic models, dataclasses and TypedDicts, generic ones too, unions (annotated too), Literals,
enumerations and plain types. A type that only type checkers can see may be anything. pydantic is not imported here,
because a model has already imported it.

Longer than 250 lines because a dozen questions about a type depend on one another.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from ..asl.json_type import Json
from ..asl.records import Record, copy_with
from ..failures import WorkflowError

if TYPE_CHECKING:
    from typing import Protocol

    class _ModelField(Protocol):
        annotation: object
        alias: str | None
        serialization_alias: str | None

        def is_required(self) -> bool: ...
        def get_default(self, *, call_default_factory: bool) -> object: ...


KINDS: Final = ("string", "number", "boolean", "null", "object", "array")
_QUALIFIERS: Final = frozenset({"NotRequired", "Required", "ReadOnly"})
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
    set: "array",
    frozenset: "array",
    bytes: "string",
    date: "string",
    time: "string",
    timedelta: "string",
    Mapping: "object",
    Sequence: "array",
}
_STRING_TYPES: Final = frozenset({("uuid", "UUID"), ("pathlib", "Path"), ("pathlib", "PurePath")})
"""Types that are strings in JSON, by module and name, so that programs without them need not import them."""


class Field(Record):
    """A field of an object, with its names in Python (`name`) and JSON (`wire`), its type and its default."""

    name: str
    wire: str
    form: object
    required: bool
    default: Json = None


def members_of(form: object) -> tuple[object, ...]:
    """Return the members of a union, with annotations and aliases resolved; any other type is its own only member."""
    return tuple(_members(form))


def _members(form: object) -> Iterator[object]:
    form = bare(form)
    if get_origin(form) in (Union, types.UnionType):
        for member in get_args(form):
            yield from _members(member)
    else:
        yield form


def bare(form: object) -> object:
    """Return a type without Annotated, Required, aliases and the like around it."""
    while True:
        origin = get_origin(form)
        if _is_alias(form):
            form = cast("Any", form).__value__
        elif _is_alias(origin):
            form = substitute(cast("Any", origin).__value__, _arguments_of(form))
        elif origin is Annotated or str(origin).rpartition(".")[2] in _QUALIFIERS:
            form = get_args(form)[0]
        elif isinstance(form, TypeVar):
            form = object
        else:
            return form


def _is_alias(form: object) -> bool:
    return type(form).__name__ == "TypeAliasType"


def _arguments_of(form: object) -> dict[object, object]:
    """Return the arguments of a generic type or alias, by type parameter."""
    origin = get_origin(form)
    parameters = getattr(origin, "__type_params__", ()) or getattr(origin, "__parameters__", ())
    return dict(zip(parameters, get_args(form), strict=False))


def substitute(form: object, arguments: Mapping[object, object]) -> object:
    """Return a type with its type parameters replaced by arguments."""
    if form in arguments:
        return arguments[form]
    parameters: tuple[object, ...] = getattr(form, "__parameters__", ()) if get_origin(form) is not None else ()
    given = tuple(arguments.get(parameter, parameter) for parameter in parameters)
    return cast("Any", form)[given] if parameters else form


def fields_of(form: object) -> Mapping[str, Field] | None:
    """Return the fields of an object type by their Python names; None if the type does not declare them."""
    form = bare(form)
    origin = get_origin(form)
    try:
        fields = _fields_of(form if origin is None else origin)
    except TypeError:  # not hashable, so it cannot be a class
        return None
    if fields is None or origin is None:
        return fields
    arguments = _arguments_of(form)
    return {name: copy_with(field, form=substitute(field.form, arguments)) for name, field in fields.items()}


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
        hints = _hints_of(form)
        return {name: Field(name, name, hints[name], not hasattr(form, name)) for name in form.__match_args__}
    required: frozenset[str] | None = getattr(cast("object", form), "__required_keys__", None)
    if required is not None:  # a TypedDict
        hints = _hints_of(form)  # pyright: ignore[reportUnknownArgumentType]  # the checks above left it without a type
        return {name: Field(name, name, hint, _is_required(hint, name in required)) for name, hint in hints.items()}
    return None


def _is_required(hint: object, otherwise: bool) -> bool:
    """Return whether a field of a TypedDict is required, respecting Required and NotRequired in its annotation.

    A TypedDict itself does not see these in annotations that are strings.
    """
    qualifier = str(get_origin(hint)).rpartition(".")[2]
    if qualifier in ("Required", "NotRequired"):
        return qualifier == "Required"
    return _is_required(get_args(hint)[0], otherwise) if qualifier in ("ReadOnly", "Annotated") else otherwise


def _hints_of(form: type) -> dict[str, object]:
    """Return the annotations of a class, with `object` for types that only type checkers can see."""
    try:
        return get_type_hints(form, include_extras=True)
    except NameError:
        return {
            name: _resolve_hint(form, owner, hint)
            for owner in reversed(form.__mro__)
            for name, hint in owner.__dict__.get("__annotations__", {}).items()  # noqa: RUF063  # without importing inspect
        }


def _resolve_hint(form: type, owner: type, hint: object) -> object:
    text = hint if isinstance(hint, str) else getattr(hint, "__forward_arg__", None)
    if not isinstance(text, str):
        return hint
    namespace = vars(sys.modules[owner.__module__])
    try:
        return cast("object", eval(text, namespace, {form.__name__: form}))  # noqa: S307  # as get_type_hints does
    except NameError:
        return object


def _model_field(name: str, field: _ModelField) -> Field:
    required = field.is_required()
    default = None if required else field.get_default(call_default_factory=True)
    wire = field.serialization_alias or field.alias or name
    return Field(name, wire, field.annotation, required, _plain_default(default))


def _dataclass_fields(form: type) -> Mapping[str, Field]:
    dataclasses = sys.modules["dataclasses"]  # imported already, because the form is a dataclass
    hints = _hints_of(form)
    return {
        field.name: Field(
            field.name,
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            None if field.default is dataclasses.MISSING else _plain_default(field.default),
        )
        for field in dataclasses.fields(cast("Any", form))
        if field.init
    }


def _plain_default(default: object) -> Json:
    default = default.value if isinstance(default, Enum) else default
    return default if isinstance(default, str | int | float | bool) else None


def kinds_of(form: object) -> frozenset[str]:
    """Return the kinds of JSON value (`string`, `number` …) that a type allows; all six if the type does not say."""
    try:
        return _kinds_of(form)
    except TypeError:  # not hashable, such as a Literal of lists
        return _kinds_of.__wrapped__(form)


@cache
def _kinds_of(form: object) -> frozenset[str]:
    kinds: set[str] = set()
    for member in members_of(form):
        kinds |= _kinds_of_member(member)
    return frozenset(kinds)


def _kinds_of_member(form: object) -> set[str]:
    literals = literals_of(form)
    if literals is not None:
        return {kind for value in literals for kind in _kinds_of_member(type(value))}
    if fields_of(form) is not None:
        return {"object"}
    plain = get_origin(form) or form
    if isinstance(plain, type):
        for base in plain.__mro__:
            if base in _SCALARS:
                return {_SCALARS[base]}
            if _is_string_type(base):
                return {"string"}
            if is_decimal(base):
                return {"number", "string"}
    return {_SCALARS[plain]} if plain in _SCALARS else set(KINDS)


def _is_string_type(kind: type) -> bool:
    return (kind.__module__, kind.__name__) in _STRING_TYPES


def is_decimal(form: object) -> bool:
    """Return whether a type is Decimal, which may be a number or a string in JSON."""
    return isinstance(form, type) and (form.__module__, form.__name__) == ("decimal", "Decimal")


def is_mapping(form: object) -> bool:
    """Return whether a type is a dict, with or without declared keys."""
    typed_dict = hasattr(get_origin(form) or form, "__required_keys__")
    return kinds_of(form) == frozenset({"object"}) and (typed_dict or fields_of(form) is None)


def is_timestamp_type(form: object) -> bool:
    """Return whether a type is datetime, or a union of datetime and None."""
    members = [member for member in members_of(form) if member is not type(None)]
    return bool(members) and all(isinstance(member, type) and issubclass(member, datetime) for member in members)


def literals_of(form: object) -> tuple[Json, ...] | None:
    """Return the values that a Literal or an enumeration (or a union of them) allows; None for any other type."""
    values: list[Json] = []
    for member in members_of(form):
        if get_origin(member) is Literal:
            values.extend(cast("Json", wire_value(value)) for value in get_args(member))
        elif isinstance(member, type) and issubclass(member, Enum):
            values.extend(cast("Json", each.value) for each in member)
        else:
            return None
    return tuple(values)


def wire_value(value: object) -> object:
    """Return the JSON form of a Python constant: the value of an enumeration's member, a time as a string.

    Raises WorkflowError for a datetime without a time zone, and for a Decimal, which may be a number or a string.
    """
    if isinstance(value, str | int | float) and not isinstance(value, Enum):
        return value
    if isinstance(value, Enum):
        return cast("object", value.value)
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if is_decimal(type(value)):
        raise WorkflowError(f"{value!r} may be a number or a string in JSON: write float() or str() around it")
    return str(value) if _is_string_type(type(value)) else value


def timestamp_text(instant: datetime) -> str:
    """Return a datetime as the RFC 3339 text of the States Language; raises WorkflowError without a time zone.

    An offset with seconds, as zones had before they were standardised, has no RFC 3339 text and becomes UTC.
    """
    offset = instant.utcoffset()
    if offset is None:
        raise WorkflowError(f"{instant!r} must have a time zone, such as tzinfo=UTC")
    if offset % timedelta(minutes=1):
        instant = instant.astimezone(UTC)
    return instant.isoformat().replace("+00:00", "Z")


def values_of(form: object) -> object:
    """Return the type of an object type's additional fields; `object` if it is not declared."""
    for member in members_of(form):
        arguments = get_args(member)
        if len(arguments) == 2 and kinds_of(member) == frozenset({"object"}):
            return arguments[1]
    return object


def item_of(form: object, index: int = 0) -> object:
    """Return the type of an array's items, or of a tuple's item at `index`; `object` if it is not declared."""
    for member in members_of(form):
        arguments = cast("tuple[object, ...]", get_args(member))
        if get_origin(member) is tuple and arguments and arguments[-1] is not Ellipsis:
            return arguments[index] if -len(arguments) <= index < len(arguments) else object
        if "array" in _kinds_of_member(member) and arguments:
            return arguments[0]
    return object


def name_of(form: object) -> str:
    """Return the name of a type for use in a message."""
    return " | ".join(_name_of_member(member) for member in members_of(form))


def _name_of_member(form: object) -> str:
    if get_origin(form) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(form)))}]"
    return "None" if form is type(None) else str(getattr(form, "__name__", form))


def discriminator_of(forms: Sequence[object]) -> str | None:
    """Return the field (its Python name) whose Literal values distinguish these object types; None if there is none."""
    all_fields = [fields_of(form) for form in forms]
    if not all_fields or all_fields[0] is None:
        return None
    for name in all_fields[0]:
        values: list[Json] = []
        for fields in all_fields:
            literals = literals_of(fields[name].form) if fields and name in fields else None
            if not literals:
                break
            values.extend(literals)
        else:
            if len(set(values)) == len(values):
                return name
    return None
