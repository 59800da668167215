"""The protocol of a query language that workflows compile to."""

from __future__ import annotations

from typing import Protocol

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ..states.transitions import AnyState, Exit
from ..value_expressions import Condition
from .query_language import QueryLanguage


class Backend(Protocol):
    """Writer of values, conditions and outputs in one query language."""

    language: QueryLanguage
    arguments_field: str
    """The name of the field for a state's arguments."""

    def payload(self, value: object) -> Json:
        """Return the JSON of a payload that may contain expressions."""
        ...

    def field(self, name: str, value: object) -> JsonObject:
        """Return a field whose value is a constant or an expression."""
        ...

    def rule(self, condition: Condition) -> JsonObject:
        """Return the condition of a Choice rule, as fields."""
        ...

    def output(self, state: AnyState, value: object) -> JsonObject:
        """Return the fields that set the output of a state."""
        ...

    def output_along(self, exit_: Exit, value: object) -> JsonObject:
        """Return the fields that set the output along one exit of a state."""
        ...
