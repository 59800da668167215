"""Expressions and conditions as JSONPath, intrinsic functions and comparison operators.

Anything without a counterpart raises NotPortable with one of these codes: EXPRESSION_NOT_PORTABLE,
CONDITION_NOT_PORTABLE, FIELD_NOT_PORTABLE, OUTPUT_NOT_PORTABLE, ARRAY_NOT_PORTABLE.

Longer than 250 lines because it has one function for each kind of condition and expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ...failures import NotPortable
from ..value_expressions import (
    All,
    Compare,
    CompareTimes,
    Condition,
    Either,
    Expression,
    FunctionCall,
    IsKind,
    IsTrue,
    Matches,
    Not,
    Operator,
    Present,
    Reference,
    key_of,
    literal_of,
    source_and_path,
)
from .query_language import is_context_timestamp, shared_kinds

_ROOTS: Final[Mapping[str, str]] = {"state_input": "$", "result": "$", "error": "$", "context": "$$"}
_COMPARATORS: Final[Mapping[Operator, str]] = {
    "=": "Equals",
    "<": "LessThan",
    "<=": "LessThanEquals",
    ">": "GreaterThan",
    ">=": "GreaterThanEquals",
}
_KINDS: Final[Mapping[str, str]] = {
    "string": "IsString",
    "number": "IsNumeric",
    "boolean": "IsBoolean",
    "null": "IsNull",
    "timestamp": "IsTimestamp",
}
_INTRINSICS: Final[Mapping[str, str]] = {
    "array": "Array",
    "parted": "ArrayPartition",
    "contains": "ArrayContains",
    "span": "ArrayRange",
    "item_at": "ArrayGetItem",
    "array_length": "ArrayLength",
    "unique": "ArrayUnique",
    "base64_encode": "Base64Encode",
    "base64_decode": "Base64Decode",
    "hash_of": "Hash",
    "from_json": "StringToJson",
    "to_json": "JsonToString",
    "random_below": "MathRandom",
    "plus": "MathAdd",
    "split": "StringSplit",
    "uuid": "UUID",
}


def payload(value: object) -> Json:
    """Return the JSON of a payload; the name of a field whose value is an expression gets the suffix `.$`."""
    if isinstance(value, Expression | Condition):
        raise NotPortable("FIELD_NOT_PORTABLE", f"{value!r}: in JSONPath, a payload must be an object with fields")
    if isinstance(value, Mapping):
        fields: JsonObject = {}
        for name, item in cast("Mapping[object, object]", value).items():
            key = key_of(name)
            if isinstance(item, Expression | Condition) or _is_computed_array(item):
                fields[f"{key}.$"] = text_of(item)
            else:
                fields[key] = payload(item)
        return fields
    if _has_expressions(value) and isinstance(value, list | tuple):
        return [payload(item) for item in cast("Sequence[object]", value)]  # objects, each with fields of its own
    return literal_of(value)


def text_of(value: object) -> str:
    """Return an expression as a path or an intrinsic function."""
    if isinstance(value, Reference):
        return path_of(value)
    if isinstance(value, FunctionCall):
        return _intrinsic(value)
    if isinstance(value, list | tuple):
        return f"States.Array({', '.join(_argument(item) for item in cast('Sequence[object]', value))})"
    raise NotPortable("EXPRESSION_NOT_PORTABLE", f"{value!r} cannot be expressed in JSONPath")


def path_of(value: object) -> str:
    """Return a reference as a path; raises NotPortable for anything else."""
    if not isinstance(value, Reference):
        raise NotPortable(
            "FIELD_NOT_PORTABLE", f"{value!r}: in JSONPath, this field must be a path, not a computed value"
        )
    source, path = source_and_path(value)
    root = f"${source.name}" if source.root == "variable" else _ROOTS[source.root]
    return root + "".join(_step(step) for step in path)


def rule(condition: Condition) -> JsonObject:
    """Return a condition as comparisons, each after the guards that keep it from failing."""
    if isinstance(condition, All | Either):
        operator = "And" if isinstance(condition, All) else "Or"
        parts: list[Json] = []
        for part in condition.parts:
            inner = rule(part)
            nested = inner.get(operator)
            parts.extend(nested if isinstance(nested, list) else [inner])
        return {operator: parts}
    if isinstance(condition, Not):
        return {"Not": rule(condition.part)}
    if isinstance(condition, Present):
        return _test(condition.subject, "IsPresent", True)
    if isinstance(condition, IsKind):
        if condition.kind not in _KINDS:
            raise NotPortable("CONDITION_NOT_PORTABLE", f"{condition!r}: JSONPath cannot test for an {condition.kind}")
        return _guard_presence(condition.subject, _test(condition.subject, _KINDS[condition.kind], True))
    if isinstance(condition, Matches):
        return _guard_kind(condition.subject, "string", _test(condition.subject, "StringMatches", condition.pattern))
    if isinstance(condition, IsTrue):
        return _guard_kind(condition.subject, "boolean", _test(condition.subject, "BooleanEquals", True))
    if isinstance(condition, CompareTimes):
        return _compare_times(condition)
    if isinstance(condition, Compare):
        return _comparison(condition)
    raise NotPortable("CONDITION_NOT_PORTABLE", f"{condition!r} cannot be expressed in JSONPath")


def _comparison(condition: Compare) -> JsonObject:
    subject, operator, other = condition.left, condition.operator, condition.right
    kinds = shared_kinds(condition)
    if not isinstance(subject, Expression):
        subject, other, operator = other, subject, _MIRRORED[operator]
    first = cast("Expression", subject)
    if isinstance(other, Expression):
        alternatives: list[Json] = [{"And": _tests_for_kind(first, operator, other, kind)} for kind in kinds]
        return cast("JsonObject", alternatives[0]) if len(alternatives) == 1 else {"Or": alternatives}
    test = _compare(first, operator, kinds[0], literal_of(other))
    return _guard_presence(first, test) if kinds[0] == "null" else _guard_kind(first, kinds[0], test)


def _tests_for_kind(one: Expression, operator: Operator, other: Expression, kind: str) -> list[Json]:
    tests: list[JsonObject] = [
        *(_test(side, "IsPresent", True) for side in (one, other)),
        *(_test(side, _KINDS[kind], True) for side in (one, other)),
        _compare(one, operator, kind, path_of(other), path=True),
    ]
    return [test for index, test in enumerate(tests) if test not in tests[:index]]


def _compare(subject: Expression, operator: Operator, kind: str, value: Json, *, path: bool = False) -> JsonObject:
    if kind == "null":
        return _test(subject, "IsNull", True)
    prefix = {"string": "String", "number": "Numeric", "boolean": "Boolean", "timestamp": "Timestamp"}[kind]
    suffix = "Path" if path else ""
    if operator == "!=":
        return {"Not": _test(subject, f"{prefix}Equals{suffix}", value)}
    return _test(subject, f"{prefix}{_COMPARATORS[operator]}{suffix}", value)


def _compare_times(condition: CompareTimes) -> JsonObject:
    subject, other, operator = condition.left, condition.right, condition.operator
    if not isinstance(subject, Expression):
        subject, other, operator = other, subject, _MIRRORED[operator]
    subject = cast("Expression", subject)
    guards: list[Json] = [
        _test(side, test, True)
        for side in (subject, other)
        if isinstance(side, Expression) and not is_context_timestamp(side)
        for test in ("IsPresent", "IsTimestamp")
    ]
    if isinstance(other, Expression):
        return {"And": [*guards, _compare(subject, operator, "timestamp", path_of(other), path=True)]}
    return {"And": [*guards, _compare(subject, operator, "timestamp", literal_of(other))]}


def _test(subject: object, operator: str, value: Json) -> JsonObject:
    return {"Variable": path_of(subject), operator: value}


def _guard_presence(subject: Expression, test: JsonObject) -> JsonObject:
    return {"And": [_test(subject, "IsPresent", True), test]}


def _guard_kind(subject: Expression, kind: str, test: JsonObject) -> JsonObject:
    return {"And": [_test(subject, "IsPresent", True), _test(subject, _KINDS[kind], True), test]}


def _intrinsic(call: FunctionCall) -> str:
    if call.name == "concat":
        return f"States.Format('{'{}' * len(call.arguments)}', {', '.join(_argument(item) for item in call.arguments)})"
    if call.name == "merged":
        return f"States.JsonMerge({', '.join(_argument(item) for item in call.arguments)}, false)"
    if call.name == "split" and not _is_single_character(call.arguments[1]):
        raise NotPortable(
            "EXPRESSION_NOT_PORTABLE", f"{call!r}: States.StringSplit requires a separator of one character"
        )
    if call.name in _INTRINSICS:
        return f"States.{_INTRINSICS[call.name]}({', '.join(_argument(item) for item in call.arguments)})"
    raise NotPortable("EXPRESSION_NOT_PORTABLE", f"{call!r}: JSONPath has no intrinsic function for it")


def _is_single_character(separator: object) -> bool:
    return isinstance(separator, str) and len(separator) == 1


def _argument(value: object) -> str:
    if isinstance(value, Expression):
        return text_of(value)
    if isinstance(value, str):
        return "'" + re.sub(r"([\\'{}])", r"\\\1", value) + "'"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return text_of(cast("object", value))
    raise NotPortable("EXPRESSION_NOT_PORTABLE", f"{value!r} cannot be written as an argument of an intrinsic function")


def _is_computed_array(value: object) -> bool:
    """Return whether an array has items that are expressions; raises NotPortable if it also has objects with them."""
    if not isinstance(value, list | tuple):
        return False
    items = cast("Sequence[object]", value)
    computed = any(isinstance(item, Expression | Condition) or _is_computed_array(item) for item in items)
    if computed and any(isinstance(item, Mapping) and _has_expressions(cast("object", item)) for item in items):
        raise NotPortable(
            "ARRAY_NOT_PORTABLE",
            f"{value!r}: in JSONPath, an array cannot mix expressions with objects that contain expressions",
        )
    return computed


def _has_expressions(value: object) -> bool:
    if isinstance(value, Expression | Condition):
        return True
    if isinstance(value, Mapping):
        return any(_has_expressions(item) for item in cast("Mapping[str, object]", value).values())
    if isinstance(value, list | tuple):
        return any(_has_expressions(item) for item in cast("Sequence[object]", value))
    return False


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if step.isascii() and step.isidentifier():
        return f".{step}"
    if "'" in step and '"' not in step:
        return f'["{step}"]'
    return "['" + step.replace("'", "\\'") + "']"


_MIRRORED: Final[Mapping[Operator, Operator]] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
has_expressions: Final[Callable[[object], bool]] = _has_expressions
