"""Evaluate choice rules: JSONPath's 39 comparison operators with And, Or and Not, and JSONata's conditions."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from ..asl.definition import JsonObject
from ..asl.json_type import Json
from ..asl.timestamps import parse_timestamp
from .data import Data, PathData
from .state_errors import RUNTIME, PathNotFound, StateFailed

_COMPARATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_COMPARISON: Final = re.compile(r"(String|Numeric|Boolean|Timestamp)(.+?)(Path)?")


def holds(rule: JsonObject, data: Data) -> bool:
    """Return true if a choice rule is met; rules may be nested to any depth."""
    if isinstance(data, PathData):
        return _evaluate_rule(rule, data)
    value = data.field(rule, "Condition")
    if not isinstance(value, bool):
        raise data.field_error(rule, "Condition", value, "boolean")
    return value


def _evaluate_rule(rule: JsonObject, data: PathData) -> bool:
    """Evaluate a tree of And, Or and Not with an explicit stack, because recursion would limit its depth."""
    stack: list[tuple[JsonObject, list[bool], list[Json]]] = [(rule, [], _nested_rules(rule))]
    while True:
        node, results, parts = stack[-1]
        if len(results) < len(parts) and not _is_decided(node, results):
            part = parts[len(results)]
            if not isinstance(part, dict):
                raise StateFailed(RUNTIME, f"A choice rule must be an object, got {part!r}.")
            stack.append((part, [], _nested_rules(part)))
            continue
        stack.pop()
        result = _combine(node, results, data)
        if not stack:
            return result
        stack[-1][1].append(result)


def _nested_rules(rule: JsonObject) -> list[Json]:
    for name in ("And", "Or"):
        parts = rule.get(name)
        if isinstance(parts, list):
            return parts
    return [rule["Not"]] if "Not" in rule else []


def _is_decided(rule: JsonObject, results: list[bool]) -> bool:
    return ("And" in rule and False in results) or ("Or" in rule and True in results)


def _combine(rule: JsonObject, results: list[bool], data: PathData) -> bool:
    if "And" in rule:
        return all(results)
    if "Or" in rule:
        return any(results)
    return not results[0] if "Not" in rule else _compare(rule, data)


def _compare(rule: JsonObject, data: PathData) -> bool:
    name = next((key for key in rule if key not in ("Variable", "Next", "Comment", "Assign")), None)
    if name is None or "Variable" not in rule:
        raise StateFailed(RUNTIME, "A choice rule must have a Variable and an operator.")
    operand = rule[name]
    if name == "IsPresent":
        return _is_present(str(rule["Variable"]), data) is operand
    value = _evaluate_path(str(rule["Variable"]), data)
    if name.startswith("Is"):
        return _has_type(name, value) is operand
    if name == "StringMatches":
        return isinstance(value, str) and isinstance(operand, str) and _matches(operand, value)
    comparison = _COMPARISON.fullmatch(name)
    if comparison is None:
        raise StateFailed(RUNTIME, f"There is no comparison operator {name!r}.")
    kind, comparator, from_path = comparison.groups()
    return _compare_values(kind, comparator, value, _evaluate_path(str(operand), data) if from_path else operand)


def _compare_values(kind: str, comparator: str, left: Json, right: Json) -> bool:
    if kind == "Timestamp":
        if not (_has_type("IsTimestamp", left) and _has_type("IsTimestamp", right)):
            return False
        return _COMPARATORS[comparator](parse_timestamp(str(left)), parse_timestamp(str(right)))
    test = {"String": "IsString", "Numeric": "IsNumeric", "Boolean": "IsBoolean"}[kind]
    return (
        _has_type(test, left)
        and _has_type(test, right)
        and _COMPARATORS[comparator](cast("str", left), cast("str", right))
    )


def _has_type(name: str, value: Json) -> bool:
    if name == "IsNull":
        return value is None
    if name == "IsBoolean":
        return isinstance(value, bool)
    if name == "IsNumeric":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "IsString":
        return isinstance(value, str)
    try:
        return isinstance(value, str) and bool(parse_timestamp(value))
    except ValueError:
        return False


def _is_present(path: str, data: PathData) -> bool:
    try:
        data.find(path, data.effective_input)
    except PathNotFound:
        return False
    return True


def _evaluate_path(path: str, data: PathData) -> Json:
    try:
        return data.find(path, data.effective_input)
    except StateFailed as failure:
        cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise StateFailed(RUNTIME, cause, failure.origin) from None


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
    position, end = len(first), len(value) - len(last)
    if position > end or not (value.startswith(first) and value.endswith(last)):
        return False
    for segment in segments[1:-1]:
        found = value.find(segment, position, end)
        if found < 0:
            return False
        position = found + len(segment)
    return True
