"""Read an execution from AWS: its history, or, for an EXPRESS one, the events in the machine's log.

Events name their predecessor, which distinguishes parallel branches. The embedded AWS leaves that out; there, an event
belongs to the state that was entered last.

Longer than 250 lines so that the two sources of a history are in one place.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from .deployment import Deployment
from .trace import ExecutionTrace, StateSpan, TaskAttempt

_BEGINS: Final = re.compile(r"(Task|LambdaFunction|Activity)Scheduled$")
_ENDS: Final = re.compile(r"(Task|LambdaFunction|Activity)(Succeeded|(Schedule|Start|Submit)?Failed|TimedOut)$")
_CLOSES: Final = re.compile(r"Execution(Succeeded|Failed|TimedOut|Aborted)$")
_STATUS: Final = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "TimedOut": "TIMED_OUT", "Aborted": "ABORTED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One event; `previous` is the id of its predecessor, if known."""

    number: int
    previous: int
    type: str
    at: datetime
    details: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class _OpenSpan:
    """A visit whose events are still being read."""

    state: str
    type: str
    outer: "_OpenSpan | None"
    entered_at: datetime
    input: Any
    left_at: datetime | None = None
    output: Any = None
    error: str | None = None
    cause: Any = None
    attempts: list[TaskAttempt] = field(default_factory=list[TaskAttempt])

    @property
    def depth(self) -> int:
        return self.outer.depth + 1 if self.outer else 0

    def chain(self) -> Iterator["_OpenSpan"]:
        """Yield the visit and the enclosing ones, from the inside out."""
        yield self
        if self.outer:
            yield from self.outer.chain()

    def begin(self, at: datetime) -> None:
        """Begin an attempt."""
        self.attempts.append(TaskAttempt(started_at=at))

    def end(self, event: HistoryEvent) -> None:
        """End the last attempt."""
        began = self.attempts.pop().started_at if self.attempts else event.at
        error = None if event.type.endswith("Succeeded") else str(event.details.get("error") or "States.TaskFailed")
        cause = parse_json(event.details.get("cause"))
        self.attempts.append(TaskAttempt(started_at=began, ended_at=event.at, error=error, cause=cause))
        self.error, self.cause = error, cause if error else None

    def span(self) -> StateSpan:
        """Return the finished visit."""
        return StateSpan(
            state=self.state,
            type=self.type,
            depth=self.depth,
            entered_at=self.entered_at,
            left_at=self.left_at,
            input=self.input,
            output=self.output,
            error=self.error,
            cause=self.cause,
            tries=len(self.attempts),
            attempts=tuple(self.attempts),
        )


def read_execution(deployment: Deployment, arn: str) -> ExecutionTrace | None:
    """Return an execution of any state machine, or None if AWS does not know it."""
    client = deployment.client("stepfunctions")
    try:
        described = client.describe_execution(executionArn=arn)
    except ClientError as error:
        if _is_express(arn):
            return _read_express(deployment, arn)
        _require_unknown(error)
        return None
    events, notes = _fetch_events(client, arn)
    return ExecutionTrace(
        name=str(described["name"]),
        arn=arn,
        status=str(described["status"]),
        started_at=described["startDate"].astimezone(UTC),
        ended_at=described["stopDate"].astimezone(UTC) if described.get("stopDate") else None,
        input=parse_json(described.get("input")),
        output=parse_json(described.get("output")),
        error=described.get("error"),
        cause=parse_json(described.get("cause")),
        spans=spans_of(events),
        definition=fetch_definition(deployment, arn),
        notes=notes,
    )


def spans_of(events: Iterable[HistoryEvent]) -> tuple[StateSpan, ...]:
    """Return the visits in the events of one execution, in the order in which they began."""
    spans: list[_OpenSpan] = []
    owners: dict[int, _OpenSpan] = {}
    last: _OpenSpan | None = None
    for event in events:
        owner = owners.get(event.previous) or _innermost_open(spans) or last
        if event.type.endswith("StateEntered"):
            last = _enter(event, owner)
            spans.append(last)
        elif owner is not None:
            last = _apply(event, owner, spans)
        if last is not None:
            owners[event.number] = last
    return tuple(span.span() for span in spans)


def _enter(event: HistoryEvent, owner: _OpenSpan | None) -> _OpenSpan:
    outer = next((span for span in owner.chain() if span.left_at is None), None) if owner else None
    return _OpenSpan(
        state=str(event.details.get("name")),
        type=event.type.removesuffix("StateEntered"),
        outer=outer,
        entered_at=event.at,
        input=parse_json(event.details.get("input")),
    )


def _apply(event: HistoryEvent, owner: _OpenSpan, spans: list[_OpenSpan]) -> _OpenSpan:
    """Apply an event to the visit that it belongs to, and return that visit."""
    if event.type.endswith("StateExited"):
        return _leave(event, owner, spans)
    if _BEGINS.search(event.type):
        owner.begin(event.at)
    elif _ENDS.search(event.type):
        owner.end(event)
    elif _CLOSES.search(event.type):
        _close(event, spans)
    return owner


