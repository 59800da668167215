"""Invoking a function by the clock."""

import pulumi
import pulumi_aws as aws


def invoke_on_schedule(
    name: str,
    alias: aws.lambda_.Alias,
    *,
    expression: str,
    text: str,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
) -> None:
    """Invoke what `alias` points at with `text` (JSON), by an EventBridge rate or cron expression."""
    rule = aws.cloudwatch.EventRule(
        name, schedule_expression=expression, tags=tags, opts=pulumi.ResourceOptions(parent=parent)
    )
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
