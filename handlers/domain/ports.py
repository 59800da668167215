"""The ports of orders, audit objects and parked results, and the retry policy of a lost race.

The ports of the gateway and of stock are in `payments` and `stock`; one contract suite runs against every
implementation of each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, Self

from .canonical import Json
from .errors import Unavailable
from .order import Order
from .stock import StockMismatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An order before and after; `restock` says what goes back on the shelf in the same transaction."""

    before: Order
    after: Order
    restock: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The write took effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleOrder:
    """The write was refused because the order has changed, or was there already: this is what it is now."""

    current: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a listing, in order, and where it goes on (None: nowhere)."""

    names: tuple[str, ...]
    after: str | None = None


class OrderRepository(Protocol):
    """Orders and stock. Every method may raise `Unavailable`."""

    def load(self, order_id: str) -> Order | None:
        """The order as last written."""
        ...

    def create(self, order: Order) -> Written | StaleOrder | StockMismatch:
        """Make the order and take its lines from the shelves at the quoted price, all or nothing.

        An order that exists already wins over every difference of the shelves.
        """
        ...

    def append(self, change: Change) -> Written | StaleOrder:
        """Add the new entries if nothing was added since `change.before`."""
        ...

    def list_in_flight(self, shard: int, after: str | None, limit: int) -> Page:
        """Order ids with money in flight in one shard, the longest waiting first."""
        ...

    def list_changed(self, day: str, shard: int, since: str, after: str | None, limit: int) -> Page:
        """Order ids whose last entry is of that day (YYYY-MM-DD) and not before `since`, in one shard."""
        ...


class AuditTrail(Protocol):
    """Objects that are written once and never changed. Every method may raise `Unavailable`."""

    def write(self, key: str, record: Mapping[str, Json]) -> bool:
        """Write the record unless it is there already; says whether it was written now.

        Raises:
            AuditContradiction: another record has that key.
        """
        ...

    def read(self, key: str) -> bytes | None:
        """The object as it lies there."""
        ...

    def keys(self, prefix: str, after: str | None = None) -> Page:
        """Keys that begin with `prefix`, in order, from behind `after`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedResult:
    """An outcome that the record step could not write: its message, and the receipt to be rid of it."""

    message: str
    receipt: str


class ParkingQueue(Protocol):
    """The queue of what could not be recorded."""

    def receive(self) -> Sequence[ParkedResult]:
        """A few of them; nothing when there are none."""
        ...

    def delete(self, parked: ParkedResult) -> None:
        """It has been recorded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Bounded tries with full jitter.

    Source: AWS Architecture Blog, "Exponential Backoff and Jitter": of the variants, full jitter does the least work.
    """

    sleep: Callable[[timedelta], None]
    rng: Callable[[], float]
    max_attempts: int = 10
    initial_delay: timedelta = timedelta(milliseconds=20)
    max_delay: timedelta = timedelta(milliseconds=500)

    @classmethod
    def without_delays(cls) -> Self:
        """For whom waits nobody: a person's command, a test."""
        return cls(sleep=lambda _: None, rng=lambda: 0.0)

    def attempts(self, what: str) -> Iterator[int]:
        """Count the tries; when they are used up, raise.

        Raises:
            Unavailable: every try lost its race for `what`.
        """
        for attempt in range(self.max_attempts):
            if attempt:
                self.sleep(self.rng() * min(self.max_delay, self.initial_delay * 2**attempt))
            yield attempt
        raise Unavailable(f"{what} was changed by others during each of {self.max_attempts} tries.")
