"""Customer-managed KMS keys: rotated, with a policy that names each service that may use them."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from ..base import Tags
from .deployment_context import DeploymentContext

LOGS = "logs"
ALARMS = "cloudwatch"
EVENTS = "events"
LOG_DELIVERY = "delivery.logs"
ACCESS_LOGS = "logging.s3"

_DEFAULT_ACTIONS = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
_ACTIONS_BY_SERVICE = {
    # DescribeKey has no encryption context, so the condition for logs would always deny it.
    LOGS: [action for action in _DEFAULT_ACTIONS if action != "kms:DescribeKey"],
    # S3 needs only these to put an object under a bucket key. Source: S3 user guide, "Using SSE-KMS".
    ACCESS_LOGS: ["kms:Decrypt", "kms:GenerateDataKey"],
    # Log delivery reads the execution data that Step Functions encrypted.
    # Source: Step Functions developer guide, "Data at rest encryption", which puts no condition on it.
    LOG_DELIVERY: ["kms:Decrypt"],
}
"""Actions on a key of services that need fewer than `_DEFAULT_ACTIONS`."""


def encryption_key(
    name: str,
    given: pulumi.Input[str] | None,
    *,
    encrypts: str,
    parent: pulumi.Resource,
    tags: Tags,
    deletion_window_days: int,
    services: Sequence[str] = (),
    protect: bool = False,
) -> pulumi.Output[str]:
    """Return the ARN of the given key, or of a new one that `services` may use too.

    The policy of a given key must allow those services itself. With `protect`, Pulumi refuses to delete a new key:
    everything that it encrypted would be lost with it.
    """
    if given is not None:
        return pulumi.Output.from_input(given)
    key = aws.kms.Key(
        name,
        description=f"Encrypts {encrypts}",
        enable_key_rotation=True,
        deletion_window_in_days=deletion_window_days,
        policy=_policy(DeploymentContext.of(parent), services),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect or None),
    )
    add_alias(name, key)
    arn: pulumi.Output[str] = key.arn
    return arn


def add_alias(name: str, key: aws.kms.Key) -> None:
    """Give a key a recognisable alias: project, stack, name, and the beginning of the key's id.

    The id distinguishes the keys of two components with the same name, and of two stacks with the same name in one
    account.
    """
    prefix = f"alias/{pulumi.get_project()}-{pulumi.get_stack()}-{name}"

    def alias_of(key_id: str) -> str:
        return f"{prefix}-{key_id[:8]}"

    aws.kms.Alias(
        f"{name}-alias",
        name=key.key_id.apply(alias_of),
        target_key_id=key.key_id,
        opts=pulumi.ResourceOptions(parent=key),
    )


def reserve_action(name: str, key: aws.kms.Key, action: str, role: pulumi.Input[str], *, sid: str) -> None:
    """Deny an action with a key to every principal except a role (an ARN), even if their own policies allow it.

    This is a separate policy, because the role of a function that names the key is created after the key.
    """
    others = {"ArnNotEquals": {"aws:PrincipalArn": role}}
    denied = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": others}
    statements = [_account_decides(DeploymentContext.of(key)), denied]
    aws.kms.KeyPolicy(
        name,
        key_id=key.key_id,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
        opts=pulumi.ResourceOptions(parent=key, deleted_with=key),
    )


def depend_on_key(key: pulumi.Input[str]) -> pulumi.Output[list[pulumi.Resource]]:
    """Return a `depends_on` that creates a resource after its key and deletes it before."""

    def no_resources(_: str) -> list[pulumi.Resource]:
        return []

    return pulumi.Output.from_input(key).apply(no_resources)


def _policy(context: DeploymentContext, services: Sequence[str]) -> pulumi.Output[str]:
    """Let this account's IAM policies decide (AWS's default key policy), and `services` use the key for this account.

    Source: AWS KMS developer guide, "Default key policy"; CloudWatch Logs user guide, "Encrypt log data".
    """
    statements = [_account_decides(context), *(_allow(context, service) for service in services)]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})


def _account_decides(context: DeploymentContext) -> dict[str, object]:
    """Return the statement that lets this account's IAM policies decide about a key."""
    return {
        "Sid": "AccountDecides",
        "Effect": "Allow",
        "Principal": {"AWS": context.account_root()},
        "Action": "kms:*",
        "Resource": "*",
    }


def _allow(context: DeploymentContext, service: str) -> dict[str, object]:
    host = (
        pulumi.Output.concat("logs.", context.region, ".amazonaws.com")
        if service == LOGS
        else f"{service}.amazonaws.com"
    )
    allowed: dict[str, object] = {
        "Sid": f"{service.title().replace('.', '')}MayUse",
        "Effect": "Allow",
        "Principal": {"Service": host},
        "Action": _ACTIONS_BY_SERVICE.get(service, _DEFAULT_ACTIONS),
        "Resource": "*",
    }
    return allowed | _condition(context, service)


def _condition(context: DeploymentContext, service: str) -> dict[str, object]:
    """Return the narrowest condition that a service can meet. EventBridge and log delivery send no context to test."""
    if service == LOGS:
        return {"Condition": {"StringLike": {"kms:EncryptionContext:aws:logs:arn": context.arn("logs", "*")}}}
    if service in (ALARMS, ACCESS_LOGS):
        return {"Condition": {"StringEquals": {"aws:SourceAccount": context.account}}}
    return {}
