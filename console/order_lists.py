"""Lists of orders, newest first, a page at a time: by change, by customer, or those with money in flight.

The position in a list is the time and id of its last order, so a page can be linked to and orders that change meanwhile
are neither lost nor shown twice on the way down. The indexes are eventually consistent.
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
from handlers.domain.verification import StoredOrder

from .deployment import Deployment

PAGE: Final = 25
MAX_SCANNED: Final = 500
"""Orders read for one page of a filtered list."""
MAX_DAYS: Final = 92
_LATEST: Final = "9999"
_QUERY_LIMIT: Final = 50
_READERS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in a list: the time by which it is sorted, and the order's id."""

    at: str
    order_id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the position that a link names; None for anything else."""
        at, separator, order_id = text.rpartition("~")
        return cls(at=at, order_id=order_id) if separator and len(text) <= 120 else None

    def __str__(self) -> str:
        return f"{self.at}~{self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """Some orders of a list. `after` is the position from which it goes on; None at its end."""

    orders: tuple[StoredOrder, ...]
    after: Position | None = None
    is_cut: bool = False
    """True if the search stopped early, after reading many orders that do not match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLists:
    """The lists of a table's orders."""

    client: Any
    table: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """Return the lists of a deployment."""
        return cls(client=deployment.client("dynamodb"), table=deployment.output("ordersTable"))

    def changed(self, before: Position | None = None, day: str = "") -> Iterator[Position]:
        """Yield the orders by their last change; with `day` (YYYY-MM-DD), those that changed last on it."""
        latest = before.at[:10] if before else day or (self.now() + timedelta(days=1)).date().isoformat()
        first = date.fromisoformat(latest)
        days = [day] if day else [(first - timedelta(days=back)).isoformat() for back in range(MAX_DAYS)]
        for each in days:
            shards = [self._query(BY_DAY, changed_day(each, shard), before) for shard in range(SHARDS)]
            yield from heapq.merge(*shards, reverse=True)

    def of_customer(self, customer_id: str, before: Position | None = None) -> Iterator[Position]:
        """Yield a customer's orders by the time of the purchase."""
        return self._query(BY_CUSTOMER, customer_id, before)

    def in_flight(self) -> Iterator[Position]:
        """Yield the orders with money in flight or a pending case, the longest due first."""
        return iter(sorted(each for shard in range(SHARDS) for each in self._query(ATTENTION, str(shard), None)))

    def page(
        self, positions: Iterator[Position], matches: Callable[[Order | None], bool] = lambda _: True, size: int = PAGE
    ) -> OrderPage:
        """Return the next orders of a list that match."""
        found: list[StoredOrder] = []
        last: Position | None = None
        scanned = 0
        while scanned < MAX_SCANNED and (batch := list(islice(positions, size))):
            for position, stored in zip(batch, self.load(batch), strict=True):
                if len(found) == size:
                    return OrderPage(orders=tuple(found), after=last)
                scanned, last = scanned + 1, position
                found += [stored] if stored and matches(stored.order) else []
        is_cut = scanned >= MAX_SCANNED
        more = next(positions, None) if len(found) == size or is_cut else None
        return OrderPage(orders=tuple(found), after=last if more else None, is_cut=is_cut and more is not None)

    def load(self, positions: list[Position]) -> list[StoredOrder | None]:
        """Return the orders as they are stored."""
        archive = Archive(client=self.client, table=self.table)
        with ThreadPoolExecutor(_READERS) as readers:
            return list(readers.map(archive.order, [position.order_id for position in positions]))

    def _query(self, index: IndexSchema, partition: str, before: Position | None) -> Iterator[Position]:
        """Yield a partition of an index from `before` on, newest first; equal times are in the order of ids."""
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


def _position(item: Any, index: IndexSchema) -> Position:
    key = str(decode(item[ORDERS.hash_key]))
    return Position(at=str(decode(item[index.range_key])), order_id=key.removeprefix(order_key("")))
