"""JSONata's error messages in the wording of the reference implementation, which Step Functions reports.

`jsonata-python` was translated from a port in which "function" became "Object", and formats values as Python does.
Source: published executions and TestState calls on AWS (floci-io/floci issues 2668, 2736 and 2737).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, cast

from ..asl.json_values import NotJson, json_text
from .jsonata_library import JException
from .jsonata_values import to_json

_PLACEHOLDER: Final = re.compile(r"(\{\{\{?)\w+\}\}\}?")
_KINDS_OF_ITEMS: Final = {"n": "numbers", "s": "strings", "b": "booleans", "o": "objects", "f": "functions"}
_TEMPLATES: Final = {
    code: re.sub(r"\bObject\b", "function", template)
    for code, template in cast("dict[str, str]", JException.error_codes).items()
}
_STACK_OVERFLOW: Final = "D1011"


class TooDeep(Exception):
    """An expression is nested more deeply than Step Functions allows."""

    def __init__(self) -> None:
        super().__init__(
            "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
        )


def error_text(error: Exception) -> str:
    """Return the text after `threw an error during evaluation`: a code and its message, or a message without code."""
    if not isinstance(error, JException):
        return f": {error or type(error).__name__}"
    code = _code(error)
    if code == _STACK_OVERFLOW:
        return f": {TooDeep()}"
    return f". {code}: {_message(error)}" if code else f": {_message(error)}"


def _code(error: Any) -> str:
    """Return an error's code, or an empty string; the library raises a few errors by their message instead."""
    given = str(error.error)
    if given in _TEMPLATES:
        return given
    return next((code for code, template in _TEMPLATES.items() if template == given), "")


def _message(error: Any) -> str:
    """Return an error's message, with placeholders filled: `{{{raw}}}` as is, and `{{quoted}}` as JSON."""
    template = _TEMPLATES.get(str(error.error), str(error.error))
    values = iter([error.current, error.expected, error.extra])
    return _PLACEHOLDER.sub(lambda placeholder: _fill(placeholder, values), template)


def _fill(placeholder: re.Match[str], values: Iterator[Any]) -> str:
    value = next(values, None)
    if placeholder[1] == "{{{":
        return str(value)
    if "type" in placeholder[0]:
        value = _KINDS_OF_ITEMS.get(str(value), value)
    try:
        return json_text(to_json(value)) if not isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (NotJson, ValueError):
        return str(value)
