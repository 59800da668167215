"""What a query language has to say for a workflow to be compiled to it: only type checkers import this."""

from __future__ import annotations

from typing import Protocol

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ..expressions import Condition
from ..states.arrows import AnyState, Exit
from .query_language import QueryLanguage


class Backend(Protocol):
    """How what is computed is said in one query language."""

    language: QueryLanguage
    arguments_field: str
    """Where a state says what it sends."""

    def payload(self, value: object) -> Json:
        """An object with expressions in it."""
        ...

    def field(self, name: str, value: object) -> JsonObject:
        """A field that takes a constant or an expression."""
        ...

    def rule(self, condition: Condition) -> JsonObject:
        """What a Choice's rule decides by."""
        ...

    def output(self, state: AnyState, value: object) -> JsonObject:
        """What a state gives."""
        ...

    def output_along(self, exit_: Exit, value: object) -> JsonObject:
        """What is passed on along one way out."""
        ...
