"""Step Functions: definitions bound to deployed resources, the permissions they need, metrics and alarms."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from workflow import Function, Limit, Workflow, permissions
from workflow.service_steps import Binding, Queue

from .alarms import Alarm, Metric

AnyWorkflow = type[Workflow[Any, Any]]  # the input and output of a workflow do not matter to its deployment


def function_keys(workflow: AnyWorkflow) -> dict[str, str]:
    """Return the functions that a workflow invokes: the argument key (`purchase`) and its name (`purchase_fn`)."""
    return {name.removesuffix("_fn"): name for name in _binding_names(workflow, Function)}


def definition_text(
    workflow: AnyWorkflow,
    *,
    functions: Mapping[str, pulumi.Input[str]],
    parking: pulumi.Input[str],
    limits: Mapping[str, int],
    partition: pulumi.Input[str],
) -> pulumi.Output[str]:
    """Return the definition in the Amazon States Language, bound to functions, a queue and limits in seconds."""
    arns: dict[str, pulumi.Input[str]] = {name: functions[key] for key, name in function_keys(workflow).items()}
    queues = dict.fromkeys(_binding_names(workflow, Queue), parking)
    seconds = {name: limit for name, limit in limits.items() if name in _binding_names(workflow, Limit)}

    def bind(known: dict[str, Any]) -> str:
        return json.dumps(workflow.asl(known["names"] | seconds, partition=known["partition"]), indent=2)

    return pulumi.Output.all(names=arns | queues, partition=partition).apply(bind)


def _binding_names(workflow: AnyWorkflow, kind: type[Binding]) -> list[str]:
    return [binding.name for binding in workflow.required() if isinstance(binding, kind)]


def definition_grant(definition: pulumi.Input[str]) -> pulumi.Output[str]:
    """Derive a machine's permissions from its definition.

    Resources that only the data names, and the machine itself, are left out: their owner grants them.
    """

    def statements(text: str) -> str:
        needed = [(each.actions, _concrete_arns(each.resources)) for each in permissions(json.loads(text))]
        allowed = [
            {"Sid": f"Step{number}", "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
            for number, (actions, resources) in enumerate(needed, start=1)
            if resources
        ]
        return json.dumps(allowed)

    return pulumi.Output.from_input(definition).apply(statements)


def _concrete_arns(resources: Sequence[str]) -> list[str]:
    return [resource for resource in resources if resource != "*" and "${" not in resource]


def machine_metric(machine: pulumi.Output[str], name: str, statistic: str = "Sum") -> Metric:
    """Return one of Step Functions' metrics for a machine."""
    return Metric(namespace="AWS/States", name=name, statistic=statistic, dimensions={"StateMachineArn": machine})


def machine_alarms(machine: pulumi.Output[str], p99_seconds: int) -> list[Alarm]:
    """Return alarms on executions that fail, time out, are stopped, are delayed or are slow."""
    failures = (
        ("executions-failed", "ExecutionsFailed", "Executions failed, or ended with an unknown outcome."),
        ("executions-timed-out", "ExecutionsTimedOut", "Executions exceeded the execution timeout and were stopped."),
        ("executions-aborted", "ExecutionsAborted", "Executions were stopped by hand or by a script."),
        (
            "executions-throttled",
            "ExecutionThrottled",
            "Step Functions delayed executions because a quota was reached.",
        ),
    )
    slow = Alarm(
        slug="executions-slow",
        meaning=f"One execution in a hundred took longer than {p99_seconds} s.",
        metric=machine_metric(machine, "ExecutionTime", "p99"),
        threshold=1000 * p99_seconds,
    )
    alarms = [
        Alarm(slug=slug, meaning=meaning, metric=machine_metric(machine, name), threshold=0)
        for slug, name, meaning in failures
    ]
    return [*alarms, slow]
