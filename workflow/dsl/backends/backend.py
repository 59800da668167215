"""The protocol of a query language that workflows compile to."""

from __future__ import annotations

from typing import Protocol

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ..states.arrows import AnyState, Exit
from ..value_expressions import Condition
from .query_language import QueryLanguage


class Backend(Protocol):
    """Writer of values, conditions and outputs in one query language."""

    language: QueryLanguage
    arguments_field: str
    """Name of the field that holds what a state sends."""

    def payload(self, value: object) -> Json:
        """An object with expressions in it."""
        ...

    def field(self, name: str, value: object) -> JsonObject:
        """A field that takes a constant or an expression."""
        ...

    def rule(self, condition: Condition) -> JsonObject:
        """Return what a Choice's rule decides by."""
        ...

    def output(self, state: AnyState, value: object) -> JsonObject:
        """Return what a state gives."""
        ...

    def output_along(self, exit_: Exit, value: object) -> JsonObject:
        """Return what is passed on along one way out."""
        ...
