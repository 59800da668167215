"""The legal life of an order and of a refund, as one table; docs/explanation/money.md draws it.

An entry that the table does not list for the state that an order or a refund is in cannot be folded.
"""

from enum import StrEnum
from typing import Final

from .ledger import Kind


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


class RefundStatus(StrEnum):
    """Where a refund stands."""

    RESERVED = "RESERVED"
    SETTLED = "SETTLED"
    DECLINED = "DECLINED"
    RELEASED = "RELEASED"
    REVERSED = "REVERSED"


_O, _R = OrderStatus, RefundStatus

ORDER_TRANSITIONS: Final[dict[tuple[OrderStatus | None, Kind], tuple[OrderStatus, ...]]] = {
    (None, Kind.ORDER_PLACED): (_O.PENDING,),
    (_O.PENDING, Kind.PAYMENT_CAPTURED): (_O.CONFIRMED,),
    (_O.PENDING, Kind.PAYMENT_DECLINED): (_O.DECLINED,),
    (_O.PENDING, Kind.PAYMENT_RELEASED): (_O.CANCELLED,),
    (_O.CONFIRMED, Kind.REFUND_REQUESTED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_DECLINED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_RELEASED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_SETTLED): (_O.PARTIALLY_REFUNDED, _O.REFUNDED),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_REQUESTED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_DECLINED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_RELEASED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_SETTLED): (_O.PARTIALLY_REFUNDED, _O.REFUNDED),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_REVERSED): (_O.CONFIRMED, _O.PARTIALLY_REFUNDED),
    (_O.REFUNDED, Kind.REFUND_REVERSED): (_O.CONFIRMED, _O.PARTIALLY_REFUNDED),
}
"""What an order becomes by an entry: one state, or the one among several that its totals decide."""

REFUND_TRANSITIONS: Final[dict[tuple[RefundStatus | None, Kind], RefundStatus]] = {
    (None, Kind.REFUND_REQUESTED): _R.RESERVED,
    (_R.RESERVED, Kind.REFUND_SETTLED): _R.SETTLED,
    (_R.RESERVED, Kind.REFUND_DECLINED): _R.DECLINED,
    (_R.RESERVED, Kind.REFUND_RELEASED): _R.RELEASED,
    (_R.SETTLED, Kind.REFUND_REVERSED): _R.REVERSED,
}
"""What a refund becomes by an entry."""
