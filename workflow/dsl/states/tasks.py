"""The base class of all tasks, and the task that invokes a Lambda function; service_tasks.py has the others.

A task waits for the response (request and response), for the job to end (`.sync`), or for its task token to be returned
(`waiting_for_token`).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypedDict, TypeVar, Unpack, cast, overload

from ...asl.json_type import Json
from ...failures import WorkflowError
from ..bindings import Bindings, Function, Limit, Machine
from ..compatibility import value_mismatch
from ..option_checks import (
    check_binding,
    check_durations,
    check_strings,
)
from ..payload_schema import name_of
from ..retries import Retry
from ..rewriting import references_in
from ..value_expressions import Expression, Reference, Source, form_of, source_and_path
from .transitions import AnyState, Catching, Some, check_options

if TYPE_CHECKING:
    from typing_extensions import TypeForm

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
T = TypeVar("T")
R = TypeVar("R")

Answer = dict[str, Json]
"""The response of a service, whose fields are not known here."""


class TaskOptions(TypedDict, total=False):
    """Options of every task."""

    retry: Retry | tuple[Retry, ...]
    timeout: timedelta | Limit | int
    """Maximum duration of one attempt: fixed, set by the deployment, or seconds from data."""
    heartbeat: timedelta | Limit | int
    """The maximum time between two heartbeats of the worker."""
    credentials: str
    """ARN of the role that the task assumes for the call."""
    name: str
    comment: str


class Task(Catching[In, Out], Generic[In, Out]):
    """A state whose work is done by a service or a worker."""

    type = "Task"
    service: ClassVar[str] = ""
    """The integration, as in `arn:aws:states:::<service>`."""
    result_path: tuple[str, ...] = ()
    """Path of the state's own result in the integration's response."""

    def __init__(self, **options: Unpack[TaskOptions]) -> None:
        check_options(self, options, TaskOptions)
        super().__init__(retry=options.get("retry", ()), name=options.get("name"), comment=options.get("comment"))
        self.timeout = options.get("timeout")
        self.heartbeat = options.get("heartbeat")
        self.credentials = options.get("credentials")
        check_durations(self, 1, timeout=self.timeout, heartbeat=self.heartbeat)
        check_strings(self, credentials=self.credentials)
        if isinstance(self.timeout, timedelta) and isinstance(self.heartbeat, timedelta):
            _check_heartbeat(self, self.heartbeat, self.timeout)
        self.awaits_token = False

    def arguments(self, bindings: Bindings) -> dict[str, object] | None:  # noqa: ARG002  # subclasses use it
        """Return the arguments of the integration, which may contain expressions."""
        raise WorkflowError(
            f"{self!r}: Task cannot be used by itself: use an Invoke, a ServiceCall or another kind of task"
        )

    def resource(self, bindings: Bindings) -> str:
        """Return the ARN of the integration."""
        return f"arn:{bindings.partition}:states:::{self.service}{'.waitForTaskToken' if self.awaits_token else ''}"

    def waiting_for_token(self, gives: TypeForm[T]) -> Task[In, T]:
        """Return the same task, ended by the SendTaskSuccess that returns its token, with an output of type `gives`."""
        sent = self.arguments(Bindings(None, "aws"))
        if not any(_is_token(reference) for reference in references_in(sent)):
            raise WorkflowError(
                f"{type(self).__name__}: its arguments must contain context.Task.Token, or nobody can answer"
            )
        waiting = cast("Task[In, T]", copy.copy(self))
        waiting.awaits_token, waiting.result_path, waiting.output_type = True, (), gives
        waiting.assignments = dict(self.assignments)
        return waiting

    def giving(self, output: T) -> Task[In, T]:
        """Return the same task with this output instead of its result."""
        other = cast("Task[In, T]", copy.copy(self))
        other.output = Some(output)
        other.output_type = form_of(output)
        other.assignments = dict(self.assignments)
        return other


class Invoke(Task[In, Out]):
    """A task that invokes a Lambda function with its input, or `sends`, and outputs the function's result.

    Without `sends`, the states before it must output the function's input; with `sends`, which is that input or an
    object, it can follow any state.
    """

    service = "lambda:invoke"
    result_path = ("Payload",)

    @overload
    def __init__(self, function: Function[In, Out], sends: None = None, **options: Unpack[TaskOptions]) -> None: ...
    @overload
    def __init__(
        self: Invoke[object, R],
        function: Function[T, R],
        sends: T | Mapping[str, object],
        **options: Unpack[TaskOptions],
    ) -> None: ...
    def __init__(self, function: Function[Any, Any], sends: object = None, **options: Unpack[TaskOptions]) -> None:
        super().__init__(**options)
        check_binding(self, Function, function)
        self.function, self.sends = function, sends
        self.input_types = check_sent(self, sends, function)
        self.output_type = function.output_type

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return {"FunctionName": bindings.text(self.function), "Payload": payload_of(self.sends)}


def _check_heartbeat(task: AnyState, heartbeat: timedelta, timeout: timedelta) -> None:
    if heartbeat >= timeout:
        raise WorkflowError(
            f"{type(task).__name__}: heartbeat ({heartbeat}) must be shorter than timeout "
            f"({timeout}), or it has no effect"
        )


def check_sent(task: AnyState, sends: object, receiver: Function[Any, Any] | Machine[Any, Any]) -> tuple[object, ...]:
    """Return the types that the task's input must fit; raises WorkflowError if the receiver can never take `sends`."""
    if sends is None:
        return (receiver.input_type,)
    if isinstance(sends, Expression) and (reason := value_mismatch(sends, receiver.input_type, every=False)):
        expected = name_of(receiver.input_type)
        raise WorkflowError(f"{type(task).__name__}({receiver!r}, {sends!r}): sends must be {expected}, but {reason}")
    return ()


def payload_of(sends: object) -> object:
    """Return the payload of a task: `sends`, or the task's input if `sends` is None."""
    return Reference(Source("state_input")) if sends is None else sends


def _is_token(reference: Reference) -> bool:
    source, path = source_and_path(reference)
    return source.root == "context" and path == ("Task", "Token")
