"""Holds: an authorised payment ends once for any sequence of requests and gateway replies."""

from collections import Counter
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from handlers.domain.answers import Answer
from handlers.domain.ledger import Kind
from handlers.domain.order import Order, place_order
from handlers.domain.payments import AUTHORIZATION_GONE, GatewayReply, GatewayStatus
from handlers.domain.ports import Change
from handlers.domain.requests import CancelOrder, CapturePayment, PlaceOrder, Units
from handlers.domain.rules.captures import expire_payment, request_cancel, request_capture
from handlers.domain.settlement import apply_gateway_reply
from tests.domain.orders import NOON, ORIGIN, POLICY, lines_of

HELD = 1000
ENDS = (Kind.PAYMENT_CAPTURED, Kind.PAYMENT_VOIDED)
steps = st.one_of(
    st.tuples(st.just("capture"), st.one_of(st.none(), st.integers(1, HELD + 2))),
    st.tuples(st.just("capture units"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["cancel", "expire"]), st.none()),
    st.tuples(st.just("reply"), st.sampled_from(["settled", "declined", "gone", "fenced", "authorized", "pending"])),
)


def _authorise() -> Order:
    request = PlaceOrder(
        request_id="buy-1", customer_id="c", currency="EUR", lines=lines_of((2, 500)), payment_method="pm_ok"
    )
    order = place_order(replace(request, captures_later=True), ORIGIN, POLICY, salt="5a17", now=NOON)
    reply = GatewayReply(status=GatewayStatus.AUTHORIZED, reference="gw-1", amount_minor=HELD)
    change = apply_gateway_reply(order, order.order_id, reply, NOON, NOON)
    assert isinstance(change, Change)
    return change.after


def _reply(order: Order, outcome: str) -> tuple[str, GatewayReply]:
    """Return the gateway's reply about the open movement, or about the payment if none is open."""
    movement = order.account.movement
    key = movement.key if movement else order.order_id
    amount = movement.amount_minor if movement and not movement.is_void else HELD
    if outcome == "gone":
        return key, GatewayReply(status=GatewayStatus.DECLINED, reason=AUTHORIZATION_GONE, amount_minor=amount)
    return key, GatewayReply(status=GatewayStatus(outcome), amount_minor=amount)


def _take(order: Order, number: int, action: str, detail: object) -> Change | None:
    """Return the change that a step makes, or None if it is refused."""
    name = {"request_id": f"r-{number}", "order_id": order.order_id, "requested_by": "agent-7"}
    match action, detail:
        case "capture", amount:
            assert amount is None or isinstance(amount, int)
            change = request_capture(order, CapturePayment(**name, amount_minor=amount), ORIGIN, NOON, "")
        case "capture units", int(units):
            capture = CapturePayment(**name, units=(Units(sku="SKU-0", quantity=units),))
            change = request_capture(order, capture, ORIGIN, NOON, "")
        case "cancel", _:
            change = request_cancel(order, CancelOrder(**name), ORIGIN, NOON)
        case "expire", _:
            change = expire_payment(order, NOON) if order.wait and not order.account.movement else None
        case _:
            outcome = apply_gateway_reply(order, *_reply(order, str(detail)), None, NOON)
            change = outcome if isinstance(outcome, Change) else None
    return None if isinstance(change, Answer) else change


@given(st.lists(steps, max_size=8))
@example([("capture", 400), ("reply", "settled"), ("cancel", None), ("reply", "settled")])
@example([("cancel", None), ("capture", None), ("reply", "settled"), ("reply", "fenced")])
@example([("capture units", 1), ("reply", "declined"), ("expire", None), ("reply", "settled")])
def test_a_hold_ends_once_and_never_captures_more_than_its_amount(actions: list[tuple[str, object]]) -> None:
    """Law 33 (authorise): captured ≤ authorised; a hold ends once; its stock returns at most once."""
    order = _authorise()
    returned = Counter[str]()
    for number, (action, detail) in enumerate(actions):
        change = _take(order, number, action, detail)
        if change is None:
            continue
        order = change.after
        returned.update(change.restock)
        account = order.account
        assert 0 <= account.captured_minor <= account.authorised_minor == HELD
        assert sum(entry.kind in ENDS for entry in order.ledger) <= 1
        assert account.held_minor in (0, HELD)
        assert not (account.captured_minor and account.held_minor)
        assert returned["SKU-0"] <= 2
