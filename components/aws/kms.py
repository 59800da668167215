"""Customer-managed keys: one per owner of data, rotated, with a policy that names everyone who may use it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .deployment_context import Surroundings

LOGS = "logs"
ALARMS = "cloudwatch"
EVENTS = "events"
LOG_DELIVERY = "delivery.logs"
ACCESS_LOGS = "logging.s3"

_USE = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
_NEEDED = {
    # DescribeKey has no encryption context, so the condition for logs would never let it through.
    LOGS: [action for action in _USE if action != "kms:DescribeKey"],
    # S3 asks for no more to put an object under a bucket key. Source: S3 user guide, "Using SSE-KMS".
    ACCESS_LOGS: ["kms:Decrypt", "kms:GenerateDataKey"],
}
"""What a service does with a key, where that is less than everything."""


def encryption_key(
    name: str,
    given: pulumi.Input[str] | None,
    *,
    what: str,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
    deletion_window_days: int,
    services: Sequence[str] = (),
    protect: bool = False,
) -> pulumi.Output[str]:
    """The ARN of the key that was `given`, or of a new one for `what` that `services` may use too.

    A key that is given must let those services in by its own policy: AWS reads it, not ours. One that is protected
    stays until somebody says otherwise: what it encrypted is lost with it.
    """
    if given is not None:
        return pulumi.Output.from_input(given)
    key = aws.kms.Key(
        name,
        description=f"Encrypts {what}",
        enable_key_rotation=True,
        deletion_window_in_days=deletion_window_days,
        policy=_policy(Surroundings.of(parent), services),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect or None),
    )
    aws.kms.Alias(
        f"{name}-alias",
        name=f"alias/{pulumi.get_project()}-{pulumi.get_stack()}-{name}",
        target_key_id=key.key_id,
        opts=pulumi.ResourceOptions(parent=key),
    )
    arn: pulumi.Output[str] = key.arn
    return arn


def origin_of(key: pulumi.Input[str]) -> pulumi.Output[list[pulumi.Resource]]:
    """As `depends_on`: whatever the key's ARN comes from is made before, and deleted after."""

    def nothing_else(_: str) -> list[pulumi.Resource]:
        return []

    return pulumi.Output.from_input(key).apply(nothing_else)


def _policy(here: Surroundings, services: Sequence[str]) -> pulumi.Output[str]:
    """This account's IAM policies decide (AWS's default key policy), and `services` may use the key for this account.

    Source: AWS KMS developer guide, "Default key policy"; CloudWatch Logs user guide, "Encrypt log data".
    """
    own: dict[str, object] = {
        "Sid": "AccountDecides",
        "Effect": "Allow",
        "Principal": {"AWS": here.account_root()},
        "Action": "kms:*",
        "Resource": "*",
    }
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [own, *(_may_use(here, service) for service in services)]}
    )


def _may_use(here: Surroundings, service: str) -> dict[str, object]:
    host = (
        pulumi.Output.concat("logs.", here.region, ".amazonaws.com") if service == LOGS else f"{service}.amazonaws.com"
    )
    may: dict[str, object] = {
        "Sid": f"{service.title().replace('.', '')}MayUse",
        "Effect": "Allow",
        "Principal": {"Service": host},
        "Action": _NEEDED.get(service, _USE),
        "Resource": "*",
    }
    return may | _only_for_this_account(here, service)


def _only_for_this_account(here: Surroundings, service: str) -> dict[str, object]:
    """The narrowest condition that the service bears; EventBridge sends none with which it could be told apart."""
    if service == LOGS:
        return {"Condition": {"StringLike": {"kms:EncryptionContext:aws:logs:arn": here.arn("logs", "*")}}}
    if service in (ALARMS, LOG_DELIVERY, ACCESS_LOGS):
        return {"Condition": {"StringEquals": {"aws:SourceAccount": here.account}}}
    return {}
