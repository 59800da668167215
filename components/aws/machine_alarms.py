"""What can go wrong with executions."""

import pulumi

from .alarms import Alarm, Metric


def machine_metric(machine: pulumi.Output[str], name: str, statistic: str = "Sum") -> Metric:
    """A metric that Step Functions keeps for a machine."""
    return Metric(namespace="AWS/States", name=name, statistic=statistic, dimensions={"StateMachineArn": machine})


def machine_alarms(machine: pulumi.Output[str], p99_seconds: int) -> list[Alarm]:
    """What can go wrong with executions."""

    failures = (
        ("executions-failed", "ExecutionsFailed", "Executions fail, or end with an unknown outcome."),
        ("executions-timed-out", "ExecutionsTimedOut", "Executions take longer than they may."),
        ("executions-aborted", "ExecutionsAborted", "Somebody stops executions."),
        ("executions-throttled", "ExecutionThrottled", "Step Functions delays executions: a limit is reached."),
    )
    slow = Alarm(
        slug="executions-slow",
        meaning=f"One in a hundred executions takes longer than {p99_seconds} s.",
        metric=machine_metric(machine, "ExecutionTime", "p99"),
        threshold=1000 * p99_seconds,
    )
    return [
        *(
            Alarm(slug=slug, meaning=meaning, metric=machine_metric(machine, name), threshold=0)
            for slug, name, meaning in failures
        ),
        slow,
    ]
