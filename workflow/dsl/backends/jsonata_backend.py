"""The backend for JSONata."""

from __future__ import annotations

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ..states.transitions import AnyState, Exit
from ..value_expressions import Condition
from .jsonata_text import condition_text, template
from .query_language import QueryLanguage


class JsonataBackend:
    """The writer of Arguments, Output, Assign and Condition, with expressions between `{%` and `%}`."""

    language: QueryLanguage = "JSONata"
    arguments_field = "Arguments"

    def payload(self, value: object) -> Json:
        """Return the JSON of a payload that may contain expressions."""
        return template(value)

    def field(self, name: str, value: object) -> JsonObject:
        """Return a field whose value is a constant or an expression."""
        return {name: template(value)}

    def rule(self, condition: Condition) -> JsonObject:
        """Return the condition of a Choice rule, as fields."""
        return {"Condition": "{% " + condition_text(condition) + " %}"}

    def output(self, state: AnyState, value: object) -> JsonObject:  # noqa: ARG002  # only JSONPath needs the state
        """Return the fields that set the output of a state."""
        return {"Output": template(value)}

    def output_along(self, exit_: Exit, value: object) -> JsonObject:  # noqa: ARG002  # only JSONPath needs the exit
        """Return the fields that set the output along one exit of a state."""
        return {"Output": template(value)}
