"""Held refunds on the real handlers: which are held, who may decide, and how they end."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.errors import PaymentOutcomeUnknown
from tests.handlers.world import World, decision_of, purchase_of, refund_of

LIMITS = "EUR:1000 JPY:500"


def _shop(payment_method: str = "pm_ok", **environment: str) -> tuple[World, str]:
    world = World()
    world.environment |= {"BOOKING_APPROVAL_LIMITS": LIMITS, **environment}
    world.stock(MUG=(800, 20))
    return world, world.book(purchase_of(payment_method=payment_method, MUG=(4, 800)))["order_id"]


def _hold_refund(**changes: Any) -> tuple[World, str, str]:
    world, order_id = _shop()
    fields: dict[str, Any] = {"amount_minor": 1001, **changes}
    result = world.book({**refund_of(order_id), **fields})
    assert (result["status"], result["code"]) == ("pending", "APPROVAL_NEEDED")
    return world, order_id, result["refund_id"]


def _is_sound(world: World) -> bool:
    """Return whether the audit trail is complete and unaltered after reconcile."""
    world.reconcile()
    return world.findings() == ()


@pytest.mark.over_gateways
def test_a_refund_above_the_limit_is_reserved_but_not_sent_to_the_gateway() -> None:
    """Law 35 (approval): no money moves before another identity approved; a held amount is reserved."""
    world, order_id, refund_id = _hold_refund()
    account = world.order(order_id).account
    assert (account.reserved_minor, account.refunds[refund_id].status) == (1001, "AWAITING_APPROVAL")
    assert world.gateway_net(order_id) == 3200
    again = world.book(refund_of(order_id, amount_minor=1001))
    assert again["next_action"] == {"schema": 1, "who": "approver", "until": "2026-03-08T12:00:00.000000Z"}
    assert again["replayed"] is True
    assert world.gateway_net(order_id) == 3200
    assert _is_sound(world)


@pytest.mark.over_gateways
def test_splitting_a_refund_does_not_bypass_the_limit() -> None:
    """Law 35 (approval): the limit applies to the order's unapproved refunds plus the new one."""
    world, order_id = _shop()
    assert world.book(refund_of(order_id, "first", amount_minor=600))["status"] == "succeeded"
    assert world.book(refund_of(order_id, "second", amount_minor=400))["status"] == "succeeded"
    assert world.book(refund_of(order_id, "third", amount_minor=1))["status"] == "pending"


def test_an_approved_refund_does_not_count_against_the_limit() -> None:
    """Law 35 (approval): the limit bounds the money that moves without a second person."""
    world, order_id, refund_id = _hold_refund()
    assert world.book(decision_of(order_id, refund_id))["status"] == "succeeded"
    assert world.book(refund_of(order_id, "small", amount_minor=1000))["status"] == "succeeded"


def test_a_refund_in_a_currency_without_a_limit_is_always_held() -> None:
    """Law 35 (approval): a currency without a limit always requires approval."""
    world, order_id = _shop(BOOKING_APPROVAL_LIMITS="JPY:500")
    assert world.book(refund_of(order_id, amount_minor=1))["status"] == "pending"


@pytest.mark.over_gateways
def test_an_approved_refund_is_made_once_and_both_requests_are_answered() -> None:
    """Law 35 (approval): the decision has its own answer, and a repetition of it changes nothing."""
    world, order_id, refund_id = _hold_refund(lines=[{"sku": "MUG", "quantity": 2}], amount_minor=None)
    decision = decision_of(order_id, f"refund:{refund_id}")
    first, second = world.book(decision), world.book(decision)
    assert (first["status"], first["action"], first["refund_id"]) == ("succeeded", "decide", refund_id)
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert [entry.kind.value for entry in world.order(order_id).ledger[2:]] == [
        "RefundHeld",
        "RefundApproved",
        "RefundSettled",
    ]
    answer = world.book(refund_of(order_id, lines=[{"sku": "MUG", "quantity": 2}]))
    assert (answer["status"], answer["action"], answer["amount_minor"]) == ("succeeded", "refund", 1600)
    assert (world.gateway_net(order_id), world.available("MUG")) == (1600, 18)
    assert world.findings() == ()
    assert _is_sound(world)


@pytest.mark.over_gateways
def test_a_denied_refund_releases_its_amount_and_stays_denied() -> None:
    """Law 35 (approval): a denial releases once, and no later decision changes it."""
    world, order_id, refund_id = _hold_refund()
    denial = decision_of(order_id, refund_id, decision="deny")
    assert world.book(denial)["message"] == "The refund of 10.01 EUR was denied."
    assert world.order(order_id).account.refundable_minor == 3200
    version = world.order(order_id).version
    late = world.book(decision_of(order_id, refund_id, "decision-2"))
    assert (late["status"], late["code"]) == ("rejected", "NOT_AWAITING_DECISION")
    answer = world.book(refund_of(order_id, amount_minor=1001))
    assert (answer["status"], answer["code"]) == ("rejected", "REFUND_DENIED")
    assert world.order(order_id).version == version
    assert world.gateway_net(order_id) == 3200
    assert _is_sound(world)


