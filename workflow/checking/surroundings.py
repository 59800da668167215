"""What a state has from around it: its query language, the workflow that it runs in, what the context object holds."""

from __future__ import annotations

from typing import Final

from ..definition import Definition, JsonObject, Scope, State
from .findings import Findings, likely
from .sight import Sight
from .templates import Texts
from .vocabulary import WORDS

_WORKING: Final = ("Task", "Parallel", "Map")
_LACKING: Final = {
    (task, in_map): {
        **({} if task else {"Task": "in a Task"}),
        **({} if in_map else {"Map": "in a Map and in the states inside it"}),
    }
    for task in (True, False)
    for in_map in (True, False)
}
"""Which parts of the context object are not there, for a Task or not, in a Map or not."""


class Surroundings:
    """Knows the scopes of a machine, and so what its states inherit."""

    def __init__(self, read: Definition, express: bool) -> None:
        self._language = _misnamed_language(read.root.fields) or read.root.query_language
        self._express: set[str] = set()
        """The pointers of the scopes that run in EXPRESS executions: all, or those below such a distributed Map."""
        self._in_maps: set[str] = set()
        """The pointers of the scopes that are run for the items of a Map, directly or further in."""
        for scope in read.scopes():
            around = scope.parent
            if (express if around is None else around.scope.pointer in self._express) or _starts_express(scope):
                self._express.add(scope.pointer)
            if around is not None and (around.type == "Map" or around.scope.pointer in self._in_maps):
                self._in_maps.add(scope.pointer)

    def sight(self, state: State, findings: Findings) -> Sight:
        """The state as the checks see it."""
        in_map = state.type == "Map" or state.scope.pointer in self._in_maps
        texts = Texts(findings, state.type in _WORKING, _LACKING[state.type == "Task", in_map])
        return Sight(state, findings, texts, self._speaks_jsonata(state), state.scope.pointer in self._express)

    def _speaks_jsonata(self, state: State) -> bool:
        named = state.query_language if "QueryLanguage" in state.fields else _misnamed_language(state.fields)
        return (named or self._language) == "JSONata"


def _misnamed_language(fields: JsonObject) -> str | None:
    """The query language that a field of a wrong name says, so that only the wrong name is told."""
    for name, value in fields.items():
        if name not in WORDS and isinstance(value, str) and likely(name, ("QueryLanguage",)):
            return "JSONPath" if value.lower() == "jsonpath" else "JSONata"
    return None


def _starts_express(scope: Scope) -> bool:
    config = scope.fields.get("ProcessorConfig")
    if not isinstance(config, dict):
        return False
    return config.get("Mode") == "DISTRIBUTED" and config.get("ExecutionType") == "EXPRESS"
