"""A Step Functions with a boto3 client's interface, which runs one machine in our interpreter.

Executions end immediately, or while `is_holding` is true stay open until `release`. Their history is built from the
run's visits.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from workflow.interpreter import Run, StateVisit, run

ACCOUNT = "us-east-1:123456789012"  # as in the context object of workflow.interpreter
MACHINE = f"arn:aws:states:{ACCOUNT}:stateMachine:machine"
LOG_GROUP = "/aws/vendedlogs/states/machine"
Response = dict[str, Any]


@dataclass
class FakeExecution:
    """One execution; it runs when it is released."""

    name: str
    input: str
    started_at: datetime
    run: Run | None = None

    @property
    def arn(self) -> str:
        return f"{MACHINE.replace(':stateMachine:', ':execution:')}:{self.name}"


@dataclass
class FakeStepFunctions:
    """One machine: its definition, and its functions under the names of `workflow.interpreter.run`."""

    definition: Any
    functions: Callable[[FakeExecution], Mapping[Any, Callable[[Any], Any]]]
    now: Callable[[], datetime]
    is_holding: bool = False
    executions: dict[str, FakeExecution] = field(default_factory=dict)

    def start_execution(self, **request: Any) -> Response:
        started = FakeExecution(request["name"], request["input"], self.now())
        self.executions[started.arn] = started
        if not self.is_holding:
            self.finish(started)
        return {"executionArn": started.arn, "startDate": started.started_at}

    def release(self) -> None:
        """Let every open execution run to its end."""
        self.is_holding = False
        for each in self.executions.values():
            if each.run is None:
                self.finish(each)

    def finish(self, each: FakeExecution) -> None:
        functions = dict(self.functions(each))
        each.run = run(self.definition, json.loads(each.input), functions, name=each.name, start=each.started_at)

    def describe_execution(self, **request: Any) -> Response:
        each = self._find(request["executionArn"], "DescribeExecution")
        known = {"executionArn": each.arn, "name": each.name, "input": each.input, "startDate": each.started_at}
        if each.run is None:
            return {**known, "status": "RUNNING"}
        end = {"status": each.run.status, "stopDate": each.started_at + each.run.duration}
        if each.run.succeeded:
            return {**known, **end, "output": json.dumps(each.run.output)}
        return {**known, **end, "error": each.run.error, "cause": each.run.cause}

    def list_executions(self, **request: Any) -> Response:
        found = [
            {"executionArn": each.arn, "name": each.name, "startDate": each.started_at, "status": _status(each)}
            for each in reversed(self.executions.values())
        ]
        wanted = request.get("statusFilter")
        return {"executions": [each for each in found if wanted in (None, each["status"])][: request["maxResults"]]}

    def describe_state_machine_for_execution(self, **request: Any) -> Response:
        self._find(request["executionArn"], "DescribeStateMachineForExecution")
        return {"definition": json.dumps(self.definition)}

    def describe_state_machine(self, **request: Any) -> Response:
        assert request["stateMachineArn"] == MACHINE
        group = {"logGroupArn": f"arn:aws:logs:{ACCOUNT}:log-group:{LOG_GROUP}:*"}
        logging = {"destinations": [{"cloudWatchLogsLogGroup": group}]}
        return {"definition": json.dumps(self.definition), "loggingConfiguration": logging}

    def log_lines(self, arn: str) -> Iterator[tuple[datetime, str]]:
        """Yield the log lines, with times, of an execution as if it were an EXPRESS one."""
        for event in self.history(arn):
            details = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
            line = {
                "id": str(event["id"]),
                "previous_event_id": str(event["previousEventId"]),
                "type": event["type"],
                "event_timestamp": str(int(event["timestamp"].timestamp() * 1000)),
                "execution_arn": express_arn(arn),
                "details": details,
            }
            yield event["timestamp"], json.dumps(line)

    def get_paginator(self, operation: str) -> "_History":
        assert operation == "get_execution_history"
        return _History(self)

    def history(self, arn: str) -> list[Response]:
        each = self._find(arn, "GetExecutionHistory")
        visits = each.run.visits if each.run else ()
        return number(events_of(each, visits))

    def _find(self, arn: str, operation: str) -> FakeExecution:
        if arn not in self.executions:
            response = {"Error": {"Code": "ExecutionDoesNotExist", "Message": arn}}
            raise ClientError(response, operation)  # type: ignore[arg-type]
        return self.executions[arn]


@dataclass
class _History:
    client: FakeStepFunctions

    def paginate(self, **request: Any) -> Iterator[Response]:
        yield {"events": self.client.history(request["executionArn"])}


def express_arn(arn: str) -> str:
    """Return the ARN of an execution as if it were an EXPRESS one."""
    return f"{arn.replace(':execution:', ':express:')}:5f0e4c1a-7d3b"


def events_of(each: FakeExecution, visits: tuple[StateVisit, ...]) -> Iterator[Response]:
    """Yield the events of an execution, without their numbers."""
    given = {"executionStartedEventDetails": {"input": each.input}}
    yield {"type": "ExecutionStarted", "timestamp": each.started_at, **given}
    for visit in visits:
        details = {"name": visit.state, "input": json.dumps(visit.input)}
        yield {
            "type": f"{visit.type}StateEntered",
            "timestamp": visit.entered_at,
            "stateEnteredEventDetails": details,
        }
        yield from _attempts(visit)
        if visit.left_at and visit.type != "Fail":
            details = {"name": visit.state, "output": json.dumps(visit.output)}
            exited = {"type": f"{visit.type}StateExited", "timestamp": visit.left_at}
            yield {**exited, "stateExitedEventDetails": details}
    if each.run and each.run.succeeded:
        output = {"executionSucceededEventDetails": {"output": json.dumps(each.run.output)}}
        yield {"type": "ExecutionSucceeded", "timestamp": each.started_at + each.run.duration, **output}
    if each.run and not each.run.succeeded:
        failed = {"error": each.run.error or "", "cause": each.run.cause or ""}
        at = each.started_at + each.run.duration
        yield {"type": "ExecutionFailed", "timestamp": at, "executionFailedEventDetails": failed}


def _attempts(visit: StateVisit) -> Iterator[Response]:
    for attempt in range(visit.attempts):
        at = visit.entered_at + timedelta(milliseconds=10 * attempt)
        yield {"type": "TaskScheduled", "timestamp": at, "taskScheduledEventDetails": {"resource": "invoke"}}
        if attempt + 1 < visit.attempts or visit.error:
            failed = {"error": visit.error or "PaymentOutcomeUnknown", "cause": visit.cause or ""}
            yield {"type": "TaskFailed", "timestamp": at, "taskFailedEventDetails": failed}
        else:
            yield {"type": "TaskSucceeded", "timestamp": at, "taskSucceededEventDetails": {}}


def number(events: Iterator[Response]) -> list[Response]:
    """Number the events, each with its predecessor."""
    return [{"id": place, "previousEventId": place - 1, **event} for place, event in enumerate(events, start=1)]


def _status(each: FakeExecution) -> str:
    return each.run.status if each.run else "RUNNING"
