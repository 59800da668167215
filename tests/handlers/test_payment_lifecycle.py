"""A payment from its authorisation to its end: captured, cancelled, expired, or waiting for customer and bank."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.canonical import format_instant
from handlers.domain.ledger import Kind
from handlers.domain.lifecycles import OrderStatus
from tests.handlers.world import ENVIRONMENT, World, purchase_of, refund_of

LATER = {"capture": "later", "hold_seconds": 86_400}


def _world() -> World:
    world = World()
    world.stock(MUG=(800, 10), POT=(2450, 5))
    return world


def _authorise(world: World, token: str = "pm_ok", **more: Any) -> dict[str, Any]:
    return world.book({**purchase_of("buy-1", token, MUG=(2, 800), POT=(1, 2450)), **LATER, **more})


def _request_on(order_id: str, action: str, request_id: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "action": action,
        "request_id": request_id or f"{action}-1",
        "order_id": order_id,
        "requested_by": "agent-7",
        **more,
    }


def _kinds(world: World, order_id: str) -> list[str]:
    return [entry.kind.value for entry in world.order(order_id).ledger]


@pytest.mark.over_gateways
def test_33_a_purchase_that_captures_later_only_authorises() -> None:
    """Law 33 (authorise): the amount is held and not paid, and the answer states the end of the hold."""
    world = _world()
    result = _authorise(world)
    order = world.order(result["order_id"])
    assert (result["status"], result["order_status"]) == ("succeeded", "AUTHORIZED")
    assert (order.account.authorised_minor, order.account.held_minor, order.account.captured_minor) == (4050, 4050, 0)
    assert "2026-03-02T12:00:00.000000Z" in result["message"]
    assert order.due_at() == "2026-03-02T12:00:00.000000Z"
    assert world.gateway_net(order.order_id) == 0


@pytest.mark.over_gateways
def test_33_a_capture_by_lines_charges_those_lines_and_restocks_the_others() -> None:
    """Law 33 (authorise), law 24 (stock): in one transaction, and refunds are allocated to the captured lines."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    captured = world.book(_request_on(order_id, "capture", lines=[{"sku": "MUG", "quantity": 1}]))
    assert (captured["status"], captured["amount_minor"], captured["order_status"]) == ("succeeded", 800, "CONFIRMED")
    assert (world.available("MUG"), world.available("POT")) == (9, 5)
    assert world.gateway_net(order_id) == 800
    pot = world.book(refund_of(order_id, "r-1", lines=[{"sku": "POT", "quantity": 1}]))
    assert pot["code"] == "LINE_NOT_IN_ORDER"
    refunded = world.book(refund_of(order_id, "r-2"))
    assert (refunded["status"], refunded["amount_minor"], world.available("MUG")) == ("succeeded", 800, 10)


@pytest.mark.over_gateways
def test_33_a_capture_by_amount_restocks_nothing_and_is_allocated_to_the_lines() -> None:
    """Law 33 (authorise), law 7 (allocation): as a refund by amount is."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    assert world.book(_request_on(order_id, "capture", amount_minor=2025))["status"] == "succeeded"
    shares = world.order(order_id).account.captured_shares
    assert shares is not None
    assert [(each.quantity, each.amount_minor) for each in shares] == [(2, 800), (1, 1225)]
    assert (world.available("MUG"), world.available("POT")) == (8, 4)
    assert world.book(refund_of(order_id))["amount_minor"] == 2025


@pytest.mark.over_gateways
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount_minor": 4051}, "CAPTURE_EXCEEDS_AUTHORIZATION"),
        ({"lines": [{"sku": "MUG", "quantity": 3}]}, "CAPTURE_EXCEEDS_LINE"),
        ({"lines": [{"sku": "CUP", "quantity": 1}]}, "LINE_NOT_IN_ORDER"),
    ],
)
def test_33_a_capture_beyond_the_hold_is_rejected(fields: dict[str, Any], code: str) -> None:
    """Law 33 (authorise), law 4 (boundary): refused, and nothing changes."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    before = world.order(order_id)
    assert world.book(_request_on(order_id, "capture", **fields))["code"] == code
    assert world.order(order_id) == before