def _leave(event: HistoryEvent, owner: _OpenSpan, spans: list[_OpenSpan]) -> _OpenSpan:
    name = event.details.get("name")
    candidates = (*owner.chain(), *reversed(spans))
    span = next((each for each in candidates if each.state == name and each.left_at is None), owner)
    span.left_at, span.output = event.at, parse_json(event.details.get("output"))
    return span


def _close(event: HistoryEvent, spans: list[_OpenSpan]) -> None:
    """Close the visits that are still open at the execution's end; the last of them failed."""
    still_open = [span for span in spans if span.left_at is None]
    for span in still_open:
        span.left_at = event.at
    if still_open and not event.type.endswith("Succeeded"):
        failed = still_open[-1]
        failed.error = failed.error or event.details.get("error") or event.type.removeprefix("Execution")
        failed.cause = failed.cause or parse_json(event.details.get("cause"))


def _innermost_open(spans: list[_OpenSpan]) -> _OpenSpan | None:
    return next((span for span in reversed(spans) if span.left_at is None), None)


def _fetch_events(client: Any, arn: str) -> tuple[list[HistoryEvent], tuple[str, ...]]:
    try:
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [_event(each) for page in pages for each in page["events"]], ()
    except ClientError as error:
        return [], (f"The history could not be read: {error}",)


def _event(raw: Mapping[str, Any]) -> HistoryEvent:
    no_details: Mapping[str, Any] = {}
    details = next((value for name, value in raw.items() if name.endswith("EventDetails") and value), no_details)
    return HistoryEvent(
        number=int(raw["id"]),
        previous=int(raw.get("previousEventId") or 0),
        type=str(raw["type"]),
        at=raw["timestamp"].astimezone(UTC),
        details=details,
    )


def fetch_definition(deployment: Deployment, arn: str) -> Any:
    """Return the definition that an execution ran, or None if AWS does not return it."""
    client = deployment.client("stepfunctions")
    try:
        return json.loads(client.describe_state_machine_for_execution(executionArn=arn)["definition"])
    except (ClientError, KeyError, ValueError):
        pass
    try:
        return json.loads(client.describe_state_machine(stateMachineArn=machine_of(arn))["definition"])
    except (ClientError, KeyError, ValueError):
        return None


def execution_arn(machine: str, name: str) -> str:
    """Return the ARN of a machine's execution, given its name or ARN."""
    return name if name.startswith("arn:") else f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


def machine_of(arn: str) -> str:
    """Return the ARN of the machine of an execution: `…:execution:MACHINE:NAME`, or `…:express:MACHINE:NAME:UUID`."""
    parts = arn.split(":")
    return ":".join([*parts[:5], "stateMachine", parts[6]]) if len(parts) > 6 else arn


def _is_express(arn: str) -> bool:
    return ":express:" in arn


def _require_unknown(error: ClientError) -> None:
    """Raise the error unless it means that the execution does not exist or the ARN is invalid."""
    code = error.response.get("Error", {}).get("Code", "")
    if code not in ("ExecutionDoesNotExist", "InvalidArn", "ValidationException"):
        raise error


def _read_express(deployment: Deployment, arn: str) -> ExecutionTrace | None:
    """Return an EXPRESS execution from the log of its machine, in which its data is masked."""
    group = _log_group(deployment, machine_of(arn))
    events = list(_logged_events(deployment, group, arn)) if group else []
    if not events:
        return None
    first, last = events[0], events[-1]
    closed = _CLOSES.search(last.type)
    return ExecutionTrace(
        name=arn.split(":")[7],
        arn=arn,
        status=_STATUS[closed[1]] if closed else "RUNNING",
        started_at=first.at,
        ended_at=last.at if closed else None,
        input=parse_json(first.details.get("input")),
        output=parse_json(last.details.get("output")),
        error=last.details.get("error"),
        cause=parse_json(last.details.get("cause")),
        spans=spans_of(events),
        definition=fetch_definition(deployment, arn),
        notes=("An EXPRESS execution, read from the machine's log.",),
    )


def _log_group(deployment: Deployment, machine: str) -> str | None:
    described = deployment.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    destinations = described.get("loggingConfiguration", {}).get("destinations", [])
    arns = [each.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "") for each in destinations]
    return arns[0].split(":log-group:")[-1].removesuffix(":*") if arns and arns[0] else None


def _logged_events(deployment: Deployment, group: str, arn: str) -> Iterator[HistoryEvent]:
    pages = deployment.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=group, filterPattern=json.dumps(arn.rpartition(":")[2]))
    raw = [parse_object(each["message"]) for page in found for each in page["events"]]
    events = [each for each in raw if each.get("execution_arn") == arn]
    for each in sorted(events, key=lambda event: int(event["id"])):
        yield HistoryEvent(
            number=int(each["id"]),
            previous=int(each.get("previous_event_id") or 0),
            type=str(each["type"]),
            at=datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(each["event_timestamp"])),
            details=each.get("details") or {},
        )


def parse_json(text: Any) -> Any:
    """Parse a JSON string; return anything else unchanged."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def parse_object(text: Any) -> Mapping[str, Any]:
    """Parse a JSON object; return an empty one for anything else."""
    value = parse_json(text)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
