"""Tasks: states that call functions and services.

`Invoke`, `SendMessage` and their like know what their service wants; `Call` takes any integration by its name. A task
waits for the answer (request and response), for the work (`.sync`), or for who holds its token (`waiting_for_token`).

Past 250 lines: one short class for each service.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypedDict, TypeVar, Unpack, cast, overload

from ..deep_json import Json
from ..failures import WorkflowError
from .bindings import Binding, Bindings, Bucket, EventBus, Function, Limit, Machine, Queue, Table, Topic
from .expressions import Expression, Reference, Source, form_of, place_of
from .marshalling import marshalled
from .retries import Retry
from .rewriting import references_in
from .states import Catching, Given, check_options

if TYPE_CHECKING:
    from typing_extensions import TypeForm

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
T = TypeVar("T")
R = TypeVar("R")

Answer = dict[str, Json]
"""What a service answers, its shape not known here."""


class TaskOptions(TypedDict, total=False):
    """What every task takes."""

    retry: Retry | tuple[Retry, ...]
    timeout: timedelta | Limit | int
    """How long one attempt may take: fixed, set by the deployment, or seconds from data."""
    heartbeat: timedelta | Limit | int
    """How long whoever does the work may be silent."""
    credentials: str
    """ARN of a role that the call is made as."""
    name: str
    comment: str


class Task(Catching[In, Out], Generic[In, Out]):
    """A state that has work done elsewhere."""

    type = "Task"
    service: ClassVar[str] = ""
    """The integration, as in `arn:aws:states:::<service>`."""
    result_path: tuple[str, ...] = ()
    """Where in the integration's answer the state's own result lies."""

    def __init__(self, **options: Unpack[TaskOptions]) -> None:
        check_options(self, options, TaskOptions)
        super().__init__(retry=options.get("retry", ()), name=options.get("name"), comment=options.get("comment"))
        self.timeout = options.get("timeout")
        self.heartbeat = options.get("heartbeat")
        self.credentials = options.get("credentials")
        self.awaits_token = False

    def arguments(self, bindings: Bindings) -> dict[str, object] | None:
        """What the integration is given; expressions included."""
        raise NotImplementedError

    def resource(self, bindings: Bindings) -> str:
        """The integration's ARN."""
        return f"arn:{bindings.partition}:states:::{self.service}{'.waitForTaskToken' if self.awaits_token else ''}"

    def waiting_for_token(self, gives: TypeForm[T]) -> Task[In, T]:
        """The same task, ended by whoever sends its token back: with SendTaskSuccess, and what it gives then."""
        sent = self.arguments(Bindings(None, "aws"))
        if not any(_is_token(reference) for reference in references_in(sent)):
            raise WorkflowError(
                f"{type(self).__name__}: nobody can answer, for what it sends has no context.Task.Token"
            )
        waiting = cast("Task[In, T]", copy.copy(self))
        waiting.awaits_token, waiting.result_path, waiting.gives = True, (), gives
        waiting.assign = dict(self.assign)
        return waiting

    def giving(self, output: T) -> Task[In, T]:
        """The same task, giving this instead of its result."""
        other = cast("Task[In, T]", copy.copy(self))
        other.output = Given(output)
        other.gives = form_of(output)
        other.assign = dict(self.assign)
        return other


