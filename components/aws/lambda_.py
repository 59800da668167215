"""Lambda functions: their metrics, alarms, network and the permission to invoke them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from ..base import Shared
from .alarms import Alarm, Metric
from .iam import statement

MINUTES_OF_A_DAY = 1440
STREAM_ATTEMPTS = 50
"""Retries of a failing record. They are bounded because the record blocks its shard meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSource:
    """A DynamoDB stream (an ARN), the pattern of the records to receive, and the queue for those that fail for good.

    Lambda reads the stream with the function's `permissions`, which must exist first.
    """

    stream: pulumi.Input[str]
    pattern: str
    failures: aws.sqs.Queue
    permissions: pulumi.Resource


def function_metric(function: pulumi.Output[str], name: str, statistic: str = "Sum") -> Metric:
    """Return one of Lambda's metrics for a function."""
    return Metric(namespace="AWS/Lambda", name=name, statistic=statistic, dimensions={"FunctionName": function})


def function_alarms(
    name: str, function: pulumi.Output[str], timeout_seconds: int, concurrency: int, error_percent: int
) -> list[Alarm]:
    """Return alarms on failures of the function `name` that its callers would not report.

    Without reserved concurrency (0) the limit is the account's, which shows only as throttles.
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
    """Return an alarm that fires when no invocation of `name` succeeded for `minutes`, or none was made.

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


def invoke_on_records(name: str, alias: aws.lambda_.Alias, shared: Shared, source: RecordSource) -> None:
    """Invoke an alias with the records of a stream, oldest first.

    A failed batch is retried from its first failed record, then bisected, and records that still fail go to the queue.
    """
    filters = [aws.lambda_.EventSourceMappingFilterCriteriaFilterArgs(pattern=source.pattern)] if source.pattern else []
    on_failure = aws.lambda_.EventSourceMappingDestinationConfigOnFailureArgs(destination_arn=source.failures.arn)
    aws.lambda_.EventSourceMapping(
        name,
        event_source_arn=source.stream,
        function_name=alias.arn,
        starting_position="TRIM_HORIZON",
        batch_size=100,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=STREAM_ATTEMPTS,
        function_response_types=["ReportBatchItemFailures"],
        filter_criteria=aws.lambda_.EventSourceMappingFilterCriteriaArgs(filters=filters) if filters else None,
        destination_config=aws.lambda_.EventSourceMappingDestinationConfigArgs(on_failure=on_failure),
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=alias, depends_on=[source.permissions]),
    )


def stream_alarm(name: str, function: pulumi.Output[str], minutes: int) -> Alarm:
    """Return an alarm that fires while records have waited for the function `name` for more than `minutes`."""
    return Alarm(
        slug="stream-late",
        meaning=f"Records of its stream have been waiting for {name} for more than {minutes} minutes. "
        "The stream keeps them for 24 hours.",
        metric=function_metric(function, "IteratorAge", "Maximum"),
        threshold=minutes * 60_000,
    )


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
        wildcard_reason="Lambda calls these without naming a network interface, because none exists yet",
    )


def vpc_config(
    subnets: Sequence[pulumi.Input[str]] | None, security_groups: Sequence[pulumi.Input[str]] | None
) -> aws.lambda_.FunctionVpcConfigArgs | None:
    """Return the network of a function, or None if it runs in no VPC."""
    if not subnets or not security_groups:
        return None
    return aws.lambda_.FunctionVpcConfigArgs(subnet_ids=subnets, security_group_ids=security_groups)
