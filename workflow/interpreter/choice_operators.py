"""Evaluate choice rules: JSONPath's 39 comparison operators with And, Or and Not, and JSONata's conditions."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from ..asl.definition import JsonObject
from ..asl.json_type import Json
from ..asl.timestamps import moment_of
from .data import Data, PathData
from .state_errors import RUNTIME, PathNotFound, StateFailed

_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_SHAPE: Final = re.compile(r"(String|Numeric|Boolean|Timestamp)(.+?)(Path)?")


def holds(rule: JsonObject, data: Data) -> bool:
    """Return true if a choice rule is met; rules may be nested to any depth."""
    if isinstance(data, PathData):
        return _joined(rule, data)
    value = data.field(rule, "Condition")
    if not isinstance(value, bool):
        raise data.misfit(rule, "Condition", value, "boolean")
    return value


def _joined(rule: JsonObject, data: PathData) -> bool:
    """Evaluate a tree of And, Or and Not with an explicit stack, because recursion would limit its depth."""
    stack: list[tuple[JsonObject, list[bool], list[Json]]] = [(rule, [], _parts(rule))]
    while True:
        node, known, parts = stack[-1]
        if len(known) < len(parts) and not _decided(node, known):
            part = parts[len(known)]
            if not isinstance(part, dict):
                raise StateFailed(RUNTIME, f"{part!r} is not a choice rule")
            stack.append((part, [], _parts(part)))
            continue
        stack.pop()
        result = _verdict(node, known, data)
        if not stack:
            return result
        stack[-1][1].append(result)


def _parts(rule: JsonObject) -> list[Json]:
    for name in ("And", "Or"):
        parts = rule.get(name)
        if isinstance(parts, list):
            return parts
    return [rule["Not"]] if "Not" in rule else []


def _decided(rule: JsonObject, known: list[bool]) -> bool:
    return ("And" in rule and False in known) or ("Or" in rule and True in known)


def _verdict(rule: JsonObject, known: list[bool], data: PathData) -> bool:
    if "And" in rule:
        return all(known)
    if "Or" in rule:
        return any(known)
    return not known[0] if "Not" in rule else _compared(rule, data)


def _compared(rule: JsonObject, data: PathData) -> bool:
    name = next((key for key in rule if key not in ("Variable", "Next", "Comment", "Assign")), None)
    if name is None or "Variable" not in rule:
        raise StateFailed(RUNTIME, "a choice rule must have a Variable and an operator")
    wanted = rule[name]
    if name == "IsPresent":
        return _is_present(str(rule["Variable"]), data) is wanted
    value = _value(str(rule["Variable"]), data)
    if name.startswith("Is"):
        return _is(name, value) is wanted
    if name == "StringMatches":
        return isinstance(value, str) and isinstance(wanted, str) and _matches(wanted, value)
    shape = _SHAPE.fullmatch(name)
    if shape is None:
        raise StateFailed(RUNTIME, f"{name} is not a comparison operator")
    kind, order, from_path = shape.groups()
    return _ordered(kind, order, value, _value(str(wanted), data) if from_path else wanted)


def _ordered(kind: str, order: str, left: Json, right: Json) -> bool:
    if kind == "Timestamp":
        if not (_is("IsTimestamp", left) and _is("IsTimestamp", right)):
            return False
        return _ORDERS[order](moment_of(str(left)), moment_of(str(right)))
    test = {"String": "IsString", "Numeric": "IsNumeric", "Boolean": "IsBoolean"}[kind]
    return _is(test, left) and _is(test, right) and _ORDERS[order](cast("str", left), cast("str", right))


def _is(name: str, value: Json) -> bool:
    if name == "IsNull":
        return value is None
    if name == "IsBoolean":
        return isinstance(value, bool)
    if name == "IsNumeric":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "IsString":
        return isinstance(value, str)
    try:
        return isinstance(value, str) and bool(moment_of(value))
    except ValueError:
        return False


def _is_present(path: str, data: PathData) -> bool:
    try:
        data.find(path, data.effective)
    except PathNotFound:
        return False
    return True


def _value(path: str, data: PathData) -> Json:
    try:
        return data.find(path, data.effective)
    except StateFailed as failure:
        told = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise StateFailed(RUNTIME, told, failure.origin) from None


def _matches(pattern: str, value: str) -> bool:
    """Match a pattern with `*` wildcards without backtracking, with which a regular expression could take forever."""
    segments = [""]
    for piece in re.split(r"(\\\\|\\\*|\*)", pattern):
        if piece == "*":
            segments.append("")
        else:
            segments[-1] += {"\\*": "*", "\\\\": "\\"}.get(piece, piece)
    first, last = segments[0], segments[-1]
    if len(segments) == 1:
        return value == first
    place, end = len(first), len(value) - len(last)
    if place > end or not (value.startswith(first) and value.endswith(last)):
        return False
    for segment in segments[1:-1]:
        found = value.find(segment, place, end)
        if found < 0:
            return False
        place = found + len(segment)
    return True
