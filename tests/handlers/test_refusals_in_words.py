"""The answer to every refused request names the code, what was asked and what would have been allowed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handlers.adapters.dynamodb.erasure import Eraser
from handlers.domain.answers import Code
from tests.handlers.world import World, purchase_of, refund_of

Scene = Callable[[World, str], dict[str, Any]]


def _refund(**wish: Any) -> Scene:
    return lambda world, order_id: world.book(refund_of(order_id, "new", **wish))


def _buy(token: str = "pm_ok", **lines: tuple[int, int]) -> Scene:
    return lambda world, _: world.book(purchase_of("new", token, **lines))


def _late(world: World, order_id: str) -> dict[str, Any]:
    world.clock.advance(timedelta(days=31))
    return world.book(refund_of(order_id, "new"))


def _all_gone(world: World, order_id: str) -> dict[str, Any]:
    world.book(refund_of(order_id, "rest"))
    return world.book(refund_of(order_id, "new"))


def _not_paid(world: World, _: str) -> dict[str, Any]:
    waiting = world.book(purchase_of("waiting", "pm_timeout", MUG=(1, 800)))["order_id"]
    return world.book(refund_of(waiting, "new"))


def _under_way(world: World, _: str) -> dict[str, Any]:
    order_id = world.book(purchase_of("slow", "pm_refund_timeout", MUG=(1, 800)))["order_id"]
    world.book(refund_of(order_id, "silent"))
    return world.book(refund_of(order_id, "new"))


def _given_back(token: str) -> Scene:
    def scene(world: World, _: str) -> dict[str, Any]:
        order_id = world.book(purchase_of("other", token, MUG=(1, 800)))["order_id"]
        return world.book(refund_of(order_id, "new", amount_minor=300))

    return scene


def _released(world: World, _: str) -> dict[str, Any]:
    purchase = purchase_of("lost", "pm_timeout_never_arrives", MUG=(1, 800))
    world.book(purchase)
    world.reconcile(fence_after_seconds=0)
    return world.book(purchase)


@pytest.mark.parametrize(
    ("scene", "code", "message"),
    [
        (_buy(NONE=(1, 5)), "SKU_NOT_FOUND", "NONE was asked for; the catalogue has no such article."),
        (_buy(MUG=(1, 790)), "PRICE_CHANGED", "MUG was quoted at 7.90 EUR; it is 8.00 EUR."),
        (_buy(MUG=(30, 800)), "OUT_OF_STOCK", "30 of MUG were asked for; 18 are available."),
        (
            _buy("pm_declined", MUG=(1, 800)),
            "PAYMENT_DECLINED",
            "A charge of 8.00 EUR was asked for; the gateway declined it (insufficient_funds) and nothing was paid. "
            "Another payment method under a new request_id is allowed.",
        ),
        (
            _buy("pm_nonsense", MUG=(1, 800)),
            "PAYMENT_DECLINED",
            "A charge of 8.00 EUR was asked for; the gateway declined it (unknown_payment_method) and nothing was "
            "paid. Another payment method under a new request_id is allowed.",
        ),
        (
            _refund(amount_minor=1601),
            "REFUND_EXCEEDS_BALANCE",
            "A refund of 16.01 EUR was asked for; at most 16.00 EUR can be refunded.",
        ),
        (
            _refund(lines=[{"sku": "POT", "quantity": 1}]),
            "LINE_NOT_IN_ORDER",
            "POT was asked for; the order has MUG.",
        ),
        (
            _refund(lines=[{"sku": "MUG", "quantity": 3}]),
            "REFUND_EXCEEDS_LINE",
            "3 of MUG were asked for; at most 2 can be given back.",
        ),
        (
            _late,
            "REFUND_WINDOW_CLOSED",
            "A refund was asked for at 2026-04-01T12:00:00.000000Z; this order could be refunded until "
            "2026-03-31T12:00:00.000000Z.",
        ),
        (
            _all_gone,
            "NOTHING_TO_REFUND",
            "A refund was asked for; of 16.00 EUR paid, 16.00 EUR is refunded and 0.00 EUR is reserved for refunds "
            "under way, so none is left.",
        ),
        (
            _under_way,
            "NOTHING_TO_REFUND",
            "A refund was asked for; of 8.00 EUR paid, 0.00 EUR is refunded and 8.00 EUR is reserved for refunds under "
            "way, so none is left.",
        ),
        (
            _not_paid,
            "NOT_CAPTURED",
            "A refund was asked for; whether the order's payment was made is not known yet. Repeat the same request "
            "when the order is CONFIRMED.",
        ),
        (
            _given_back("pm_refund_declined"),
            "REFUND_DECLINED",
            "A refund of 3.00 EUR was asked for; the gateway declined it (account_closed). 8.00 EUR is refundable "
            "under a new request_id.",
        ),
        (
            _given_back("pm_refund_timeout"),
            "REFUND_OUTCOME_UNKNOWN",
            "A refund of 3.00 EUR was asked for; the gateway has not said whether it was made. The amount stays "
            "reserved until it says so; the same request may be repeated safely.",
        ),
        (
            _released,
            "PAYMENT_RELEASED",
            "A charge of 8.00 EUR was asked for; it never reached the gateway and now cannot. Nothing was paid. The "
            "same purchase under a new request_id is allowed.",
        ),
        (
            lambda world, _: world.book(refund_of("ord_none")),
            "ORDER_NOT_FOUND",
            "A refund on ord_none was asked for; there is no such order. The result of a purchase names its order.",
        ),
        (
            lambda world, _: world.book(purchase_of(MUG=(3, 800))),
            "KEY_REUSED",
            "request_id buy-1 of customer customer-1 was used for a different purchase; repeat that request unchanged, "
            "or ask for this one under a new request_id.",
        ),
    ],
)
def test_every_refusal_says_what_was_asked_and_what_would_have_been_allowed(
    scene: Scene, code: str, message: str
) -> None:
    """The sentence is for people; programs read the code and the amounts beside it."""
    world = World()
    world.stock(MUG=(800, 20), POT=(2450, 5))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    result = scene(world, order_id)
    assert (result["code"], result["message"]) == (code, message)
    assert result["status"] in ("rejected", "failed", "unknown")
    assert result["code"] in set(Code)


def test_what_people_wrote_can_be_forgotten() -> None:
    """Free text can be erased; the money, its replays and its records stay as they are."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    world.book(refund_of(order_id, amount_minor=300))
    before, objects = world.order(order_id), world.audit_objects()
    Eraser(client=world.dynamodb, table="orders", fresh_salt=lambda: "fresh").forget(before)
    after = world.order(order_id)
    assert {asked.text for asked in after.requests.values()} == {""}
    assert after.salt != before.salt
    assert (after.ledger, world.audit_objects()) == (before.ledger, objects)
    assert world.book(refund_of(order_id, amount_minor=300))["replayed"] is True
    assert world.book(refund_of(order_id, "more", amount_minor=5))["status"] == "succeeded"
    assert world.findings() == ()
