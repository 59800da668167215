"""The messages of refusals and failures: the problem, the allowed values and the next step."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.answers import Code
from tests.handlers.world import World, purchase_of, refund_of

Scene = Callable[[World, str], dict[str, Any]]


def _refund(**fields: Any) -> Scene:
    return lambda world, order_id: world.book(refund_of(order_id, "new", **fields))


def _buy(token: str = "pm_ok", **lines: tuple[int, int]) -> Scene:
    return lambda world, _: world.book(purchase_of("new", token, **lines))


def _refund_late(world: World, order_id: str) -> dict[str, Any]:
    world.clock.advance(timedelta(days=31))
    return world.book(refund_of(order_id, "new"))


def _refund_after_all(world: World, order_id: str) -> dict[str, Any]:
    world.book(refund_of(order_id, "rest"))
    return world.book(refund_of(order_id, "new"))


def _refund_unpaid(world: World, _: str) -> dict[str, Any]:
    waiting = world.book(purchase_of("waiting", "pm_timeout", MUG=(1, 800)))["order_id"]
    return world.book(refund_of(waiting, "new"))


def _refund_again(world: World, _: str) -> dict[str, Any]:
    order_id = world.book(purchase_of("slow", "pm_refund_timeout", MUG=(1, 800)))["order_id"]
    world.book(refund_of(order_id, "silent"))
    return world.book(refund_of(order_id, "new"))


def _refund_with(token: str) -> Scene:
    def scene(world: World, _: str) -> dict[str, Any]:
        order_id = world.book(purchase_of("other", token, MUG=(1, 800)))["order_id"]
        return world.book(refund_of(order_id, "new", amount_minor=300))

    return scene


def _buy_and_release(world: World, _: str) -> dict[str, Any]:
    purchase = purchase_of("lost", "pm_timeout_never_arrives", MUG=(1, 800))
    world.book(purchase)
    world.reconcile(fence_after_seconds=0)
    return world.book(purchase)


@pytest.mark.parametrize(
    ("scene", "code", "message"),
    [
        (_buy(NONE=(1, 5)), "SKU_NOT_FOUND", "SKU NONE is not in the catalogue."),
        (_buy(MUG=(1, 790)), "PRICE_CHANGED", "SKU MUG costs 8.00 EUR, not 7.90 EUR as quoted."),
        (_buy(MUG=(30, 800)), "OUT_OF_STOCK", "SKU MUG has 18 available, fewer than the 30 requested."),
        (
            _buy("pm_declined", MUG=(1, 800)),
            "PAYMENT_DECLINED",
            "The gateway declined the charge of 8.00 EUR (insufficient_funds). Nothing was paid. "
            "Send the purchase with another payment method under a new request_id.",
        ),
        (
            _buy("pm_nonsense", MUG=(1, 800)),
            "PAYMENT_DECLINED",
            "The gateway declined the charge of 8.00 EUR (unknown_payment_method). Nothing was paid. "
            "Send the purchase with another payment method under a new request_id.",
        ),
        (
            _refund(amount_minor=1601),
            "REFUND_EXCEEDS_BALANCE",
            "At most 16.00 EUR can be refunded, but 16.01 EUR was requested.",
        ),
        (
            _refund(lines=[{"sku": "POT", "quantity": 1}]),
            "LINE_NOT_IN_ORDER",
            "SKU POT is not in this order, which has MUG.",
        ),
        (
            _refund(lines=[{"sku": "MUG", "quantity": 3}]),
            "REFUND_EXCEEDS_LINE",
            "SKU MUG has 2 left to refund, fewer than the 3 requested.",
        ),
        (
            _refund_late,
            "REFUND_WINDOW_CLOSED",
            "This order could be refunded until 2026-03-31T12:00:00.000000Z, but the refund was requested at "
            "2026-04-01T12:00:00.000000Z.",
        ),
        (
            _refund_after_all,
            "NOTHING_TO_REFUND",
            "Nothing can be refunded: of 16.00 EUR paid, 16.00 EUR has been refunded and 0.00 EUR is reserved for "
            "refunds in flight.",
        ),
        (
            _refund_again,
            "NOTHING_TO_REFUND",
            "Nothing can be refunded: of 8.00 EUR paid, 0.00 EUR has been refunded and 8.00 EUR is reserved for "
            "refunds in flight.",
        ),
        (
            _refund_unpaid,
            "NOT_CAPTURED",
            "The payment of this order has not been captured yet. Repeat the same request when the order is CONFIRMED.",
        ),
        (
            _refund_with("pm_refund_declined"),
            "REFUND_DECLINED",
            "The gateway declined the refund of 3.00 EUR (account_closed). 8.00 EUR can be refunded under a new "
            "request_id.",
        ),
        (
            _refund_with("pm_refund_timeout"),
            "REFUND_OUTCOME_UNKNOWN",
            "The gateway has not confirmed the refund of 3.00 EUR, so it may or may not have been made. The amount "
            "stays reserved until the gateway answers. It is safe to repeat the same request.",
        ),
        (
            _buy_and_release,
            "PAYMENT_RELEASED",
            "The charge of 8.00 EUR never reached the gateway and can no longer be made. Nothing was paid. Send the "
            "purchase again under a new request_id.",
        ),
        (
            lambda world, _: world.book(refund_of("ord_none")),
            "ORDER_NOT_FOUND",
            "Order ord_none does not exist. The result of a purchase contains its order_id.",
        ),
        (
            lambda world, _: world.book(purchase_of(MUG=(3, 800))),
            "KEY_REUSED",
            "request_id buy-1 of this customer belongs to a different purchase. Repeat that request unchanged, or send "
            "this one under a new request_id.",
        ),
    ],
)
def test_a_message_states_the_problem_the_limit_and_the_next_step(scene: Scene, code: str, message: str) -> None:
    """Messages are for people; programs read the code and the amounts."""
    world = World()
    world.stock(MUG=(800, 20), POT=(2450, 5))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    result = scene(world, order_id)
    assert (result["code"], result["message"]) == (code, message)
    assert result["status"] in ("rejected", "failed", "unknown")
    assert result["code"] in set(Code)
