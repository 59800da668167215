"""The sandbox payment gateway: a table of its own that accepts test tokens and moves no money."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from handlers.contracts.storage import (
    BY_MOVEMENT,
    CAPTURE_KEYS,
    CHARGE_KEYS,
    FENCE_ATTRIBUTES,
    GATEWAY,
    PAYMENT_ATTRIBUTES,
    REFUND_KEYS,
    VOID_KEYS,
)

from .aws.alarms import create_alarms
from .aws.backup import BackupPolicy, back_up
from .aws.dynamodb import create_table, table_alarms, table_grant
from .aws.iam import join
from .base import Arguments, Component
from .shared_arguments import share


class SandboxGatewayArgs(TypedDict):
    """Arguments of the sandbox gateway; every default is the strict one."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key of its table. Default: a key of its own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of its IAM role, which takes the backups. Default: none."""
    deletion_protection: NotRequired[bool]
    """Makes AWS refuse to delete its table. Default: true."""
    point_in_time_days: NotRequired[float]
    """Days back to which its table can be restored to any second, 1 to 35. Default: 35."""
    backup_days: NotRequired[float]
    """Days for which each backup is kept, 1 to 36500. Default: 365."""
    backup_schedule: NotRequired[str]
    """Schedule of the backups, as an AWS cron expression in UTC. Default: cron(0 3 * * ? *)."""
    force_destroy: NotRequired[bool]
    """Deletes the backups when the gateway is destroyed. Default: false."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources except IAM roles. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class SandboxGateway(Component):
    """A stand-in for a payment provider: it stores charges and refunds by their keys and moves no money."""

    table: pulumi.Output[str]
    """Name of its table."""
    chargegrant: pulumi.Output[str]
    """Permission to charge, authorise, capture and void: policy statements as JSON."""
    refundgrant: pulumi.Output[str]
    """Permission to look up charges and to refund them: policy statements as JSON."""
    showgrant: pulumi.Output[str]
    """Permission to read payments, for what a customer must do to complete one: policy statements as JSON."""
    fencegrant: pulumi.Output[str]
    """Permission to look up and list payments and refunds, cancel unused keys and void: policy statements as JSON."""

    def __init__(self, name: str, args: SandboxGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:SandboxGateway", name, args, opts)
        arguments = Arguments("SandboxGateway", name, args, SandboxGatewayArgs)
        policy = BackupPolicy.of(arguments)
        arguments.raise_if_invalid()
        shared = share(self, name, args, encrypts="the sandbox gateway", key_deletion_days=policy.key_deletion_days)
        payments = create_table(f"{name}-table", GATEWAY, shared, policy, protect=False)
        self.table = payments.name
        # "copy", because AWS Backup allows 50 characters, which project, stage and this name use up exactly.
        back_up(f"{name}-copy", payments.arn, shared, policy, key=shared.key)
        create_alarms(name, shared, table_alarms(payments.name))
        self._create_grants(payments.arn, shared.key)
        self.register_outputs(
            {
                "table": self.table,
                "chargegrant": self.chargegrant,
                "refundgrant": self.refundgrant,
                "showgrant": self.showgrant,
                "fencegrant": self.fencegrant,
            }
        )

    def grant_charge(self) -> pulumi.Output[str]:
        """Return the permission to charge, `chargegrant`."""
        return self.chargegrant

    def grant_refund(self) -> pulumi.Output[str]:
        """Return the permission to look up charges and to refund them, `refundgrant`."""
        return self.refundgrant

    def grant_show(self) -> pulumi.Output[str]:
        """Return the permission to read payments, `showgrant`."""
        return self.showgrant

    def grant_fence(self) -> pulumi.Output[str]:
        """Return the permission to look up and list charges and refunds, and to cancel unused keys, `fencegrant`."""
        return self.fencegrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of a function that pays through it."""
        return {"BOOKING_GATEWAY": "sandbox", "BOOKING_GATEWAY_TABLE": self.table}

    def _create_grants(self, table: pulumi.Output[str], key: pulumi.Input[str]) -> None:
        def grant(sid: str, action: str, *items: str, attributes: Sequence[str] = ()) -> pulumi.Output[str]:
            actions = [f"dynamodb:{action}"]
            return table_grant(sid, actions, [table], key=key, parent=self, items=items, attributes=attributes)

        payments = (CHARGE_KEYS, CAPTURE_KEYS, VOID_KEYS)
        end_holds = grant("EndHolds", "UpdateItem", CHARGE_KEYS, attributes=PAYMENT_ATTRIBUTES)
        lookup = grant("LookUp", "GetItem", *payments, REFUND_KEYS)
        charge = grant("Charge", "PutItem", *payments)
        self.chargegrant = join(grant("LookUpPayments", "GetItem", *payments), charge, end_holds)
        self.refundgrant = join(
            grant("LookUp", "GetItem", CHARGE_KEYS, REFUND_KEYS), grant("Refund", "PutItem", REFUND_KEYS)
        )
        self.showgrant = grant("ShowPayments", "GetItem", CHARGE_KEYS)
        fence = grant("Fence", "PutItem", *payments, REFUND_KEYS, attributes=FENCE_ATTRIBUTES)
        index = pulumi.Output.concat(table, "/index/", BY_MOVEMENT.name)
        list_movements = table_grant("ListMovements", ["dynamodb:Query"], [index], key=key, parent=self)
        self.fencegrant = join(lookup, fence, end_holds, list_movements)
