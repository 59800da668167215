"""Repeated requests, other requests under a used key, and requests that never began."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.domain.errors import PaymentOutcomeUnknown
from handlers.domain.payments import GatewayReply, Instruction, PaymentMethod
from handlers.domain.stock import MoveUnits
from handlers.purchase import purchase
from handlers.refund import refund
from tests.handlers.world import World, purchase_of, refund_of


def _stocked_world() -> World:
    world = World()
    world.stock(MUG=(800, 20), POT=(2450, 5))
    return world


def _without_replay_flag(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "replayed"}


@pytest.mark.over_gateways
@given(st.integers(1, 4), st.sampled_from(("pm_ok", "pm_declined", "pm_timeout_then_ok")))
def test_a_repeated_purchase_has_one_effect_and_one_answer(times: int, token: str) -> None:
    """Law 8 (replay): one ledger effect, one gateway identity, the same answer, `replayed` from the second."""
    world = _stocked_world()
    first = world.book(purchase_of(payment_method=token, MUG=(2, 800)))
    after = world.order(first["order_id"])
    for _ in range(times):
        again = world.book(purchase_of(payment_method=token, MUG=(2, 800)))
        assert again["replayed"] is True
        assert _without_replay_flag(again) == _without_replay_flag(first)
    assert world.order(first["order_id"]) == after
    assert len(world.payer.effects()) == 1


@pytest.mark.over_gateways
@given(st.integers(1, 4), st.sampled_from(("pm_ok", "pm_refund_declined", "pm_refund_timeout_then_ok")))
def test_a_repeated_refund_has_one_effect_and_one_answer(times: int, token: str) -> None:
    """Law 8 (replay)."""
    world = _stocked_world()
    order_id = world.book(purchase_of(payment_method=token, MUG=(2, 800)))["order_id"]
    first = world.book(refund_of(order_id, amount_minor=300))
    after = world.order(order_id)
    for _ in range(times):
        again = world.book(refund_of(order_id, amount_minor=300))
        assert again["replayed"] is True
        assert _without_replay_flag(again) == _without_replay_flag(first)
    assert world.order(order_id) == after
    assert len(world.payer.effects()) == 2


@pytest.mark.over_gateways
def test_a_replayed_answer_is_unaffected_by_later_refunds() -> None:
    """Law 8 (replay): the balance in an answer is that of its time."""
    world = _stocked_world()
    bought = world.book(purchase_of(MUG=(2, 800)))
    first = world.book(refund_of(bought["order_id"], "one", amount_minor=300))
    world.book(refund_of(bought["order_id"], "two"))
    assert world.book(refund_of(bought["order_id"], "one", amount_minor=300)) == {**first, "replayed": True}
    assert world.book(purchase_of(MUG=(2, 800))) == {**bought, "replayed": True}


def test_the_functions_mark_a_replay_themselves() -> None:
    """Law 8 (replay): `replayed` from the second."""
    world = _stocked_world()
    results = [world.step(purchase_of(MUG=(2, 800))) for _ in range(2)]
    order_id = results[0]["order_id"]
    results += [world.step(refund_of(order_id, amount_minor=300)) for _ in range(2)]
    assert [result["replayed"] for result in results] == [False, True, False, True]


@pytest.mark.parametrize("at", range(4))
def test_a_second_attempt_of_the_same_execution_is_not_a_replay(at: int) -> None:
    """Law 8 (replay): a reply that was lost on the way is not the caller's repetition."""
    world = _stocked_world()
    world.faults.arm(**{f"at_{at}": "lost_reply"})
    assert world.book(purchase_of(MUG=(2, 800)))["replayed"] is False
    assert world.book(purchase_of(MUG=(2, 800)))["replayed"] is True


@pytest.mark.over_gateways
def test_a_repeat_after_years_moves_no_money() -> None:
    """Law 13 (no expiry): even if the refund window has closed."""
    world = _stocked_world()
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    world.book(refund_of(order_id, amount_minor=300))
    net = world.gateway_net(order_id)
    for _ in range(3):
        world.clock.now = world.clock.now.replace(year=world.clock.now.year + 4)
        assert world.book(purchase_of(MUG=(2, 800)))["replayed"] is True
        assert world.book(refund_of(order_id, amount_minor=300))["replayed"] is True
    assert world.gateway_net(order_id) == net