class Invoke(Task[In, Out]):
    """Calls a Lambda function with its input, or with what `sends` says, and gives what the function returns.

    It comes after states that give what the function takes; where `sends` is that (or an object), after any state.
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
    @overload
    def __init__(self, function: Function[In, Out], sends: object, **options: Unpack[TaskOptions]) -> None: ...
    def __init__(self, function: Function[Any, Any], sends: object = None, **options: Unpack[TaskOptions]) -> None:
        super().__init__(**options)
        self.function, self.sends = function, sends
        self.gives = function.gives

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return {"FunctionName": bindings.text(self.function), "Payload": _sent(self.sends)}


class SendMessage(Task[object, Answer]):
    """Sends its input, or what `sends` says, to a queue of SQS.

    `group`, `deduplication_id`    for a FIFO queue
    `delay`                        how long the queue keeps the message back, 15 minutes at most
    """

    service = "sqs:sendMessage"

    def __init__(
        self,
        queue: Queue,
        sends: object = None,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        delay: timedelta | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        self.queue, self.sends, self.group = queue, sends, group
        self.deduplication_id, self.delay = deduplication_id, delay
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"QueueUrl": bindings.text(self.queue), "MessageBody": _sent(self.sends)}
        also = {
            "MessageGroupId": self.group,
            "MessageDeduplicationId": self.deduplication_id,
            "DelaySeconds": None if self.delay is None else bindings.seconds(self.delay),
        }
        return sent | {name: value for name, value in also.items() if value is not None}


class Publish(Task[object, Answer]):
    """Publishes its input, or what `sends` says, to a topic of SNS."""

    service = "sns:publish"

    def __init__(
        self, topic: Topic, sends: object = None, *, subject: str | None = None, **options: Unpack[TaskOptions]
    ) -> None:
        super().__init__(**options)
        self.topic, self.sends, self.subject = topic, sends, subject
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TopicArn": bindings.text(self.topic), "Message": _sent(self.sends)}
        return sent if self.subject is None else sent | {"Subject": self.subject}


class PutEvent(Task[object, Answer]):
    """Puts an event with its input, or what `detail` says, on a bus of EventBridge."""

    service = "events:putEvents"

    def __init__(
        self, bus: EventBus, source: str, detail_type: str, detail: object = None, **options: Unpack[TaskOptions]
    ) -> None:
        super().__init__(**options)
        self.bus, self.source, self.detail_type, self.detail = bus, source, detail_type, detail
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        entry = {
            "EventBusName": bindings.text(self.bus),
            "Source": self.source,
            "DetailType": self.detail_type,
            "Detail": _sent(self.detail),
        }
        return {"Entries": [entry]}


class StartExecution(Task[object, Out]):
    """Starts another state machine with its input, or with what `sends` says, and waits for what that gives.

    With `wait=False` it gives the ARN of the execution and goes on.
    """

    def __init__(
        self,
        machine: Machine[object, Out],
        sends: object = None,
        *,
        wait: bool = True,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        self.machine, self.sends, self.waits = machine, sends, wait
        self.result_path = ("Output",) if wait else ()
        self.gives = machine.gives if wait else Answer

    def resource(self, bindings: Bindings) -> str:
        pattern = ".waitForTaskToken" if self.awaits_token else ".sync:2" if self.waits else ""
        return f"arn:{bindings.partition}:states:::states:startExecution{pattern}"

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return {"StateMachineArn": bindings.text(self.machine), "Input": _sent(self.sends)}


class GetItem(Task[object, Answer]):
    """Reads an item of DynamoDB by its key; `projection` says which attributes, all if it is None."""

    service = "dynamodb:getItem"

    def __init__(
        self,
        table: Table,
        key: Mapping[str, object],
        *,
        consistent: bool = False,
        projection: str | None = None,
        names: Mapping[str, str] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        self.table, self.key, self.consistent = table, key, consistent
        self.projection, self.names = projection, names
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TableName": bindings.text(self.table), "Key": _item(self.key)}
        if self.consistent:
            sent["ConsistentRead"] = True
        return sent | _expressions(ProjectionExpression=self.projection, names=self.names)


class PutItem(Task[object, Answer]):
    """Writes an item of DynamoDB, if its condition holds."""

    service = "dynamodb:putItem"

    def __init__(
        self,
        table: Table,
        item: Mapping[str, object],
        *,
        condition: str | None = None,
        values: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        self.table, self.item, self.condition, self.values, self.names = table, item, condition, values, names
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TableName": bindings.text(self.table), "Item": _item(self.item)}
        return sent | _expressions(ConditionExpression=self.condition, values=self.values, names=self.names)


class UpdateItem(Task[object, Answer]):
    """Changes an item of DynamoDB by an update expression, if its condition holds.

    `returns`    what of the item the answer's Attributes are to have
    """

    service = "dynamodb:updateItem"

    def __init__(
        self,
        table: Table,
        key: Mapping[str, object],
        update: str,
        values: Mapping[str, object],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        returns: Literal["ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        self.table, self.key, self.update, self.values, self.condition = table, key, update, values, condition
        self.names, self.returns = names, returns
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {
            "TableName": bindings.text(self.table),
            "Key": _item(self.key),
            "UpdateExpression": self.update,
            **_expressions(ConditionExpression=self.condition, values=self.values, names=self.names),
        }
        return sent if self.returns is None else sent | {"ReturnValues": self.returns}


class DeleteItem(Task[object, Answer]):
    """Deletes an item of DynamoDB by its key, if its condition holds."""

    service = "dynamodb:deleteItem"

    def __init__(
        self,
        table: Table,
        key: Mapping[str, object],
        *,
        condition: str | None = None,
        values: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        self.table, self.key, self.condition, self.values, self.names = table, key, condition, values, names
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TableName": bindings.text(self.table), "Key": _item(self.key)}
        return sent | _expressions(ConditionExpression=self.condition, values=self.values, names=self.names)


class GetObject(Task[object, Answer]):
    """Reads an object of S3; its text is the answer's Body."""

    service = "aws-sdk:s3:getObject"

    def __init__(self, bucket: Bucket, key: str, **options: Unpack[TaskOptions]) -> None:
        super().__init__(**options)
        self.bucket, self.key = bucket, key
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return {"Bucket": bindings.text(self.bucket), "Key": self.key}


