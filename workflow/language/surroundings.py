"""What a state can see besides its input: which variables may have been remembered, and what Step Functions knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from ..asl.records import Record
from ..failures import WorkflowError
from .expressions import All, Call, Condition, Either, Not, Present, Reference, place_of
from .graph import Graph
from .states import AnyState, Exit
from .tasks import Invoke, Task

if TYPE_CHECKING:
    from .nested_states import Map


class Around(Record):
    """What is around a scope."""

    variables: frozenset[str] | None
    """None where it is not known yet, for a workflow may stand in another one."""
    in_map: bool | None
    """The same."""


ANYWHERE = Around(None, None)
NOWHERE = Around(frozenset(), False)


class Surroundings:
    """Answers for the states of one scope."""

    def __init__(self, graph: Graph, around: Around) -> None:
        self._around = around
        self._own = {name for state in graph.states.values() for name in _remembered(graph, state)}
        self._before = _before(graph)

    def check(self, state: AnyState, reference: Reference, value: object) -> None:
        """Refuse a reference, which stands in a value, to what is not there in this state."""
        source, path = place_of(reference)
        if source.root == "variable" and source.name:
            self._check_variable(state, source.name, value)
        elif source.root == "context":
            self._check_context(state, reference, path)
        elif source.root == "result" and source.owner is not None:
            _check_function(state, reference, source.owner)

    def inside(self, state: AnyState) -> Around:
        """What is around the scopes of a state."""
        in_map = state.type == "Map" or self._around.in_map
        if state.type == "Map" and cast("Map[object]", state).distribution is not None:
            return Around(frozenset(), in_map)
        variables = self._around.variables
        return Around(None if variables is None else variables | self._before.get(id(state), set()), in_map)

    def _check_variable(self, state: AnyState, name: str, value: object) -> None:
        around = self._around.variables
        if name in self._before.get(id(state), ()) or (around is not None and name in around):
            return
        if (name not in self._own and around is None) or name in _asked_for(value):
            return
        when = "only after it, on no way that leads there" if name in self._own else "nowhere that it can see"
        raise WorkflowError(f"{state!r} uses the variable {name}, which is remembered {when}")

    def _check_context(self, state: AnyState, reference: Reference, path: Sequence[str | int]) -> None:
        if path[:1] == ("Task",) and not isinstance(state, Task):
            raise WorkflowError(f"{state!r} uses {reference!r}, which there is in a task only")
        if path[:2] == ("Task", "Token") and not _has_token(state):
            raise WorkflowError(f"{state!r} passes its token on and does not wait for it: add .waiting_for_token(…)")
        if path[:1] == ("Map",) and self._around.in_map is False and state.type != "Map":
            raise WorkflowError(f"{state!r} uses {reference!r}, which there is in a Map and inside it only")


def _has_token(state: AnyState) -> bool:
    return isinstance(state, Task) and (state.is_polled or state.awaits_token)


def _check_function(state: AnyState, reference: Reference, function: object) -> None:
    if not isinstance(state, Invoke) or state.function is not function:
        raise WorkflowError(f"{state!r} uses {reference!r}, and that is not the function which it invokes")
    if state.awaits_token:
        raise WorkflowError(f"{state!r} gives what comes with its token: write result_of(…) with the type of that")


def _remembered(graph: Graph, state: AnyState) -> Iterator[str]:
    yield from state.assign
    for exit_ in _exits(graph, state):
        yield from exit_.assign


def _exits(graph: Graph, state: AnyState) -> Iterator[Exit]:
    for kind in ("next", "choice", "default", "catch"):
        yield from (link.exit for link in graph.out_of(state, kind))


def _before(graph: Graph) -> dict[int, set[str]]:
    """The variables that may have been remembered when each state begins."""
    before: dict[int, set[str]] = {id(graph.start): set()}
    waiting = [graph.start]
    while waiting:
        state = waiting.pop()
        for link in (link for kind in ("next", "choice", "default", "catch") for link in graph.out_of(state, kind)):
            own = state.assign if link.exit.kind != "catch" else {}
            after = {*before[id(state)], *own, *link.exit.assign}
            known = before.get(id(link.target))
            if known is None or not after <= known:
                before[id(link.target)] = after | (known or set())
                waiting.append(link.target)
    return before


def _asked_for(value: object) -> set[str]:
    """The variables of which an expression itself asks whether they are there."""
    asked: set[str] = set()
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Present) and isinstance(here.subject, Reference):
            asked.add(place_of(here.subject)[0].name)
        waiting.extend(_parts(here))
    return asked


def _parts(value: object) -> Sequence[object]:
    if isinstance(value, All | Either):
        return value.parts
    if isinstance(value, Not):
        return (value.part,)
    if isinstance(value, Condition):
        return [getattr(value, name) for name in ("left", "right", "subject") if hasattr(value, name)]
    if isinstance(value, Call):
        return value.arguments
    if isinstance(value, Mapping):
        return list(cast("Mapping[str, object]", value).values())
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
