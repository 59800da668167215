"""Names and keys of the stored data, for the adapters, the components that create the tables, and the fakes."""

from dataclasses import dataclass
from typing import Final, Literal

ITEM_SCHEMA: Final = 1
"""Schema number of the items in the tables."""

SHARDS: Final = 8
"""The number of partitions of the indexes of changes, because one partition takes 1000 writes a second.

Source: DynamoDB developer guide, "Using write sharding to distribute workloads evenly".
"""

OUTCOMES_PREFIX: Final = "outcomes/"
REFUSALS_PREFIX: Final = "refusals/"
SEALS_PREFIX: Final = "seals/"

EVENT_SOURCE: Final = "booking.orders"
"""The source of every order event; consumers match it in their rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSchema:
    """A global secondary index; its two key attributes are strings."""

    name: str
    hash_key: str
    range_key: str
    projection: Literal["ALL", "KEYS_ONLY"] = "KEYS_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """A table whose primary key is one string attribute."""

    hash_key: str
    indexes: tuple[IndexSchema, ...] = ()

    def key_attributes(self) -> tuple[str, ...]:
        """Return every key attribute once, the table's own first."""
        keys = [self.hash_key, *(key for index in self.indexes for key in (index.hash_key, index.range_key))]
        return tuple(dict.fromkeys(keys))

    def index(self, name: str) -> IndexSchema:
        """Return the index called `name`."""
        return next(index for index in self.indexes if index.name == name)


BY_CUSTOMER: Final = IndexSchema(name="by-customer", hash_key="customer_id", range_key="ordered_at")
"""A customer's orders by time."""

ATTENTION: Final = IndexSchema(name="attention", hash_key="attention", range_key="attention_since")
"""Sparse: orders with money in flight, by shard ("0" to "7") and due time."""

BY_DAY: Final = IndexSchema(name="by-day", hash_key="changed_day", range_key="changed_at")
"""Orders by the day of their last ledger entry and shard ("2026-01-31#0" to "2026-01-31#7")."""

ORDERS: Final = TableSchema(hash_key="pk", indexes=(BY_CUSTOMER, ATTENTION, BY_DAY))
"""Orders (`ORDER#<order_id>`), stock (`SKU#<sku>`) and its movements (`STOCK_REQUEST#<sku>#<request_id>`).

Movements at the gateway that no ledger has are `ORPHAN#<reference>`; `SWEEP#cursor` is the position in its list. Orders
with an open case or dispute also have an item `WATCH#case#<order_id>` or `WATCH#dispute#<order_id>`.
"""

BY_MOVEMENT: Final = IndexSchema(name="by-movement", hash_key="moved_day", range_key="moved_at", projection="ALL")
"""Sparse: the sandbox gateway's items whose money moved, by day and time."""

GATEWAY: Final = TableSchema(hash_key="pk", indexes=(BY_MOVEMENT,))
"""The sandbox gateway's memory: one item per gateway key."""


DEFERRED_SINCE: Final = "deferred_since"
"""Attribute of an order that reconcile keeps deferring: the time of the first of these deferrals."""

APPENDED_ATTRIBUTES: Final = (
    *("pk", "version", "ledger", "requests", "status"),
    *("captured_minor", "reserved_minor", "refunded_minor", "refundable_minor", "disputed_minor"),
    *(ATTENTION.hash_key, ATTENTION.range_key, BY_DAY.hash_key, BY_DAY.range_key),
    DEFERRED_SINCE,
)
"""Attributes of an order that an update or its condition may name."""

STOCK_ATTRIBUTES: Final = ("pk", "available")
"""Attributes of a stock item that a restocking update names."""

PRICE_ATTRIBUTES: Final = ("price_minor", "currency")
"""Further attributes of a stock item that the condition of a purchase names."""

FENCE_ATTRIBUTES: Final = ("pk", "schema", "kind", "heard", "amount_minor")
"""Attributes of the item with which the sandbox gateway fences a key."""

PAYMENT_ATTRIBUTES: Final = ("pk", "heard", "amount_minor")
"""Attributes of a sandbox payment that change: its state, and the amount once captured."""

CHARGE_KEYS: Final = "ord_*"
CAPTURE_KEYS: Final = "cap_*"
VOID_KEYS: Final = "void_*"
REFUND_KEYS: Final = "ref_*"
"""Patterns of gateway keys: the ids of orders, captures, voids and refunds."""


def order_key(order_id: str) -> str:
    """Return the primary key of an order."""
    return f"ORDER#{order_id}"


SWEEP_KEY: Final = "SWEEP#cursor"
"""The primary key of the sweep's position in the gateway's list."""


def orphan_key(reference: str) -> str:
    """Return the primary key of a movement at the gateway that no ledger has."""
    return f"ORPHAN#{reference}"


def watch_key(watchlist: str, order_id: str) -> str:
    """Return the primary key of an order's item in a watchlist (`doubt`, `case`, `dispute`)."""
    return f"WATCH#{watchlist}#{order_id}"


def sku_key(sku: str) -> str:
    """Return the primary key of a stock item."""
    return f"SKU#{sku}"


def stock_request_key(sku: str, request_id: str) -> str:
    """Return the primary key of a movement of stock, by its request id."""
    return f"STOCK_REQUEST#{sku}#{request_id}"
