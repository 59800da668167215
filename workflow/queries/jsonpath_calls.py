"""Functions at the end of a JSONPath, such as `$.lines.length()`.

UnmatchedPath    the path matches nothing, or its function does not apply to the value
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from ..asl.json_type import Json
from ..asl.json_values import kind_of

_FUNCTIONS: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "stddev": lambda numbers: math.sqrt(
        sum(n * n for n in numbers) / len(numbers) - (sum(numbers) / len(numbers)) ** 2
    ),
}
CALLS: Final = ("length", "size", "keys", "first", "last", *_FUNCTIONS)
"""The names of the functions that a path may end in."""


class UnmatchedPath(LookupError):
    """A path that matches nothing in the data; the message names the path and the missing part."""


def call_function(name: str, value: Json, text: str) -> Json:
    """Return the result of a path's function on a value; raises UnmatchedPath, whose message quotes the path `text`."""
    if name in ("length", "size") and isinstance(value, list | dict | str):
        return len(value)
    if name == "keys" and isinstance(value, dict):
        return list(value)
    if name in ("first", "last") and isinstance(value, list) and value:
        return value[0 if name == "first" else -1]
    numbers = [float(item) for item in value if isinstance(item, int | float)] if isinstance(value, list) else []
    if name in _FUNCTIONS and numbers:
        return _FUNCTIONS[name](numbers)
    raise UnmatchedPath(f"{text}: {name}() does not apply to a value of type {kind_of(value)}")
