"""The payment gateway that ships with the program: a sandbox with test tokens, kept in a table of its own."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from handlers.contracts.storage import GATEWAY

from .arguments import Arguments
from .aws.alarms import alert_topic
from .aws.backup import Safekeeping, back_up
from .aws.deployment_context import tags_of
from .aws.dynamodb import table, table_alarms, table_grant
from .aws.kms import encryption_key
from .base import Component


class SandboxGatewayArgs(TypedDict):
    """What the sandbox gateway needs to know."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key of its table. Default: a key of its own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of the role that takes backups. Default: none."""
    deletion_protection: NotRequired[bool]
    """Whether AWS refuses to delete its table. Default: true."""
    point_in_time_days: NotRequired[float]
    """Days into the past to which its table can be restored, 1 to 35. Default: 35."""
    backup_days: NotRequired[float]
    """Days for which a backup is kept, 1 to 36500. Default: 365."""
    backup_schedule: NotRequired[str]
    """When backups are taken, as an AWS cron expression in UTC. Default: cron(0 3 * * ? *)."""
    force_destroy: NotRequired[bool]
    """Whether destroying the gateway deletes its backups. Default: false."""
    key_deletion_days: NotRequired[float]
    """Days for which a deleted key of its own can be brought back, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of everything in it but roles, which have none. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags beyond project, stage and component. Default: none."""


class SandboxGateway(Component):
    """Remembers charges and refunds by their key, as a payment provider would; no money moves."""

    table: pulumi.Output[str]
    """Name of its table."""
    paygrant: pulumi.Output[str]
    """Permission to charge, refund, look up and cancel: policy statements as JSON."""

    def __init__(self, name: str, args: SandboxGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:SandboxGateway", name, args, opts)
        self._name = name
        self._check(args)
        self._tags = tags_of(name, args.get("tags"))
        self._choose_key(args)
        kept = self._create_table()
        self._back_up(kept, args)
        self._create_alarms(args)
        pay = ["dynamodb:GetItem", "dynamodb:PutItem"]
        self.paygrant = table_grant("Pay", pay, [kept.arn], key=self._key, parent=self)
        self.register_outputs({"table": self.table, "paygrant": self.paygrant})

    def grant_pay(self) -> pulumi.Output[str]:
        """To charge, refund, look up and cancel: `paygrant`."""
        return self.paygrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """What a function needs to know to pay through it."""
        return {"BOOKING_GATEWAY": "sandbox", "BOOKING_GATEWAY_TABLE": self.table}

    def _check(self, args: SandboxGatewayArgs) -> None:
        given = Arguments("SandboxGateway", self._name, args, SandboxGatewayArgs)
        self._kept = Safekeeping.of(given)
        given.check()

    def _choose_key(self, args: SandboxGatewayArgs) -> None:
        self._key = encryption_key(
            f"{self._name}-key",
            args.get("key"),
            what="the sandbox gateway",
            parent=self,
            tags=self._tags,
            deletion_window_days=self._kept.key_deletion_days,
        )

    def _create_table(self) -> aws.dynamodb.Table:
        kept = table(
            f"{self._name}-table",
            GATEWAY,
            key=self._key,
            point_in_time_days=self._kept.point_in_time_days,
            deletion_protection=self._kept.deletion_protection,
            protect=False,
            parent=self,
            tags=self._tags,
        )
        self.table = kept.name
        return kept

    def _back_up(self, kept: aws.dynamodb.Table, args: SandboxGatewayArgs) -> None:
        back_up(
            f"{self._name}-copy",  # as long as AWS Backup allows: project, stage and this make a name of 50 characters
            kept.arn,
            key=self._key,
            kept=self._kept,
            boundary=args.get("boundary"),
            parent=self,
            tags=self._tags,
        )

    def _create_alarms(self, args: SandboxGatewayArgs) -> None:
        topic = alert_topic(
            f"{self._name}-alerts",
            args.get("topic"),
            parent=self,
            tags=self._tags,
            deletion_window_days=self._kept.key_deletion_days,
        )
        for alarm in table_alarms(self.table):
            alarm.raise_to(topic, name=f"{self._name}-{alarm.slug}", parent=self, tags=self._tags)
