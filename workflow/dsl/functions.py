"""Functions and conditions on workflow data; public as `workflow.fn`.

Every function can be compiled to JSONata; those that are intrinsic functions of the States Language can be compiled to
JSONPath, too.

Longer than 250 lines because it is the vocabulary of the language, with a few lines for each function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, Literal, ParamSpec, TypeVar, Union, cast, get_args, overload

from ..failures import WorkflowError
from .bindings import Binding, Limit
from .option_checks import check_choices, check_fixed_strings, check_form, check_numbers, check_timestamps
from .payload_schema import item_of, kinds_of, members_of, name_of, timestamp_text
from .value_expressions import (
    Bound,
    CompareTimes,
    Condition,
    Expression,
    FunctionCall,
    IsKind,
    IsTrue,
    Matches,
    Not,
    Operator,
    Present,
    Raw,
    condition_of,
    form_of,
    with_type,
)

if TYPE_CHECKING:
    from typing_extensions import TypeForm

M = TypeVar("M")
P = ParamSpec("P")
Out = TypeVar("Out")
Number = TypeVar("Number", int, float)
_KINDS: Final[Mapping[str, str]] = {
    "string": "a string",
    "number": "a number",
    "array": "an array",
    "object": "an object",
    "boolean": "a boolean",
}
Algorithm = Literal["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"]


def jsonata(text: str, form: TypeForm[M]) -> M:
    """Use JSONata text as an expression where no function fits; such a workflow cannot be compiled to JSONPath."""
    check_fixed_strings("jsonata", text=text)
    check_form("jsonata", form)
    if text.lstrip().startswith("{%"):
        raise WorkflowError(f"jsonata({text!r}): must be given the expression without {{% and %}}")
    return cast("M", Raw(text, form))


def seen_as(value: object, form: TypeForm[M]) -> M:
    """Return the same value with another type, if you know more than its declared type says."""
    current = form_of(value)
    if kinds_of(current).isdisjoint(kinds_of(form)):
        raise WorkflowError(
            f"seen_as({value!r}, {name_of(form)}): the value is {name_of(current)}, which can never be that type"
        )
    return cast("M", with_type(value, form))


def some(value: M | None) -> M:
    """Return a value that may be missing or null as one that is present."""
    return cast("M", with_type(value, _without_null(value)))


def or_else(value: M | None, otherwise: M) -> M:
    """Return a value, or another one if it is missing or null."""
    is_given = Present(_expression(value)) & Not(IsKind(_expression(value), "null"))
    form: object = Union[_without_null(value), form_of(otherwise)]  # noqa: UP007  # built at run time
    return cast("M", FunctionCall("choose", (is_given, value, otherwise), form))


def _without_null(value: object) -> object:
    members = tuple(member for member in members_of(form_of(value)) if member is not type(None))
    return Union[members] if members else object  # noqa: UP007  # built at run time


@overload
def bound(name: Limit) -> int: ...  # type: ignore[overload-overlap]  # a Limit is a Binding, and the first overload applies
@overload
def bound(name: Binding) -> str: ...
def bound(name: Binding) -> object:
    """Return the value of a late-bound name for use in expressions: a string, or for a Limit a number (of seconds).

    In payloads, the name can be used directly.
    """
    return Bound(name)


def _call(name: str, arguments: tuple[object, ...], form: object, *kinds: str) -> FunctionCall:
    """Return a function call with its arguments checked; the last kind also applies to all further arguments."""
    if not arguments:
        raise WorkflowError(f"{name}(): must be given {_KINDS[kinds[0]]}")
    for argument, kind in zip_longest(arguments, kinds[: len(arguments)], fillvalue=kinds[-1]):
        if kind not in kinds_of(form_of(argument)):
            problem = f"{argument!r} is {name_of(form_of(argument))}"
            raise WorkflowError(
                f"{name}({', '.join(map(repr, arguments))}): must be given {_KINDS[str(kind)]}, but {problem}"
            )
    return FunctionCall(name, arguments, form)


def concat(*texts: str) -> str:
    """Join strings."""
    return cast("str", _call("concat", texts, str, "string"))


def to_json(value: object) -> str:
    """Return a value as JSON text; a string gets quotes."""
    return cast("str", FunctionCall("to_json", (value,), str))


def from_json(text: str, form: TypeForm[M]) -> M:
    """Parse JSON text."""
    return cast("M", _call("from_json", (text,), form, "string"))


def split(text: str, separator: str) -> list[str]:
    """Split a string at separators, leaving out empty pieces as Step Functions' own function does."""
    return cast("list[str]", _call("split", (text, separator), list[str], "string"))


