"""Records of the orders table's stream, and the events of the ledger entries that each of them added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from ...contracts.storage import ORDERS, order_key
from ...domain.account import fold
from ...domain.canonical import Json
from ...domain.errors import BookingError
from ...domain.order import Order
from ...domain.publication import LedgerEvent, ledger_event
from .attribute_values import Item, decode, decode_item
from .order_items import order_from, projection

UNREADABLE: Final = (BookingError, KeyError, TypeError, ValueError, IndexError)
"""Errors when parsing an order that another release, or an invalid write, has produced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecord:
    """One change of an order: the events of the entries that it added, or None if it cannot be read."""

    sequence_number: str
    order_id: str
    events: tuple[LedgerEvent, ...] | None


def read_record(record: Mapping[str, Any]) -> StreamRecord | None:
    """Parse a record with both images; None if it is not of an order."""
    change = record["dynamodb"]
    key = str(decode(change["Keys"][ORDERS.hash_key]))
    if not key.startswith(order_key("")):
        return None
    new, old = change.get("NewImage"), change.get("OldImage")
    try:
        events = events_after(new, _length(old)) if new else ()
    except UNREADABLE:
        events = None
    return StreamRecord(
        sequence_number=str(change["SequenceNumber"]), order_id=key.removeprefix(order_key("")), events=events
    )


def events_after(item: Item, seq: int) -> tuple[LedgerEvent, ...]:
    """Return the event of each entry of a stored order after entry `seq`, in order."""
    stored = decode_item(item)
    ledger = cast("Sequence[Mapping[str, Json]]", stored["ledger"])
    order = _try_order(item)
    return tuple(
        ledger_event(stored, entry, _totals_after(order, number) if order else _totals(stored))
        for number, entry in enumerate(ledger, start=1)
        if number > seq
    )


def _length(image: Item | None) -> int:
    return len(image["ledger"]["L"]) if image else 0


def _try_order(item: Item) -> Order | None:
    """Parse an order; None if it has entries that only a newer release can fold."""
    try:
        return order_from(item)
    except UNREADABLE:
        return None


def _totals_after(order: Order, seq: int) -> dict[str, Json]:
    ledger = order.ledger[:seq]
    return _totals(projection(replace(order, ledger=ledger, account=fold(ledger))))


def _totals(projected: Mapping[str, Json]) -> dict[str, Json]:
    """Return the status and amounts of a projection."""
    return {name: value for name, value in projected.items() if name == "status" or name.endswith("_minor")}
