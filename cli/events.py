"""`booking events publish`: publish the ledgers of orders again for consumers that missed events."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer

from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.dynamodb.attribute_values import Item
from handlers.adapters.dynamodb.order_stream import UNREADABLE, StreamRecord, events_after
from handlers.adapters.event_bus import EventBridgeBus
from handlers.contracts.storage import order_key
from handlers.domain.ports import RetryPolicy
from handlers.runtime.publishing import PublishedBatch, Publisher

from .command_errors import CommandFailed, UsageError
from .output import JsonOption, show
from .request_input import parse_timestamp
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

BATCH_ORDERS: Final = 100

app = typer.Typer(help="Publish events of orders again.", no_args_is_help=True)


def add_commands(parent: typer.Typer) -> None:
    """Register the group."""
    parent.add_typer(app, name="events")


@app.callback()
def _group() -> None:
    """Publish events of orders again."""


@app.command("publish")
def publish(
    orders: Annotated[list[str] | None, typer.Argument(metavar="ORDER...", help="Ids of orders.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Every order that changed at this instant or later (2026-01-30T00:00:00Z).")
    ] = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Publish every entry of the orders' ledgers again, in order. Consumers ignore entries that they know."""
    if bool(orders) == bool(since):
        raise UsageError("Name either orders or --since, such as --since 2026-01-30T00:00:00Z.")
    target = resolve_target(stage, instance)
    records = list(_records(target, orders or (), since))
    published = _publish(target, records)
    document = {"orders": len(records), "events": published.events}
    show(as_json, document, lambda console: console.print(_summary(len(records), published.events)))


def _records(target: DeploymentTarget, orders: Sequence[str], since: str | None) -> Iterator[StreamRecord]:
    """Yield the whole ledger of each order, as if it came from the stream."""
    archive = Archive(client=target.client("dynamodb"), table=target.output("ordersTable"))
    items = (
        archive.changed_items(parse_timestamp("--since", since))
        if since
        else (_item(archive, order) for order in orders)
    )
    for item in items:
        order_id = str(item["pk"]["S"]).removeprefix(order_key(""))
        try:
            yield StreamRecord(sequence_number=order_id, order_id=order_id, events=events_after(item, 0))
        except UNREADABLE as error:
            raise CommandFailed(f"Order {order_id} cannot be read: {error!r}. Run `booking audit verify`.") from error


def _item(archive: Archive, order: str) -> Item:
    """Return the item of an order, given its id or the id of one of its events, `<order>#<seq>`."""
    order_id = order.partition("#")[0]
    item = archive.item(order_id)
    if item is None:
        raise CommandFailed(f"There is no order {order_id}.")
    return item


def _publish(target: DeploymentTarget, records: Sequence[StreamRecord]) -> PublishedBatch:
    """Publish in batches.

    Raises:
        CommandFailed: EventBridge rejected an event.
    """
    bus = EventBridgeBus(client=target.client("events"), bus=target.output("eventBus"))
    publishing, events = Publisher(bus=bus, retry=RetryPolicy.without_delays()), 0
    for start in range(0, len(records), BATCH_ORDERS):
        batch = publishing.run(records[start : start + BATCH_ORDERS])
        events += batch.events
        if batch.failed:
            failed = ", ".join(record.order_id for record in batch.failed)
            raise CommandFailed(
                f"EventBridge did not accept every event of {failed}; {events} were published. Run this again: "
                "publishing an event twice is harmless."
            )
    return PublishedBatch(events=events, failed=())


def _summary(orders: int, events: int) -> str:
    return f"Published {events} event(s) of {orders} order(s)."
