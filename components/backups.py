"""Copies that survive their table: a vault with its key, a plan with its schedule, a role that may only copy."""

import pulumi
import pulumi_aws as aws

from .iam import service_role, statement
from .surroundings import Surroundings


def back_up(
    name: str,
    table: pulumi.Input[str],
    *,
    key: pulumi.Input[str],
    days: int,
    schedule: str,
    force_destroy: bool,
    boundary: pulumi.Input[str] | None,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
) -> pulumi.Output[str]:
    """Back `table` (an ARN) up on `schedule`, keep each copy for `days`; gives the vault's name."""
    child = pulumi.ResourceOptions(parent=parent)
    vault = aws.backup.Vault(
        f"{name}-vault",
        kms_key_arn=key,
        force_destroy=force_destroy,
        tags=tags,
        # AWS cannot give a vault another key: it keeps the one that its copies are encrypted with.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["kmsKeyArn"]),
    )
    rule = aws.backup.PlanRuleArgs(
        rule_name="scheduled",
        target_vault_name=vault.name,
        schedule=schedule,
        lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=days),
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
