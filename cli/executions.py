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

from .command_errors import EXIT_CODES, CommandFailed, UsageError
from .request_input import as_object
from .target import DeploymentTarget

EXECUTION_TIMEOUT: Final = timedelta(minutes=6)  # the machine itself times out after five minutes
MAX_INPUT_BYTES: Final = 256 * 1024  # StartExecution's quota


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedExecution:
    """A closed execution of any machine, and the states that it entered, in order.

    `output` and `cause` are parsed if they are JSON, and strings otherwise.
    """

    arn: str
    path: tuple[str, ...]
    status: str
    """SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
    output: Any = None
    error: str | None = None
    cause: Any = None

    @property
    def succeeded(self) -> bool:
        """True if the execution reached its end without an error."""
        return self.status == "SUCCEEDED"

    @property
    def booking_result(self) -> Mapping[str, Any] | None:
        """The BookingResult: the output, or the cause of a Fail state. None if the execution has none."""
        value = as_object(self.output if self.succeeded else self.cause)
        is_result = value is not None and "schema" in value and value.get("status") in EXIT_CODES
        return value if is_result else None

    @property
    def result(self) -> Mapping[str, Any]:
        """The BookingResult of a booking.

        Raises:
            CommandFailed: the execution has none.
        """
        if (result := self.booking_result) is not None:
            return result
        reason = f"{self.error or ''} {self.cause or ''}".strip() or f"its output is {json.dumps(self.output)}"
        raise CommandFailed(
            f"The execution ended {self.status} without a BookingResult: {reason}. It is {self.arn}. "
            "`booking reconcile` settles what it left in flight."
        )

    def as_json(self) -> dict[str, Any]:
        """Return one document with the execution's ARN and path: the BookingResult, or another machine's result."""
        end = {"execution_status": self.status, "output": self.output, "error": self.error, "cause": self.cause}
        return {**(self.booking_result or end), "execution": self.arn, "path": list(self.path)}


def execute(target: DeploymentTarget, event: Any) -> ClosedExecution:
    """Start the state machine with any JSON value and wait for its end."""
    return wait_until_closed(target, start_execution(target, event))


def start_execution(target: DeploymentTarget, event: Any) -> str:
    """Start one execution and return its ARN."""
    text = json.dumps(event)
    if len(text.encode()) > MAX_INPUT_BYTES:
        raise UsageError(f"The event must be at most {MAX_INPUT_BYTES} bytes as JSON, got {len(text.encode())}.")
    try:
        answer = target.client("stepfunctions").start_execution(
            stateMachineArn=target.output("stateMachineArn"), name=execution_name(event), input=text
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


def wait_until_closed(
    target: DeploymentTarget, execution: str, timeout: timedelta = EXECUTION_TIMEOUT
) -> ClosedExecution:
    """Poll until the execution is closed, at intervals that grow from 20 ms to a second."""
    client, pause, deadline = target.client("stepfunctions"), 0.02, time.monotonic() + timeout.total_seconds()
    while True:
        described = client.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return ClosedExecution(
                arn=execution,
                path=fetch_path(target, execution),
                status=described["status"],
                output=_parse_json(described.get("output")),
                error=described.get("error"),
                cause=_parse_json(described.get("cause")),
            )
        if time.monotonic() > deadline:
            raise CommandFailed(f"The execution is still running after {timeout}: {execution}.")
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def fetch_path(target: DeploymentTarget, execution: str) -> tuple[str, ...]:
    """Return the names of the states entered, in order; empty for an EXPRESS machine, which keeps no history."""
    pages = target.client("stepfunctions").get_paginator("get_execution_history")
    try:
        events = [event for page in pages.paginate(executionArn=execution) for event in page["events"]]
    except ClientError:
        return ()
    return tuple(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)


def _parse_json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
