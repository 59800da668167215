"""Making an order out of a purchase."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .account import Account
from .canonical import salted
from .ledger import Kind
from .order import Asked, Order
from .requests import Origin, PlaceOrder
from .times import instant, written


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPolicy:
    """How long after a purchase it can be refunded."""

    window: timedelta

    def until(self, ordered_at: datetime) -> datetime:
        """The last instant at which a refund may start."""
        return ordered_at + self.window


def place_order(request: PlaceOrder, origin: Origin, policy: RefundPolicy, salt: str) -> Order:
    """The order as it is first written: PENDING, its policy in it for ever."""
    order = Order(order_id=request.order_id, ledger=(), account=Account(), asked={}, salt=salt)
    return order.with_asked(_asked(request)).then(
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
            "refundable_until": written(policy.until(instant(origin.requested_at))),
            "payment_method_sha256": salted(salt, request.payment_method),
        },
    )


def _asked(request: PlaceOrder) -> Asked:
    return Asked(
        request_id=request.request_id,
        subject=request.order_id,
        fingerprint=request.fingerprint,
        text=request.payment_method,
    )
