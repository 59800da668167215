"""The payment gateway that ships with the program: a sandbox with test tokens, kept in a table of its own."""

from typing import NotRequired, TypedDict

import pulumi

from handlers.storage_schema import GATEWAY

from .alarms import alert_topic
from .arguments import Arguments
from .component import Component
from .encryption import encryption_key
from .surroundings import tags_of
from .tables import table, table_alarms, table_grant


class SandboxGatewayArgs(TypedDict):
    """What the sandbox gateway needs to know."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key of its table. Default: a key of its own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    deletion_protection: NotRequired[bool]
    """Whether AWS refuses to delete its table. Default: true."""
    point_in_time_days: NotRequired[float]
    """Days into the past to which its table can be restored, 1 to 35. Default: 35."""
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
        given = Arguments("SandboxGateway", name, args, SandboxGatewayArgs)
        protection = given.flag("deletion_protection", True)
        window = given.whole("key_deletion_days", 30, 7, 30, "days")
        days = given.whole("point_in_time_days", 35, 1, 35, "days")
        given.check()
        tags = tags_of(name, args.get("tags"))
        key = encryption_key(
            f"{name}-key",
            args.get("key"),
            what="the sandbox gateway",
            parent=self,
            tags=tags,
            deletion_window_days=window,
        )
        kept = table(
            f"{name}-table",
            GATEWAY,
            key=key,
            point_in_time_days=days,
            deletion_protection=protection,
            protect=False,
            parent=self,
            tags=tags,
        )
        self.table = kept.name
        topic = alert_topic(f"{name}-alerts", args.get("topic"), parent=self, tags=tags, deletion_window_days=window)
        for alarm in table_alarms(kept.name):
            alarm.raise_to(topic, name=f"{name}-{alarm.slug}", parent=self, tags=tags)
        pay = ["dynamodb:GetItem", "dynamodb:PutItem"]
        self.paygrant = table_grant("Pay", pay, [kept.arn], key=key, parent=self)
        self.register_outputs({"table": self.table, "paygrant": self.paygrant})

    def grant_pay(self) -> pulumi.Output[str]:
        """To charge, refund, look up and cancel: `paygrant`."""
        return self.paygrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """What a function needs to know to pay through it."""
        return {"BOOKING_GATEWAY": "sandbox", "BOOKING_GATEWAY_TABLE": self.table}
