"""What a workflow can say about its data: where it comes from, functions of it, and conditions on it.

Each function has a form in JSONata; those that are intrinsic functions of the States Language have one in JSONPath too.

Past 250 lines: it is the vocabulary, a few lines a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Never, ParamSpec, TypeVar, cast, overload

from ..failures import WorkflowError
from .bindings import Function
from .expressions import (
    Call,
    CompareTimes,
    Condition,
    Expression,
    IsKind,
    IsTrue,
    Matches,
    Not,
    Operator,
    Present,
    Raw,
    Reference,
    Source,
    condition_of,
    form_of,
)
from .shapes import fields_of, item_of, kinds_of, name_of
from .states import ErrorOutput, State

if TYPE_CHECKING:
    from typing_extensions import TypeForm

M = TypeVar("M")
P = ParamSpec("P")
Out = TypeVar("Out")
Number = TypeVar("Number", int, float)
Algorithm = Literal["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"]


def input_of(form: TypeForm[M]) -> M:
    """What the workflow was started with, wherever in it this is used."""
    return cast("M", Reference(Source("input"), form))


def state_input(form: TypeForm[M]) -> M:
    """What the state that uses it was given."""
    return cast("M", Reference(Source("state_input"), form))


def output_of(state: State[Never, Out]) -> Out:
    """What a state gives, in any state that comes after it."""
    return cast("Out", Reference(Source("output", owner=state), state.gives))


@overload
def result_of(source: Function[Never, Out]) -> Out: ...
@overload
def result_of(source: TypeForm[Out]) -> Out: ...
def result_of(source: object) -> object:
    """What the function that this state invokes has returned, or (by its type) what the service has answered."""
    if isinstance(source, Function):
        function = cast("Function[Never, object]", source)
        return Reference(Source("result"), function.gives, ("Payload",))
    return Reference(Source("result"), source)


@overload
def caught() -> ErrorOutput: ...
@overload
def caught(form: TypeForm[M]) -> M: ...
def caught(form: object = ErrorOutput) -> object:
    """The error that a catcher was called for, as the type that its reader has for it."""
    return Reference(Source("error"), form)


@overload
def made(model: Callable[P, M]) -> Callable[P, M]: ...
@overload
def made(  # pyright: ignore[reportOverlappingOverload]  # it takes TypedDicts, which have no one signature for it
    model: type[M],
) -> Callable[..., M]: ...
def made(model: Callable[..., Any]) -> Callable[..., Any]:
    """Builds a payload of this type from references and constants, its fields checked by name.

    A field whose value is its default of None is left out; other defaults are written.
    """
    fields = fields_of(model)
    if fields is None:
        raise WorkflowError(f"made({name_of(model)}): takes a model, a dataclass or a TypedDict")

    def build(**given: object) -> dict[str, object]:
        wires = {field.wire: name for name, field in fields.items()}
        named = {wires.get(name, name): value for name, value in given.items()}
        unknown = [name for name in named if name not in fields]
        missing = [name for name, field in fields.items() if field.required and name not in named]
        if unknown or missing:
            what = f"no field {', '.join(unknown)}" if unknown else f"{', '.join(missing)} missing"
            raise WorkflowError(f"made({name_of(model)}): {what}; its fields are {', '.join(fields)}")
        values = {field.wire: named.get(name, field.default) for name, field in fields.items()}
        optional = {field.wire for field in fields.values() if not field.required and field.default is None}
        return {wire: value for wire, value in values.items() if value is not None or wire not in optional}

    return build


def jsonata(text: str, form: TypeForm[M]) -> M:
    """An expression in JSONata as it is, for what has no function here; such a workflow has no form in JSONPath."""
    return cast("M", Raw(text, form))


def concat(*texts: str) -> str:
    """Texts joined."""
    return cast("str", Call("concat", texts, str))


def to_json(value: object) -> str:
    """A value as JSON text; a text gets its quotes."""
    return cast("str", Call("to_json", (value,), str))


def from_json(text: str, form: TypeForm[M]) -> M:
    """The value that JSON text says."""
    return cast("M", Call("from_json", (text,), form))


def split(text: str, separator: str) -> list[str]:
    """The pieces of a text between separators, empty ones left out, as Step Functions' own function leaves them out."""
    return cast("list[str]", Call("split", (text, separator), list[str]))


def base64_encode(text: str) -> str:
    """A text in Base64."""
    return cast("str", Call("base64_encode", (text,), str))


def base64_decode(text: str) -> str:
    """The text that Base64 says."""
    return cast("str", Call("base64_decode", (text,), str))


def hash_of(text: str, algorithm: Algorithm = "SHA-256") -> str:
    """A digest of a text, in lower-case hexadecimal."""
    return cast("str", Call("hash_of", (text, algorithm), str))


def uuid() -> str:
    """A random UUID, version 4."""
    return cast("str", Call("uuid", (), str))


