"""Where orders and stock are kept: a table that is copied, watched, and granted deed by deed."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from handlers.contracts.storage import ATTENTION, BY_DAY, ORDERS

from .arguments import Arguments
from .aws.alarms import alert_topic
from .aws.backup import Safekeeping, back_up
from .aws.dashboard import Chart
from .aws.deployment_context import tags_of
from .aws.dynamodb import operation_metrics, table, table_alarms, table_grant, table_metric
from .aws.iam import joined
from .aws.kms import encryption_key
from .base import Component


class OrderStoreArgs(TypedDict):
    """What an order store needs to know; every default is the strict one."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key of the table and its backups. Default: a key of its own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of the role that takes backups. Default: none."""
    deletion_protection: NotRequired[bool]
    """Whether AWS refuses to delete the table. Default: true."""
    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete or replace the table. Default: true."""
    point_in_time_days: NotRequired[float]
    """Days into the past to which the table can be restored, 1 to 35. Default: 35."""
    backup_days: NotRequired[float]
    """Days for which a backup is kept, 1 to 36500. Default: 365."""
    backup_schedule: NotRequired[str]
    """When backups are taken, as an AWS cron expression in UTC. Default: cron(0 3 * * ? *)."""
    force_destroy: NotRequired[bool]
    """Whether destroying the store deletes its backups. Default: false."""
    key_deletion_days: NotRequired[float]
    """Days for which a deleted key of its own can be brought back, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of everything in it but roles, which have none. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags beyond project, stage and component. Default: none."""


class OrderStore(Component):
    """One table for orders and stock, with backups, alarms, and a grant for each thing that is done with it."""

    table: pulumi.Output[str]
    """Name of the table."""
    arn: pulumi.Output[str]
    """ARN of the table."""
    key: pulumi.Output[str]
    """ARN of the key of the table."""
    vault: pulumi.Output[str]
    """Name of the backup vault."""
    readgrant: pulumi.Output[str]
    """Permission to read single items: policy statements as JSON."""
    bookgrant: pulumi.Output[str]
    """Permission to place and settle orders: policy statements as JSON."""
    refundgrant: pulumi.Output[str]
    """Permission to refund orders: policy statements as JSON."""
    reconcilegrant: pulumi.Output[str]
    """Permission to find and settle what is unsettled: policy statements as JSON."""

    def __init__(self, name: str, args: OrderStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:OrderStore", name, args, opts)
        self._name = name
        self._check(args)
        self._tags = tags_of(name, args.get("tags"))
        self._choose_key_and_topic(args)
        orders = self._create_table()
        self.vault = self._back_up(orders, args)
        self._create_alarms(orders)
        self._hand_out_grants()
        self.register_outputs(
            {
                "table": self.table,
                "arn": self.arn,
                "key": self.key,
                "vault": self.vault,
                "readgrant": self.readgrant,
                "bookgrant": self.bookgrant,
                "refundgrant": self.refundgrant,
                "reconcilegrant": self.reconcilegrant,
            }
        )

    def grant_read(self) -> pulumi.Output[str]:
        """To read single items: `readgrant`."""
        return self.readgrant

    def grant_book(self) -> pulumi.Output[str]:
        """To place and settle orders: `bookgrant`."""
        return self.bookgrant

    def grant_refund(self) -> pulumi.Output[str]:
        """To refund orders: `refundgrant`."""
        return self.refundgrant

    def grant_reconcile(self) -> pulumi.Output[str]:
        """To find and settle what is unsettled: `reconcilegrant`."""
        return self.reconcilegrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """What a function needs to know to work on the orders."""
        return {"BOOKING_ORDERS_TABLE": self.table}

    def charts(self) -> list[Chart]:
        """What to look at when the table is in question."""
        return [
            Chart("Consumed", [table_metric(self.table, f"Consumed{kind}CapacityUnits") for kind in ("Read", "Write")]),
            Chart("Throttled", operation_metrics(self.table, "ThrottledRequests")),
            Chart("System errors", operation_metrics(self.table, "SystemErrors")),
            Chart("Lost races", [table_metric(self.table, "ConditionalCheckFailedRequests")]),
        ]

    def _check(self, args: OrderStoreArgs) -> None:
        given = Arguments("OrderStore", self._name, args, OrderStoreArgs)
        self._undeletable = given.flag("protect", True)
        self._kept = Safekeeping.of(given)
        given.check()

    def _choose_key_and_topic(self, args: OrderStoreArgs) -> None:
        self.key = encryption_key(
            f"{self._name}-key",
            args.get("key"),
            what="orders and stock",
            parent=self,
            tags=self._tags,
            deletion_window_days=self._kept.key_deletion_days,
            protect=self._undeletable,
        )
        self._topic = alert_topic(
            f"{self._name}-alerts",
            args.get("topic"),
            parent=self,
            tags=self._tags,
            deletion_window_days=self._kept.key_deletion_days,
        )

    def _create_table(self) -> aws.dynamodb.Table:
        orders = table(
            f"{self._name}-table",
            ORDERS,
            key=self.key,
            point_in_time_days=self._kept.point_in_time_days,
            deletion_protection=self._kept.deletion_protection,
            protect=self._undeletable,
            parent=self,
            tags=self._tags,
        )
        self.table, self.arn = orders.name, orders.arn
        return orders

    def _back_up(self, orders: aws.dynamodb.Table, args: OrderStoreArgs) -> pulumi.Output[str]:
        return back_up(
            f"{self._name}-backup",
            orders.arn,
            key=self.key,
            kept=self._kept,
            boundary=args.get("boundary"),
            parent=self,
            tags=self._tags,
        )

    def _create_alarms(self, orders: aws.dynamodb.Table) -> None:
        for alarm in table_alarms(orders.name):
            alarm.raise_to(self._topic, name=f"{self._name}-{alarm.slug}", parent=self, tags=self._tags)

    def _hand_out_grants(self) -> None:
        unsettled = [pulumi.Output.concat(self.arn, "/index/", index.name) for index in (ATTENTION, BY_DAY)]
        self.readgrant = self._grant("ReadItems", "GetItem")
        self.bookgrant = self._grant("PlaceOrders", "PutItem", "UpdateItem")
        self.refundgrant = self._grant("RefundOrders", "GetItem", "UpdateItem")
        find = table_grant("FindOrders", ["dynamodb:Query"], unsettled, key=self.key, parent=self)
        self.reconcilegrant = joined(find, self._grant("SettleOrders", "GetItem", "UpdateItem"))

    def _grant(self, sid: str, *actions: str) -> pulumi.Output[str]:
        named = [f"dynamodb:{action}" for action in actions]
        return table_grant(sid, named, [self.arn], key=self.key, parent=self)
