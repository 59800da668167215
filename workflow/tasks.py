"""Tasks: states that call functions and services."""

from datetime import timedelta
from typing import Generic, TypeVar

from .bindings import Bindings, Function, Limit, Queue
from .expressions import Reference, Source
from .retries import Retry
from .states import Catching, Given

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)


class Task(Catching[In, Out], Generic[In, Out]):
    """A state that has work done elsewhere."""

    type = "Task"
    service: str
    """The integration, as in `arn:aws:states:::<service>`."""
    result_path: tuple[str, ...] = ()
    """Where in the integration's answer the state's own result lies."""

    def __init__(
        self,
        *,
        retry: "Retry | tuple[Retry, ...]" = (),
        timeout: "timedelta | Limit | None" = None,
        heartbeat: "timedelta | Limit | None" = None,
        output: object = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(retry=retry, name=name, comment=comment)
        self.timeout, self.heartbeat = timeout, heartbeat
        self.output = None if output is None else Given(output)

    def arguments(self, bindings: Bindings) -> "dict[str, object]":
        """What the integration is given; expressions included."""
        raise NotImplementedError

    def resource(self, bindings: Bindings) -> str:
        """The integration's name."""
        return f"arn:{bindings.partition}:states:::{self.service}"


class Invoke(Task[In, Out]):
    """Calls a Lambda function with its input, or with what `sends` says, and gives what the function returns."""

    service = "lambda:invoke"
    result_path = ("Payload",)

    def __init__(
        self,
        function: Function[In, Out],
        sends: object = None,
        *,
        retry: "Retry | tuple[Retry, ...]" = (),
        timeout: "timedelta | Limit | None" = None,
        heartbeat: "timedelta | Limit | None" = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(retry=retry, timeout=timeout, heartbeat=heartbeat, name=name, comment=comment)
        self.function, self.sends = function, sends

    def arguments(self, bindings: Bindings) -> "dict[str, object]":
        payload = Reference(Source("state_input")) if self.sends is None else self.sends
        return {"FunctionName": bindings.text(self.function), "Payload": payload}


class SendMessage(Task[object, "dict[str, Json]"]):
    """Sends its input, or what `sends` says, to a queue of SQS."""

    service = "sqs:sendMessage"

    def __init__(
        self,
        queue: Queue,
        sends: object = None,
        *,
        retry: "Retry | tuple[Retry, ...]" = (),
        timeout: "timedelta | Limit | None" = None,
        name: str | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(retry=retry, timeout=timeout, name=name, comment=comment)
        self.queue, self.sends = queue, sends

    def arguments(self, bindings: Bindings) -> "dict[str, object]":
        body = Reference(Source("state_input")) if self.sends is None else self.sends
        return {"QueueUrl": bindings.text(self.queue), "MessageBody": body}
