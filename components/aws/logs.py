"""Log groups: encrypted, kept for a stated time, written by one role only."""

import pulumi
import pulumi_aws as aws

from .iam import statement

# Source: CloudWatch Logs API reference, PutRetentionPolicy.
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def log_group(
    name: str,
    *,
    key: pulumi.Input[str],
    days: int,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
) -> aws.cloudwatch.LogGroup:
    """A log group of its own."""
    return aws.cloudwatch.LogGroup(
        name, kms_key_id=key, retention_in_days=days, tags=tags, opts=pulumi.ResourceOptions(parent=parent)
    )


def grant_write_logs(group: aws.cloudwatch.LogGroup) -> pulumi.Output[str]:
    """To write into `group`, which already exists: so nobody needs to create groups."""
    return statement(
        "WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(group.arn, ":*")]
    )


def grant_deliver_logs() -> pulumi.Output[str]:
    """To have Step Functions write logs, which goes by log deliveries.

    Source: Step Functions developer guide, "Using CloudWatch Logs to log execution history".
    """
    return statement(
        "DeliverLogs",
        [
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        ["*"],
        why_everywhere="Log delivery has no resource-level scope",
    )