def base64_encode(text: str) -> str:
    """Encode a string in Base64."""
    return cast("str", _call("base64_encode", (text,), str, "string"))


def base64_decode(text: str) -> str:
    """Decode a Base64 string."""
    return cast("str", _call("base64_decode", (text,), str, "string"))


def hash_of(text: str, algorithm: Algorithm = "SHA-256") -> str:
    """Return the digest of a string in lower-case hexadecimal."""
    check_choices("hash_of", "algorithm", algorithm, get_args(Algorithm))
    return cast("str", _call("hash_of", (text, algorithm), str, "string"))


def uuid() -> str:
    """Return a random UUID, version 4."""
    return cast("str", FunctionCall("uuid", (), str))


def random_below(start: int, end: int) -> int:
    """Return a random integer from start up to, but not including, end."""
    return cast("int", _call("random_below", (start, end), int, "number"))


def plus(left: Number, right: Number) -> Number:
    """Return the sum of two numbers."""
    return cast("Number", _call("plus", (left, right), form_of(left), "number"))


def minus(left: Number, right: Number) -> Number:
    """Return the difference of two numbers."""
    return cast("Number", _call("minus", (left, right), form_of(left), "number"))


def times(left: Number, right: Number) -> Number:
    """Return the product of two numbers."""
    return cast("Number", _call("times", (left, right), form_of(left), "number"))


def array(*items: M) -> list[M]:
    """Return these values as an array."""
    return cast("list[M]", FunctionCall("array", items, list[object]))


def item_at(items: Sequence[M], index: int) -> M:
    """Return one item; the first has index 0."""
    return cast("M", _call("item_at", (items, index), item_of(form_of(items)), "array", "number"))


def length(value: Sequence[object]) -> int:
    """Return the number of items of an array, or of characters of a string."""
    kinds = kinds_of(form_of(value))
    if kinds.isdisjoint(("string", "array")):
        raise WorkflowError(f"length({value!r}): must be given an array or a string, got {name_of(form_of(value))}")
    text = tuple(kinds) == ("string",)
    return cast("int", FunctionCall("text_length" if text else "array_length", (value,), int))


def unique(items: Sequence[M]) -> list[M]:
    """Return the items without duplicates."""
    return cast("list[M]", _call("unique", (items,), form_of(items), "array"))


def chunks(items: Sequence[M], size: int) -> list[list[M]]:
    """Split the items into arrays of this size; the last may be shorter."""
    check_numbers("chunks", 1, size=size)
    form = list[form_of(items)]  # type: ignore[misc, valid-type]  # a type that is known only at run time
    return cast("list[list[M]]", _call("parted", (items, size), form, "array", "number"))


parted = chunks
"""Deprecated: the old name of `chunks`."""


def span(first: int, last: int, step: int = 1) -> list[int]:
    """Return the integers from the first to the last, both included."""
    if type(step) is int and step == 0:
        raise WorkflowError("span: step must be an integer other than 0")
    return cast("list[int]", _call("span", (first, last, step), list[int], "number"))


