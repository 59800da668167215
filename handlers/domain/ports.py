"""What the domain needs from outside, as Protocols; one contract suite runs against every implementation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from .canonical import Json
from .gateway import GatewayReply
from .order import Order
from .stock import StockItem


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
class StockMismatch:
    """The order was not made, for shelves are not as quoted: each sku asked for with what is there (None: nothing)."""

    found: Mapping[str, StockItem | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a listing, in order, and where it goes on (None: nowhere)."""

    names: tuple[str, ...]
    after: str | None = None


class OrderStore(Protocol):
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

    def waiting(self, shard: int, after: str | None, limit: int) -> Page:
        """Order ids with money in flight in one shard, the longest waiting first."""
        ...

    def changed_on(self, day: str, shard: int, since: str, after: str | None, limit: int) -> Page:
        """Order ids whose last entry is of that day (YYYY-MM-DD) and not before `since`, in one shard."""
        ...


class Inventory(Protocol):
    """What is for sale."""

    def put(self, item: StockItem) -> None:
        """Set an article's price and stock."""
        ...

    def show(self, sku: str) -> StockItem | None:
        """An article as last written."""
        ...


class PaymentGateway(Protocol):
    """Moves money, each key once: whoever repeats a key gets the first one's outcome.

    An ambiguous answer (a timeout, a 5xx, a lost reply) is raised as `PaymentOutcomeUnknown`.
    """

    can_fence: ClassVar[bool]
    """Whether `cancel` keeps its promise; where it cannot, the case is left to people."""

    def charge(self, key: str, amount_minor: int, currency: str, payment_method: str) -> GatewayReply:
        """Take money, once for the key."""
        ...

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> GatewayReply:
        """Give money of a charge back, once for the key."""
        ...

    def lookup(self, key: str) -> GatewayReply:
        """What is known of the key."""
        ...

    def cancel(self, key: str) -> GatewayReply:
        """See to it that the key never moves money: `fenced`, or what it had done before."""
        ...


class AuditLog(Protocol):
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
class Parked:
    """An outcome that the record step could not write: its message, and the receipt to be rid of it."""

    message: str
    receipt: str


class ParkedOutcomes(Protocol):
    """The queue of what could not be recorded."""

    def receive(self) -> Sequence[Parked]:
        """A few of them; nothing when there are none."""
        ...

    def done(self, parked: Parked) -> None:
        """It has been recorded."""
        ...
