"""The table of orders and stock, with backups, alarms and one grant for each kind of access."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from handlers.contracts.storage import (
    APPENDED_ATTRIBUTES,
    ORDERS,
    PRICE_ATTRIBUTES,
    STOCK_ATTRIBUTES,
    SWEEP_KEY,
    order_key,
    orphan_key,
    sku_key,
    watch_key,
)

from .aws.alarms import create_alarms
from .aws.backup import BackupPolicy, back_up
from .aws.dashboard import Chart
from .aws.dynamodb import create_table, operation_metrics, stream_grant, table_alarms, table_grant, table_metric
from .aws.eventbridge import alert_on_key_changes
from .aws.iam import join
from .aws.kms import encryption_key
from .base import Arguments, Component, Shared
from .shared_arguments import share


class OrderStoreArgs(TypedDict):
    """Arguments of an order store; every default is the strict one."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key of the table. Default: a key of its own."""
    backupkey: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key of the backups. Default: `key`, else a second key of its own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of its IAM role, which takes the backups. Default: none."""
    deletion_protection: NotRequired[bool]
    """Makes AWS refuse to delete the table. Default: true."""
    protect: NotRequired[bool]
    """Makes Pulumi refuse to delete or replace the table. Default: true."""
    point_in_time_days: NotRequired[float]
    """Days back to which the table can be restored to any second, 1 to 35. Default: 35."""
    backup_days: NotRequired[float]
    """Days for which each backup is kept, 1 to 36500. Default: 365."""
    backup_schedule: NotRequired[str]
    """Schedule of the backups, as an AWS cron expression in UTC. Default: cron(0 3 * * ? *)."""
    force_destroy: NotRequired[bool]
    """Deletes the backups when the store is destroyed. Default: false."""
    stream: NotRequired[bool]
    """Keeps every change for 24 hours, so that a function can process it. Default: false."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources except IAM roles. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class OrderStore(Component):
    """One table for orders and stock, with backups, alarms, and a grant for each kind of access."""

    table: pulumi.Output[str]
    """Name of the table."""
    arn: pulumi.Output[str]
    """ARN of the table."""
    key: pulumi.Output[str]
    """ARN of the key of the table."""
    vault: pulumi.Output[str]
    """Name of the backup vault."""
    readgrant: pulumi.Output[str]
    """Permission to read single orders: policy statements as JSON."""
    bookgrant: pulumi.Output[str]
    """Permission to place and settle orders: policy statements as JSON."""
    refundgrant: pulumi.Output[str]
    """Permission to refund orders: policy statements as JSON."""
    browsegrant: pulumi.Output[str]
    """Permission to read single orders and articles, and to list orders: policy statements as JSON."""
    reconcilegrant: pulumi.Output[str]
    """Permission to find unsettled orders and settle them: policy statements as JSON."""
    stream: pulumi.Output[str]
    """ARN of the stream of changes; empty without `stream`."""
    streamgrant: pulumi.Output[str]
    """Permission to read every change: policy statements as JSON."""

    def __init__(self, name: str, args: OrderStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:OrderStore", name, args, opts)
        self._name = name
        self._check(args)
        shared = share(
            self,
            name,
            args,
            encrypts="orders and stock",
            key_deletion_days=self._policy.key_deletion_days,
            protect=self._protected,
        )
        orders = create_table(
            f"{name}-table", ORDERS, shared, self._policy, protect=self._protected, stream=self._streams
        )
        self.stream = orders.stream_arn if self._streams else pulumi.Output.from_input("")
        self.table, self.arn, self.key = orders.name, orders.arn, pulumi.Output.from_input(shared.key)
        backup_key = self._create_backup_key(name, args, shared)
        self.vault = back_up(f"{name}-backup", orders.arn, shared, self._policy, key=backup_key)
        create_alarms(name, shared, table_alarms(orders.name))
        self._create_grants()
        self.register_outputs(
            {
                "table": self.table,
                "arn": self.arn,
                "key": self.key,
                "vault": self.vault,
                "readgrant": self.readgrant,
                "bookgrant": self.bookgrant,
                "refundgrant": self.refundgrant,
                "browsegrant": self.browsegrant,
                "reconcilegrant": self.reconcilegrant,
                "stream": self.stream,
                "streamgrant": self.streamgrant,
            }
        )

    def grant_read(self) -> pulumi.Output[str]:
        """Return the permission to read single orders, `readgrant`."""
        return self.readgrant

    def grant_book(self) -> pulumi.Output[str]:
        """Return the permission to place and settle orders, `bookgrant`."""
        return self.bookgrant

    def grant_refund(self) -> pulumi.Output[str]:
        """Return the permission to refund orders, `refundgrant`."""
        return self.refundgrant

    def grant_browse(self) -> pulumi.Output[str]:
        """Return the permission to read single orders and articles, and to list orders, `browsegrant`."""
        return self.browsegrant

    def grant_reconcile(self) -> pulumi.Output[str]:
        """Return the permission to find unsettled orders and settle them, `reconcilegrant`."""
        return self.reconcilegrant

    def grant_stream(self) -> pulumi.Output[str]:
        """Return the permission to read every change, `streamgrant`."""
        return self.streamgrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of a function that works on orders."""
        return {"BOOKING_ORDERS_TABLE": self.table}

    def charts(self) -> list[Chart]:
        """Return the charts of the table for a dashboard."""
        return [
            Chart("Consumed", [table_metric(self.table, f"Consumed{kind}CapacityUnits") for kind in ("Read", "Write")]),
            Chart("Throttled", operation_metrics(self.table, "ThrottledRequests")),
            Chart("System errors", operation_metrics(self.table, "SystemErrors")),
            Chart("Lost races", [table_metric(self.table, "ConditionalCheckFailedRequests")]),
        ]

    def _check(self, args: OrderStoreArgs) -> None:
        arguments = Arguments("OrderStore", self._name, args, OrderStoreArgs)
        self._protected = arguments.boolean("protect", True)
        self._policy = BackupPolicy.of(arguments)
        self._streams = arguments.boolean("stream", False)
        arguments.raise_if_invalid()

    def _create_backup_key(self, name: str, args: OrderStoreArgs, shared: Shared) -> pulumi.Input[str]:
        """Return the key of the backups: the given one, or one that is not the table's."""
        given = args.get("backupkey", args.get("key"))
        if given is not None:
            return given
        key = encryption_key(
            f"{name}-backup-key",
            None,
            encrypts="backups of orders and stock",
            parent=self,
            tags=shared.tags,
            deletion_window_days=self._policy.key_deletion_days,
            protect=self._protected,
        )
        alert_on_key_changes(f"{name}-backup-key-changes", key, shared)
        return key

    def _create_grants(self) -> None:
        listed = [pulumi.Output.concat(self.arn, "/index/", index.name) for index in ORDERS.indexes]
        self.readgrant = self._grant("ReadOrders", "GetItem", order_key("*"))
        append = self._grant("AppendToOrders", "UpdateItem", order_key("*"), APPENDED_ATTRIBUTES)
        release = self._grant("ReleaseStock", "UpdateItem", sku_key("*"), STOCK_ATTRIBUTES)
        # DynamoDB does not distinguish a condition on the price from a change of the price (ADR 7).
        reserve = self._grant("ReserveStock", "UpdateItem", sku_key("*"), (*STOCK_ATTRIBUTES, *PRICE_ATTRIBUTES))
        self.bookgrant = join(self._grant("PlaceOrders", "PutItem", order_key("*")), self.readgrant, append, reserve)
        self.refundgrant = join(self.readgrant, append, release)
        find = table_grant("FindOrders", ["dynamodb:Query"], listed, key=self.key, parent=self)
        sweep = table_grant(
            "Sweep",
            ["dynamodb:GetItem", "dynamodb:PutItem"],
            [self.arn],
            key=self.key,
            parent=self,
            items=(SWEEP_KEY, orphan_key("*"), watch_key("*", "*")),
        )
        review = table_grant(
            "ReviewLists",
            ["dynamodb:UpdateItem"],
            [self.arn],
            key=self.key,
            parent=self,
            items=[orphan_key("*"), watch_key("*", "*")],
        )
        self.reconcilegrant = join(find, self.refundgrant, sweep, review)
        self.streamgrant = stream_grant(self.arn, key=self.key, parent=self)
        self.browsegrant = join(
            self.readgrant,
            self._grant("ReadStock", "GetItem", sku_key("*")),
            table_grant("ListOrders", ["dynamodb:Query"], listed, key=self.key, parent=self),
        )

    def _grant(self, sid: str, action: str, items: str, attributes: Sequence[str] = ()) -> pulumi.Output[str]:
        return table_grant(
            sid,
            [f"dynamodb:{action}"],
            [self.arn],
            key=self.key,
            parent=self,
            items=[items],
            attributes=attributes,
        )
