"""Disputes on the real handlers: found by reconcile, reported until the bank decides, and combined with refunds."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.domain.payments import DisputePhase, GatewayReply, Instruction
from handlers.reconcile import reconcile
from tests.handlers.world import World, decision_of, purchase_of, refund_of, resolution_of


def _disputed_order(token: str = "pm_disputed", minutes: int = 5) -> tuple[World, str]:
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(payment_method=token, MUG=(2, 800)))["order_id"]
    world.clock.advance(timedelta(minutes=minutes))
    return world, order_id


def _run_schedule(world: World) -> dict[str, Any]:
    """Run reconcile as on schedule, which checks orders older than two hours only if they are due."""
    return reconcile({"schema": 1, "recent_seconds": 7200}, world.dependencies())


@pytest.mark.over_gateways
def test_a_dispute_is_found_by_the_sweep_long_after_the_purchase() -> None:
    """Law 36 (disputes), law 29 (late reversals): nothing but the gateway's list names the order."""
    world, order_id = _disputed_order(minutes=300)
    report = _run_schedule(world)
    assert len(report["disputes"]) == 1
    assert "of 16.00 EUR is open" in report["disputes"][0]
    assert (report["orphans"], report["cases"]) == ([], [])
    assert world.order(order_id).account.refundable_minor == 0
    assert world.book(refund_of(order_id))["code"] == "NOTHING_TO_REFUND"
    assert world.findings() == ()


@pytest.mark.over_gateways
@pytest.mark.parametrize(("token", "refundable"), [("pm_dispute_won", 1600), ("pm_dispute_lost", 0)])
def test_an_open_dispute_is_reported_in_every_run_until_the_bank_has_decided(token: str, refundable: int) -> None:
    """Law 36 (disputes): won gives the amount back, lost is out."""
    world, order_id = _disputed_order(token)
    for _ in range(4):
        assert len(_run_schedule(world)["disputes"]) == 1
        assert world.order(order_id).due_at() is not None
        world.clock.advance(timedelta(hours=5))
    assert any('"OpenDisputes": 1' in line for line in world.lines)
    world.clock.advance(timedelta(hours=11))
    assert [_run_schedule(world)["disputes"] for _ in range(2)] == [[], []]
    order = world.order(order_id)
    assert (order.account.refundable_minor, order.due_at()) == (refundable, None)
    assert world.findings() == ()


@pytest.mark.parametrize(("outcome", "disputed"), [("released", 0), ("settled", 1600)])
def test_a_dispute_whose_amount_changed_is_resolved_by_people(outcome: str, disputed: int) -> None:
    """Law 36 (disputes), law 37 (cases): with the ledger's amount, and the same difference opens no second case."""

    class Smaller(SandboxPaymentGateway):
        def lookup(self, instruction: Instruction) -> GatewayReply:
            reply = super().lookup(instruction)
            won = [replace(each, phase=DisputePhase.WON, amount_minor=900) for each in reply.disputes]
            return replace(reply, disputes=tuple(won))

    world, order_id = _disputed_order()
    _run_schedule(world)
    gateway = Smaller(client=world.dynamodb, table="gateway", now=world.clock)
    message = {"schema": 1, "order_id": order_id}
    deps = world.dependencies()
    deps.__dict__["gateway"] = gateway
    assert len(reconcile(message, deps)["left_to_people"]) == 1
    (case,) = world.order(order_id).account.open_cases
    world.book(resolution_of(order_id, case.case_id, outcome=outcome))
    assert world.book(decision_of(order_id, case.case_id))["status"] == "succeeded"
    assert world.order(order_id).account.disputed_minor == disputed
    world.clock.advance(timedelta(hours=7))
    assert reconcile(message, deps)["left_to_people"] == []
    assert world.order(order_id).due_at() is None
    assert world.findings() == ()


@pytest.mark.over_gateways
def test_an_inquiry_withdraws_no_money_until_it_becomes_a_dispute() -> None:
    """Law 36 (disputes): an inquiry only needs attention."""
    world, order_id = _disputed_order("pm_inquiry")
    assert "must be answered at the gateway" in _run_schedule(world)["left_to_people"][0]
    assert world.order(order_id).version == 2
    for _ in range(6):
        world.clock.advance(timedelta(hours=5))
        _run_schedule(world)
    assert world.order(order_id).account.disputed_minor == 1600


@pytest.mark.over_gateways
def test_a_refund_cannot_be_approved_while_its_order_is_overdrawn() -> None:
    """Law 36 (disputes): a held refund and a dispute do not pay the customer twice."""
    world, order_id = _disputed_order()
    world.environment["BOOKING_APPROVAL_LIMITS"] = "EUR:100"
    held = world.book(refund_of(order_id, amount_minor=500))
    assert held["status"] == "pending"
    _run_schedule(world)
    assert world.order(order_id).account.overdrawn_minor == 500
    assert world.book(decision_of(order_id, held["refund_id"]))["code"] == "DISPUTED"
    assert world.book(decision_of(order_id, held["refund_id"], "no", decision="deny"))["status"] == "succeeded"
    assert world.order(order_id).account.overdrawn_minor == 0
