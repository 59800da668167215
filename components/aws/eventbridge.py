"""Rules of EventBridge, each with an alarm for events that it could not deliver."""

import pulumi
import pulumi_aws as aws

from .alarms import Alarm, Metric

# Source: EventBridge user guide, "Cron expressions and rate expressions".
CRON = r"cron\((\S+ ){5}\S+\)"
SCHEDULE = rf"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|{CRON}"


def rule_on(
    name: str,
    *,
    topic: pulumi.Input[str],
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
    schedule: str | None = None,
    pattern: pulumi.Input[str] | None = None,
) -> aws.cloudwatch.EventRule:
    """A rule for a schedule or an event pattern; `topic` is told when its target cannot be reached."""
    rule = aws.cloudwatch.EventRule(
        name,
        schedule_expression=schedule,
        event_pattern=pattern,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    undelivered = Alarm(
        slug="events-undelivered",
        meaning=f"What {name} has to tell does not reach whom it is for.",
        metric=Metric(namespace="AWS/Events", name="FailedInvocations", dimensions={"RuleName": rule.name}),
        threshold=0,
    )
    undelivered.raise_to(topic, name=f"{name}-undelivered", parent=rule, tags=tags)
    return rule


def invoke_on_schedule(
    name: str,
    alias: aws.lambda_.Alias,
    *,
    expression: str,
    text: str,
    topic: pulumi.Input[str],
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
) -> None:
    """Invoke what `alias` points at with `text` (JSON), by a rate or cron expression."""
    rule = rule_on(name, schedule=expression, topic=topic, parent=parent, tags=tags)
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
        input=text,
        opts=pulumi.ResourceOptions(parent=rule, depends_on=[allowed]),
    )


def tell_of_bad_ends(
    name: str,
    machine: pulumi.Input[str],
    *,
    topic: pulumi.Input[str],
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
) -> None:
    """Tell `topic` which executions of `machine` (an ARN) failed, timed out or were stopped.

    Not what they were given: the event holds it, and it may be personal data, which has no place in a mail.
    """
    ended_badly = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["ABORTED", "FAILED", "TIMED_OUT"], "stateMachineArn": [machine]},
    }
    rule = rule_on(name, pattern=pulumi.Output.json_dumps(ended_badly), topic=topic, parent=parent, tags=tags)
    told = aws.cloudwatch.EventTargetInputTransformerArgs(
        input_paths={"execution": "$.detail.executionArn", "status": "$.detail.status"},
        input_template=(
            '"The execution <execution> ended as <status>. What to do: docs/how-to/runbook.md#executions-failed"'
        ),
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=topic,
        input_transformer=told,
        opts=pulumi.ResourceOptions(parent=rule),
    )