def merged(first: Mapping[str, object], second: Mapping[str, object]) -> dict[str, object]:
    """Merge two objects; if both have a field, the second's value is used."""
    return cast("dict[str, object]", _call("merged", (first, second), dict[str, object], "object"))


def choose(condition: bool, then: M, otherwise: M) -> M:
    """Return one of two values, depending on a condition."""
    return cast("M", FunctionCall("choose", (condition_of(condition), then, otherwise), form_of(then)))


def contains(items: Sequence[M], item: M) -> bool:
    """Return whether an array contains this item."""
    _call("contains", (items,), bool, "array")
    return cast("bool", IsTrue(FunctionCall("contains", (items, item), bool)))


def not_(condition: bool) -> bool:
    """Return whether a condition does not hold."""
    return cast("bool", Not(condition_of(condition)))


def all_of(*conditions: bool) -> bool:
    """Return whether all of these conditions hold."""
    if not conditions:
        raise WorkflowError("all_of() must be given at least one condition")
    combined = condition_of(conditions[0])
    for condition in conditions[1:]:
        combined = combined & condition_of(condition)
    return cast("bool", combined)


def one_of(value: M, *allowed: M) -> bool:
    """Return whether a value equals one of the allowed values."""
    combined: Condition | None = None
    for other in allowed:
        same = cast("Condition", value == other)
        combined = same if combined is None else combined | same
    if combined is None:
        raise WorkflowError(f"one_of({value!r}): the list of values must not be empty")
    return cast("bool", combined)


def is_present(value: object) -> bool:
    """Return whether a value is present; null counts as present."""
    return cast("bool", Present(_expression(value)))


def is_null(value: object) -> bool:
    """Return whether the value is null."""
    return _is(value, "null")


def is_text(value: object) -> bool:
    """Return whether the value is a string."""
    return _is(value, "string")


def is_number(value: object) -> bool:
    """Return whether the value is a number."""
    return _is(value, "number")


def is_boolean(value: object) -> bool:
    """Return whether the value is true or false."""
    return _is(value, "boolean")


def is_timestamp(value: object) -> bool:
    """Return whether the value is an RFC 3339 timestamp."""
    return _is(value, "timestamp")


def is_object(value: object) -> bool:
    """Return whether the value is an object."""
    return _is(value, "object")


def is_array(value: object) -> bool:
    """Return whether the value is an array."""
    return _is(value, "array")


def is_true(value: bool) -> bool:
    """Return whether the value is true."""
    return cast("bool", IsTrue(_expression(value, "boolean")))


def matches(value: str, pattern: str) -> bool:
    """Return whether a string matches a pattern in which * stands for any characters and \\* for an asterisk."""
    check_fixed_strings("matches", pattern=pattern)
    return cast("bool", Matches(_expression(value, "string"), pattern))


def before(value: str | datetime, other: str | datetime) -> bool:
    """Return whether a time comes before another."""
    return _compare_times("<", value, other)


def after(value: str | datetime, other: str | datetime) -> bool:
    """Return whether a time comes after another."""
    return _compare_times(">", value, other)


def at_time(value: str | datetime, other: str | datetime) -> bool:
    """Return whether two times are the same instant."""
    return _compare_times("=", value, other)


def _compare_times(operator: Operator, value: object, other: str | datetime) -> bool:
    check_timestamps("a comparison of times", other=other)
    timestamp = timestamp_text(other) if isinstance(other, datetime) else other
    return cast("bool", CompareTimes(operator, _expression(value, "string"), timestamp))


def _is(value: object, kind: str) -> bool:
    return cast("bool", IsKind(_expression(value), kind))


def _expression(value: object, kind: str = "") -> Expression:
    if isinstance(value, Expression):
        if kind and kind not in kinds_of(form_of(value)):
            raise WorkflowError(f"{value!r} is {name_of(form_of(value))}, not {_KINDS[kind]}")
        return value
    raise WorkflowError(f"{value!r} is a constant, but a condition must test data of the workflow")
