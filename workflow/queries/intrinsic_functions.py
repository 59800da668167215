"""Implementations of the 18 intrinsic functions.

Longer than 250 lines because most intrinsic functions need a short Python function.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast

from ..asl.json_type import Json
from ..asl.json_values import NotJson, canonical, format_value, json_text, read_json

HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_ALGORITHM: Final = f"one of {', '.join(HASHES)}"
_MAX_TEXT_LENGTH: Final = 10_000
_MAX_RANGE_ITEMS: Final = 1_000


class IntrinsicFailed(ValueError):
    """A failed call; the message names the intrinsic function and its requirement."""


class Randomness(Protocol):
    """A source of random numbers, such as `random.Random`."""

    def random(self) -> float: ...
    def getrandbits(self, k: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Function:
    """An intrinsic function, and the number of arguments that it takes."""

    name: str
    min_arguments: int
    max_arguments: int | None
    """None if there is no limit."""
    compute: Callable[[list[Json], Randomness], Json]
    argument_kinds: tuple[str, ...] = ()
    """The kinds of its first arguments, as keys of CONSTANTS."""

    def check_count(self, given: int) -> str:
        """Return the reason why this number of arguments is wrong; empty if it is right."""
        if given >= self.min_arguments and (self.max_arguments is None or given <= self.max_arguments):
            return ""
        upper = (
            " or more"
            if self.max_arguments is None
            else ""
            if self.max_arguments == self.min_arguments
            else f" to {self.max_arguments}"
        )
        noun = "argument" if self.max_arguments == self.min_arguments == 1 else "arguments"
        return f"{self.name} takes {self.min_arguments}{upper} {noun}, got {given}"

    def check_constants(self, values: Sequence[object]) -> str:
        """Return the reason why these arguments, some of which may be UNKNOWN, always fail; empty if they may work."""
        for position, (kind, value) in enumerate(zip(self.argument_kinds, values, strict=False), 1):
            if value is not UNKNOWN and not CONSTANTS[kind](value):
                return f"argument {position} of {self.name} must be {kind}, got {format_value(cast('Json', value))}"
        return ""

    def result(self, values: list[Json], randomness: Randomness) -> Json:
        """Evaluate the function; raises IntrinsicFailed."""
        try:
            return self.compute(values, randomness)
        except IntrinsicFailed as error:
            raise IntrinsicFailed(f"{self.name}: {error}") from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


UNKNOWN: Final = object()
"""A placeholder for an argument that is known only when the function runs."""
CONSTANTS: Final[Mapping[str, Callable[[object], bool]]] = {
    "an array": lambda _: False,
    "an object": lambda _: False,
    "a string": lambda value: isinstance(value, str),
    "a number": _is_number,
    "a number other than 0": lambda value: _is_number(value) and value != 0,
    "a number of at least 0": lambda value: _is_number(value) and cast("float", value) >= 0,
    "a number of at least 1": lambda value: _is_number(value) and cast("float", value) >= 1,
    _ALGORITHM: lambda value: value in HASHES,
    "false": lambda value: value is False,
    "any value": lambda _: True,
}
"""Tests of constant arguments by kind; arrays and objects cannot be written as constants."""


def _require_array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise IntrinsicFailed("an array is required")
    return value


def _require_string(value: Json) -> str:
    if not isinstance(value, str):
        raise IntrinsicFailed("a string is required")
    return value


def _require_short_string(value: Json) -> str:
    text = _require_string(value)
    if len(text) > _MAX_TEXT_LENGTH:
        raise IntrinsicFailed(f"the string must have at most {_MAX_TEXT_LENGTH} characters")
    return text


def _round_to_integer(value: Json) -> int:
    """Round a number to the nearest integer, with halves rounded up, as recorded executions show."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IntrinsicFailed("a number is required")
    return math.floor(value + 0.5)


def _to_text(value: Json) -> str:
    return value if isinstance(value, str) else json_text(value)


