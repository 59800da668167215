"""CloudWatch log groups: encrypted, with a retention time, written by one role."""

import pulumi
import pulumi_aws as aws

from ..base import Shared
from .iam import statement

# Source: CloudWatch Logs API reference, PutRetentionPolicy.
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def log_group(
    name: str, shared: Shared, *, key: pulumi.Input[str], days: int, prefix: str | None = None
) -> aws.cloudwatch.LogGroup:
    """Create a log group, encrypted with `key`, that keeps its events for `days`; `prefix` begins its name in AWS."""
    return aws.cloudwatch.LogGroup(
        name,
        name_prefix=prefix,
        kms_key_id=key,
        retention_in_days=days,
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent),
    )


def grant_write_logs(group: aws.cloudwatch.LogGroup) -> pulumi.Output[str]:
    """Allow writing into `group`, which exists already, so that no role needs to create groups."""
    return statement(
        "WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(group.arn, ":*")]
    )


def grant_deliver_logs() -> pulumi.Output[str]:
    """Allow Step Functions to write logs, which it does through log deliveries.

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
        wildcard_reason="Log delivery has no resource-level scope",
    )