@pytest.mark.parametrize("person", ["agent-7", "customer-1"])
@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_neither_requester_nor_customer_may_decide_on_a_refund(person: str, decision: str) -> None:
    """Law 35 (approval): an own decision changes nothing."""
    world, order_id, refund_id = _hold_refund()
    result = world.book(decision_of(order_id, refund_id, requested_by=person, decision=decision))
    assert (result["status"], result["code"]) == ("rejected", "OWN_DECISION")
    assert world.order(order_id).account.refunds[refund_id].status == "AWAITING_APPROVAL"


def test_another_decision_under_the_same_request_id_is_rejected() -> None:
    """Law 9 (key reuse): a decision cannot be turned round under its own id."""
    world, order_id, refund_id = _hold_refund()
    world.book(decision_of(order_id, refund_id))
    assert world.book(decision_of(order_id, refund_id, decision="deny"))["code"] == "KEY_REUSED"


@pytest.mark.parametrize("subject", ["ref_none", "dec_none", "nothing"])
def test_a_decision_that_no_subject_awaits_is_rejected(subject: str) -> None:
    """Law 35 (approval): a decision on nothing changes nothing."""
    world, order_id = _shop()
    assert world.book(decision_of(order_id, subject))["code"] == "NOT_AWAITING_DECISION"
    assert world.book(decision_of("ord_none", subject))["code"] == "ORDER_NOT_FOUND"


def test_a_held_refund_lapses_once_and_only_after_the_longest_execution() -> None:
    """Law 35 (approval): lapsing releases once, and a late decision changes nothing."""
    world, order_id, refund_id = _hold_refund()
    world.clock.advance(timedelta(days=7, minutes=14))
    assert world.reconcile()["released"] == []
    late = world.book(decision_of(order_id, refund_id))
    assert (late["status"], late["code"]) == ("rejected", "DECISION_TOO_LATE")
    world.clock.advance(timedelta(minutes=2))
    assert (world.reconcile()["released"], world.reconcile()["released"]) == ([refund_id], [])
    entry = world.order(order_id).ledger[-1]
    assert (entry.kind.value, entry.facts["by"]) == ("RefundDenied", "lapse")
    assert world.order(order_id).account.refundable_minor == 3200
    assert world.book(refund_of(order_id, amount_minor=1001))["code"] == "REFUND_DENIED"
    assert world.findings() == ()


def test_the_refund_window_can_be_overridden_with_an_approval() -> None:
    """The window is judged when the refund was requested; an override waits for another person."""
    world, order_id = _shop()
    world.clock.advance(timedelta(days=31))
    assert world.book(refund_of(order_id, amount_minor=5))["code"] == "REFUND_WINDOW_CLOSED"
    held = world.book(refund_of(order_id, amount_minor=5, override="window"))
    assert held["status"] == "pending"
    assert world.book(decision_of(order_id, held["refund_id"]))["status"] == "succeeded"
    assert world.gateway_net(order_id) == 3195


def test_an_api_only_stage_rejects_direct_decisions_and_overrides() -> None:
    """Law 35 (approval): a direct start can name any person."""
    world, order_id, refund_id = _hold_refund()
    world.environment["BOOKING_APPROVALS"] = "api-only"
    assert world.book(decision_of(order_id, refund_id))["code"] == "API_REQUIRED"
    assert world.book(refund_of(order_id, "new", amount_minor=5, override="window"))["code"] == "API_REQUIRED"
    assert world.order(order_id).version == 3


def test_without_limits_no_amount_needs_approval() -> None:
    """Approvals are optional per stage."""
    world, order_id = _shop(BOOKING_APPROVAL_LIMITS="")
    assert world.book(refund_of(order_id))["status"] == "succeeded"


def test_an_approved_refund_without_a_reply_is_unknown_until_reconcile_settles_it() -> None:
    """Law 15 (ambiguity): the decision is answered, and the refund is unknown and never failed."""
    world, order_id = _shop("pm_refund_timeout")
    refund = refund_of(order_id, amount_minor=1001)
    refund_id = world.book(refund)["refund_id"]
    decision = decision_of(order_id, refund_id)
    with pytest.raises(PaymentOutcomeUnknown):
        world.step(decision)
    assert world.book(decision)["status"] == "succeeded"
    assert world.book(refund)["status"] == "unknown"
    world.reconcile()
    assert world.book(refund)["status"] == "succeeded"
    assert world.gateway_net(order_id) == 2199
    assert world.findings() == ()


@pytest.mark.over_gateways
def test_after_fifty_declined_refunds_every_refund_needs_approval() -> None:
    """Law 44 (declines cost nothing): unapproved declines never exhaust an order."""
    world, order_id = _shop("pm_refund_declined", BOOKING_APPROVAL_LIMITS="")
    for number in range(50):
        assert world.book(refund_of(order_id, f"try-{number}", amount_minor=1))["code"] == "REFUND_DECLINED"
    assert world.book(refund_of(order_id, "one-more", amount_minor=1))["status"] == "pending"
    assert world.order(order_id).account.refundable_minor == 3199
