"""Purchases that a customer may have made twice, because the first one was answered `unknown`."""

from datetime import datetime, timedelta
from typing import Final

from .canonical import parse_instant
from .order import Order

DOUBT: Final = timedelta(hours=24)
"""Time after an `unknown` in which the same purchase under another id is taken for the same wish."""


def is_in_doubt(order: Order, now: datetime) -> bool:
    """Return whether an order was `unknown`, and its customer may still buy the same again."""
    return was_unknown(order) and now <= parse_instant(order.placed.recorded_at) + DOUBT


def was_unknown(order: Order) -> bool:
    """Return whether the purchase's own execution ended before anything was heard of the payment."""
    heard = next((entry for entry in order.ledger[1:] if entry.subject == order.order_id), None)
    return heard is not None and heard.at != order.placed.at


def is_bought_again(order: Order, other: Order) -> bool:
    """Return whether another order has the same lines, was placed within the time of doubt, and both are paid."""
    delay = parse_instant(other.ordered_at) - parse_instant(order.ordered_at)
    return (
        other.order_id != order.order_id
        and timedelta() <= delay <= DOUBT
        and _wish(other) == _wish(order)
        and _is_paid(order)
        and _is_paid(other)
    )


def _wish(order: Order) -> tuple[str, str, frozenset[object]]:
    return order.customer_id, order.currency, frozenset(order.lines)


def _is_paid(order: Order) -> bool:
    return order.account.captured_minor > order.account.refunded_minor
