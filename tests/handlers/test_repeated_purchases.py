"""An order that was `unknown` and then bought again under another id: the customer pays twice, and people are told."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.cases import CaseReason
from handlers.domain.sweeps import Watchlist
from tests.handlers.world import World, purchase_of

LINES = {"MUG": (2, 800)}


def _world() -> World:
    world = World()
    world.stock(MUG=(800, 99), POT=(2450, 9))
    return world


def _buy(world: World, request_id: str, token: str = "pm_ok", **more: Any) -> str:
    bought = world.book({**purchase_of(request_id, token, **LINES), **more})
    world.clock.advance(timedelta(minutes=1))
    return str(bought["order_id"])


def _cases(world: World, *order_ids: str) -> list[tuple[str, str]]:
    found = [each for order_id in order_ids for each in world.order(order_id).account.open_cases]
    return [(str(each.opened.facts["reason"]), each.about) for each in found]


@pytest.mark.parametrize("settled_first", [True, False])
@pytest.mark.parametrize("hours", [0, 23])
def test_a_purchase_made_again_after_an_unknown_becomes_a_case(settled_first: bool, hours: int) -> None:
    """Law 37 (cases): whichever of the two is confirmed first, and as long as a customer may repeat the wish."""
    world = _world()
    doubtful = _buy(world, "first", "pm_timeout")
    if settled_first:
        world.reconcile(recent_seconds=7200)
    world.clock.advance(timedelta(hours=hours))
    again = _buy(world, "second")
    reports = [world.reconcile(recent_seconds=7200) for _ in range(2)]
    assert _cases(world, doubtful, again) == [(CaseReason.BOUGHT_AGAIN.value, again)]
    (sentence,) = reports[-1]["cases"]
    assert sentence.startswith(f"{doubtful}: ")
    assert again in sentence
    assert world.findings() == ()


@pytest.mark.parametrize(
    "more",
    [
        {"customer_id": "customer-2"},
        {"lines": [{"sku": "MUG", "quantity": 1, "unit_price_minor": 800}]},
        {"payment_method": "pm_declined"},
        {"payment_method": "pm_timeout_never_arrives"},
    ],
)
def test_another_wish_or_one_that_was_not_paid_is_no_case(more: dict[str, Any]) -> None:
    """Law 37 (cases): another customer, other lines, a declined card, and one that never reached the gateway."""
    world = _world()
    doubtful, other = _buy(world, "first", "pm_timeout"), _buy(world, "second", **more)
    for _ in range(3):
        world.reconcile(recent_seconds=7200, fence_after_seconds=0)
    assert _cases(world, doubtful, other) == []


@pytest.mark.parametrize(("token", "hours"), [("pm_timeout", 25), ("pm_ok", 1), ("pm_3ds", 1)])
def test_without_an_unknown_within_a_day_the_same_purchase_is_another_wish(token: str, hours: int) -> None:
    """Law 37 (cases): who buys the same every day, or after a clear answer, is not asked about it."""
    world = _world()
    doubtful = _buy(world, "first", token)
    world.reconcile(recent_seconds=7200)
    world.clock.advance(timedelta(hours=hours))
    again = _buy(world, "second")
    for _ in range(2):
        world.reconcile(recent_seconds=7200)
    assert _cases(world, doubtful, again) == []


def test_an_order_is_in_doubt_for_a_day_and_then_forgotten() -> None:
    """Law 37 (cases): the list of orders in doubt does not grow."""
    world = _world()
    doubtful = _buy(world, "first", "pm_timeout")
    world.reconcile()
    sweeps = world.parts().sweeps
    assert [each.name for each in sweeps.watched(Watchlist.DOUBTS)] == [doubtful]
    world.clock.advance(timedelta(hours=25))
    world.reconcile()
    assert sweeps.watched(Watchlist.DOUBTS) == ()
