"""Run tasks by calling Python callables.

    def purchase(event): ...            # returns or raises like a Lambda function
    def slow(event, call): ...          # `call` advances the virtual clock, sends heartbeats, answers the task token

StillWaiting    a task without a timeout waits for a task token that its callable never answers
NoFunction      `run` was given no callable for a task
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from ..asl.json_type import Json
from ..asl.json_values import NotJson, json_of
from ..asl.limits import MAX_LAMBDA_SECONDS
from .state_errors import HEARTBEAT, TASK_FAILED, TIMEOUT, Fault, StateFailed, TaskFailed
from .task_names import names_of_key

Callables: TypeAlias = Mapping[Any, Callable[..., object]]
"""Callables by state name, function name, `service:action`, Resource, or Function of the workflow language."""


class NoFunction(KeyError):
    """The error of a task without a callable; the message names the task and the keys that `run` looked up."""

    __str__ = Exception.__str__


class StillWaiting(RuntimeError):
    """The error of a task that would wait for its task token forever; the message names the state."""


class _CallTimedOut(BaseException):
    """Unwinds a callable that exceeded its timeout; not an Exception, so that nobody catches it by accident."""


@dataclass(slots=True, kw_only=True)
class TaskCall:
    """One attempt of a task, as passed to its callable; it also has attributes of Lambda's context object."""

    state: str
    resource: str
    arguments: Json
    attempt: int
    """The number of the attempt, counted from 1."""
    started_at: datetime
    token: str | None
    timeout_seconds: float | None
    heartbeat_seconds: float | None
    function_name: str
    aws_request_id: str
    documented: bool = False
    """True to report a missed heartbeat as States.HeartbeatTimeout, as documented, and not as recorded on AWS."""
    elapsed_seconds: float = 0.0
    answer: "tuple[float, Json | StateFailed] | None" = None
    _heartbeats: list[float] = field(default_factory=lambda: [0.0])

    @property
    def now(self) -> datetime:
        """The current virtual time."""
        return self.started_at + timedelta(seconds=self.elapsed_seconds)

    def wait(self, duration: timedelta) -> None:
        """Advance the virtual clock; never returns if the task times out meanwhile."""
        self.elapsed_seconds += duration.total_seconds()
        if self._deadline()[0] < self.elapsed_seconds:
            raise _CallTimedOut

    def heartbeat(self) -> None:
        """Send Step Functions a heartbeat at the current virtual time."""
        self._heartbeats.append(self.elapsed_seconds)

    def succeed(self, output: object, *, after: timedelta = timedelta(0)) -> None:
        """Answer the task token with an output, `after` this long from now."""
        self.answer = (self.elapsed_seconds + after.total_seconds(), json_of(output))

    def fail(self, error: str, cause: str = "", *, after: timedelta = timedelta(0)) -> None:
        """Answer the task token with an error, `after` this long from now."""
        self.answer = (self.elapsed_seconds + after.total_seconds(), StateFailed(error, cause))

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the task times out, or until Lambda's maximum if it has no timeout."""
        return int(((self.timeout_seconds or MAX_LAMBDA_SECONDS) - self.elapsed_seconds) * 1000)

    @property
    def invoked_function_arn(self) -> str:
        """The function's name, in place of the ARN in Lambda's context object."""
        return self.function_name

    def apply_timeout(self, at: float) -> tuple[float, StateFailed | None]:
        """Return the end of an attempt that would end at `at`, and the error if it times out first.

        Both times are in seconds from the start of the attempt.
        """
        deadline, error = self._deadline()
        if at <= deadline:
            return at, None
        return deadline, StateFailed(error if self.documented else TIMEOUT)

    def _deadline(self) -> tuple[float, str]:
        never = float("inf")
        heartbeat_deadline = (
            self._heartbeats[-1] + self.heartbeat_seconds if self.heartbeat_seconds is not None else never
        )
        timeout = self.timeout_seconds if self.timeout_seconds is not None else never
        return (heartbeat_deadline, HEARTBEAT) if heartbeat_deadline < timeout else (timeout, TIMEOUT)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The duration and the result of one attempt of a task."""

    seconds: float
    result: "Json | StateFailed"


class TaskFunctions:
    """The callables given to a run, by name."""

    def __init__(self, functions: Callables) -> None:
        self._by_name: dict[str, Callable[..., object]] = {}
        for key, function in functions.items():
            for name in names_of_key(key):
                self._by_name[name] = function

    def attempt(self, call: TaskCall, names: tuple[str, ...], wraps_payload: bool, fault: Fault | None) -> Attempt:
        """Run one attempt: call the task's callable, inject the fault, or both if the fault only loses the reply."""
        if fault is not None and not fault.lost_reply:
            call.elapsed_seconds += fault.after.total_seconds()
            return _end_attempt(call, call.elapsed_seconds, StateFailed(fault.error, fault.cause))
        attempt = self._invoke(call, self._find(call, names), wraps_payload)
        if fault is None:
            return attempt
        return _end_attempt(call, attempt.seconds + fault.after.total_seconds(), StateFailed(fault.error, fault.cause))

    def _find(self, call: TaskCall, names: tuple[str, ...]) -> Callable[..., object]:
        for name in names:
            if name in self._by_name:
                return self._by_name[name]
        keys = " or ".join(repr(name) for name in dict.fromkeys(names))
        raise NoFunction(f"There is no function for the task {call.state!r}: pass one to run() as {keys}.")

    def _invoke(self, call: TaskCall, function: Callable[..., object], wraps_payload: bool) -> Attempt:
        try:
            payload = (
                call.arguments.get("Payload") if wraps_payload and isinstance(call.arguments, dict) else call.arguments
            )
            event = json_of(payload)  # a copy, so that the callable cannot change the run's data
            returned = json_of(function(event, call) if _accepts_call(function) else function(event))
        except _CallTimedOut:
            return _end_attempt(call, call.elapsed_seconds, None)
        except TaskFailed as failure:
            return _end_attempt(call, call.elapsed_seconds, StateFailed(failure.error, failure.cause, failure))
        except NotJson as error:
            return _end_attempt(
                call, call.elapsed_seconds, _to_failure(call, "Runtime.MarshalError", str(error), error)
            )
        except (NoFunction, StillWaiting):
            raise
        except Exception as error:  # any exception is an error named after its class
            return _end_attempt(call, call.elapsed_seconds, _to_failure(call, type(error).__name__, str(error), error))
        if call.token is not None:
            return _await_token(call)
        if wraps_payload:
            returned = {"ExecutedVersion": "$LATEST", "Payload": returned, "StatusCode": 200}
        return _end_attempt(call, call.elapsed_seconds, returned)


def _await_token(call: TaskCall) -> Attempt:
    if call.answer is not None:
        at, answer = call.answer
        return _end_attempt(call, at, answer)
    if call.timeout_seconds is None and call.heartbeat_seconds is None:
        raise StillWaiting(
            f"{call.state!r} waits forever for its task token: answer by call.succeed or call.fail, or set a timeout."
        )
    return _end_attempt(call, float("inf"), None)


def _end_attempt(call: TaskCall, at: float, result: "Json | StateFailed") -> Attempt:
    seconds, timeout = call.apply_timeout(at)
    return Attempt(seconds, timeout if timeout is not None else result)


def _to_failure(call: TaskCall, error: str, message: str, origin: BaseException) -> StateFailed:
    details: dict[str, Json] = {
        "errorMessage": message,
        "errorType": error,
        "requestId": call.aws_request_id,
        "stackTrace": [],
    }
    return StateFailed(error or TASK_FAILED, json.dumps(details, ensure_ascii=False), origin)


def _accepts_call(function: Callable[..., object]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return len([each for each in positional if each.default is each.empty]) >= 2
