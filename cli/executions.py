"""Start an execution of the state machine, wait for its end and read its result."""

import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from .command_errors import CommandFailed, UsageError
from .request_input import as_object
from .target import Target

EXECUTION_TIMEOUT: Final = timedelta(minutes=6)  # the machine itself times out after five minutes
MAX_INPUT_BYTES: Final = 256 * 1024  # StartExecution's quota


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedExecution:
    """A closed execution: its BookingResult as plain data, and the states that it entered, in order."""

    result: Mapping[str, Any]
    arn: str
    path: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return one document: the BookingResult with the execution's ARN and path."""
        return {**self.result, "execution": self.arn, "path": list(self.path)}


def execute(target: Target, event: Any) -> ClosedExecution:
    """Start the state machine with any JSON value and wait for its BookingResult."""
    return wait_until_closed(target, start_execution(target, event))


def start_execution(target: Target, event: Any) -> str:
    """Start one execution and return its ARN."""
    text = json.dumps(event)
    if len(text.encode()) > MAX_INPUT_BYTES:
        raise UsageError(f"The event must be at most {MAX_INPUT_BYTES} bytes as JSON, got {len(text.encode())}.")
    try:
        answer = target.client("stepfunctions").start_execution(
            stateMachineArn=target.outputs["stateMachineArn"], name=execution_name(event), input=text
        )
    except ClientError as error:
        raise CommandFailed(f"The execution could not be started: {error}") from error
    return str(answer["executionArn"])


def execution_name(event: Any) -> str:
    """Return a readable, unique name, `<action>-<request_id>-<random>`. Nothing depends on it."""
    fields = as_object(event) or {}
    words = [str(fields.get(key) or "") for key in ("action", "request_id")]
    readable = "-".join(re.sub(r"[^A-Za-z0-9_-]", "_", word)[:32] for word in words if word) or "event"
    return f"{readable}-{secrets.token_hex(6)}"


def wait_until_closed(target: Target, execution: str, timeout: timedelta = EXECUTION_TIMEOUT) -> ClosedExecution:
    """Poll until the execution is closed: after 20 ms at first, every second in the end."""
    client, pause, deadline = target.client("stepfunctions"), 0.02, time.monotonic() + timeout.total_seconds()
    while True:
        described = client.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return ClosedExecution(result=parse_result(described), arn=execution, path=fetch_path(target, execution))
        if time.monotonic() > deadline:
            raise CommandFailed(f"The execution is still running after {timeout}: {execution}.")
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def parse_result(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the BookingResult: the output, or the cause of a Fail state, which has no output."""
    text = description.get("output") if description["status"] == "SUCCEEDED" else description.get("cause")
    try:
        result = as_object(json.loads(text or ""))
    except ValueError:
        result = None
    if result is None or "status" not in result:
        reason = f"{description.get('error', '')} {description.get('cause', '')}".strip()
        raise CommandFailed(f"The execution ended {description['status']} without a result: {reason or 'no cause'}.")
    return result


def fetch_path(target: Target, execution: str) -> tuple[str, ...]:
    """Return the names of the states entered, in order; empty for an EXPRESS machine, which keeps no history."""
    pages = target.client("stepfunctions").get_paginator("get_execution_history")
    try:
        events = [event for page in pages.paginate(executionArn=execution) for event in page["events"]]
    except ClientError:
        return ()
    return tuple(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)
