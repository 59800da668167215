"""Properties that a state inherits from its scopes: the workflow type, and the available context object fields."""

from __future__ import annotations

from typing import Final

from ..asl.definition import Definition, Scope, StateNode
from ..asl.fields import TYPES_THAT_CAN_FAIL
from .lint_context import LintContext
from .lint_findings import LintFindings
from .templates import StringChecker

_UNAVAILABLE: Final = {
    (task, in_map): {
        **({} if task else {"Task": "in a Task state"}),
        **({} if in_map else {"Map": "in a Map state and the states inside it"}),
    }
    for task in (True, False)
    for in_map in (True, False)
}
"""The missing context object fields, by (true for a Task, true inside a Map), each with where it exists."""


class ScopeContexts:
    """The scopes of a machine, with the properties that their states inherit."""

    def __init__(self, definition: Definition, express: bool) -> None:
        self._express: set[str] = set()
        """The pointers of the scopes that run as EXPRESS: all, or those in a distributed Map with EXPRESS children."""
        self._in_maps: set[str] = set()
        """The pointers of the scopes inside a Map, at any depth."""
        for scope in definition.scopes():
            parent = scope.parent
            if (express if parent is None else parent.scope.pointer in self._express) or _starts_express(scope):
                self._express.add(scope.pointer)
            if parent is not None and (parent.type == "Map" or parent.scope.pointer in self._in_maps):
                self._in_maps.add(scope.pointer)

    def context(self, state: StateNode, findings: LintFindings) -> LintContext:
        """Return the context for the checks of a state."""
        in_map = state.type == "Map" or state.scope.pointer in self._in_maps
        strings = StringChecker(findings, state.type in TYPES_THAT_CAN_FAIL, _UNAVAILABLE[state.type == "Task", in_map])
        express = state.scope.pointer in self._express
        return LintContext(state, findings, strings, state.query_language == "JSONata", express)


def _starts_express(scope: Scope) -> bool:
    config = scope.fields.get("ProcessorConfig")
    if not isinstance(config, dict):
        return False
    return config.get("Mode") == "DISTRIBUTED" and config.get("ExecutionType") == "EXPRESS"