def random_below(start: int, end: int) -> int:
    """A random whole number from start on, below end."""
    return cast("int", Call("random_below", (start, end), int))


def plus(left: Number, right: Number) -> Number:
    """The sum."""
    return cast("Number", Call("plus", (left, right), form_of(left)))


def minus(left: Number, right: Number) -> Number:
    """The difference."""
    return cast("Number", Call("minus", (left, right), form_of(left)))


def times(left: Number, right: Number) -> Number:
    """The product."""
    return cast("Number", Call("times", (left, right), form_of(left)))


def array(*items: M) -> list[M]:
    """These values as an array."""
    return cast("list[M]", Call("array", items, list[object]))


def item_at(items: Sequence[M], index: int) -> M:
    """One item, counted from 0."""
    return cast("M", Call("item_at", (items, index), item_of(form_of(items))))


def length(value: Sequence[object]) -> int:
    """How many items an array has, or a text letters."""
    text = tuple(kinds_of(form_of(value))) == ("string",)
    return cast("int", Call("text_length" if text else "array_length", (value,), int))


def unique(items: Sequence[M]) -> list[M]:
    """The items without repetitions."""
    return cast("list[M]", Call("unique", (items,), form_of(items)))


def parted(items: Sequence[M], size: int) -> list[list[M]]:
    """The items in arrays of this size, the last perhaps shorter."""
    return cast("list[list[M]]", Call("parted", (items, size), list[object]))


def span(first: int, last: int, step: int = 1) -> list[int]:
    """Whole numbers from the first to the last, both included."""
    return cast("list[int]", Call("span", (first, last, step), list[int]))


def merged(first: Mapping[str, object], second: Mapping[str, object]) -> dict[str, object]:
    """The fields of both objects; where both have one, the second's."""
    return cast("dict[str, object]", Call("merged", (first, second), dict[str, object]))


def choose(condition: bool, then: M, otherwise: M) -> M:
    """One of two values."""
    return cast("M", Call("choose", (condition_of(condition), then, otherwise), form_of(then)))


def contains(items: Sequence[M], item: M) -> bool:
    """Whether an array has this item."""
    return cast("bool", IsTrue(Call("contains", (items, item), bool)))


def not_(condition: bool) -> bool:
    """Whether a condition does not hold."""
    return cast("bool", Not(condition_of(condition)))


def all_of(*conditions: bool) -> bool:
    """Whether all of these hold."""
    whole = condition_of(conditions[0])
    for condition in conditions[1:]:
        whole = whole & condition_of(condition)
    return cast("bool", whole)


def one_of(value: M, *allowed: M) -> bool:
    """Whether a value is one of these."""
    whole: Condition | None = None
    for other in allowed:
        same = cast("Condition", value == other)
        whole = same if whole is None else whole | same
    if whole is None:
        raise WorkflowError(f"one_of({value!r}): of nothing, no value is one")
    return cast("bool", whole)


def is_present(value: object) -> bool:
    """Whether there is a value, null included."""
    return cast("bool", Present(_expression(value)))


def is_null(value: object) -> bool:
    """Whether the value is null."""
    return _is(value, "null")


def is_text(value: object) -> bool:
    """Whether the value is a string."""
    return _is(value, "string")


def is_number(value: object) -> bool:
    """Whether the value is a number."""
    return _is(value, "number")


def is_boolean(value: object) -> bool:
    """Whether the value is true or false."""
    return _is(value, "boolean")


def is_timestamp(value: object) -> bool:
    """Whether the value is a time in the form of RFC 3339."""
    return _is(value, "timestamp")


def is_object(value: object) -> bool:
    """Whether the value is an object."""
    return _is(value, "object")


def is_array(value: object) -> bool:
    """Whether the value is an array."""
    return _is(value, "array")


def is_true(value: bool) -> bool:
    """Whether the value is true."""
    return cast("bool", IsTrue(_expression(value)))


def matches(value: str, pattern: str) -> bool:
    """Whether a text is like a pattern in which * stands for any text; \\* is a star."""
    return cast("bool", Matches(_expression(value), pattern))


def before(value: str, other: str | datetime) -> bool:
    """Whether a time comes before another."""
    return _times("<", value, other)


def after(value: str, other: str | datetime) -> bool:
    """Whether a time comes after another."""
    return _times(">", value, other)


def at_time(value: str, other: str | datetime) -> bool:
    """Whether two times are the same moment."""
    return _times("=", value, other)


def _times(operator: Operator, value: object, other: str | datetime) -> bool:
    if isinstance(other, datetime):
        if other.tzinfo is None:
            raise WorkflowError(f"{other!r} says no time zone")
        other = other.isoformat().replace("+00:00", "Z")
    return cast("bool", CompareTimes(operator, _expression(value), other))


def _is(value: object, kind: str) -> bool:
    return cast("bool", IsKind(_expression(value), kind))


def _expression(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    raise WorkflowError(f"{value!r} is known before the workflow runs; conditions are about its data")
