"""Executions of the booking machine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from ..domain.canonical import Json
from .clients import Reply, StepFunctionsClient, call, code_of

_GONE: Final = frozenset({"ExecutionDoesNotExist", "InvalidArn", "StateMachineTypeNotSupported"})
_ALREADY_STARTED: Final = "ExecutionAlreadyExists"
"""The error for the SDK's own retry of a start whose reply was lost, if that execution has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStatus:
    """An execution: running, or ended with the result of its request (None: without a result)."""

    is_running: bool
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingMachine:
    """The machine of a stage. Every method may raise `Unavailable`."""

    client: StepFunctionsClient
    arn: str
    is_express: bool

    def start(self, name: str, envelope: Json, trace: str) -> ExecutionStatus:
        """Start an execution with a unique name. An EXPRESS one ends before this returns."""
        request = {"stateMachineArn": self.arn, "name": name, "input": json.dumps(envelope), **_trace(trace)}
        if self.is_express:
            return _parse_outcome(call(self.client.start_sync_execution, **request))
        try:
            call(self.client.start_execution, **request)
        except ClientError as error:
            if code_of(error) != _ALREADY_STARTED:
                raise
        return ExecutionStatus(is_running=True)

    def describe(self, name: str) -> ExecutionStatus | None:
        """Return an execution's current state; None if it no longer exists, like every EXPRESS one."""
        if self.is_express:
            return None
        try:
            reply = call(self.client.describe_execution, executionArn=self.execution_arn(name))
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise
            return None
        return ExecutionStatus(is_running=True) if reply["status"] == "RUNNING" else _parse_outcome(reply)

    def execution_arn(self, name: str) -> str:
        """Return the ARN of an execution."""
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"


def _trace(trace: str) -> dict[str, str]:
    return {"traceHeader": trace} if trace.startswith("Root=") else {}


def _parse_outcome(reply: Reply) -> ExecutionStatus:
    """Parse the result: the output, or the cause of the `failed` state."""
    text = reply.get("output") if reply["status"] == "SUCCEEDED" else reply.get("cause")
    try:
        value = json.loads(text or "")
    except ValueError:
        return ExecutionStatus(is_running=False)
    result = cast("Mapping[str, Any]", value) if isinstance(value, dict) and "status" in value else None
    return ExecutionStatus(is_running=False, result=result)