def _format_value(value: Json) -> str:
    """Format a value as States.Format does, with arrays and objects in Java's notation: `{A=1, B=[]}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_format_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_format_value, value)) + "]"
    return _to_text(value)


def _format(values: list[Json], _: Randomness) -> Json:
    template, rest = values[0], values[1:]
    pieces = template if isinstance(template, list) else _require_string(template).split("{}")
    if len(pieces) != len(rest) + 1:
        raise IntrinsicFailed(f"the template requires {len(pieces) - 1} values, one for each {{}}, got {len(rest)}")
    return str(pieces[0]) + "".join(
        _format_value(value) + str(piece) for value, piece in zip(rest, pieces[1:], strict=True)
    )


def _string_to_json(values: list[Json], _: Randomness) -> Json:
    if not _require_string(values[0]).strip():
        return None  # as recorded executions show
    try:
        return read_json(_require_string(values[0]))[0]
    except NotJson as error:
        raise IntrinsicFailed(str(error)) from None


def _partition(values: list[Json], _: Randomness) -> Json:
    items, size = _require_array(values[0]), _round_to_integer(values[1])
    if size < 1:
        raise IntrinsicFailed("the chunk size must be at least 1")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _contains(values: list[Json], _: Randomness) -> Json:
    target = canonical(values[1])
    return any(canonical(item) == target for item in _require_array(values[0]))


def _range(values: list[Json], _: Randomness) -> Json:
    first, last, step = (_round_to_integer(value) for value in values)
    if step == 0:
        raise IntrinsicFailed("the step must not be 0")
    numbers: list[Json] = [*range(first, last + (1 if step > 0 else -1), step)]
    if len(numbers) > _MAX_RANGE_ITEMS:
        raise IntrinsicFailed(f"the range must have at most {_MAX_RANGE_ITEMS} items")
    return numbers


def _get_item(values: list[Json], _: Randomness) -> Json:
    items, index = _require_array(values[0]), _round_to_integer(values[1])
    if not 0 <= index < len(items):
        raise IntrinsicFailed(f"index {index} is out of range for an array of {len(items)} items")
    return items[index]


def _unique(values: list[Json], _: Randomness) -> Json:
    seen: dict[bytes, Json] = {}
    for item in _require_array(values[0]):
        seen.setdefault(canonical(item), item)
    return list(seen.values())


def _encode(values: list[Json], _: Randomness) -> Json:
    import base64

    return base64.b64encode(_require_short_string(values[0]).encode()).decode()


def _decode(values: list[Json], _: Randomness) -> Json:
    import base64
    import binascii

    try:
        return base64.b64decode(_require_short_string(values[0]), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise IntrinsicFailed(f"the string is not valid Base64 of UTF-8 text: {error}") from None


def _hash(values: list[Json], _: Randomness) -> Json:
    algorithm = HASHES.get(_require_string(values[1]))
    if algorithm is None:
        raise IntrinsicFailed(f"the algorithm must be one of {', '.join(HASHES)}")
    import hashlib

    return hashlib.new(algorithm, _to_text(values[0]).encode(), usedforsecurity=False).hexdigest()


def _merge(values: list[Json], _: Randomness) -> Json:
    left, right, deep = values
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise IntrinsicFailed("the first two arguments must be objects")
    if deep is not False:
        raise IntrinsicFailed("only the shallow merge is supported: the third argument must be false")
    return {**left, **right}


def _random(values: list[Json], randomness: Randomness) -> Json:
    first, last = _round_to_integer(values[0]), _round_to_integer(values[1])
    if last <= first:
        raise IntrinsicFailed("the first number must be less than the second")
    import random

    source = random.Random(_round_to_integer(values[2])) if len(values) == 3 else randomness  # noqa: S311  # no secret
    return first + int(source.random() * (last - first))


def _add(values: list[Json], _: Randomness) -> Json:
    total = _round_to_integer(values[0]) + _round_to_integer(values[1])
    if not -(2**31) <= total < 2**31:
        raise IntrinsicFailed("the sum must fit into 32 bits")
    return total


def _split(values: list[Json], _: Randomness) -> Json:
    text, separators = _require_string(values[0]), _require_string(values[1])
    parts: list[Json] = []
    piece = ""
    for character in text:
        if character in separators:
            parts.append(piece)
            piece = ""
        else:
            piece += character
    return [part for part in [*parts, piece] if part != ""]


def _uuid(_: list[Json], randomness: Randomness) -> Json:
    import uuid

    return str(uuid.UUID(int=randomness.getrandbits(128), version=4))


def _json_to_string(values: list[Json], _: Randomness) -> Json:
    return json.dumps(values[0], separators=(",", ":"), ensure_ascii=False)


FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        Function("States.Format", 1, None, _format, ("a string",)),
        Function("States.StringToJson", 1, 1, _string_to_json, ("a string",)),
        Function("States.JsonToString", 1, 1, _json_to_string),
        Function("States.Array", 0, None, lambda values, _: values),
        Function("States.ArrayPartition", 2, 2, _partition, ("an array", "a number of at least 1")),
        Function("States.ArrayContains", 2, 2, _contains, ("an array",)),
        Function("States.ArrayRange", 3, 3, _range, ("a number", "a number", "a number other than 0")),
        Function("States.ArrayGetItem", 2, 2, _get_item, ("an array", "a number of at least 0")),
        Function("States.ArrayLength", 1, 1, lambda values, _: len(_require_array(values[0])), ("an array",)),
        Function("States.ArrayUnique", 1, 1, _unique, ("an array",)),
        Function("States.Base64Encode", 1, 1, _encode, ("a string",)),
        Function("States.Base64Decode", 1, 1, _decode, ("a string",)),
        Function("States.Hash", 2, 2, _hash, ("any value", _ALGORITHM)),
        Function("States.JsonMerge", 3, 3, _merge, ("an object", "an object", "false")),
        Function("States.MathRandom", 2, 3, _random, ("a number",) * 3),
        Function("States.MathAdd", 2, 2, _add, ("a number",) * 2),
        Function("States.StringSplit", 2, 2, _split, ("a string",) * 2),
        Function("States.UUID", 0, 0, _uuid),
    )
}
