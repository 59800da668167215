"""The bus of the order events, with an archive from which they can be replayed."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .aws.eventbridge import event_bus
from .aws.iam import statement
from .aws.kms import EVENTS
from .base import Arguments, Component
from .shared_arguments import share


class OrderEventsArgs(TypedDict):
    """Arguments of the order events; every default is the strict one."""

    archive_days: NotRequired[float]
    """Days for which the archive keeps every event, so that it can be sent again, 1 to 36500. Default: 365."""
    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key of bus, archive and queue, which EventBridge must be allowed to use. Default: a key of its
    own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class OrderEvents(Component):
    """An encrypted event bus for the events of orders, with an archive of all of them."""

    bus: pulumi.Output[str]
    """Name of the bus, for the rules of consumers."""
    arn: pulumi.Output[str]
    """ARN of the bus."""
    archive: pulumi.Output[str]
    """ARN of the archive."""
    publishgrant: pulumi.Output[str]
    """Permission to publish to the bus: policy statements as JSON."""

    def __init__(self, name: str, args: OrderEventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:OrderEvents", name, args, opts)
        arguments = Arguments("OrderEvents", name, args, OrderEventsArgs)
        archive_days = arguments.integer("archive_days", 365, 1, 36_500, "days")
        deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        arguments.raise_if_invalid()
        shared = share(
            self, name, args, encrypts="the events of orders", key_deletion_days=deletion_days, services=(EVENTS,)
        )
        bus = event_bus(f"{name}-bus", shared, holds="Events of orders: one for each entry of a ledger")
        archive = aws.cloudwatch.EventArchive(
            f"{name}-archive",
            event_source_arn=bus.arn,
            description="Every event of an order, to be sent again",
            retention_days=archive_days,
            kms_key_identifier=shared.key,
            opts=pulumi.ResourceOptions(parent=bus),
        )
        self.bus, self.arn, self.archive = bus.name, bus.arn, archive.arn
        self.publishgrant = statement("PublishEvents", ["events:PutEvents"], [bus.arn])
        self.register_outputs(
            {"bus": self.bus, "arn": self.arn, "archive": self.archive, "publishgrant": self.publishgrant}
        )

    def grant_publish(self) -> pulumi.Output[str]:
        """Return the permission to publish to the bus, `publishgrant`."""
        return self.publishgrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of the function that publishes."""
        return {"BOOKING_EVENT_BUS": self.bus}
