"""Error causes for a JSONPath that matches nothing, or that matches a value its field cannot use.

The wording is that of recorded executions, so that a web search for a cause finds what others learned about it. Step
Functions prefixes it with "An error occurred while executing the state 'A' (entered at the event id #2). ".
Sources: LocalStack's snapshots (tests/aws/services/stepfunctions), Floci's issues 2521, 2870 and 3199.
"""

from __future__ import annotations

import re
from typing import Final

from ..asl.json_type import Json
from ..asl.json_values import json_text
from ..queries.jsonpath_reading import JsonPath, PathStep, parse_path

_MAP_FIELDS: Final = (
    "MaxConcurrency",
    "MaxInputBytesPerBatch",
    "MaxItems",
    "MaxItemsPerBatch",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
)
_PERCENTAGE: Final = "ToleratedFailurePercentage"
_SECONDS: Final = ("Seconds", "TimeoutSeconds", "HeartbeatSeconds")
_ARTICLES: Final = {"number": "a number", "array": "an array", "string": "a string"}


def number_at(name: str, value: Json) -> int | float | None:
    """Return the value of a field's path as a number, or None if the field cannot use the value.

    Fields of a Map also accept a string of digits. Only ToleratedFailurePercentage may have decimals.
    """
    if isinstance(value, str) and name in _MAP_FIELDS:
        value = _number_in(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or name == _PERCENTAGE else None


def no_match(text: str, field: str, source: Json) -> str:
    """Return the cause for a field whose path matches nothing in the source data."""
    if field in ("SecondsPath", "TimestampPath"):
        return f"The {field} parameter does not reference an input value: {text}"
    if field in ("InputPath", "OutputPath", "TimeoutSecondsPath", "HeartbeatSecondsPath"):
        return f"Invalid path '{text}' : {_no_result(parse_path(text), source)}"
    return (
        f"The JSONPath '{text}' specified for the field '{field}' could not be found in the input '{json_text(source)}'"
    )


def no_argument(call: str, path: str, source: Json) -> str:
    """Return the cause for an argument of an intrinsic function whose path matches nothing in the source data."""
    missing = f"The JsonPath argument for the field '{path}' could not be found in the input '{json_text(source)}'"
    return f"The function '{call}' had the following error: {missing}"


def unusable_value(name: str, path: str, value: Json, expected: str) -> str:
    """Return the cause for a field whose path references a value that the field cannot use."""
    shown = value if isinstance(value, str) else json_text(value)
    number = number_at(name, value)
    if name == "Timestamp":
        kind = "a valid ISO-8601 extended offset date-time format string"
        return f"The TimestampPath parameter does not reference {kind}: {path} == {shown}"
    if name in _SECONDS:
        problem = "cannot be parsed as a long value" if number is None else "references a negative value"
        return f"The {name}Path parameter {problem}: {path} == {shown}"
    if name in _MAP_FIELDS:
        return _unusable_in_map(name, path, shown, number)
    return (
        f"The {name}Path parameter does not reference {_ARTICLES.get(expected, expected)}: {path} == {json_text(value)}"
    )


def _unusable_in_map(name: str, path: str, shown: str, number: float | None) -> str:
    if number is None:
        kind = "float" if name == _PERCENTAGE else "integer"
        return f'The {name}Path field refers to value "{shown}" which is not a valid {kind}: {path}'
    if name == "MaxConcurrency":
        return f"Expected non-negative integer for MaxConcurrency, got '{shown}' instead."
    if name == "ToleratedFailureCount":
        return "ToleratedFailureCount cannot be negative."
    if name == _PERCENTAGE:
        return "ToleratedFailurePercentage must be between 0 and 100."
    return f"field {name} must be positive"


def _number_in(text: str) -> int | float | None:
    if re.fullmatch(r"(?a)[+-]?\d{1,18}", text):
        return int(text)
    return float(text) if re.fullmatch(r"(?a)[+-]?\d{1,18}\.\d{1,18}", text) else None


def _no_result(path: JsonPath, source: Json) -> str:
    """Return the Jayway library's message: that a property on the path is missing, or that the path has no results."""
    location = "$"
    for step in path.steps[:-1]:
        if step.kind != "key":
            break
        location += f"['{step.selector}']"
        if not isinstance(source, dict) or step.selector not in source:
            return f"Missing property in path {location}"
        source = source[str(step.selector)]
    return f"No results for path: {''.join(['$', *map(_bracket, path.steps)]) if path.is_reference else path.text}"


def _bracket(step: PathStep) -> str:
    return f"['{step.selector}']" if step.kind == "key" else f"[{step.selector}]"
