"""A deployed booking program in this process: real handlers and adapters, our interpreter, fakes of AWS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from handlers.purchase import purchase
from handlers.record import record
from handlers.refund import refund
from tests.fakes.logs import FakeLogs
from tests.fakes.stepfunctions import LOG_GROUP, MACHINE, FakeExecution, FakeStepFunctions, express_arn
from tests.handlers.world import SEAL_KEY, World
from workflow.booking import Booking, purchase_fn, record_fn, refund_fn
from workflow.interpreter import TaskFailed

HANDLERS = {purchase_fn: purchase, refund_fn: refund, record_fn: record}
OUTPUTS = {
    "stage": "dev",
    "stateMachineArn": MACHINE,
    "ordersTable": "orders",
    "gatewayTable": "gateway",
    "auditBucket": "audit",
    "sealKeyArn": SEAL_KEY,
    "purchaseFunction": "purchase",
    "refundFunction": "refund",
    "recordFunction": "record",
}


class FunctionConfigurations:
    """The configuration of functions, each with its own log group and the environment of the world."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def get_function_configuration(self, **request: Any) -> dict[str, Any]:
        name = request["FunctionName"]
        environment = {"Variables": self.environment}
        return {"FunctionName": name, "LoggingConfig": {"LogGroup": f"{name}-logs"}, "Environment": environment}


@dataclass
class FakeCloudWatch:
    """Lists alarms like `describe_alarms`."""

    alarms: list[dict[str, Any]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> "FakeCloudWatch":
        assert operation == "describe_alarms"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"MetricAlarms": self.alarms}]


@dataclass
class InProcessDeployment:
    """Implements `console.deployment.Deployment`; `book` runs a request through the whole machine."""

    world: World = field(default_factory=World)
    name: str = "deployment in this process"
    outputs: Mapping[str, Any] = field(default_factory=lambda: dict(OUTPUTS))
    logs: FakeLogs = field(default_factory=FakeLogs)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    requests: int = 0

    @cached_property
    def machine(self) -> FakeStepFunctions:
        return FakeStepFunctions(Booking.asl(), self._functions, self.world.clock)

    def client(self, service: str, /) -> Any:
        world = self.world
        clients = {"dynamodb": world.dynamodb, "s3": world.s3, "kms": world.kms, "sqs": world.sqs}
        return {**clients, "stepfunctions": self.machine, "logs": self.logs, "cloudwatch": self.cloudwatch,
                "lambda": FunctionConfigurations(world.environment)}[service]  # fmt: skip

    def output(self, name: str) -> str:
        return str(self.outputs[name])

    def book(self, request: Any) -> str:
        """Start an execution and return its ARN."""
        self.requests += 1
        name = f"{request['action'] if isinstance(request, dict) and 'action' in request else 'event'}-{self.requests}"
        started = self.machine.start_execution(stateMachineArn=MACHINE, name=name, input=json.dumps(request))
        return str(started["executionArn"])

    def log_as_express(self, arn: str) -> str:
        """Write an execution into the machine's log, as an EXPRESS one is, and return its ARN there."""
        for at, line in self.machine.log_lines(arn):
            self.logs.put(LOG_GROUP, "machine", at, line)
        return express_arn(arn)

    def result(self, arn: str) -> dict[str, Any]:
        """Return the BookingResult of an execution."""
        description = self.machine.describe_execution(executionArn=arn)
        return dict(json.loads(description.get("output") or description["cause"]))

    def _functions(self, execution: FakeExecution) -> Mapping[Any, Callable[[Any], Any]]:
        functions = {key: self._function(key.name.removesuffix("_fn"), handler) for key, handler in HANDLERS.items()}
        return functions | dict.fromkeys(("park", "park_refusal"), self._park)

    def _park(self, message: Any) -> dict[str, str]:
        self.world.park(json.dumps(message))
        return {"MessageId": "1"}

    def _function(self, name: str, handler: Callable[..., Any]) -> Callable[[Any], Any]:
        def invoke(payload: Any) -> Any:
            before = len(self.world.lines)
            try:
                return json.loads(json.dumps(handler(payload, self.world.dependencies())))
            except Exception as error:
                raise TaskFailed(type(error).__name__, str(error)) from error
            finally:
                self._log(name, self.world.lines[before:])

        return invoke

    def _log(self, function: str, lines: list[str]) -> None:
        request = f"RequestId: {len(self.world.lines)}"
        frame = (f"START {request} Version: 1", *lines, f"END {request}", f"REPORT {request}\tDuration: 7 ms")
        self.logs.put(f"{function}-logs", "stream", self.world.clock(), *frame)
