"""Tasks that call a service: a class for each common service, and `ServiceCall` for any integration by its name.

Longer than 250 lines because it has a short class for each service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack, cast, overload

from ...asl.limits import MAX_MESSAGE_DELAY_SECONDS
from ...failures import WorkflowError
from ..bindings import Binding, Bindings, Bucket, EventBus, Limit, Machine, Queue, Topic
from ..option_checks import (
    check_binding,
    check_durations,
    check_fixed_strings,
    check_flags,
    check_form,
    check_objects,
    check_strings,
)
from .tasks import Answer, Task, TaskOptions, check_sent, payload_of
from .transitions import AnyState

if TYPE_CHECKING:
    from typing_extensions import TypeForm

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
T = TypeVar("T")
R = TypeVar("R")


class SendMessage(Task[object, Answer]):
    """A task that sends its input, or `sends`, to an SQS queue.

    `group`, `deduplication_id`    for a FIFO queue
    `delay`                        the time for which the queue holds back the message, 15 minutes at most
    """

    service = "sqs:sendMessage"

    def __init__(
        self,
        queue: Queue,
        sends: object = None,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        delay: timedelta | Limit | int | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        check_binding(self, Queue, queue)
        check_strings(self, group=group, deduplication_id=deduplication_id)
        check_durations(self, 0, MAX_MESSAGE_DELAY_SECONDS, delay=delay)
        self.queue, self.sends, self.group = queue, sends, group
        self.deduplication_id, self.delay = deduplication_id, delay
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"QueueUrl": bindings.text(self.queue), "MessageBody": payload_of(self.sends)}
        optional = {
            "MessageGroupId": self.group,
            "MessageDeduplicationId": self.deduplication_id,
            "DelaySeconds": bindings.seconds(self.delay) if isinstance(self.delay, timedelta) else self.delay,
        }
        return sent | {name: value for name, value in optional.items() if value is not None}


class Publish(Task[object, Answer]):
    """A task that publishes its input, or `sends`, to an SNS topic."""

    service = "sns:publish"

    def __init__(
        self, topic: Topic, sends: object = None, *, subject: str | None = None, **options: Unpack[TaskOptions]
    ) -> None:
        super().__init__(**options)
        check_binding(self, Topic, topic)
        check_strings(self, subject=subject)
        self.topic, self.sends, self.subject = topic, sends, subject
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TopicArn": bindings.text(self.topic), "Message": payload_of(self.sends)}
        return sent if self.subject is None else sent | {"Subject": self.subject}


class PutEvent(Task[object, Answer]):
    """A task that puts an event with its input, or `detail`, on an EventBridge bus."""

    service = "events:putEvents"

    def __init__(
        self, bus: EventBus, source: str, detail_type: str, detail: object = None, **options: Unpack[TaskOptions]
    ) -> None:
        super().__init__(**options)
        check_binding(self, EventBus, bus)
        check_strings(self, source=source, detail_type=detail_type)
        self.bus, self.source, self.detail_type, self.detail = bus, source, detail_type, detail
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        entry = {
            "EventBusName": bindings.text(self.bus),
            "Source": self.source,
            "DetailType": self.detail_type,
            "Detail": payload_of(self.detail),
        }
        return {"Entries": [entry]}


class StartedExecution(TypedDict):
    """The response of Step Functions if the task does not wait for the execution."""

    ExecutionArn: str
    StartDate: str


class StartExecution(Task[In, Out]):
    """A task that starts another state machine with its input, or `sends`, and outputs that machine's output.

    Without `sends`, the states before it must output the machine's input; with `sends`, which is that input or an
    object, it can follow any state. With `wait=False` it outputs the ARN of the execution and does not wait.
    `execution` is the name of the execution.
    """

    @overload
    def __init__(
        self,
        machine: Machine[In, Out],
        sends: None = None,
        *,
        wait: Literal[True] = True,
        execution: str | None = None,
        **options: Unpack[TaskOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: StartExecution[T, StartedExecution],
        machine: Machine[T, Any],
        sends: None = None,
        *,
        wait: Literal[False],
        execution: str | None = None,
        **options: Unpack[TaskOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: StartExecution[object, R],
        machine: Machine[T, R],
        sends: T | Mapping[str, object],
        *,
        wait: Literal[True] = True,
        execution: str | None = None,
        **options: Unpack[TaskOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: StartExecution[object, StartedExecution],
        machine: Machine[T, Any],
        sends: T | Mapping[str, object],
        *,
        wait: Literal[False],
        execution: str | None = None,
        **options: Unpack[TaskOptions],
    ) -> None: ...
    def __init__(
        self,
        machine: Machine[Any, Any],
        sends: object = None,
        *,
        wait: bool = True,
        execution: str | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        check_binding(self, Machine, machine)
        check_flags(self, wait=wait)
        check_strings(self, execution=execution)
        self.machine, self.sends, self.waits, self.execution = machine, sends, wait, execution
        self.result_path = ("Output",) if wait else ()
        self.input_types = check_sent(self, sends, machine)
        self.output_type = machine.output_type if wait else StartedExecution

    def resource(self, bindings: Bindings) -> str:
        pattern = ".waitForTaskToken" if self.awaits_token else ".sync:2" if self.waits else ""
        return f"arn:{bindings.partition}:states:::states:startExecution{pattern}"

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"StateMachineArn": bindings.text(self.machine), "Input": payload_of(self.sends)}
        return sent if self.execution is None else sent | {"Name": self.execution}


class GetObject(Task[object, Answer]):
    """A task that reads an S3 object; the Body of the answer is its text."""

    service = "aws-sdk:s3:getObject"

    def __init__(self, bucket: Bucket, key: str, **options: Unpack[TaskOptions]) -> None:
        super().__init__(**options)
        check_binding(self, Bucket, bucket)
        check_strings(self, key=key)
        self.bucket, self.key = bucket, key
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return {"Bucket": bindings.text(self.bucket), "Key": self.key}


class PutObject(Task[object, Answer]):
    """A task that writes its input, or `sends`, as an S3 object."""

    service = "aws-sdk:s3:putObject"

    def __init__(self, bucket: Bucket, key: str, sends: object = None, **options: Unpack[TaskOptions]) -> None:
        super().__init__(**options)
        check_binding(self, Bucket, bucket)
        check_strings(self, key=key)
        self.bucket, self.key, self.sends = bucket, key, sends
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        return {"Bucket": bindings.text(self.bucket), "Key": self.key, "Body": payload_of(self.sends)}


class ServiceCall(Task[object, Out]):
    """A task that calls any integration by name, as in `ServiceCall("ecs:runTask.sync", {…}, gives=RunTaskAnswer)`.

    The name is the part of the ARN after `:states:::`, such as `glue:startJobRun.sync` or
    `aws-sdk:textract:detectDocumentText`. Its arguments may contain bindings.
    """

    def __init__(
        self,
        integration: str,
        sends: Mapping[str, object],
        gives: TypeForm[Out],
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        check_fixed_strings(self, integration=integration)
        check_objects(self, sends=sends)
        check_form(self, gives)
        if integration.startswith("arn:"):
            raise WorkflowError(
                f"ServiceCall({integration!r}): must be given the part of the ARN after `:states:::`, so that it runs "
                "in every partition"
            )
        self.integration, self.sends = integration, sends
        self.output_type = gives

    def resource(self, bindings: Bindings) -> str:
        integration = f"{self.integration}{'.waitForTaskToken' if self.awaits_token else ''}"
        _check_call(self, integration, self.sends)
        return f"arn:{bindings.partition}:states:::{integration}"

    def arguments(self, bindings: Bindings) -> dict[str, object]:  # noqa: ARG002  # the compiler binds the names in it
        return dict(self.sends)


class Activity(Task[object, Out]):
    """A task that waits for a worker of your own, which polls an activity for work."""

    def __init__(
        self, activity: Binding, gives: TypeForm[Out], sends: object = None, **options: Unpack[TaskOptions]
    ) -> None:
        super().__init__(**options)
        check_binding(self, Binding, activity)
        check_form(self, gives)
        self.activity, self.sends = activity, sends
        self.output_type = gives

    def resource(self, bindings: Bindings) -> str:
        return bindings.text(self.activity)

    def arguments(self, bindings: Bindings) -> dict[str, object] | None:  # noqa: ARG002  # the compiler binds the names in it
        return None if self.sends is None else cast("dict[str, object]", self.sends)


def _check_call(task: AnyState, integration: str, sends: Mapping[str, object]) -> None:
    """Raise WorkflowError for an unknown integration, or for a call without a required argument."""
    from ...asl.integrations import UnknownTarget, needs_of, target_of
    from ...asl.suggestions import nearest, suggest

    try:
        target = target_of(f"arn:aws:states:::{integration}")
    except UnknownTarget as error:
        if error.certain or (error.word and nearest(error.word, error.words)):
            raise WorkflowError(
                f"{task!r} calls {integration!r}: {error} {suggest(error.word, error.words)}".rstrip()
            ) from None
        return
    given = {name.lower() for name in sends}
    missing = [need for need in needs_of(target) if given.isdisjoint(need.lower().split("|"))]
    if missing:
        raise WorkflowError(f"{task!r} calls {integration}, which requires {', '.join(missing).replace('|', ' or ')}")
