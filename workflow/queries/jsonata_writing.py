"""Format values as JSONata does in strings: in JavaScript's notation, with numbers rounded to 15 digits."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

from .jsonata_library import JException, Utils


def text_of(value: Any, indent: int = 0) -> str:
    """Return a value as `$string` and `&` format it; empty for a function."""
    value = value[0] if getattr(value, "outer_wrapper", False) else value
    if isinstance(value, str):
        return value
    return "" if _is_function(value) else "".join(_pieces(value, indent, "\n"))


def number_text(number: float) -> str:
    """Return a number in JavaScript's notation, rounded to 15 digits; raises D1001 if it is not finite."""
    if isinstance(number, float) and not math.isfinite(number):
        raise JException("D1001", -1, number)
    rounded = Decimal(f"{number:.15g}")
    if not rounded:
        return "0"
    if 1e-6 <= abs(rounded) < 1e21:
        text = format(rounded, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    sign, digits, _ = rounded.normalize().as_tuple()
    mantissa = "".join(map(str, digits))
    power = rounded.adjusted()
    return f"{'-' * sign}{mantissa[0]}{'.' * (len(mantissa) > 1)}{mantissa[1:]}e{power:+d}"


def _pieces(value: Any, indent: int, line: str) -> Iterator[str]:
    """Yield the pieces of a value's JSON text; with an indent, every nested value starts on a new line."""
    if isinstance(value, dict):
        yield from _object(cast("dict[str, Any]", value), indent, line)
    elif isinstance(value, list | tuple | range):
        yield from _enclose("[]", [("", item) for item in cast("list[Any]", value)], indent, line)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield number_text(value)
    elif value is Utils.NULL_VALUE:
        yield "null"
    else:
        yield json.dumps("" if _is_function(value) else value, ensure_ascii=False)


def _object(value: dict[str, Any], indent: int, line: str) -> Iterator[str]:
    colon = ": " if indent else ":"
    members = [(json.dumps(key, ensure_ascii=False) + colon, item) for key, item in value.items()]
    yield from _enclose("{}", members, indent, line)


def _enclose(brackets: str, members: list[tuple[str, Any]], indent: int, line: str) -> Iterator[str]:
    inner = line + " " * indent
    yield brackets[0]
    for index, (lead, item) in enumerate(members):
        yield ("," if index else "") + (inner if indent else "") + lead
        yield from _pieces(item, indent, inner)
    yield (line if indent and members else "") + brackets[1]


def _is_function(value: Any) -> bool:
    return not (
        value is None or value is Utils.NULL_VALUE or isinstance(value, str | int | float | list | dict | range)
    )
