"""Pytest fixtures for tests with the embedded AWS, ours and those of platform teams.

    pytest_plugins = ["stepbooking.local.pytest_plugin"]     # in the root conftest.py

    def test_my_table(embedded_aws):
        outputs = deploy(embedded_aws, Path("my_program.py"))
        embedded_aws.client("dynamodb").describe_table(TableName=outputs["table"])

Every session has its own instances below pytest's temporary folder, and always stops them.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .drivers.in_process import deploy
from .instance import Instance

WAIT_SCALE = 0.3
"""The factor for state machines' waits and backoff in tests, at which bursts still succeed."""
RELAXED_TIMEOUTS = {
    "booking:sdkTimeoutSeconds": 20,
    "booking:functionTimeoutSeconds": 60,
    "booking:taskTimeoutSeconds": 90,
}
"""Time limits for a busy machine: by default a function waits half a second for a connection to AWS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A state machine's execution that has ended."""

    arn: str
    status: str
    output: Any
    """The result, parsed; None for a failed execution."""
    error: str | None
    cause: Any
    """The cause of a failed execution, parsed if it is JSON."""

    @property
    def result(self) -> dict[str, Any]:
        """The BookingResult, which a failed execution has as its cause."""
        return dict(self.output if self.status == "SUCCEEDED" else self.cause)


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """A stack in an embedded AWS, with the operations that most tests need."""

    instance: Instance
    outputs: Mapping[str, Any] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    """ARNs of the executions that `start` began, in order."""

    def client(self, service: str, role: str | None = None) -> Any:
        """Return a boto3 client, as administrator or in a role (its ARN)."""
        return self.instance.client(service, role)

    def run(self, event: Any, *, machine: str = "stateMachineArn", timeout_seconds: float = 90) -> Execution:
        """Start the state machine named by an output with any JSON value, and wait for its end."""
        return self.wait(self.start(event, machine=machine), timeout_seconds=timeout_seconds)

    def start(self, event: Any, *, machine: str = "stateMachineArn") -> str:
        """Start an execution and return its ARN."""
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self.outputs[machine], name=f"test-{secrets.token_hex(8)}", input=json.dumps(event)
        )
        self.started.append(str(started["executionArn"]))
        return self.started[-1]

    def wait(self, execution: str, *, timeout_seconds: float = 90) -> Execution:
        """Wait for the execution's end and return it, or raise TimeoutError."""
        end, pause = time.monotonic() + timeout_seconds, 0.02
        while time.monotonic() < end:
            fact = self.client("stepfunctions").describe_execution(executionArn=execution)
            if fact["status"] != "RUNNING":
                return Execution(
                    arn=execution,
                    status=fact["status"],
                    output=_parse_json(fact.get("output")),
                    error=fact.get("error"),
                    cause=_parse_json(fact.get("cause")),
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        raise TimeoutError(f"{execution} still runs after {timeout_seconds} s")

    def invoke(self, function: str, payload: Any) -> Any:
        """Call the function named by an output and return its result, or raise AssertionError with its error."""
        answer = self.client("lambda").invoke(FunctionName=self.outputs[function], Payload=json.dumps(payload))
        result = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise AssertionError(f"{function} failed: {result}")
        return result


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Start an empty embedded AWS for the session."""
    yield from start_instance(tmp_path_factory.mktemp("embedded-aws"))


@pytest.fixture(scope="session")
def booking_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedStack]:
    """Deploy our own program, stage dev, into its own embedded AWS for the session.

    Its schedules are paused, because scheduled functions would change results by chance, and its functions have long
    time limits, because delays on a busy machine would make tests fail by chance.
    """
    for instance in start_instance(tmp_path_factory.mktemp("booking-stack")):
        program = Path(__file__).parents[1] / "__main__.py"
        stack = DeployedStack(instance=instance, outputs=deploy(instance, program, "dev", RELAXED_TIMEOUTS))
        _pause_schedules(stack)
        yield stack


def _pause_schedules(stack: DeployedStack) -> None:
    events = stack.client("events")
    for rule in events.list_rules()["Rules"]:
        if "ScheduleExpression" in rule:
            events.disable_rule(Name=rule["Name"])


def start_instance(folder: Path) -> Iterator[Instance]:
    """Start an instance in `folder`, yield it, and always stop it."""
    instance = Instance.at(folder)
    instance.start(wait_scale=WAIT_SCALE, record_calls=True)
    try:
        yield instance
    finally:
        instance.stop()


def _parse_json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
