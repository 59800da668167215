"""The whole content of the table, for the command line. It scans, so no function uses it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ...contracts.storage import ATTENTION, BY_DAY, OUTCOMES_PREFIX, REFUSALS_PREFIX, order_key, sku_key
from ...domain.errors import BookingError
from ...domain.order import Order
from ...domain.ports import AuditTrail
from ...domain.stock import StockItem
from ...domain.trail.verification import StoredOrder
from ..clients import Reply, call
from .attribute_values import Item, decode, encode
from .order_items import attention, order_from, projection
from .stock_items import stock_item_from


class ScanningClient(Protocol):
    """The operations of `boto3.client("dynamodb")` that an archive uses."""

    def get_item(self, **request: object) -> Reply: ...
    def scan(self, **request: object) -> Reply: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The stored orders and stock, read without interpretation."""

    client: ScanningClient
    table: str

    def order(self, order_id: str) -> StoredOrder | None:
        """Return one order, or None if it does not exist."""
        item = self.item(order_id)
        return stored_order(item) if item else None

    def item(self, order_id: str) -> Item | None:
        """Return the item of one order, or None if it does not exist."""
        key = {"pk": encode(order_key(order_id))}
        return call(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True).get("Item")

    def changed_items(self, since: str) -> Iterator[Item]:
        """Yield the items of all orders whose last entry was recorded at a formatted instant or later."""
        recorded_at = BY_DAY.range_key
        return (item for item in self._items(order_key("")) if str(decode(item[recorded_at])) >= since)

    def orders(self) -> Iterator[StoredOrder]:
        """Yield all orders, in no particular order."""
        return (stored_order(item) for item in self._items(order_key("")))

    def stock(self) -> tuple[StockItem, ...]:
        """Return all stock items, sorted by SKU."""
        items = (stock_item_from(item) for item in self._items(sku_key("")))
        return tuple(sorted(items, key=lambda item: item.sku))

    def _items(self, prefix: str) -> Iterator[Item]:
        start: Mapping[str, object] = {}
        while True:
            page = call(self.client.scan, TableName=self.table, ConsistentRead=True, **start)
            yield from (item for item in page["Items"] if item["pk"]["S"].startswith(prefix))
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def stored_order(item: Item) -> StoredOrder:
    """Parse an order and its ledger exactly as stored in an item."""
    ledger = decode(item.get("ledger", {"L": []}))
    entries = [entry for entry in ledger if isinstance(entry, Mapping)] if isinstance(ledger, Sequence) else []
    order_id = item["pk"]["S"].removeprefix(order_key(""))
    order = _try_order(item)
    return StoredOrder(order_id=order_id, entries=entries, order=order, differing=_projection_differences(item, order))


def _projection_differences(item: Item, order: Order | None) -> tuple[str, ...]:
    due = attention(order) if order else {}  # reconcile may defer it: only its presence follows from the ledger
    expected = (
        {**projection(order), **{name: due[name] for name in due.keys() - {ATTENTION.range_key}}} if order else {}
    )
    stored = {**_DEFAULTS_OF_OLDER_ITEMS, **{name: decode(item[name]) for name in expected if name in item}}
    return tuple(name for name, value in expected.items() if name not in stored or stored[name] != value)


_DEFAULTS_OF_OLDER_ITEMS: Final = {"disputed_minor": 0}
"""Attributes that older items lack, and their defaults."""


def _try_order(item: Item) -> Order | None:
    try:
        return order_from(item)
    except (BookingError, KeyError, TypeError, ValueError, IndexError):
        return None


def audit_objects(log: AuditTrail, prefixes: Sequence[str] = (OUTCOMES_PREFIX, REFUSALS_PREFIX)) -> dict[str, bytes]:
    """Return the content of all audit objects below the prefixes, by key."""
    keys = (key for prefix in prefixes for key in _keys(log, prefix))
    return {key: content for key in keys if (content := log.read(key)) is not None}


def _keys(log: AuditTrail, prefix: str) -> Iterator[str]:
    page = log.keys(prefix)
    yield from page.names
    while page.after:
        page = log.keys(prefix, page.after)
        yield from page.names