@pytest.mark.over_gateways
def test_33_an_order_is_captured_once() -> None:
    """Law 33 (authorise), law 8 (replay): a repeated request gets its answer, another one is rejected."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    first = world.book(_request_on(order_id, "capture", amount_minor=1000))
    assert world.book(_request_on(order_id, "capture", amount_minor=1000)) == {**first, "replayed": True}
    assert world.book(_request_on(order_id, "capture", amount_minor=999))["code"] == "KEY_REUSED"
    assert world.book(_request_on(order_id, "capture", "capture-2"))["code"] == "ALREADY_CAPTURED"
    assert world.book(_request_on(order_id, "cancel"))["code"] == "ALREADY_CAPTURED"
    assert world.gateway_net(order_id) == 1000


@pytest.mark.over_gateways
def test_33_a_cancelled_order_is_restocked_once_and_cannot_be_captured() -> None:
    """Law 33 (authorise), law 24 (stock): a hold ends exactly once."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    cancelled = world.book(_request_on(order_id, "cancel"))
    assert (cancelled["status"], cancelled["order_status"]) == ("succeeded", "CANCELLED")
    assert world.book(_request_on(order_id, "cancel")) == {**cancelled, "replayed": True}
    assert world.book(_request_on(order_id, "cancel", "cancel-2"))["code"] == "PAYMENT_CANCELLED"
    assert world.book(_request_on(order_id, "capture"))["code"] == "PAYMENT_CANCELLED"
    assert (world.available("MUG"), world.available("POT")) == (10, 5)
    assert _authorise(world)["order_status"] == "AUTHORIZED"  # the purchase keeps its stored answer


@pytest.mark.parametrize("token", ["pm_capture_declined", "pm_capture_timeout_never_arrives"])
def test_33_a_declined_capture_keeps_the_hold(token: str) -> None:
    """Law 33 (authorise): so that another capture or a cancellation may follow."""
    world = _world()
    order_id = _authorise(world, token)["order_id"]
    world.book(_request_on(order_id, "capture"))
    assert world.book(_request_on(order_id, "capture", "other"))["code"] in ("CAPTURE_UNDER_WAY", "CAPTURE_DECLINED")
    world.reconcile(order_id=order_id, fence_after_seconds=0)
    answer = world.book(_request_on(order_id, "capture"))
    assert (answer["status"], answer["code"]) == ("rejected", "CAPTURE_DECLINED")
    assert world.order(order_id).status is OrderStatus.AUTHORIZED
    assert world.book(_request_on(order_id, "cancel"))["status"] == "succeeded"


@pytest.mark.over_gateways
@pytest.mark.parametrize("token", ["pm_capture_timeout", "pm_capture_timeout_then_ok"])
def test_15_a_capture_without_a_reply_is_unknown_until_reconcile_finds_it(token: str) -> None:
    """Law 15 (ambiguity): the same key is sent again, and money moves once."""
    world = _world()
    order_id = _authorise(world, token)["order_id"]
    answer = world.book(_request_on(order_id, "capture"))
    assert answer["status"] == ("unknown" if token == "pm_capture_timeout" else "succeeded")
    assert world.book(_request_on(order_id, "cancel"))["code"] == (
        "CAPTURE_UNDER_WAY" if token == "pm_capture_timeout" else "ALREADY_CAPTURED"
    )
    world.reconcile()
    assert world.book(_request_on(order_id, "capture"))["status"] == "succeeded"
    assert world.gateway_net(order_id) == 4050


