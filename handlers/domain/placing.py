"""Making an order out of a purchase."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .account import Account
from .canonical import salted
from .ledger import Kind
from .order import AcceptedRequest, Order
from .requests import Origin, PlaceOrder
from .times import format_instant, parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPolicy:
    """How long after a purchase it can be refunded."""

    window: timedelta

    def until(self, ordered_at: datetime) -> datetime:
        """The last instant at which a refund may start."""
        return ordered_at + self.window


def place_order(request: PlaceOrder, origin: Origin, policy: RefundPolicy, salt: str) -> Order:
    """The order as it is first written: PENDING, its policy in it for ever."""
    order = Order(order_id=request.order_id, ledger=(), account=Account(), requests={}, salt=salt)
    return order.with_request(_accepted_request(request)).append(
        Kind.ORDER_PLACED,
        at=origin.at,
        subject=request.order_id,
        amount_minor=request.amount_minor,
        facts={
            "request_id": request.request_id,
            "execution": origin.execution,
            "customer_id": request.customer_id,
            "currency": request.currency,
            "lines": [[line.sku, line.quantity, line.unit_price_minor] for line in request.lines],
            "refundable_until": format_instant(policy.until(parse_instant(origin.requested_at))),
            "payment_method_sha256": salted(salt, request.payment_method),
        },
    )


def _accepted_request(request: PlaceOrder) -> AcceptedRequest:
    return AcceptedRequest(
        request_id=request.request_id,
        subject=request.order_id,
        fingerprint=request.fingerprint,
        text=request.payment_method,
    )
