"""What can go wrong with a function that its callers would not tell anybody."""

import pulumi

from .alarms import Alarm, Metric


def function_metric(function: pulumi.Output[str], name: str, statistic: str = "Sum") -> Metric:
    """A metric that Lambda keeps for a function."""
    return Metric(namespace="AWS/Lambda", name=name, statistic=statistic, dimensions={"FunctionName": function})


def function_alarms(
    what: str, function: pulumi.Output[str], timeout_seconds: int, concurrency: int, error_percent: int
) -> list[Alarm]:
    """What can go wrong with a function that its callers would not tell anybody."""

    def metric(name: str, statistic: str) -> Metric:
        return function_metric(function, name, statistic)

    return [
        Alarm(
            slug="function-errors",
            meaning=f"More than {error_percent} % of the invocations of {what} fail.",
            metric=metric("Errors", "Sum"),
            percent_of=metric("Invocations", "Sum"),
            threshold=error_percent,
        ),
        Alarm(
            slug="function-throttles",
            meaning=f"Lambda refuses invocations of {what}: its concurrency is used up.",
            metric=metric("Throttles", "Sum"),
            threshold=0,
        ),
        Alarm(
            slug="function-duration",
            meaning=f"The slowest invocations of {what} come near its timeout of {timeout_seconds} s.",
            metric=metric("Duration", "p99"),
            threshold=0.8 * 1000 * timeout_seconds,
        ),
        Alarm(
            slug="function-concurrency",
            meaning=f"{what} runs near its {concurrency} invocations at a time.",
            metric=metric("ConcurrentExecutions", "Maximum"),
            threshold=max(1, int(0.8 * concurrency)),
        ),
    ]
