"""AWS Backup for a table: a vault with its key, a plan with its schedule, and a role that may only copy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from ..base import Arguments, Shared
from .deployment_context import DeploymentContext
from .eventbridge import CRON
from .iam import service_role, statement


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPolicy:
    """The protection, recovery and backup of a component's table, from its arguments of the same names."""

    deletion_protection: bool
    point_in_time_days: int
    backup_days: int
    backup_schedule: str
    force_destroy: bool
    key_deletion_days: int

    @classmethod
    def of(cls, arguments: Arguments) -> Self:
        """Read the arguments, with the strict default for each one that is missing."""
        return cls(
            deletion_protection=arguments.boolean("deletion_protection", True),
            point_in_time_days=arguments.integer("point_in_time_days", 35, 1, 35, "days"),
            backup_days=arguments.integer("backup_days", 365, 1, 36_500, "days"),
            backup_schedule=arguments.string(
                "backup_schedule", "cron(0 3 * * ? *)", CRON, "an AWS cron expression such as cron(0 3 * * ? *)"
            ),
            force_destroy=arguments.boolean("force_destroy", False),
            key_deletion_days=arguments.integer("key_deletion_days", 30, 7, 30, "days"),
        )


def back_up(
    name: str, table: pulumi.Input[str], shared: Shared, policy: BackupPolicy, *, key: pulumi.Input[str]
) -> pulumi.Output[str]:
    """Back up a table (an ARN) on a schedule, encrypted with `key`, and return the name of the vault."""
    vault = aws.backup.Vault(
        f"{name}-vault",
        kms_key_arn=key,
        force_destroy=policy.force_destroy,
        tags=shared.tags,
        # AWS cannot change a vault's key: it keeps the one that its backups are encrypted with.
        opts=pulumi.ResourceOptions(parent=shared.parent, ignore_changes=["kmsKeyArn"]),
    )
    rule = aws.backup.PlanRuleArgs(
        rule_name="scheduled",
        target_vault_name=vault.name,
        schedule=policy.backup_schedule,
        lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=policy.backup_days),
        recovery_point_tags=shared.tags,
    )
    plan = aws.backup.Plan(
        f"{name}-plan", rules=[rule], tags=shared.tags, opts=pulumi.ResourceOptions(parent=shared.parent)
    )
    keys = [shared.key] if key is shared.key else [shared.key, key]
    grants = _grants(table, vault.arn, keys, DeploymentContext.of(shared.parent))
    role = service_role(f"{name}-role", "backup", grants, shared)
    aws.backup.Selection(
        f"{name}-selection",
        plan_id=plan.id,
        iam_role_arn=role.arn,
        resources=[table],
        opts=pulumi.ResourceOptions(
            parent=shared.parent, depends_on=[role.policy], aliases=[pulumi.Alias(parent=plan)]
        ),
    )
    vault_name: pulumi.Output[str] = vault.name
    return vault_name


def _grants(
    table: pulumi.Input[str],
    vault: pulumi.Input[str],
    keys: Sequence[pulumi.Input[str]],
    context: DeploymentContext,
) -> list[pulumi.Output[str]]:
    """Return the permissions that AWS Backup needs to copy one table; a restore runs under a role of its own.

    Source: the DynamoDB and KMS statements of AWS's policy AWSBackupServiceRolePolicyForBackup.
    """
    backups = pulumi.Output.concat(table, "/backup/*")
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    copying = ["dynamodb:CreateBackup", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"]
    recovery_points = context.arn("backup", "recovery-point:*")
    return [
        statement("TagCopies", ["backup:TagResource"], [recovery_points]),
        statement("CopyTable", [*copying, "dynamodb:StartAwsBackupJob"], [table]),
        statement("LookAfterCopies", ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"], [backups]),
        statement("PutIntoVault", ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], [vault]),
        statement("UseKey", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], keys),
        statement("LendKey", ["kms:CreateGrant"], keys, when=for_aws),
    ]
