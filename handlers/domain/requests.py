"""Requests that passed validation, and the ids that follow from them."""

from dataclasses import dataclass
from typing import ClassVar

from .canonical import Json, digest, format_instant, parse_instant

_LENGTH = 32  # hexadecimal digits, 128 bits: no two requests of a system meet by chance


def order_id_of(customer_id: str, request_id: str) -> str:
    """The order that a customer's request makes."""
    return f"ord_{digest(['order', customer_id, request_id])[:_LENGTH]}"


def refund_id_of(order_id: str, request_id: str) -> str:
    """The refund that a request on an order makes."""
    return f"ref_{digest(['refund', order_id, request_id])[:_LENGTH]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The execution that carries a request, and when it started: the time that every attempt judges by."""

    execution: str
    requested_at: str

    @property
    def at(self) -> str:
        """The start in its one spelling."""
        return format_instant(parse_instant(self.requested_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many of one article at one price."""

    sku: str
    quantity: int
    unit_price_minor: int

    @property
    def amount_minor(self) -> int:
        """What the line was charged."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """Buy these lines with this payment method."""

    request_id: str
    customer_id: str
    currency: str
    lines: tuple[Line, ...]
    payment_method: str

    action: ClassVar[str] = "purchase"

    @property
    def subject(self) -> str:
        """What the request makes, and the gateway's key for it."""
        return self.order_id

    @property
    def order_id(self) -> str:
        """The order that this request makes."""
        return order_id_of(self.customer_id, self.request_id)

    @property
    def amount_minor(self) -> int:
        """What the lines come to."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def fingerprint(self) -> str:
        """Equal for equal requests, however they are spelled."""
        lines: list[Json] = [*sorted((line.sku, line.quantity, line.unit_price_minor) for line in self.lines)]
        return digest([self.customer_id, self.currency, lines, self.payment_method])


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """So many units of one article."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRefund:
    """Give back an amount, or units, or (with neither) all that is still refundable."""

    request_id: str
    order_id: str
    requested_by: str
    reason: str
    amount_minor: int | None = None
    units: tuple[Units, ...] | None = None

    action: ClassVar[str] = "refund"

    @property
    def subject(self) -> str:
        """What the request makes, and the gateway's key for it."""
        return self.refund_id

    @property
    def refund_id(self) -> str:
        """The refund that this request makes."""
        return refund_id_of(self.order_id, self.request_id)

    @property
    def fingerprint(self) -> str:
        """Equal for equal requests, however they are spelled."""
        units: Json = None if self.units is None else [*sorted((each.sku, each.quantity) for each in self.units)]
        return digest([self.order_id, self.requested_by, self.reason, self.amount_minor, units])


Request = PlaceOrder | IssueRefund
