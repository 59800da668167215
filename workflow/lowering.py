"""From the classes in which a workflow is written to a definition in the Amazon States Language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .bindings import Bindings
from .deep_json import Json
from .expressions import Reference, Source
from .failures import WorkflowError
from .json_values import JsonObject
from .jsonata_text import condition_text, template
from .states import AnyState, Catching, Choice, End, Exit, Fail, Given, Link, Succeed
from .tasks import Task


@dataclass(frozen=True, slots=True)
class Graph:
    """States by name, in the order of writing, and the arrows between them."""

    start: "AnyState"
    states: "Mapping[str, AnyState]"
    links: Sequence[Link]

    def out_of(self, state: "AnyState", kind: str) -> list[Link]:
        """The arrows of one kind that leave a state, in the order of writing."""
        return [link for link in self.links if link.exit.state is state and link.exit.kind == kind]


class JsonataLowering:
    """Writes each state as JSONata wants it."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings

    def scope(self, graph: Graph) -> JsonObject:
        """StartAt and States."""
        states: JsonObject = {name: self.state(state, graph) for name, state in graph.states.items()}
        return {"StartAt": graph.start.name, "States": states}

    def state(self, state: "AnyState", graph: Graph) -> JsonObject:
        """One state with its arrows."""
        written: JsonObject = {"Type": state.type}
        if state.comment:
            written["Comment"] = state.comment
        for kind, write in _WRITERS.items():
            if isinstance(state, kind):
                written |= write(self, state, graph)
                return written
        raise WorkflowError(f"{state!r}: no way to write a {type(state).__name__}")

    def _task(self, task: "Task[object, object]", graph: Graph) -> JsonObject:
        written: JsonObject = {
            "Resource": task.resource(self._bindings),
            "Arguments": template(task.arguments(self._bindings)),
        }
        if task.timeout is not None:
            written["TimeoutSeconds"] = self._bindings.seconds(task.timeout)
        if task.heartbeat is not None:
            written["HeartbeatSeconds"] = self._bindings.seconds(task.heartbeat)
        written |= self._kept(task, task.output or self._own_result(task))
        return written | self._caught(task, graph) | self._next(task, graph)

    def _own_result(self, task: "Task[object, object]") -> Given | None:
        return Given(Reference(Source("result"), object, task.result_path)) if task.result_path else None

    def _caught(self, state: "Catching[object, object]", graph: Graph) -> JsonObject:
        written: JsonObject = {}
        if state.retry:
            written["Retry"] = [retry.asl() for retry in state.retry]
        catchers: list[Json] = [
            {"ErrorEquals": list(link.exit.errors), **self._along(link.exit), "Next": link.target.name}
            for link in graph.out_of(state, "catch")
        ]
        if catchers:
            written["Catch"] = catchers
        return written

    def _choice(self, choice: "Choice[object]", graph: Graph) -> JsonObject:
        rules: list[Json] = []
        for link in graph.out_of(choice, "choice"):
            condition = link.exit.condition
            text = "{% " + condition_text(condition) + " %}" if condition is not None else True
            rules.append({"Condition": text, **self._along(link.exit), "Next": link.target.name})
        written: JsonObject = {"Choices": rules}
        for link in graph.out_of(choice, "default"):
            written |= {"Default": link.target.name, **self._along(link.exit)}
        return written

    def _succeed(self, succeed: Succeed, _: Graph) -> JsonObject:
        return self._kept(succeed, succeed.output)

    def _fail(self, fail: Fail, _: Graph) -> JsonObject:
        written: JsonObject = {}
        if fail.error is not None:
            written["Error"] = template(fail.error)
        if fail.cause is not None:
            written["Cause"] = template(fail.cause)
        return written

    def _kept(self, state: "AnyState", output: Given | None) -> JsonObject:
        written: JsonObject = {}
        if state.assign:
            written["Assign"] = template(state.assign)
        if output is not None:
            written["Output"] = template(output.value)
        return written

    def _along(self, exit_: Exit) -> JsonObject:
        written: JsonObject = {}
        if exit_.comment:
            written["Comment"] = exit_.comment
        if exit_.assign:
            written["Assign"] = template(exit_.assign)
        if isinstance(exit_.output, Given):
            written["Output"] = template(exit_.output.value)
        return written

    def _next(self, state: "AnyState", graph: Graph) -> JsonObject:
        link = graph.out_of(state, "next")[0]
        return {"End": True} if isinstance(link.target, End) else {"Next": link.target.name}


_WRITERS: "Final[Mapping[type, Callable[..., JsonObject]]]" = {
    Task: JsonataLowering._task,
    Choice: JsonataLowering._choice,
    Succeed: JsonataLowering._succeed,
    Fail: JsonataLowering._fail,
}