@pytest.mark.over_gateways
def test_33_an_uncaptured_hold_expires() -> None:
    """Law 33 (authorise): after its end and the longest execution, once; a request that began in time counts."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    world.clock.advance(timedelta(days=1))
    assert world.reconcile()["released"] == []
    world.clock.advance(timedelta(minutes=1))
    assert world.book(_request_on(order_id, "capture"))["code"] == "PAYMENT_EXPIRED"
    world.clock.advance(timedelta(minutes=15))
    assert world.reconcile()["released"] != []
    assert world.order(order_id).status is OrderStatus.CANCELLED
    assert (world.available("MUG"), world.available("POT")) == (10, 5)
    assert world.reconcile()["released"] == []
    assert world.findings() == ()
    assert world.order(order_id).ledger[-1].facts["reason"] == "expired"


@pytest.mark.over_gateways
def test_33_a_hold_is_due_an_hour_before_the_gateway_ends_it() -> None:
    """Law 33 (authorise): whichever comes first, the purchase's time or the gateway's."""
    world = _world()
    order = world.order(_authorise(world, "pm_short_hold")["order_id"])
    assert order.due_at() == "2026-03-01T13:00:00.000000Z"


@pytest.mark.over_gateways
def test_33_a_hold_lost_at_the_bank_is_voided() -> None:
    """Law 33 (authorise): no request caused it, so its audit object has a cause instead of a result."""
    world = _world()
    order_id = _authorise(world, "pm_hold_lost")["order_id"]
    world.reconcile()
    assert world.order(order_id).status is OrderStatus.CANCELLED
    assert world.available("MUG") == 10
    assert world.findings() == ()


@pytest.mark.over_gateways
@pytest.mark.parametrize("capture", ["now", "later"])
@pytest.mark.parametrize(("token", "who"), [("pm_3ds", "customer"), ("pm_slow_bank", "bank")])
def test_34_a_payment_is_pending_until_its_customer_or_bank_has_acted(token: str, who: str, capture: str) -> None:
    """Law 34 (pending): repeating the request shows the outcome; its answer is stored once it is final."""
    world = _world()
    purchase = {**purchase_of("buy-1", token, MUG=(1, 800)), "capture": capture}
    first = world.book(purchase)
    assert (first["status"], first["code"], first["next_action"]["who"]) == ("pending", None, who)
    order_id = first["order_id"]
    assert world.order(order_id).requests[order_id].answer is None
    ended = world.book(purchase)
    assert (ended["status"], ended["order_status"]) == (
        "succeeded",
        "CONFIRMED" if capture == "now" else "AUTHORIZED",
    )
    assert world.book(purchase) == {**ended, "replayed": True}
    assert world.findings() == ()


@pytest.mark.over_gateways
def test_34_a_late_decline_of_the_bank_restocks_the_units() -> None:
    """Law 34 (pending), law 24 (stock): the units return."""
    world = _world()
    purchase = purchase_of("buy-1", "pm_late_failure", MUG=(1, 800))
    assert world.book(purchase)["status"] == "pending"
    world.reconcile()
    assert world.book(purchase)["code"] == "PAYMENT_DECLINED"
    assert world.available("MUG") == 10


@pytest.mark.over_gateways
def test_34_an_abandoned_payment_expires_at_its_deadline() -> None:
    """Law 34 (pending): after an hour by default; the purchase is then always answered PAYMENT_EXPIRED."""
    world = _world()
    purchase = purchase_of("buy-1", "pm_3ds_abandoned", MUG=(1, 800))
    order_id = world.book(purchase)["order_id"]
    world.clock.advance(timedelta(hours=1, minutes=14))
    world.reconcile()
    assert world.order(order_id).status is OrderStatus.PENDING
    world.clock.advance(timedelta(minutes=1))
    world.reconcile()
    ended = world.book(purchase)
    assert (ended["status"], ended["code"], ended["order_status"]) == ("rejected", "PAYMENT_EXPIRED", "CANCELLED")
    assert world.available("MUG") == 10
    assert world.findings() == ()


def test_34_an_order_keeps_the_payment_time_limit_of_its_purchase() -> None:
    """Law 34 (pending): `paymentActionSeconds`, as it was when the order was placed."""
    world = World(environment={**ENVIRONMENT, "BOOKING_PAYMENT_ACTION_SECONDS": "60"})
    world.stock(MUG=(800, 10))
    purchase = purchase_of("buy-1", "pm_3ds_abandoned", MUG=(1, 800))
    waiting = world.book(purchase)
    assert waiting["next_action"]["until"] == format_instant(world.clock() + timedelta(seconds=60))
    world.environment["BOOKING_PAYMENT_ACTION_SECONDS"] = "86400"
    world.clock.advance(timedelta(minutes=16))
    world.reconcile()
    assert world.book(purchase)["code"] == "PAYMENT_EXPIRED"


@pytest.mark.over_gateways
def test_34_a_payment_waiting_for_its_customer_can_be_cancelled() -> None:
    """Law 34 (pending): purchase and cancellation are both answered by the one entry that ends the payment."""
    world = _world()
    purchase = purchase_of("buy-1", "pm_3ds_abandoned", MUG=(1, 800))
    order_id = world.book(purchase)["order_id"]
    assert world.book(_request_on(order_id, "cancel"))["status"] == "succeeded"
    assert world.book(purchase)["code"] == "PAYMENT_CANCELLED"
    assert _kinds(world, order_id)[-1] == Kind.PAYMENT_VOIDED.value
    assert world.findings() == ()


def test_34_a_cancellation_is_pending_while_the_bank_processes_the_payment() -> None:
    """Law 34 (pending), law 43 (true answers): the cancellation is pending until the bank has ended the payment."""
    world = _world()
    order_id = world.book(purchase_of("buy-1", "pm_slow_bank", MUG=(1, 800)))["order_id"]
    cancelled = world.book(_request_on(order_id, "cancel"))
    assert (cancelled["status"], cancelled["next_action"]["who"]) == ("pending", "bank")
    assert world.book(_request_on(order_id, "cancel", "cancel-2"))["code"] == "CANCEL_UNDER_WAY"
    world.reconcile()
    ended = world.book(_request_on(order_id, "cancel"))
    assert (ended["status"], ended["code"]) == ("rejected", "ALREADY_CAPTURED")
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert world.findings() == ()


@pytest.mark.over_gateways
def test_15_an_unanswered_charge_can_be_cancelled_and_never_moves_money_later() -> None:
    """Law 15 (ambiguity), law 19 (reconcile): the key is fenced, so a late attempt finds the fence."""
    world = _world()
    purchase = purchase_of("buy-1", "pm_timeout_never_arrives", MUG=(1, 800))
    order_id = world.book(purchase)["order_id"]
    assert world.book(_request_on(order_id, "cancel"))["status"] == "succeeded"
    assert world.book(purchase)["code"] == "PAYMENT_CANCELLED"
    assert world.available("MUG") == 10


@pytest.mark.over_gateways
def test_26_the_refund_window_counts_from_the_capture() -> None:
    """Law 26 (window): by the policy at purchase."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    world.clock.advance(timedelta(hours=20))
    world.book(_request_on(order_id, "capture"))
    assert world.order(order_id).refundable_until == "2026-04-01T08:00:00.000000Z"


@pytest.mark.over_gateways
def test_a_refund_of_an_authorised_order_is_rejected_as_not_captured() -> None:
    """Law 43 (true answers)."""
    world = _world()
    order_id = _authorise(world)["order_id"]
    assert world.book(refund_of(order_id))["code"] == "NOT_CAPTURED"


def test_a_capture_of_an_unauthorised_payment_is_rejected() -> None:
    """Law 43 (true answers): the code depends on the state of the order."""
    world = _world()
    waiting = world.book(purchase_of("buy-1", "pm_3ds_abandoned", MUG=(1, 800)))["order_id"]
    declined = world.book(purchase_of("buy-2", "pm_declined", MUG=(1, 800)))["order_id"]
    assert world.book(_request_on(waiting, "capture"))["code"] == "NOT_AUTHORIZED"
    assert world.book(_request_on(declined, "capture"))["code"] == "PAYMENT_DECLINED"
    assert world.book(_request_on("ord_none", "capture"))["code"] == "ORDER_NOT_FOUND"
