"""From the classes in which a workflow is written to a definition in the Amazon States Language.

A state's fields are the same in JSONata and JSONPath but for how they say what is computed; a `Dialect` says that. What
a state needs and is not handed (the workflow's input, the output of an earlier state) is remembered in a variable.

Past 250 lines: one method for each type of state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final, cast

from ..deep_json import Json
from ..failures import WorkflowError
from ..json_values import JsonObject, NotJson
from .basic_states import Choice, Fail, Pass, Succeed, Wait
from .bindings import Binding, Bindings, Limit
from .dialects.query_language import Dialect
from .distribution import Distribution
from .expressions import Condition, Reference, place_of
from .graph import Graph, nested_graph
from .nested_states import Map, Parallel
from .places import Places, output_by
from .retries import Retry
from .rewriting import rewritten
from .shapes import wire_value
from .states import AnyState, Catching, End, Exit, Link
from .surroundings import NOWHERE, Around, Surroundings
from .tasks import Task

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
        for kind, write in _WRITERS:
            if isinstance(state, kind):
                try:
                    written |= write(self, state)
                except NotJson as error:
                    raise WorkflowError(f"{state!r}: {error.sentence}") from None
                except RecursionError:
                    told = "holds a value that contains itself, or that nests deeper than Python follows"
                    raise WorkflowError(f"{state!r} {told}") from None
                return written
        raise WorkflowError(f"{state!r}: there is no way to write a {type(state).__name__}")

    def task(self, task: Task[object, object]) -> JsonObject:
        """A Task, its call first."""
        written: JsonObject = {"Resource": task.resource(self.bindings)}
        arguments = task.arguments(self.bindings)
        if arguments is not None:
            written[self.dialect.arguments_field] = self.dialect.payload(self._here(task, arguments))
        for name, limit in (("TimeoutSeconds", task.timeout), ("HeartbeatSeconds", task.heartbeat)):
            written |= self._limit(task, name, limit)
        if task.credentials is not None:
            written["Credentials"] = self.dialect.payload(self._here(task, {"RoleArn": task.credentials}))
        return written | self._kept(task) | self._tried(task) | self._next(task)

    def choice(self, choice: Choice[object, object]) -> JsonObject:
        """A Choice, its rules in the order of writing."""
        rules: list[Json] = []
        for link in self.graph.out_of(choice, "choice"):
            condition = cast("Condition", self._here(choice, link.exit.condition))
            rules.append({**self.dialect.rule(condition), **self._along(link.exit), "Next": link.target.name})
        written: JsonObject = {"Choices": rules}
        for link in self.graph.out_of(choice, "default"):
            written |= {"Default": link.target.name, **self._along(link.exit)}
        return written

    def passing(self, state: Pass[object] | Wait[object]) -> JsonObject:
        """A Pass, or a Wait."""
        written: JsonObject = {}
        if isinstance(state, Wait):
            written = self._wait(state)
        return written | self._kept(state) | self._next(state)

    def _wait(self, wait: Wait[object]) -> JsonObject:
        if wait.until is not None:
            return self.dialect.field("Timestamp", self._here(wait, wait.until))
        return self._limit(wait, "Seconds", wait.how_long)

    def succeed(self, succeed: Succeed) -> JsonObject:
        """A Succeed."""
        return self._kept(succeed)

    def fail(self, fail: Fail) -> JsonObject:
        """A Fail, its error and cause fixed or from data."""
        return self._fields(fail, {"Error": fail.error, "Cause": fail.cause})

    def parallel(self, parallel: Parallel[object, object]) -> JsonObject:
        """A Parallel with its branches."""
        written: JsonObject = {}
        if parallel.sends is not None:
            sent = self._here(parallel, parallel.sends.value)
            written[self.dialect.arguments_field] = self.dialect.payload(sent)
        branches = parallel.branches
        names = [branch.__name__ for branch in branches]
        written["Branches"] = [
            self._inside(parallel, f"{parallel.name}.{name}{index + 1 if names.count(name) > 1 else ''}", branch)
            for index, (name, branch) in enumerate(zip(names, branches, strict=True))
        ]
        return written | self._kept(parallel) | self._tried(parallel) | self._next(parallel)

    def map(self, state: Map[object]) -> JsonObject:
        """A Map, inline or distributed."""
        distribution = state.distribution
        written: JsonObject = {}
        if distribution is None or distribution.reader is None:
            written |= self.dialect.field("Items", self._here(state, state.items))
        if state.sends is not None:
            written["ItemSelector"] = self.dialect.payload(self._here(state, state.sends.value))
        written |= self._fields(state, {"MaxConcurrency": state.at_once})
        config: JsonObject = {"Mode": "INLINE"}
        if distribution is not None:
            config = {"Mode": "DISTRIBUTED", "ExecutionType": distribution.execution_type}
            written |= self._distribution(state, distribution)
        written["ItemProcessor"] = {"ProcessorConfig": config, **self._inside(state, state.name, state.each)}
        return written | self._kept(state) | self._tried(state) | self._next(state)

    def _distribution(self, state: AnyState, how: Distribution) -> JsonObject:
        written: JsonObject = {}
        if how.reader is not None:
            config = self._fields(state, how.reader.config())
            read = self._s3(state, how.reader.resource, how.reader.arguments(self.bindings))
            written["ItemReader"] = {**read, **({"ReaderConfig": config} if config else {})}
        if how.batcher is not None:
            limits, shared = self._fields(state, how.batcher.limits()), how.batcher.batch_input
            also = {} if shared is None else {"BatchInput": self.dialect.payload(self._here(state, shared))}
            written["ItemBatcher"] = {**limits, **also}
        if how.writer is not None:
            wrote = self._s3(state, "s3:putObject", how.writer.arguments(self.bindings))
            shape = {"WriterConfig": how.writer.config()} if how.writer.config() else {}
            written["ResultWriter"] = {**wrote, **shape}
        elif how.flatten:
            written["ResultWriter"] = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
        tolerated: dict[str, object] = {
            "ToleratedFailureCount": how.tolerated_failures,
            "ToleratedFailurePercentage": how.tolerated_percentage,
        }
        written |= self._fields(state, tolerated)
        return written if how.label is None else written | {"Label": how.label}

    def _fields(self, state: AnyState, fields: Mapping[str, object]) -> JsonObject:
        """Fields that are fixed or from data; those that are None are left out."""
        written: JsonObject = {}
        for name, value in fields.items():
            if value is not None:
                written |= self.dialect.field(name, self._here(state, value))
        return written

    def _s3(self, state: AnyState, resource: str, arguments: dict[str, object]) -> JsonObject:
        return {
            "Resource": f"arn:{self.bindings.partition}:states:::{resource}",
            self.dialect.arguments_field: self.dialect.payload(self._here(state, arguments)),
        }

    def _inside(self, state: AnyState, prefix: str, workflow: object) -> JsonObject:
        graph = nested_graph(cast("type", workflow), prefix)
        return compiled(graph, self.bindings, self.dialect, self.surroundings.inside(state))

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
        return self.dialect.field(name, self._here(state, limit))

    def _kept(self, state: AnyState) -> JsonObject:
        """What a state remembers and gives when it has done its work."""
        roots = ("result",) if isinstance(state, Catching) else ()
        written = self._assigned(state, {**state.assign, **self.places.kept_at(state)}, *roots)
        output = output_by(state)
        if output is None:
            return written
        return written | self.dialect.output(state, self._here(state, output.value, *roots))

    def _along(self, exit_: Exit) -> JsonObject:
        """What is remembered and passed on along one way out."""
        written: JsonObject = {"Comment": exit_.comment} if exit_.comment else {}
        own = exit_.state.assign if exit_.state.type == "Choice" else {}
        roots = ("error",) if exit_.kind == "catch" else ()
        written |= self._assigned(exit_.state, {**own, **exit_.assign, **self.places.kept_along(exit_)}, *roots)
        if exit_.output is not None:
            written |= self.dialect.output_along(exit_, self._here(exit_.state, exit_.output.value, *roots))
        return written

    def _assigned(self, state: AnyState, values: Mapping[str, object], *roots: str) -> JsonObject:
        return {"Assign": self.dialect.payload(self._here(state, dict(values), *roots))} if values else {}

    def _tried(self, state: Catching[object, object]) -> JsonObject:
        written: JsonObject = {}
        if state.retry:
            written["Retry"] = [_retry(retry) for retry in state.retry]
        catchers: list[Json] = [
            {"ErrorEquals": list(link.exit.errors), **self._along(link.exit), "Next": link.target.name}
            for link in self.graph.out_of(state, "catch")
        ]
        if catchers:
            written["Catch"] = catchers
        return written

    def _next(self, state: AnyState) -> JsonObject:
        link: Link = self.graph.out_of(state, "next")[0]
        return {"End": True} if isinstance(link.target, End) else {"Next": link.target.name}

    def _here(self, state: AnyState, value: object, *roots: str) -> object:
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


def _retry(retry: Retry) -> Json:
    return cast("Json", retry.asl())


def compiled(graph: Graph, bindings: Bindings, dialect: Dialect, around: Around = NOWHERE) -> JsonObject:
    """StartAt and States of a scope; written again while states turn out to need what others must remember."""
    places, surroundings = Places(graph), Surroundings(graph, around)
    while True:
        written = ScopeWriter(graph, bindings, dialect, places, surroundings).write()
        if places.settled():
            return written


_WRITERS: Final[Iterable[tuple[type, Callable[..., JsonObject]]]] = (
    (Task, ScopeWriter.task),
    (Choice, ScopeWriter.choice),
    (Pass, ScopeWriter.passing),
    (Wait, ScopeWriter.passing),
    (Succeed, ScopeWriter.succeed),
    (Fail, ScopeWriter.fail),
    (Parallel, ScopeWriter.parallel),
    (Map, ScopeWriter.map),
)
