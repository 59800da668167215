"""The ports of orders, audit objects, parked results and sweeps, and the retry policy of a lost race.

The ports of the gateway and of stock are in `payments` and `stock`; one contract suite runs against every
implementation of each.

Longer than 250 lines so that every port but those two is in one file.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, Self, cast

from .canonical import Json
from .errors import Unavailable
from .order import Order
from .payments import Movement
from .stock import StockMismatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An order before and after a change, and the units per SKU to return to stock in the same transaction."""

    before: Order
    after: Order
    restock: Mapping[str, int] = field(default_factory=dict[str, int])

    def without_restock(self, skus: Collection[str]) -> Self:
        """Return the change without the units of deleted SKUs, so that no entry claims that they were restocked."""
        removed_lines = {number for number, line in enumerate(self.after.lines) if line.sku in skus}
        order = replace(self.before, requests=self.after.requests, salt=self.after.salt)
        for entry in self.after.ledger[self.before.version :]:
            order = order.append(
                entry.kind,
                at=entry.at,
                now=entry.recorded_at,
                subject=entry.subject,
                amount_minor=entry.amount_minor,
                facts={name: _without_lines(fact, removed_lines, name) for name, fact in entry.facts.items()},
            )
        restock = {sku: units for sku, units in self.restock.items() if sku not in skus}
        return replace(self, after=order, restock=restock)


