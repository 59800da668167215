"""Hypothesis strategies for tasks of the language: every kind, with every option, with and without task tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from workflow import Function, Invoke, Limit, context, result_of
from workflow.fn import concat
from workflow.service_steps import (
    Activity,
    Binding,
    Bucket,
    DeleteItem,
    EventBus,
    GetItem,
    GetObject,
    Machine,
    Publish,
    PutEvent,
    PutItem,
    PutObject,
    Queue,
    SendMessage,
    ServiceCall,
    StartExecution,
    Table,
    Topic,
    UpdateItem,
)

work_fn = Function("work_fn", object, dict)
queue, topic, bus, table, bucket = Queue("queue"), Topic("topic"), EventBus("bus"), Table("table"), Bucket("bucket")
machine = Machine("machine", object, dict)
worker = Binding("worker", "ARN of an activity")
seconds = Limit("seconds", "how long a task may take", default=timedelta(seconds=9))

CALLED = (
    "work_fn",
    "${worker}",
    "sqs:sendMessage",
    "sns:publish",
    "events:putEvents",
    "states:startExecution",
    "dynamodb:getItem",
    "dynamodb:putItem",
    "dynamodb:updateItem",
    "dynamodb:deleteItem",
    "aws-sdk:s3:getObject",
    "aws-sdk:s3:putObject",
    "aws-sdk:sqs:getQueueUrl",
    "glue:startJobRun",
)
"""The names under which `run` looks up the functions for these tasks."""


@st.composite
def tasks(
    draw: Callable[..., Any],
    payload: Any,
    value: dict[str, Any],
    retry: Any,
    *,
    portable: bool,
    functions_only: bool = False,
) -> Any:
    """Generate a task that sends the value, or arguments suitable for its service."""
    options: dict[str, Any] = {"retry": retry, "timeout": draw(st.sampled_from([timedelta(seconds=9), seconds]))}
    token = {**value, "token": context.Task.Token}
    if not portable:
        options["comment"] = "processes the payload"
    if draw(st.booleans()):
        options["heartbeat"] = timedelta(seconds=3)
    text, number = payload["text"], payload["number"]
    key = {"pk": concat("order#", text)}
    candidates: list[Callable[[], Any]] = [
        lambda: Invoke(work_fn, value, **options),
        lambda: Invoke(work_fn, value, **options).giving({"result": result_of(work_fn)}),
    ]
    if functions_only:
        return draw(st.sampled_from(candidates))()
    candidates += [
        lambda: Invoke(work_fn, token, **options).waiting_for_token(dict),
        lambda: SendMessage(queue, value, group=text, **options),
        lambda: SendMessage(queue, value, deduplication_id=text, delay=timedelta(seconds=5), **options),
        lambda: SendMessage(queue, token, **options).waiting_for_token(dict),
        lambda: Publish(topic, value, subject="something happened", **options),
        lambda: PutEvent(bus, "app", "happened", value, **options),
        lambda: StartExecution(machine, value, **options),
        lambda: StartExecution(machine, value, wait=False, execution=concat("run-", text), **options),
        lambda: StartExecution(machine, token, **options).waiting_for_token(dict),
        lambda: GetItem(table, key, consistent=True, projection="#n, items", names={"#n": "number"}, **options),
        lambda: PutItem(
            table, {**key, "number": number, "fixed": [1, None]}, condition="attribute_not_exists(pk)", **options
        ),
        lambda: UpdateItem(table, key, "SET n = :n", {":n": number}, condition="n < :n", **options),
        lambda: UpdateItem(table, key, "SET #n = :n", {":n": number}, names={"#n": "n"}, returns="ALL_NEW", **options),
        lambda: DeleteItem(table, key, **options),
        lambda: DeleteItem(table, key, condition="#n = :n", values={":n": number}, names={"#n": "n"}, **options),
        lambda: GetObject(bucket, concat("inbox/", text), **options),
        lambda: PutObject(bucket, "outbox", value, **options),
        lambda: ServiceCall("aws-sdk:sqs:getQueueUrl", {"QueueName": text}, dict, **options),
        lambda: ServiceCall("glue:startJobRun.sync", {"JobName": "nightly"}, dict, **options),
        lambda: Activity(worker, dict, value, **options),
    ]
    return draw(st.sampled_from(candidates))()


def serve(_: Any, call: Any) -> Any:
    """Answer any task call with success, a waiting one by its token after a second."""
    answer = {"ok": True}
    if call.token is not None:
        call.succeed(answer, after=timedelta(seconds=1))
    return {"Output": answer} if call.resource.endswith(".sync:2") else answer