class PutObject(Task[object, Answer]):
    """Writes its input, or what `sends` says, as an object of S3."""

    service = "aws-sdk:s3:putObject"

    def __init__(self, bucket: Bucket, key: str, sends: object = None, **options: Unpack[TaskOptions]) -> None:
        super().__init__(**options)
        self.bucket, self.key, self.sends = bucket, key, sends
        self.gives = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return {"Bucket": bindings.text(self.bucket), "Key": self.key, "Body": _sent(self.sends)}


class Call(Task[object, Out]):
    """Calls any integration by its name, as in `Call("ecs:runTask.sync", {…}, gives=RunTaskAnswer)`.

    Names are those of ARNs after `:states:::`: `glue:startJobRun.sync`, `aws-sdk:textract:detectDocumentText` …
    Bindings stand in its arguments as they are.
    """

    def __init__(
        self,
        integration: str,
        sends: Mapping[str, object],
        gives: TypeForm[Out],
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        if integration.startswith("arn:"):
            raise WorkflowError(
                f"Call({integration!r}): takes what stands after `:states:::`, so that it runs in every partition"
            )
        self.integration, self.sends = integration, sends
        self.gives = gives

    def resource(self, bindings: Bindings) -> str:
        pattern = ".waitForTaskToken" if self.awaits_token else ""
        return f"arn:{bindings.partition}:states:::{self.integration}{pattern}"

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return cast("dict[str, object]", _bound(self.sends, bindings))


class Activity(Task[object, Out]):
    """Waits for a worker of one's own, who asks for work at an activity."""

    def __init__(
        self, activity: Binding, gives: TypeForm[Out], sends: object = None, **options: Unpack[TaskOptions]
    ) -> None:
        super().__init__(**options)
        self.activity, self.sends = activity, sends
        self.gives = gives

    def resource(self, bindings: Bindings) -> str:
        return bindings.text(self.activity)

    def arguments(self, bindings: Bindings) -> dict[str, object] | None:  # noqa: ARG002  # it has no names to bind
        return None if self.sends is None else cast("dict[str, object]", self.sends)


def _sent(sends: object) -> object:
    return Reference(Source("state_input")) if sends is None else sends


def _is_token(reference: Reference) -> bool:
    source, path = place_of(reference)
    return source.root == "context" and path == ("Task", "Token")


def _item(values: Mapping[str, object]) -> dict[str, object]:
    return {name: marshalled(value) for name, value in values.items()}


def _expressions(
    values: Mapping[str, object] | None = None, names: Mapping[str, str] | None = None, **expressions: str | None
) -> dict[str, object]:
    """The expressions of a call of DynamoDB that are given, with what stands in them for values and names."""
    sent: dict[str, object] = {name: text for name, text in expressions.items() if text is not None}
    if names:
        sent["ExpressionAttributeNames"] = dict(names)
    if values:
        sent["ExpressionAttributeValues"] = _item(values)
    return sent


def _bound(value: object, bindings: Bindings) -> object:
    if isinstance(value, Limit):
        return bindings.seconds(value)
    if isinstance(value, Binding):
        return bindings.text(value)
    if isinstance(value, Expression):
        return value
    if isinstance(value, Mapping):
        return {key: _bound(item, bindings) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_bound(item, bindings) for item in cast("Sequence[object]", value)]
    return value
