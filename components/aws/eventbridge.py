"""EventBridge rules, each with an alarm on events that it could not deliver."""

import pulumi
import pulumi_aws as aws

from ..base import Shared
from .alarms import RUNBOOK, Alarm, Metric

# Source: EventBridge user guide, "Cron expressions and rate expressions".
CRON = r"cron\((\S+ ){5}\S+\)"
SCHEDULE = rf"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|{CRON}"


def event_rule(
    name: str,
    shared: Shared,
    *,
    consequence: str,
    schedule: str | None = None,
    pattern: pulumi.Input[str] | None = None,
) -> aws.cloudwatch.EventRule:
    """Create a rule for a schedule or an event pattern; `consequence` says what an undelivered event means."""
    rule = aws.cloudwatch.EventRule(
        name,
        schedule_expression=schedule,
        event_pattern=pattern,
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent),
    )
    undelivered = Alarm(
        slug="events-undelivered",
        meaning=f"EventBridge could not deliver events from rule {name}. {consequence}",
        metric=Metric(namespace="AWS/Events", name="FailedInvocations", dimensions={"RuleName": rule.name}),
        threshold=0,
    )
    undelivered.create(f"{name}-undelivered", shared.below(rule))
    return rule


def invoke_on_schedule(
    name: str, function: str, alias: aws.lambda_.Alias, shared: Shared, *, schedule: str, event: str
) -> None:
    """Invoke an alias of the function named `function` on a schedule, with `event` (JSON)."""
    rule = event_rule(name, shared, schedule=schedule, consequence=f"{function.capitalize()} may not be running.")
    allowed = aws.lambda_.Permission(
        f"{name}-may-invoke",
        action="lambda:InvokeFunction",
        function=alias.function_name,
        qualifier=alias.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=pulumi.ResourceOptions(parent=rule),
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=alias.arn,
        input=event,
        opts=pulumi.ResourceOptions(parent=rule, depends_on=[allowed]),
    )


def alert_on_failed_executions(name: str, machine: pulumi.Input[str], shared: Shared) -> None:
    """Notify the topic of each execution of `machine` (an ARN) that failed, timed out or was stopped.

    The message leaves out the input, which the event contains: it may be personal data, which must not be mailed.
    """
    failed = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["ABORTED", "FAILED", "TIMED_OUT"], "stateMachineArn": [machine]},
    }
    consequence = "Failed executions may not be reported one by one; the alarms on executions still count them."
    rule = event_rule(name, shared, pattern=pulumi.Output.json_dumps(failed), consequence=consequence)
    message = aws.cloudwatch.EventTargetInputTransformerArgs(
        input_paths={"execution": "$.detail.executionArn", "status": "$.detail.status"},
        input_template=f'"Execution <execution> ended as <status>. What to do: {RUNBOOK}#executions-failed"',
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=shared.topic,
        input_transformer=message,
        opts=pulumi.ResourceOptions(parent=rule),
    )
