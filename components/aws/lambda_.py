"""Lambda functions: their metrics, alarms, network and the permission to invoke them."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .alarms import Alarm, Metric
from .iam import statement

MINUTES_OF_A_DAY = 1440


def function_metric(function: pulumi.Output[str], name: str, statistic: str = "Sum") -> Metric:
    """Return a metric that Lambda keeps for a function."""
    return Metric(namespace="AWS/Lambda", name=name, statistic=statistic, dimensions={"FunctionName": function})


def function_alarms(
    name: str, function: pulumi.Output[str], timeout_seconds: int, concurrency: int, error_percent: int
) -> list[Alarm]:
    """Return alarms on failures of the function `name` that its callers would not report.

    Without reserved concurrency (0) the limit is the account's, which only throttles reveal.
    """

    def metric(metric_name: str, statistic: str) -> Metric:
        return function_metric(function, metric_name, statistic)

    alarms = [
        Alarm(
            slug="function-errors",
            meaning=f"More than {error_percent} % of the invocations of {name} failed in five minutes.",
            metric=metric("Errors", "Sum"),
            percent_of=metric("Invocations", "Sum"),
            threshold=error_percent,
        ),
        Alarm(
            slug="function-throttles",
            meaning=f"Lambda refused invocations of {name} because its concurrency was used up.",
            metric=metric("Throttles", "Sum"),
            threshold=0,
        ),
        Alarm(
            slug="function-duration",
            meaning=f"The slowest invocations of {name} came near its timeout of {timeout_seconds} s. "
            "Longer ones will fail.",
            metric=metric("Duration", "p99"),
            threshold=0.8 * 1000 * timeout_seconds,
        ),
    ]
    near_limit = Alarm(
        slug="function-concurrency",
        meaning=f"{name} came near its limit of {concurrency} simultaneous invocations. "
        "Lambda will refuse those beyond it.",
        metric=metric("ConcurrentExecutions", "Maximum"),
        threshold=max(1, int(0.8 * concurrency)),
    )
    return [*alarms, near_limit] if concurrency else alarms


def heartbeat_alarm(name: str, function: pulumi.Output[str], minutes: int) -> Alarm:
    """Return an alarm that rings when no invocation of `name` succeeded for `minutes`, or none was made.

    An alarm looks back at most a day in one period, and at most a week in periods of an hour.
    """
    seconds, periods = (60 * minutes, 1) if minutes <= MINUTES_OF_A_DAY else (3600, -(-minutes // 60))

    def count(metric_name: str) -> Metric:
        dimensions: dict[str, pulumi.Input[str]] = {"FunctionName": function}
        return Metric(namespace="AWS/Lambda", name=metric_name, dimensions=dimensions, period_seconds=seconds)

    return Alarm(
        slug="function-heartbeat",
        meaning=f"{name} has not finished successfully for {minutes} minutes. "
        "Its schedule, its code or its permissions may be broken, and its work is not being done.",
        metric=count("Invocations"),
        minus=count("Errors"),
        threshold=1,
        periods=periods,
        heartbeat=True,
    )


def invoke_grant(function: pulumi.Input[str]) -> pulumi.Output[str]:
    """Allow every version of a function, so that executions that began before a deployment can end."""
    unqualified = pulumi.Output.from_input(function).apply(lambda arn: ":".join(arn.split(":")[:7]))
    return statement("InvokeFunction", ["lambda:InvokeFunction"], [pulumi.Output.concat(unqualified, ":*")])


def network_grant() -> pulumi.Output[str]:
    """Allow a function to join a VPC. Source: AWS's managed policy AWSLambdaVPCAccessExecutionRole."""
    return statement(
        "JoinNetwork",
        [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ],
        ["*"],
        why_everywhere="Lambda calls these without naming a network interface, because none exists yet",
    )


def vpc_config(
    subnets: Sequence[pulumi.Input[str]] | None, security_groups: Sequence[pulumi.Input[str]] | None
) -> aws.lambda_.FunctionVpcConfigArgs | None:
    """Return the network of a function, or None if it runs in no VPC."""
    if not subnets or not security_groups:
        return None
    return aws.lambda_.FunctionVpcConfigArgs(subnet_ids=subnets, security_group_ids=security_groups)