@pytest.mark.over_gateways
@pytest.mark.parametrize(
    "change", [{"payment_method": "pm_declined"}, {"currency": "USD"}, {"lines": purchase_of(MUG=(3, 800))["lines"]}]
)
def test_another_purchase_under_a_used_key_is_refused(change: dict[str, Any]) -> None:
    """Law 9 (key reuse): scope is the customer."""
    world = _stocked_world()
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    before = world.order(order_id), world.available("MUG")
    result = world.book({**purchase_of(MUG=(2, 800)), **change})
    assert (result["status"], result["code"]) == ("rejected", "KEY_REUSED")
    assert (world.order(order_id), world.available("MUG")) == before
    assert world.book({**purchase_of(MUG=(2, 800)), "customer_id": "customer-2"})["status"] == "succeeded"


@pytest.mark.over_gateways
@pytest.mark.parametrize(
    "change", [{"amount_minor": 301}, {"reason": "Another."}, {"requested_by": "agent-8"}, {"amount_minor": None}]
)
def test_another_refund_under_a_used_key_is_refused(change: dict[str, Any]) -> None:
    """Law 9 (key reuse): scope is the order."""
    world = _stocked_world()
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    other_id = world.book(purchase_of("buy-2", MUG=(2, 800)))["order_id"]
    world.book(refund_of(order_id, amount_minor=300))
    before = world.order(order_id)
    result = world.book({**refund_of(order_id, amount_minor=300), **change})
    assert (result["status"], result["code"]) == ("rejected", "KEY_REUSED")
    assert world.order(order_id) == before
    assert world.book(refund_of(other_id, amount_minor=300))["status"] == "succeeded"


@pytest.mark.over_gateways
def test_key_order_and_explicit_nulls_do_not_make_another_request() -> None:
    """Law 10 (canonical): JSON key order and unset versus null."""
    world = _stocked_world()
    order_id = world.book(purchase_of(MUG=(2, 800), POT=(1, 2450)))["order_id"]
    purchase = purchase_of(MUG=(2, 800), POT=(1, 2450))
    turned = {key: purchase[key] for key in reversed(purchase)} | {"lines": list(reversed(purchase["lines"]))}
    assert world.book(turned)["replayed"] is True
    world.book(refund_of(order_id, amount_minor=300))
    assert world.book(refund_of(order_id, amount_minor=300, lines=None))["replayed"] is True


@pytest.mark.over_gateways
def test_a_concurrent_repeat_gets_the_answer_and_money_moves_once() -> None:
    """Law 11 (in flight): one executes, the others get its answer or a retryable error."""
    for token in ("pm_ok", "pm_timeout_then_ok"):
        world = _stocked_world()
        others: list[Any] = []

        def meanwhile(_: Any, world: World = world, others: list[Any] = others, token: str = token) -> None:
            others.append(world.book(purchase_of(payment_method=token, MUG=(2, 800))))

        world.faults.between = {1: meanwhile}  # after the order is made, before it is charged
        original = world.book(purchase_of(payment_method=token, MUG=(2, 800)))
        assert [original["status"], others[0]["status"]] == ["succeeded", "succeeded"]
        assert world.gateway_net(original["order_id"]) == 1600
        assert world.order(original["order_id"]).version == 2
        assert world.available("MUG") == 18


@pytest.mark.over_gateways
def test_a_refusal_before_execution_leaves_its_key_unused() -> None:
    """Law 12 (validation is not stored): a refused request may be repeated and succeed."""
    world = World()
    world.stock(MUG=(800, 1))
    refused = purchase_of(MUG=(2, 800))
    for bad in ({**refused, "lines": []}, refused, {**refused, "lines": purchase_of(MUG=(2, 799))["lines"]}):
        assert world.book(bad)["status"] == "rejected"
    world.inventory.execute(MoveUnits(sku="MUG", units=1, request_id="delivery"))
    assert (world.book(refused)["status"], world.book(refused)["replayed"]) == ("succeeded", True)
    order_id = world.book(refused)["order_id"]
    assert world.book(refund_of(order_id, amount_minor=1601))["code"] == "REFUND_EXCEEDS_BALANCE"
    assert world.book(refund_of(order_id, amount_minor=1600))["status"] == "succeeded"


