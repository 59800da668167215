"""Scopes of variables and of the context object: the data that a state can refer to besides its input."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from ...asl.records import Record
from ...failures import WorkflowError
from ..states.tasks import Invoke, Task
from ..states.transitions import AnyState, Exit, Link
from ..value_expressions import All, Condition, Either, FunctionCall, Not, Present, Reference, source_and_path
from .scope_graph import ScopeGraph

if TYPE_CHECKING:
    from ..states.nested_states import Map


class Enclosing(Record):
    """The surroundings of a scope."""

    variables: frozenset[str] | None
    """The variables of outer scopes; None if they are unknown, because a workflow may be nested in another."""
    in_map: bool | None
    """True inside a Map; None if it is unknown, for the same reason."""


ANYWHERE = Enclosing(None, None)
OUTERMOST = Enclosing(frozenset(), False)


class VariableScopes:
    """The variables and context fields that each state of one scope can refer to."""

    def __init__(self, graph: ScopeGraph, enclosing: Enclosing) -> None:
        self._enclosing, self._graph = enclosing, graph
        self._own = {name for state in graph.states.values() for name in _assignments_in(graph, state)}
        self._before = _assignments_before(graph)

    def check(self, state: AnyState, reference: Reference, value: object) -> None:
        """Raise WorkflowError if a reference, which is part of `value`, is to data that this state does not have."""
        source, path = source_and_path(reference)
        if source.root == "variable" and source.name:
            self._check_variable(state, source.name, value)
        elif source.root == "context":
            self._check_context(state, reference, path)
        elif source.root == "result" and source.owner is not None:
            _check_function(state, reference, source.owner)

    def inside(self, state: AnyState) -> Enclosing:
        """Return the surroundings of the scopes nested in a state."""
        in_map = state.type == "Map" or self._enclosing.in_map
        if state.type == "Map" and cast("Map[object]", state).distribution is not None:
            return Enclosing(frozenset(), in_map)
        variables = self._enclosing.variables
        return Enclosing(None if variables is None else variables | self._before.get(id(state), set()), in_map)

    def _check_variable(self, state: AnyState, name: str, value: object) -> None:
        enclosing = self._enclosing.variables
        if name in self._before.get(id(state), ()) or (enclosing is not None and name in enclosing):
            return
        is_of_outer = name not in self._own and name not in self._graph.declared and enclosing is None
        if is_of_outer or name in _variables_tested_in(value):
            return
        raise WorkflowError(f"{state!r} uses the variable {name}, {self._missing(state, name)}")

    def _missing(self, state: AnyState, name: str) -> str:
        """Return an explanation of the path on which a variable is not assigned, and a remedy."""
        if name not in self._own:
            return "which no state assigns: add .assign(…) to an earlier state"
        path = _path_without(self._graph, state, name)
        route = " >> ".join(map(repr, path)) if len(path) > 1 else f"{state!r}, the first state"
        return (
            f"which is not assigned on every path to it: not on {route}. Assign it on that path too, or test "
            "is_present() before"
        )

    def _check_context(self, state: AnyState, reference: Reference, path: Sequence[str | int]) -> None:
        if path[:1] == ("Task",) and not isinstance(state, Task):
            raise WorkflowError(f"{state!r} uses {reference!r}, which exists only in a Task")
        if path[:2] == ("Task", "Token") and not _has_token(state):
            raise WorkflowError(f"{state!r} passes its task token but does not wait for it: add .waiting_for_token(…)")
        if path[:1] == ("Map",) and self._enclosing.in_map is False and state.type != "Map":
            raise WorkflowError(f"{state!r} uses {reference!r}, which exists only in a Map and the states inside it")


def _has_token(state: AnyState) -> bool:
    return isinstance(state, Task) and state.awaits_token


def _check_function(state: AnyState, reference: Reference, function: object) -> None:
    if not isinstance(state, Invoke) or state.function is not function:
        raise WorkflowError(f"{state!r} uses {reference!r}, but does not invoke that function")
    if state.awaits_token:
        raise WorkflowError(
            f"{state!r} outputs the value that is returned with its task token: use result_of(…) with its type"
        )


def _assignments_in(graph: ScopeGraph, state: AnyState) -> Iterator[str]:
    yield from state.assignments
    for exit_ in _exits(graph, state):
        yield from exit_.assignments


def _exits(graph: ScopeGraph, state: AnyState) -> Iterator[Exit]:
    for kind in ("next", "choice", "default", "catch"):
        yield from (link.exit for link in graph.out_of(state, kind))


def _assignments_before(graph: ScopeGraph) -> dict[int, set[str]]:
    """Return the variables that have been assigned on every path to each state, by the state's id."""
    before: dict[int, set[str]] = {id(graph.start): set()}
    worklist = [graph.start]
    while worklist:
        state = worklist.pop()
        for link in _links_out(graph, state):
            after = before[id(state)] | _assignments_along(graph, link)
            known = before.get(id(link.target))
            if known is None or not known <= after:
                before[id(link.target)] = after if known is None else after & known
                worklist.append(link.target)
    return before


