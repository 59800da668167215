"""The fields of each state as pieces: values, and a function that renders them as JSON.

Collecting the pieces is the first pass of the compiler, which finds the references of each state. A state has the same
fields in JSONata and JSONPath; only the notation of values, which a `Backend` knows, differs.

Longer than 250 lines so that there is one method for each type of state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from ...asl.json_type import Json
from ...asl.json_values import JsonObject
from ...asl.records import Record
from ...failures import WorkflowError
from ..bindings import Bindings, Limit
from ..states.transitions import AnyState, Catching, End, Link
from ..value_expressions import Condition
from .capture import CapturePlan, output_by
from .scope_graph import ScopeGraph

if TYPE_CHECKING:
    from ..backends.backend import Backend
    from ..states.basic_states import Fail, Wait
    from ..states.tasks import Task


class Piece(Record):
    """Some fields of a state that are rendered together."""

    render: Callable[..., JsonObject]
    """Returns the JSON of the fields; its arguments are the values, with references that are valid in the state."""
    values: tuple[object, ...] = ()
    roots: tuple[str, ...] = ()
    """Roots of references (`result`, `error`) that are valid in these fields but not everywhere."""
    holder: object = None
    """The transition that the fields belong to, if they are not the state's own."""


class FieldCollector:
    """Collector of the pieces of all states of one scope."""

    def __init__(
        self,
        graph: ScopeGraph,
        bindings: Bindings,
        backend: Backend,
        plan: CapturePlan,
        compile_inner: Callable[[ScopeGraph, AnyState], JsonObject],
        collect_nested: Callable[[FieldCollector, AnyState], Iterator[Piece]],
    ) -> None:
        self.graph, self.bindings, self.backend, self._plan = graph, bindings, backend, plan
        self.compile_inner, self._collect_nested = compile_inner, collect_nested

    def collect(self, state: AnyState) -> Iterator[Piece]:
        """Yield the pieces of a state, in the order of its fields."""
        collectors: Mapping[str, Callable[[AnyState], Iterator[Piece]]] = {
            "Task": self._task,
            "Choice": self._choice,
            "Pass": self._pass_or_wait,
            "Wait": self._pass_or_wait,
            "Succeed": self._succeed,
            "Fail": self._fail,
            "Parallel": self._nesting_state,
            "Map": self._nesting_state,
        }
        if state.type not in collectors:
            raise WorkflowError(
                f"{state!r}: a {type(state).__name__} cannot be expressed in the Amazon States Language"
            )
        yield from collectors[state.type](state)

    def _task(self, state: AnyState) -> Iterator[Piece]:
        task = cast("Task[object, object]", state)
        yield constant_fields({"Resource": task.resource(self.bindings)})
        sent = task.arguments(self.bindings)
        if sent is not None:
            yield self.payload(self.backend.arguments_field, sent)
        yield from self._limit(task, "TimeoutSeconds", task.timeout)
        yield from self._limit(task, "HeartbeatSeconds", task.heartbeat)
        if task.credentials is not None:
            yield self.payload("Credentials", {"RoleArn": task.credentials})
        yield from self.ending(task)

    def _choice(self, choice: AnyState) -> Iterator[Piece]:
        for link in self.graph.out_of(choice, "choice"):
            yield self._exit_piece(link, self._write_rule, link.exit.condition)
        for link in self.graph.out_of(choice, "default"):
            yield self._exit_piece(link, self._write_default)

    def _pass_or_wait(self, state: AnyState) -> Iterator[Piece]:
        if state.type == "Wait":
            wait = cast("Wait[object]", state)
            if wait.until is not None:
                yield self.field("Timestamp", wait.until)
            yield from self._limit(wait, "Seconds", wait.how_long)
        yield self._success_piece(state)
        yield self._next(state)

    def _succeed(self, succeed: AnyState) -> Iterator[Piece]:
        yield self._success_piece(succeed)

    def _fail(self, state: AnyState) -> Iterator[Piece]:
        fail = cast("Fail", state)
        yield from self.fields({"Error": fail.error, "Cause": fail.cause})

    def _nesting_state(self, state: AnyState) -> Iterator[Piece]:
        yield from self._collect_nested(self, state)
        yield from self.ending(state)

    def ending(self, state: AnyState) -> Iterator[Piece]:
        """Yield the pieces with the assignments, output, retriers, catchers and next state of a state that can fail."""
        yield self._success_piece(state)
        retriers = cast("Catching[object, object]", state).retry
        if retriers:
            yield constant_fields({"Retry": [cast("Json", retry.asl(self.bindings)) for retry in retriers]})
        for link in self.graph.out_of(state, "catch"):
            yield self._exit_piece(link, self._write_catcher)
        yield self._next(state)

    def field(self, name: str, value: object) -> Piece:
        """Return the piece of a field whose value is fixed or computed."""

        def render(rendered: object) -> JsonObject:
            return self.backend.field(name, rendered)

        return Piece(render, (value,))

    def fields(self, fields: Mapping[str, object]) -> Iterator[Piece]:
        """Yield the pieces of fields whose values are fixed or computed, without those that are None."""
        yield from (self.field(name, value) for name, value in fields.items() if value is not None)

    def payload(self, name: str, value: object) -> Piece:
        """Return the piece of a field that holds a payload."""

        def render(rendered: object) -> JsonObject:
            return {name: self.backend.payload(rendered)}

        return Piece(render, (value,))

    def _limit(self, state: AnyState, name: str, limit: object) -> Iterator[Piece]:
        if isinstance(limit, Limit | timedelta):
            seconds = self.bindings.seconds(limit)
            if seconds < (name != "Seconds"):
                raise WorkflowError(
                    f"{state!r}: {name} must be at least {int(name != 'Seconds')}, got {seconds}: "
                    f"give {limit!r} a value, or a default"
                )
            yield constant_fields({name: seconds})
        elif limit is not None:
            yield self.field(name, limit)

    def _success_piece(self, state: AnyState) -> Piece:
        """Return the piece with the assignments and the output of a state that succeeds."""
        output = output_by(state)
        values = (dict(state.assignments), *(() if output is None else (output.value,)))

        def render(assigned: Mapping[str, object], *given: object) -> JsonObject:
            fields = self._assign({**assigned, **self._plan.captures_at(state)})
            return fields | self.backend.output(state, given[0]) if given else fields

        return Piece(render, values, ("result",) if isinstance(state, Catching) else ())

    def _exit_piece(self, link: Link, write: Callable[..., JsonObject], *before: object) -> Piece:
        """Return the piece with the assignments and the output along one exit, in the form that `write` gives them."""
        exit_ = link.exit
        own = exit_.state.assignments if exit_.state.type == "Choice" else {}
        values = (*before, {**own, **exit_.assignments}, *(() if exit_.output is None else (exit_.output.value,)))

        def render(*rendered: object) -> JsonObject:
            first, (assigned, *given) = rendered[: len(before)], rendered[len(before) :]
            fields: JsonObject = {"Comment": exit_.comment} if exit_.comment else {}
            assigned = cast("Mapping[str, object]", assigned)
            fields |= self._assign({**assigned, **self._plan.captures_along(exit_)})
            fields |= self.backend.output_along(exit_, given[0]) if given else {}
            return write(link, fields, *first)

        return Piece(render, values, ("error",) if exit_.kind == "catch" else (), link)

    def _write_rule(self, link: Link, fields: JsonObject, condition: Condition) -> JsonObject:
        return {"Choices": [{**self.backend.rule(condition), **fields, "Next": link.target.name}]}

    def _write_default(self, link: Link, fields: JsonObject) -> JsonObject:
        return {"Default": link.target.name, **fields}

    def _write_catcher(self, link: Link, fields: JsonObject) -> JsonObject:
        return {"Catch": [{"ErrorEquals": list(link.exit.errors), **fields, "Next": link.target.name}]}

    def _assign(self, values: Mapping[str, object]) -> JsonObject:
        return {"Assign": self.backend.payload(values)} if values else {}

    def _next(self, state: AnyState) -> Piece:
        target = self.graph.out_of(state, "next")[0].target
        return constant_fields({"End": True} if isinstance(target, End) else {"Next": target.name})


def constant_fields(fields: JsonObject) -> Piece:
    """Return a piece of constant fields."""
    return Piece(lambda: fields)
