"""From the classes in which a workflow is written to a definition in the Amazon States Language.

A state's fields are the same in JSONata and JSONPath but for how they say what is computed; a `Dialect` says that. What
a state needs and is not handed (the workflow's input, the output of an earlier state) is remembered in a variable.

Past 250 lines: one method for each type of state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ...asl.json_type import Json
from ...asl.json_values import JsonObject, NotJson
from ...failures import WorkflowError
from ..bindings import Binding, Bindings, Limit
from ..expressions import Condition, Reference, place_of
from ..payload_schema import wire_value
from ..rewriting import rewritten
from ..states.arrows import AnyState, Catching, End, Exit, Link
from ..states.basic_states import Choice, Fail, Pass, Succeed, Wait
from ..states.tasks import Task
from .capture import Places, output_by
from .graph import Graph
from .scoping import NOWHERE, Around, Surroundings

if TYPE_CHECKING:
    from ..backends.backend import Dialect

_AFTER: Final[Mapping[str, str]] = {
    "result": "there is a result in what a task, a Parallel or a Map itself gives and remembers",
    "error": "there is an error along the way of a catch() only",
}
"""What references are not there for in every place, and where they are."""


class ScopeWriter:
    """Writes the states of one scope."""

    def __init__(
        self, graph: Graph, bindings: Bindings, dialect: Dialect, places: Places, surroundings: Surroundings
    ) -> None:
        self.graph, self.bindings, self.dialect, self.places = graph, bindings, dialect, places
        self.surroundings = surroundings

    def write(self) -> JsonObject:
        """StartAt and States."""
        states: JsonObject = {}
        for name, state in self.graph.states.items():
            states[name] = self._state(state)
        return {"StartAt": self.graph.start.name, "States": states}

    def _state(self, state: AnyState) -> JsonObject:
        written: JsonObject = {"Type": state.type}
        if state.comment:
            written["Comment"] = state.comment
        write = _WRITERS.get(state.type)
        if write is None:
            raise WorkflowError(f"{state!r}: there is no way to write a {type(state).__name__}")
        try:
            return written | write(self, state)
        except WorkflowError as error:
            error.locate(state)
            raise
        except NotJson as error:
            raise WorkflowError(f"{state!r}: {error.sentence}", at=state) from None
        except RecursionError:
            told = "holds a value that contains itself, or that nests deeper than Python follows"
            raise WorkflowError(f"{state!r} {told}", at=state) from None

    def task(self, task: Task[object, object]) -> JsonObject:
        """A Task, its call first."""
        written: JsonObject = {"Resource": task.resource(self.bindings)}
        arguments = task.arguments(self.bindings)
        if arguments is not None:
            written[self.dialect.arguments_field] = self.dialect.payload(self.here(task, arguments))
        for name, limit in (("TimeoutSeconds", task.timeout), ("HeartbeatSeconds", task.heartbeat)):
            written |= self._limit(task, name, limit)
        if task.credentials is not None:
            written["Credentials"] = self.dialect.payload(self.here(task, {"RoleArn": task.credentials}))
        return written | self.kept(task) | self.tried(task) | self.onward(task)

    def choice(self, choice: Choice[object, object]) -> JsonObject:
        """A Choice, its rules in the order of writing."""
        written: JsonObject = {"Choices": [self._rule(choice, link) for link in self.graph.out_of(choice, "choice")]}
        for link in self.graph.out_of(choice, "default"):
            written |= {"Default": link.target.name, **self._along(link)}
        return written

    def _rule(self, choice: AnyState, link: Link) -> JsonObject:
        try:
            condition = cast("Condition", self.here(choice, link.exit.condition))
        except WorkflowError as error:
            error.locate(link)
            raise
        return {**self.dialect.rule(condition), **self._along(link), "Next": link.target.name}

    def passing(self, state: Pass[object] | Wait[object]) -> JsonObject:
        """A Pass, or a Wait."""
        written: JsonObject = {}
        if isinstance(state, Wait):
            written = self._wait(state)
        return written | self.kept(state) | self.onward(state)

    def _wait(self, wait: Wait[object]) -> JsonObject:
        if wait.until is not None:
            return self.dialect.field("Timestamp", self.here(wait, wait.until))
        return self._limit(wait, "Seconds", wait.how_long)

    def succeed(self, succeed: Succeed[object]) -> JsonObject:
        """A Succeed."""
        return self.kept(succeed)

    def fail(self, fail: Fail) -> JsonObject:
        """A Fail, its error and cause fixed or from data."""
        return self.fields(fail, {"Error": fail.error, "Cause": fail.cause})

    def nested(self, state: AnyState) -> JsonObject:
        """A Parallel or a Map, with the scopes inside it."""
        from .emit_nested import written_nested

        return written_nested(self, state)

    def fields(self, state: AnyState, fields: Mapping[str, object]) -> JsonObject:
        """Fields that are fixed or from data; those that are None are left out."""
        written: JsonObject = {}
        for name, value in fields.items():
            if value is not None:
                written |= self.dialect.field(name, self.here(state, value))
        return written

    def _limit(self, state: AnyState, name: str, limit: object) -> JsonObject:
        if limit is None:
            return {}
        if isinstance(limit, Limit | timedelta):
            seconds = self.bindings.seconds(limit)
            if seconds < (name != "Seconds"):
                raise WorkflowError(
                    f"{state!r}: {name} is {seconds}, which is {limit!r}: give it a value, or a default"
                )
            return {name: seconds}
        return self.dialect.field(name, self.here(state, limit))

    def kept(self, state: AnyState) -> JsonObject:
        """What a state remembers and gives when it has done its work."""
        roots = ("result",) if isinstance(state, Catching) else ()
        written = self._assigned(state, {**state.assign, **self.places.kept_at(state)}, *roots)
        output = output_by(state)
        if output is None:
            return written
        return written | self.dialect.output(state, self.here(state, output.value, *roots))

    def _along(self, link: Link) -> JsonObject:
        try:
            return self._along_exit(link.exit)
        except WorkflowError as error:
            error.locate(link)
            raise

    def _along_exit(self, exit_: Exit) -> JsonObject:
        """What is remembered and passed on along one way out."""
        written: JsonObject = {"Comment": exit_.comment} if exit_.comment else {}
        own = exit_.state.assign if exit_.state.type == "Choice" else {}
        roots = ("error",) if exit_.kind == "catch" else ()
        written |= self._assigned(exit_.state, {**own, **exit_.assign, **self.places.kept_along(exit_)}, *roots)
        if exit_.output is not None:
            written |= self.dialect.output_along(exit_, self.here(exit_.state, exit_.output.value, *roots))
        return written

    def _assigned(self, state: AnyState, values: Mapping[str, object], *roots: str) -> JsonObject:
        return {"Assign": self.dialect.payload(self.here(state, dict(values), *roots))} if values else {}

    def tried(self, state: Catching[object, object]) -> JsonObject:
        """When a state is tried again, and where its errors lead."""
        written: JsonObject = {}
        if state.retry:
            written["Retry"] = [cast("Json", retry.asl(self.bindings)) for retry in state.retry]
        catchers: list[Json] = [
            {"ErrorEquals": list(link.exit.errors), **self._along(link), "Next": link.target.name}
            for link in self.graph.out_of(state, "catch")
        ]
        if catchers:
            written["Catch"] = catchers
        return written

    def onward(self, state: AnyState) -> JsonObject:
        """Where a state leads, or that its scope ends with it."""
        link: Link = self.graph.out_of(state, "next")[0]
        return {"End": True} if isinstance(link.target, End) else {"Next": link.target.name}

    def here(self, state: AnyState, value: object, *roots: str) -> object:
        """The value as this state can say it; `roots` of references are there that not every place has."""

        def change(leaf: object) -> object:
            if not isinstance(leaf, Reference):
                return self.bindings.value(leaf) if isinstance(leaf, Binding) else wire_value(leaf)
            root = place_of(leaf)[0].root
            if root in _AFTER and root not in roots:
                raise WorkflowError(f"{state!r} uses {leaf!r}: {_AFTER[root]}")
            self.surroundings.check(state, leaf, value)
            return self.places.seen_from(state, leaf)

        return rewritten(value, change)


def compiled(graph: Graph, bindings: Bindings, dialect: Dialect, around: Around = NOWHERE) -> JsonObject:
    """StartAt and States of a scope; written again while states turn out to need what others must remember."""
    places, surroundings = Places(graph), Surroundings(graph, around)
    while True:
        written = ScopeWriter(graph, bindings, dialect, places, surroundings).write()
        if places.settled():
            return written


_WRITERS: Final[Mapping[str, Callable[..., JsonObject]]] = {
    "Task": ScopeWriter.task,
    "Choice": ScopeWriter.choice,
    "Pass": ScopeWriter.passing,
    "Wait": ScopeWriter.passing,
    "Succeed": ScopeWriter.succeed,
    "Fail": ScopeWriter.fail,
    "Parallel": ScopeWriter.nested,
    "Map": ScopeWriter.nested,
}
