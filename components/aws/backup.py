"""Copies that survive their table: a vault with its key, a plan with its schedule, a role that may only copy."""

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from ..arguments import Arguments
from .deployment_context import Surroundings
from .eventbridge import CRON
from .iam import service_role, statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Safekeeping:
    """How the component of a table keeps what is in it, as its arguments of these names say."""

    deletion_protection: bool
    point_in_time_days: int
    backup_days: int
    backup_schedule: str
    force_destroy: bool
    key_deletion_days: int

    @classmethod
    def of(cls, given: Arguments) -> Self:
        """What was given, and the strict default for the rest; faults are left to `given.check()`."""
        return cls(
            deletion_protection=given.flag("deletion_protection", True),
            point_in_time_days=given.whole("point_in_time_days", 35, 1, 35, "days"),
            backup_days=given.whole("backup_days", 365, 1, 36_500, "days"),
            backup_schedule=given.pattern(
                "backup_schedule", "cron(0 3 * * ? *)", CRON, "an AWS cron expression such as cron(0 3 * * ? *)"
            ),
            force_destroy=given.flag("force_destroy", False),
            key_deletion_days=given.whole("key_deletion_days", 30, 7, 30, "days"),
        )


def back_up(
    name: str,
    table: pulumi.Input[str],
    *,
    key: pulumi.Input[str],
    kept: Safekeeping,
    boundary: pulumi.Input[str] | None,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
) -> pulumi.Output[str]:
    """Back `table` (an ARN) up as `kept` says when, and for how many days; gives the vault's name."""
    child = pulumi.ResourceOptions(parent=parent)
    vault = aws.backup.Vault(
        f"{name}-vault",
        kms_key_arn=key,
        force_destroy=kept.force_destroy,
        tags=tags,
        # AWS cannot give a vault another key: it keeps the one that its copies are encrypted with.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["kmsKeyArn"]),
    )
    rule = aws.backup.PlanRuleArgs(
        rule_name="scheduled",
        target_vault_name=vault.name,
        schedule=kept.backup_schedule,
        lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=kept.backup_days),
        recovery_point_tags=tags,
    )
    plan = aws.backup.Plan(f"{name}-plan", rules=[rule], tags=tags, opts=child)
    may = _may_copy(table, vault.arn, key, Surroundings.of(parent))
    role = service_role(f"{name}-role", "backup", may, parent=parent, tags=tags, boundary=boundary)
    aws.backup.Selection(
        f"{name}-selection",
        plan_id=plan.id,
        iam_role_arn=role.arn,
        resources=[table],
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[role.policy], aliases=[pulumi.Alias(parent=plan)]),
    )
    named: pulumi.Output[str] = vault.name
    return named


def _may_copy(
    table: pulumi.Input[str], vault: pulumi.Input[str], key: pulumi.Input[str], here: Surroundings
) -> list[pulumi.Output[str]]:
    """What AWS Backup does to copy one table, and no more; a restore runs under a role that exists for the restore.

    Source: the DynamoDB and KMS statements of AWS's policy AWSBackupServiceRolePolicyForBackup.
    """
    copies = pulumi.Output.concat(table, "/backup/*")
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    copying = ["dynamodb:CreateBackup", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"]
    points = here.arn("backup", "recovery-point:*")
    return [
        statement("TagCopies", ["backup:TagResource"], [points]),
        statement("CopyTable", [*copying, "dynamodb:StartAwsBackupJob"], [table]),
        statement("LookAfterCopies", ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"], [copies]),
        statement("PutIntoVault", ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], [vault]),
        statement("UseKey", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], [key]),
        statement("LendKey", ["kms:CreateGrant"], [key], when=for_aws),
    ]
