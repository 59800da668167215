"""The totals of refunds, from the request to the gateway's books: the laws of `tests/domain/test_refunds.py`, paid."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handlers.world import World, purchase_of, refund_of

PAID = 2 * 800 + 3 * 333


def _buy(token: str = "pm_ok") -> tuple[World, str]:
    world = World()
    world.stock(MUG=(800, 20), PEN=(333, 20))
    return world, world.book(purchase_of(payment_method=token, MUG=(2, 800), PEN=(3, 333)))["order_id"]


@pytest.mark.over_gateways
@given(st.lists(st.integers(1, PAID), min_size=1, max_size=5))
def test_refunds_are_accepted_only_up_to_the_remaining_balance(amounts: list[int]) -> None:
    """Law 1 (cap), law 4 (boundary): one beyond the balance is refused, and the gateway's money stays as it was."""
    world, order_id = _buy()
    left = PAID
    for number, amount in enumerate(amounts):
        answer = world.book(refund_of(order_id, f"refund-{number}", amount_minor=amount))
        assert answer["status"] == ("succeeded" if amount <= left else "rejected")
        left -= amount if amount <= left else 0
        assert world.gateway_net(order_id) == world.order(order_id).account.refundable_minor == left
    assert world.book(refund_of(order_id, "beyond", amount_minor=left + 1))["status"] == "rejected"
    assert world.gateway_net(order_id) == left


@pytest.mark.over_gateways
@given(st.lists(st.integers(0, 6), min_size=5, max_size=5), st.randoms())
def test_partial_refunds_in_any_order_and_the_rest_add_up_to_the_whole(weights: list[int], random: Any) -> None:
    """Law 3 (default amount), law 5 (partials compose): no amount means the rest; with nothing left it is refused."""
    world, order_id = _buy()
    parts = [PAID * weight // 31 for weight in weights if weight]
    random.shuffle(parts)
    for number, part in enumerate(parts):
        assert world.book(refund_of(order_id, f"part-{number}", amount_minor=part))["status"] == "succeeded"
    rest = world.book(refund_of(order_id, "rest"))
    assert rest["amount_minor"] == PAID - sum(parts)
    order = world.order(order_id)
    assert (order.status, order.account.refundable_minor, world.gateway_net(order_id)) == ("REFUNDED", 0, 0)
    assert world.book(refund_of(order_id, "more"))["code"] == "NOTHING_TO_REFUND"


@pytest.mark.over_gateways
def test_each_unit_is_refunded_once_at_its_paid_price() -> None:
    """Law 6 (line caps), law 7 (allocation conserves): unit by unit, also after a part of the price."""
    world, order_id = _buy()
    assert world.book(refund_of(order_id, "part", amount_minor=100))["status"] == "succeeded"
    pen = [{"sku": "PEN", "quantity": 1}]
    for number in range(3):
        assert world.book(refund_of(order_id, f"pen-{number}", lines=pen))["status"] == "succeeded"
    assert world.book(refund_of(order_id, "fourth", lines=pen))["code"] == "REFUND_EXCEEDS_LINE"
    assert world.book(refund_of(order_id, "mugs", lines=[{"sku": "MUG", "quantity": 2}]))["status"] == "succeeded"
    assert (world.order(order_id).account.refundable_minor, world.gateway_net(order_id)) == (0, 0)
    assert (world.available("MUG"), world.available("PEN")) == (20, 20)


@pytest.mark.over_gateways
def test_a_declined_refund_releases_its_amount_once() -> None:
    """Law 16 (definite decline): repeated and looked up, it is the same decline."""
    world, order_id = _buy("pm_refund_declined")
    for _ in range(2):
        answer = world.book(refund_of(order_id, amount_minor=600))
        assert (answer["status"], answer["code"]) == ("rejected", "REFUND_DECLINED")
        world.clock.advance(world.payer.longest_doubt)
        world.reconcile()
        account = world.order(order_id).account
        assert (account.refundable_minor, account.reserved_minor, world.gateway_net(order_id)) == (PAID, 0, PAID)


@pytest.mark.over_gateways
@pytest.mark.parametrize(("currency", "price_minor"), [("EUR", 1234), ("JPY", 1234), ("KWD", 12_340), ("ISK", 500)])
def test_amounts_keep_their_currency_and_decimals_through_the_gateway(currency: str, price_minor: int) -> None:
    """Law 27 (currency): with 0, 2 and 3 decimals; a purchase in another currency than the price's is refused."""
    world = World()
    world.stock_in(currency, MUG=(price_minor, 3))
    other = {**purchase_of("other", MUG=(2, price_minor)), "currency": "USD"}
    assert world.book(other)["status"] == "rejected"
    bought = world.book({**purchase_of(MUG=(2, price_minor)), "currency": currency})
    assert (bought["status"], bought["amount_minor"], bought["currency"]) == ("succeeded", 2 * price_minor, currency)
    refunded = world.book(refund_of(bought["order_id"], amount_minor=price_minor))
    assert (refunded["status"], refunded["refundable_minor"]) == ("succeeded", price_minor)
    world.clock.advance(world.payer.longest_doubt)
    world.reconcile()
    assert world.findings() == ()
    assert world.order(bought["order_id"]).account.open_cases == ()