def _links_out(graph: ScopeGraph, state: AnyState) -> list[Link]:
    return [link for kind in ("next", "choice", "default", "catch") for link in graph.out_of(state, kind)]


def _assignments_along(graph: ScopeGraph, link: Link) -> set[str]:
    """Return the variables that are assigned, or known to be, when this transition is taken."""
    state, kind = link.exit.state, link.exit.kind
    own = state.assignments if kind != "catch" else {}
    known = _variables_implied_by(link.exit.condition)
    if kind in ("choice", "default"):
        rules = [other.exit for other in graph.out_of(state, "choice")]
        before = rules[: next((index for index, rule in enumerate(rules) if rule is link.exit), len(rules))]
        for rule in before:
            known |= _variables_implied_by(rule.condition.part) if isinstance(rule.condition, Not) else set()
    return {*own, *link.exit.assignments, *known}


def _variables_implied_by(condition: Condition | None) -> set[str]:
    """Return the variables that are certainly assigned if a condition holds."""
    if isinstance(condition, All):
        return {name for part in condition.parts for name in _variables_implied_by(part)}
    if isinstance(condition, Present) and isinstance(condition.subject, Reference):
        source = source_and_path(condition.subject)[0]
        return {source.name} if source.root == "variable" else set()
    return set()


def _path_without(graph: ScopeGraph, state: AnyState, name: str) -> list[AnyState]:
    """Return the shortest path from the start to a state along which a variable is not assigned."""
    paths: dict[int, list[AnyState]] = {id(graph.start): [graph.start]}
    queue = deque([graph.start])
    while queue and id(state) not in paths:
        current = queue.popleft()
        for link in _links_out(graph, current):
            if name not in _assignments_along(graph, link) and id(link.target) not in paths:
                paths[id(link.target)] = [*paths[id(current)], link.target]
                queue.append(link.target)
    return paths.get(id(state), [state])


def _variables_tested_in(value: object) -> set[str]:
    """Return the variables that an expression itself tests for presence."""
    tested: set[str] = set()
    worklist = [value]
    while worklist:
        current = worklist.pop()
        if isinstance(current, Present) and isinstance(current.subject, Reference):
            tested.add(source_and_path(current.subject)[0].name)
        worklist.extend(_parts(current))
    return tested


def _parts(value: object) -> Sequence[object]:
    if isinstance(value, All | Either):
        return value.parts
    if isinstance(value, Not):
        return (value.part,)
    if isinstance(value, Condition):
        return [getattr(value, name) for name in ("left", "right", "subject") if hasattr(value, name)]
    if isinstance(value, FunctionCall):
        return value.arguments
    if isinstance(value, Mapping):
        return list(cast("Mapping[str, object]", value).values())
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
