"""Publishing of the events in a batch of the orders table's stream, in order per order.

No two events of one order are in the same request to the bus, because it may accept the second without the first. The
first events of all orders are sent first, then the second ones. An order whose event was rejected waits without
delaying the others.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..adapters.dynamodb.order_stream import StreamRecord
from ..domain.errors import Unavailable
from ..domain.ports import RetryPolicy
from ..domain.publication import EventBus, LedgerEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBatch:
    """The outcome of a batch: the number of events published, and the records that must be tried again."""

    events: int
    failed: tuple[StreamRecord, ...]


@dataclass(slots=True, kw_only=True)
class _OrderQueue:
    """The queue of one order's unpublished events, each with the position of its record in the batch."""

    events: deque[tuple[int, LedgerEvent]] = field(default_factory=deque[tuple[int, LedgerEvent]])
    failed_at: int | None = None
    """The position of the first record that failed; all later ones of the order fail with it."""

    def add(self, position: int, record: StreamRecord) -> None:
        if record.events is None and self.failed_at is None:
            self.failed_at = position
        if self.failed_at is None:
            self.events.extend((position, event) for event in record.events or ())

    def give_up(self) -> None:
        self.failed_at = self.events[0][0]
        self.events.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A publisher of batches.

    A batch may be published again, in whole or in part, because consumers ignore repetitions.
    """

    bus: EventBus
    retry: RetryPolicy

    def run(self, records: Sequence[StreamRecord]) -> PublishedBatch:
        """Publish a batch. If a record fails, the later ones of its order fail with it."""
        orders = _by_order(records)
        published = 0
        while ready := [order for order in orders.values() if order.events]:
            rejected = self._publish(tuple(order.events[0][1] for order in ready))
            published += len(ready) - len(rejected)
            for order in ready:
                if order.events[0][1] in rejected:
                    order.give_up()
                else:
                    order.events.popleft()
        return PublishedBatch(events=published, failed=tuple(_failed_records(records, orders)))

    def _publish(self, events: tuple[LedgerEvent, ...]) -> tuple[LedgerEvent, ...]:
        """Return the events that the bus rejected in every attempt."""
        remaining = events
        try:
            for _ in self.retry.attempts("The event bus"):
                remaining = self._attempt(remaining)
                if not remaining:
                    return ()
        except Unavailable:
            pass
        return remaining

    def _attempt(self, events: tuple[LedgerEvent, ...]) -> tuple[LedgerEvent, ...]:
        try:
            return self.bus.publish(events)
        except Unavailable:
            return events


def _by_order(records: Sequence[StreamRecord]) -> dict[str, _OrderQueue]:
    orders: dict[str, _OrderQueue] = {}
    for position, record in enumerate(records):
        orders.setdefault(record.order_id, _OrderQueue()).add(position, record)
    return orders


def _failed_records(records: Sequence[StreamRecord], orders: dict[str, _OrderQueue]) -> list[StreamRecord]:
    first_failures = {order_id: queue.failed_at for order_id, queue in orders.items()}
    return [
        record
        for position, record in enumerate(records)
        if (failed_at := first_failures[record.order_id]) is not None and position >= failed_at
    ]
