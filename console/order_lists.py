"""Lists of orders, newest first, a page at a time: by change, by customer, or those with money in flight.

The position in a list is the time and id of its last order, so pages can be linked, and orders that change meanwhile
are neither lost nor repeated on later pages. The indexes are eventually consistent.
"""

import heapq
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final, Self

from handlers.adapters.clients import call
from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.dynamodb.attribute_values import decode, encode
from handlers.adapters.dynamodb.order_items import changed_day
from handlers.contracts.storage import ATTENTION, BY_CUSTOMER, BY_DAY, ORDERS, SHARDS, IndexSchema, order_key
from handlers.domain.order import Order
from handlers.domain.trail.verification import StoredOrder

from .deployment import Deployment

PAGE: Final = 25
MAX_SCANNED: Final = 500
"""Orders read for one page of a filtered list."""
DAYS: Final = 7
"""Days that one page of the list by change looks back: quiet stages have few orders, and a day takes eight queries."""
EARLIEST: Final = "2024"
_LATEST: Final = "9999"
_END_OF_DAY: Final = "T~"  # sorts after every time of a day
_QUERY_LIMIT: Final = 50
_READERS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ListPosition:
    """A position in a list: the time by which it is sorted, and the order's id."""

    at: str
    order_id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse the position in a link; None for anything else."""
        at, separator, order_id = text.rpartition("~")
        return cls(at=at, order_id=order_id) if separator and len(text) <= 120 else None

    def __str__(self) -> str:
        return f"{self.at}~{self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """A page of orders. `after` is the position of the next page; None at the end of the list."""

    orders: tuple[StoredOrder, ...]
    after: ListPosition | None = None
    is_cut: bool = False
    """True if the page is not full although the list continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLists:
    """The lists of a table's orders."""

    client: Any
    table: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def of(cls, deployment: Deployment, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """Return the lists of a deployment."""
        return cls(client=deployment.client("dynamodb"), table=deployment.output("ordersTable"), now=now)

    def list_changed(self, before: ListPosition | None = None, day: str = "") -> Iterator[ListPosition]:
        """Yield the orders by their last change; with `day` (YYYY-MM-DD), those that changed last on it."""
        for each in [day] if day else self._days(before):
            shards = [self._query(BY_DAY, changed_day(each, shard), before) for shard in range(SHARDS)]
            yield from heapq.merge(*shards, reverse=True)

    def continuation_of_changed(self, before: ListPosition | None = None, day: str = "") -> ListPosition | None:
        """Return the position at which the list of `changed` continues; None if it is complete."""
        last = self._days(before)[-1]
        at = (date.fromisoformat(last) - timedelta(days=1)).isoformat()
        return None if day or at < EARLIEST else ListPosition(at=f"{at}{_END_OF_DAY}", order_id="")

    def changed_since(self, since: str) -> Iterator[ListPosition]:
        """Yield the orders that changed at a formatted instant or later, latest first, without a limit of days."""
        before: ListPosition | None = None
        while True:
            for position in self.list_changed(before):
                if position.at < since:
                    return
                yield position
            before = self.continuation_of_changed(before)
            if before is None or before.at < since:
                return

    def _days(self, before: ListPosition | None) -> list[str]:
        """Return the days of a page, latest first, including tomorrow, because clocks differ."""
        first = _day_at(before) if before else None
        first = first or (self.now() + timedelta(days=1)).date()
        return [(first - timedelta(days=back)).isoformat() for back in range(DAYS)]

    def of_customer(self, customer_id: str, before: ListPosition | None = None) -> Iterator[ListPosition]:
        """Yield a customer's orders by the time of the purchase."""
        return self._query(BY_CUSTOMER, customer_id, before)

    def in_flight(self) -> Iterator[ListPosition]:
        """Yield the orders with money in flight or a pending case, the longest due first."""
        return iter(sorted(each for shard in range(SHARDS) for each in self._query(ATTENTION, str(shard), None)))

    def page(
        self,
        positions: Iterator[ListPosition],
        matches: Callable[[Order | None], bool] = lambda _: True,
        size: int = PAGE,
        end: ListPosition | None = None,
    ) -> OrderPage:
        """Return the next matching orders of a list; `end` is the position at which the list itself continues."""
        found: list[StoredOrder] = []
        last: ListPosition | None = None
        scanned = 0
        while scanned < MAX_SCANNED and (batch := list(islice(positions, size))):
            for position, stored in zip(batch, self.load(batch), strict=True):
                if len(found) == size:
                    return OrderPage(orders=tuple(found), after=last)
                scanned, last = scanned + 1, position
                found += [stored] if stored and matches(stored.order) else []
        is_cut = scanned >= MAX_SCANNED
        more = next(positions, None) if len(found) == size or is_cut else None
        after = last if more else end
        return OrderPage(orders=tuple(found), after=after, is_cut=after is not None and len(found) < size)

    def load(self, positions: list[ListPosition]) -> list[StoredOrder | None]:
        """Load the stored orders."""
        archive = Archive(client=self.client, table=self.table)
        with ThreadPoolExecutor(_READERS) as readers:
            return list(readers.map(archive.order, [position.order_id for position in positions]))

    def _query(self, index: IndexSchema, partition: str, before: ListPosition | None) -> Iterator[ListPosition]:
        """Yield a partition of an index from `before` on, newest first, with equal times in order of ids."""
        start: dict[str, Any] = {}
        while True:
            reply = call(
                self.client.query,
                TableName=self.table,
                IndexName=index.name,
                KeyConditionExpression="#partition = :partition AND #moment <= :moment",
                ExpressionAttributeNames={"#partition": index.hash_key, "#moment": index.range_key},
                ExpressionAttributeValues={
                    ":partition": encode(partition),
                    ":moment": encode(before.at if before else _LATEST),
                },
                ScanIndexForward=False,
                Limit=_QUERY_LIMIT,
                **start,
            )
            found = sorted((_position(item, index) for item in reply["Items"]), reverse=True)
            yield from (position for position in found if before is None or position < before)
            if not reply.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}


def _position(item: Any, index: IndexSchema) -> ListPosition:
    key = str(decode(item[ORDERS.hash_key]))
    return ListPosition(at=str(decode(item[index.range_key])), order_id=key.removeprefix(order_key("")))


def _day_at(position: ListPosition) -> date | None:
    try:
        return date.fromisoformat(position.at[:10])
    except ValueError:
        return None
