"""Orders for tests, and strategies for their random histories."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from handlers.domain.answers import Answer
from handlers.domain.order import Order, RefundPolicy, place_order
from handlers.domain.payments import GatewayReply, GatewayStatus
from handlers.domain.ports import Change
from handlers.domain.requests import IssueRefund, Line, Origin, PlaceOrder, Units
from handlers.domain.rules.refunds import reserve_refund
from handlers.domain.settlement import Contradiction, apply_gateway_reply

NOON = "2026-03-01T12:00:00.000000Z"
ORIGIN = Origin(execution="arn:aws:states:eu-west-1:123456789012:execution:booking:run-1", requested_at=NOON)
POLICY = RefundPolicy(window=timedelta(days=30))


def lines_of(*quantities_and_prices: tuple[int, int]) -> tuple[Line, ...]:
    return tuple(
        Line(sku=f"SKU-{number}", quantity=quantity, unit_price_minor=price)
        for number, (quantity, price) in enumerate(quantities_and_prices)
    )


def pending_order(lines: tuple[Line, ...], currency: str = "EUR") -> Order:
    """Return an order as it is first written."""
    request = PlaceOrder(
        request_id="buy-1", customer_id="customer-1", currency=currency, lines=lines, payment_method="pm_ok"
    )
    return place_order(request, ORIGIN, POLICY, salt="5a17", now=NOON)


def paid_order(lines: tuple[Line, ...], currency: str = "EUR") -> Order:
    """Return an order that has been paid."""
    order = pending_order(lines, currency)
    return apply_status(order, order.order_id, GatewayStatus.SETTLED)


def reply_of(order: Order, key: str, status: GatewayStatus) -> GatewayReply:
    is_payment = key == order.order_id
    amount = order.account.requested_minor if is_payment else order.account.refunds[key].amount_minor
    return GatewayReply(status=status, reference="gw-1", amount_minor=amount)


def apply_status(order: Order, key: str, status: GatewayStatus, at: str = NOON) -> Order:
    """Return the order after a gateway reply with this status."""
    change = apply_gateway_reply(order, key, reply_of(order, key, status), at, at)
    return change.after if isinstance(change, Change) else order


def contradicts(order: Order, key: str, status: GatewayStatus) -> bool:
    return isinstance(apply_gateway_reply(order, key, reply_of(order, key, status), NOON, NOON), Contradiction)


def refund_request(order: Order, request_id: str, **fields: Any) -> IssueRefund:
    """Return a refund: amount_minor=…, units={sku: quantity} or neither."""
    units = fields.get("units")
    return IssueRefund(
        request_id=request_id,
        order_id=order.order_id,
        requested_by="agent-7",
        reason="The handle is scratched.",
        amount_minor=fields.get("amount_minor"),
        units=None if units is None else tuple(Units(sku=sku, quantity=n) for sku, n in units.items()),
    )


def reserve(order: Order, request_id: str, at: str = NOON, **fields: Any) -> Order | Answer:
    """Return the order with a refund reserved, or the refusal."""
    origin = Origin(execution=ORIGIN.execution, requested_at=at)
    decided = reserve_refund(order, refund_request(order, request_id, **fields), origin, NOON)
    return decided.after if isinstance(decided, Change) else decided


def make_refund(order: Order, request_id: str, **fields: Any) -> Order:
    """Return the order after a settled refund."""
    reserved = reserve(order, request_id, **fields)
    assert isinstance(reserved, Order), reserved
    return apply_status(reserved, refund_request(order, request_id).refund_id, GatewayStatus.SETTLED)


line_sets = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5_000)), min_size=1, max_size=5).map(
    lambda pairs: lines_of(*pairs)
)


@st.composite
def refund_fields(draw: st.DrawFn, order: Order) -> dict[str, Any]:
    """Draw the fields of a refund of this order, valid or not."""
    kind = draw(st.sampled_from(("everything", "amount", "units")))
    if kind == "everything":
        return {}
    if kind == "amount":
        return {"amount_minor": draw(st.integers(1, order.account.requested_minor + 2))}
    chosen = draw(st.lists(st.sampled_from(order.lines), min_size=1, unique=True))
    return {"units": {line.sku: draw(st.integers(1, line.quantity + 1)) for line in chosen}}


@st.composite
def lives(draw: st.DrawFn) -> list[Order]:
    """Draw all states of an order through a random history of refunds and gateway replies in any order."""
    order = paid_order(draw(line_sets))
    states = [pending_order(order.lines), order]
    for number in range(draw(st.integers(0, 8))):
        keys = [order.order_id, *order.account.refunds]
        if draw(st.booleans()):
            decided = reserve(order, f"refund-{draw(st.integers(0, number))}-{number}", **draw(refund_fields(order)))
            order = decided if isinstance(decided, Order) else order
        else:
            order = apply_status(order, draw(st.sampled_from(keys)), draw(st.sampled_from(tuple(GatewayStatus))))
        states.append(order)
    return states