@pytest.mark.over_gateways
def test_a_decline_is_stored_and_replayed() -> None:
    """Law 12 (validation is not stored): an outcome after execution began is the final answer of its key."""
    world = _stocked_world()
    declined = purchase_of(payment_method="pm_declined", MUG=(1, 800))
    assert [world.book(declined)["code"] for _ in range(2)] == ["PAYMENT_DECLINED"] * 2
    order_id = world.book(purchase_of("buy-2", "pm_refund_declined", MUG=(1, 800)))["order_id"]
    assert [world.book(refund_of(order_id))["code"] for _ in range(2)] == ["REFUND_DECLINED"] * 2


def test_every_retry_carries_the_same_gateway_key() -> None:
    """Law 15 (ambiguity): so the gateway books one payment for any number of attempts."""
    world = _stocked_world()
    for _ in range(3):
        with pytest.raises(PaymentOutcomeUnknown):
            world.step(purchase_of(payment_method="pm_timeout", MUG=(1, 800)))
    (item,) = world.dynamodb.scan(TableName="gateway")["Items"]
    order_id = item["pk"]["S"]
    assert world.order(order_id).status == "PENDING"
    assert world.book(purchase_of(payment_method="pm_timeout", MUG=(1, 800)))["status"] == "unknown"
    assert list(itertools.islice(world.reconcile()["settled"], 2)) == [order_id]


class ForgetfulGateway(SandboxPaymentGateway):
    """A gateway that has forgotten every key before its next lookup."""

    def lookup(self, instruction: Instruction) -> GatewayReply:
        self.client.delete_item(TableName=self.table, Key={"pk": {"S": instruction.key}})  # type: ignore[attr-defined]  # the fake has it
        return super().lookup(instruction)

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        raise AssertionError(f"{instruction.key} was sent again")

    def refund(self, instruction: Instruction) -> GatewayReply:
        raise AssertionError(f"{instruction.key} was sent again")


def _run_a_day_later(world: World, request: dict[str, Any]) -> dict[str, Any]:
    world.clock.advance(timedelta(days=1))
    deps = world.dependencies()
    deps.__dict__["gateway"] = ForgetfulGateway(client=world.dynamodb, table="gateway")
    function = purchase if request["action"] == "purchase" else refund
    return function(world.message(request), deps)


def test_a_charge_is_never_sent_again_to_a_gateway_that_forgot_its_key() -> None:
    """Law 30 (key life): a resumed request is looked up, and stays unknown until reconcile ends it."""
    world = _stocked_world()
    request = purchase_of(payment_method="pm_timeout", MUG=(1, 800))
    world.book(request)
    assert _run_a_day_later(world, request)["code"] == "PAYMENT_OUTCOME_UNKNOWN"


def test_a_refund_is_never_sent_again_to_a_gateway_that_forgot_its_key() -> None:
    """Law 30 (key life)."""
    world = _stocked_world()
    order_id = world.book(purchase_of(payment_method="pm_refund_timeout", MUG=(1, 800)))["order_id"]
    world.book(refund_of(order_id))
    assert _run_a_day_later(world, refund_of(order_id))["code"] == "REFUND_OUTCOME_UNKNOWN"


@pytest.mark.parametrize(("minutes", "calls"), [(60, "charge"), (61, "lookup")])
def test_a_key_is_sent_for_an_hour_and_then_only_looked_up(minutes: int, calls: str) -> None:
    """Law 30 (key life): the boundary; both end with the gateway's outcome."""
    world = _stocked_world()
    request = purchase_of(payment_method="pm_timeout_then_ok", MUG=(1, 800))
    with pytest.raises(PaymentOutcomeUnknown):
        world.step(request)
    world.clock.advance(timedelta(minutes=minutes))
    sent: list[str] = []

    class RecordingGateway(SandboxPaymentGateway):
        def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
            sent.append("charge")
            return super().charge(instruction, method)

        def lookup(self, instruction: Instruction) -> GatewayReply:
            sent.append("lookup")
            return super().lookup(instruction)

    deps = world.dependencies()
    deps.__dict__["gateway"] = RecordingGateway(client=world.dynamodb, table="gateway")
    assert purchase(world.message(request), deps)["status"] == "succeeded"
    assert sent == [calls]
