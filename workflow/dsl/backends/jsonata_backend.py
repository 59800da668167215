"""The States Language with JSONata."""

from __future__ import annotations

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ..states.arrows import AnyState, Exit
from ..value_expressions import Condition
from .jsonata_text import condition_text, template
from .query_language import QueryLanguage


class JsonataBackend:
    """Arguments, Output, Assign and Condition, expressions between `{%` and `%}`."""

    language: QueryLanguage = "JSONata"
    arguments_field = "Arguments"

    def payload(self, value: object) -> Json:
        """An object with expressions in it."""
        return template(value)

    def field(self, name: str, value: object) -> JsonObject:
        """A field that takes a constant or an expression."""
        return {name: template(value)}

    def rule(self, condition: Condition) -> JsonObject:
        """Return what a Choice's rule decides by."""
        return {"Condition": "{% " + condition_text(condition) + " %}"}

    def output(self, state: AnyState, value: object) -> JsonObject:  # noqa: ARG002  # JSONPath asks which state
        """Return what a state gives."""
        return {"Output": template(value)}

    def output_along(self, exit_: Exit, value: object) -> JsonObject:  # noqa: ARG002  # JSONPath asks which way
        """Return what is passed on along one way out."""
        return {"Output": template(value)}
