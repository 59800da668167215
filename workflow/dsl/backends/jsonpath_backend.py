"""The backend for JSONPath, which covers whatever both query languages can express."""

from __future__ import annotations

from typing import Final, cast

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ...failures import NotPortable
from ..rewriting import references_in
from ..states.basic_states import Pass
from ..states.transitions import AnyState, Catching, Exit
from ..value_expressions import Condition, Expression, Reference, source_and_path
from .jsonpath_writing import has_expressions, path_of, payload, rule, text_of
from .query_language import QueryLanguage

_COMPUTED: Final = ("ErrorPath", "CausePath")
"""Path fields that also accept intrinsic functions."""


class JsonpathBackend:
    """The writer of Parameters, ResultSelector, OutputPath and Variable; fields from data end in `Path` or `.$`."""

    language: QueryLanguage = "JSONPath"
    arguments_field = "Parameters"

    def payload(self, value: object) -> Json:
        """Return the JSON of a payload that may contain expressions."""
        return payload(value)

    def field(self, name: str, value: object) -> JsonObject:
        """Return a field whose value is a constant or an expression."""
        if name == "Items":
            return {"ItemsPath": path_of(value)}
        if not isinstance(value, Expression):
            return {name: payload(value)}
        text = text_of(value) if f"{name}Path" in _COMPUTED else path_of(value)
        return {f"{name}Path": text}

    def rule(self, condition: Condition) -> JsonObject:
        """Return the condition of a Choice rule, as fields."""
        return rule(condition)

    def output(self, state: AnyState, value: object) -> JsonObject:
        """Return the fields that set the output of a state."""
        if isinstance(state, Catching):
            return _task_output(value)
        if isinstance(state, Pass):
            return _pass_output(value)
        if isinstance(value, Reference):
            return {"InputPath": path_of(value)}
        raise NotPortable(
            "OUTPUT_NOT_PORTABLE",
            f"{state!r} outputs {value!r}, but in JSONPath a {state.type} state cannot compute its output",
        )

    def output_along(self, exit_: Exit, value: object) -> JsonObject:
        """Return the fields that set the output along one exit of a state."""
        if exit_.kind == "catch" and isinstance(value, Reference):
            source, path = source_and_path(value)
            if source.root == "error" and not path:
                return {}
            if source.root == "state_input" and not path:
                return {"ResultPath": None}
        raise NotPortable(
            "OUTPUT_NOT_PORTABLE", f"{exit_.state!r} passes on {value!r}, which no field of JSONPath can express"
        )


def _task_output(value: object) -> JsonObject:
    if any(source_and_path(reference)[0].root == "state_input" for reference in references_in(value)):
        if isinstance(value, Reference) and not source_and_path(value)[1]:
            return {"ResultPath": None}
        raise NotPortable(
            "OUTPUT_NOT_PORTABLE", f"{value!r}: in JSONPath, the output of a task cannot use the state's input"
        )
    if isinstance(value, Reference):
        return (
            {"OutputPath": path_of(value)}
            if source_and_path(value)[1] or source_and_path(value)[0].root != "result"
            else {}
        )
    if isinstance(value, dict):
        return {"ResultSelector": payload(cast("object", value))}
    raise NotPortable(
        "OUTPUT_NOT_PORTABLE", f"{value!r}: in JSONPath, the output of a task must be a path or an object"
    )


def _pass_output(value: object) -> JsonObject:
    if isinstance(value, Reference):
        return {"InputPath": path_of(value)}
    if not has_expressions(value):
        return {"Result": payload(value)}
    return {"Parameters": payload(value)}