def _without_lines(fact: Json, lines: Collection[int], name: str) -> Json:
    if name not in ("restocked", "released"):
        return fact
    return [pair for pair in cast("Sequence[tuple[int, int]]", fact) if pair[0] not in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A write that took effect; `after` is the stored order."""

    after: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleOrder:
    """A write that was refused because the order has changed or already exists; `current` is the stored order."""

    current: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a listing, in order, and the position of the next page (None: it was the last)."""

    names: tuple[str, ...]
    after: str | None = None
    first: str | None = None
    """The time by which the first name is listed; None if there is none, or if the listing is not by time."""


class OrderRepository(Protocol):
    """The stored orders. Every method may raise `Unavailable`."""

    def load(self, order_id: str) -> Order | None:
        """Return the order as last written."""
        ...

    def create(self, order: Order) -> Written | StaleOrder | StockMismatch:
        """Create the order and take its lines from stock at the quoted price, all or nothing.

        If the order already exists, the result is `StaleOrder` even if the stock differs as well.
        """
        ...

    def append(self, change: Change) -> Written | StaleOrder:
        """Append the new entries, unless the order has changed since `change.before`.

        Units of a SKU that was deleted cannot return to stock; the entries are then written without them.
        """
        ...

    def list_due(self, shard: int, until: str, after: str | None, limit: int) -> Page:
        """List the ids of the orders in one shard that are due by `until`, the longest due first."""
        ...

    def list_of_customer(self, customer_id: str, since: str, until: str, after: str | None, limit: int) -> Page:
        """List the ids of the orders that a customer placed from `since` to `until`."""
        ...

    def defer(self, order: Order, until: str | None, now: str | None) -> bool:
        """Set an order's due time (None: none), unless the order has changed since it was loaded.

        `now` marks a deferral; the order keeps the time of the first of consecutive deferrals. Without `now`, `until`
        is the order's own due time, and the deferrals end. Return false if the order has changed.
        """
        ...

    def list_changed(
        self, day: str, shard: int, since: str, after: str | None, limit: int, until: str | None = None
    ) -> Page:
        """List the orders of one shard whose last entry is of a day (YYYY-MM-DD), from `since` to `until`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One version of an object, or a delete marker."""

    key: str
    is_deletion: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """A page of object versions in key order, and the key after which the next page begins (None: it was the last)."""

    versions: tuple[ObjectVersion, ...]
    after: str | None = None


class WriteOnceStore(Protocol):
    """A store of objects that can each be put once. `put` may raise `Unavailable`."""

    def put(self, key: str, body: bytes) -> bool:
        """Put an object unless the key exists, and return whether it was put now."""
        ...


class AuditTrail(WriteOnceStore, Protocol):
    """The audit objects, which are written once and never changed. Every method may raise `Unavailable`."""

    def write(self, key: str, record: Mapping[str, Json]) -> bool:
        """Write an audit object; return False if the same one already exists.

        Raises:
            AuditContradiction: a different object has the key.
        """
        ...

    def read(self, key: str) -> bytes | None:
        """Return the content of an object, or None if it does not exist."""
        ...

    def keys(self, prefix: str, after: str | None = None) -> Page:
        """List the keys that begin with `prefix`, in order, after the position `after`."""
        ...

    def versions(self, prefix: str, after: str | None = None) -> VersionPage:
        """List the versions of objects whose keys begin with `prefix`, grouped by key, after the position `after`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedResult:
    """A result that the record step could not record: its message, and the receipt that deletes it."""

    message: str
    receipt: str


class ParkingQueue(Protocol):
    """The queue of results that could not be recorded."""

    def receive(self) -> Sequence[ParkedResult]:
        """Return some of the results; none if the queue is empty."""
        ...

    def delete(self, parked: ParkedResult) -> None:
        """Delete a result that has been recorded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A bounded number of attempts with exponential back-off and full jitter.

    Source: AWS Architecture Blog, "Exponential Backoff and Jitter": full jitter needs the fewest calls of its variants.
    """

    sleep: Callable[[timedelta], None]
    rng: Callable[[], float]
    max_attempts: int = 10
    initial_delay: timedelta = timedelta(milliseconds=20)
    max_delay: timedelta = timedelta(milliseconds=500)

    @classmethod
    def without_delays(cls) -> Self:
        """Return a policy without delays, for interactive commands and tests."""
        return cls(sleep=lambda _: None, rng=lambda: 0.0)

    def attempts(self, what: str) -> Iterator[int]:
        """Yield the number of each attempt, waiting between them.

        Raises:
            Unavailable: every attempt lost its race for `what`.
        """
        for attempt in range(self.max_attempts):
            if attempt:
                self.sleep(self.rng() * min(self.max_delay, self.initial_delay * 2**attempt))
            yield attempt
        raise Unavailable(f"{what} changed during each of {self.max_attempts} attempts to write it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPosition:
    """The time up to which the gateway's list has been read, and the window that a run left unfinished.

    `until` is the end of that window and `after` the position in it; both are None between windows. `after` without
    `until` is the position of an unfinished walk through the orders, which a run had no time to complete.
    """

    through: str
    until: str | None = None
    after: str | None = None


class Watchlist(StrEnum):
    """A list of the orders to report until people or the bank have settled them.

    Orders in doubt were `unknown`, so their customers may have repeated the purchase.
    """

    DOUBTS = "doubt"
    CASES = "case"
    DISPUTES = "dispute"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMember:
    """An order or a movement in a list, and the time at which it was added."""

    name: str
    since: str


class SweepRepository(Protocol):
    """The stored position, the orphans (movements of orders that do not exist), and the watchlists.

    Lists begin with the oldest item. Every method may raise `Unavailable`.
    """

    def position(self) -> SweepPosition | None:
        """Return the position, or None before the first sweep."""
        ...

    def advance(self, before: SweepPosition | None, after: SweepPosition) -> bool:
        """Store a position, and return False if another run has stored one since `before` was read."""
        ...

    def add_orphan(self, movement: Movement, now: str) -> None:
        """Store a movement that no ledger has, once per reference."""
        ...

    def remove_orphan(self, reference: str) -> None:
        """Remove an orphan that a ledger now accounts for."""
        ...

    def list_orphans(self) -> tuple[ListMember, ...]:
        """Return the references of the orphans."""
        ...

    def load_orphan(self, reference: str) -> Movement | None:
        """Return an orphan, or None if it is unknown."""
        ...

    def watch(self, watchlist: Watchlist, order_id: str, now: str) -> None:
        """Put an order into a watchlist, once."""
        ...

    def unwatch(self, watchlist: Watchlist, order_id: str) -> None:
        """Take an order out of a watchlist."""
        ...

    def list_watched(self, watchlist: Watchlist) -> tuple[ListMember, ...]:
        """Return the orders in a watchlist."""
        ...
