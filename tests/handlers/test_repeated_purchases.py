"""An order with an unknown outcome, bought again under another id: the customer pays twice, so a case is opened."""

from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from handlers.adapters.dynamodb.order_repository import DynamoDBOrderRepository
from handlers.domain.lifecycles import CaseReason
from handlers.domain.order import Order
from handlers.domain.ports import Page, RetryPolicy, Watchlist
from handlers.runtime.reconcile.reconciliation import Reconciliation
from handlers.runtime.reconcile.sweep import MAX_COMPARED, GatewaySweep
from tests.handlers.world import World, decision_of, purchase_of, resolution_of

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


@pytest.mark.over_gateways
@pytest.mark.parametrize("settled_first", [True, False])
@pytest.mark.parametrize("hours", [0, 23])
def test_a_purchase_repeated_after_an_unknown_outcome_opens_a_case(settled_first: bool, hours: int) -> None:
    """Law 37 (cases): whichever of the two is confirmed first, and for a day after the first."""
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
def test_a_different_or_unpaid_purchase_opens_no_case(more: dict[str, Any]) -> None:
    """Law 37 (cases): another customer, other lines, a declined card, and one that never reached the gateway."""
    world = _world()
    doubtful, other = _buy(world, "first", "pm_timeout"), _buy(world, "second", **more)
    for _ in range(3):
        world.reconcile(recent_seconds=7200, fence_after_seconds=0)
    assert _cases(world, doubtful, other) == []


@pytest.mark.parametrize(("token", "hours"), [("pm_timeout", 25), ("pm_ok", 1), ("pm_3ds", 1)])
def test_a_repeated_purchase_without_a_recent_unknown_outcome_opens_no_case(token: str, hours: int) -> None:
    """Law 37 (cases): buying the same every day, or after a clear answer, is normal."""
    world = _world()
    doubtful = _buy(world, "first", token)
    world.reconcile(recent_seconds=7200)
    world.clock.advance(timedelta(hours=hours))
    again = _buy(world, "second")
    for _ in range(2):
        world.reconcile(recent_seconds=7200)
    assert _cases(world, doubtful, again) == []


def test_many_repeated_purchases_open_one_case_at_a_time() -> None:
    """Law 37 (cases): cases must not fill the ledger; the next one opens once people have closed the first."""
    world = _world()
    doubtful = _buy(world, "first", "pm_timeout")
    world.reconcile(recent_seconds=7200)
    again = [_buy(world, f"again-{number}") for number in range(3)]
    for _ in range(3):
        world.reconcile(recent_seconds=7200)
    [(_, first)] = _cases(world, doubtful, *again)
    assert first in again
    proposed = world.book(resolution_of(doubtful, first))
    assert world.book(decision_of(doubtful, proposed["case_id"]))["status"] == "succeeded"
    for _ in range(3):
        world.reconcile(recent_seconds=7200)
    [(_, second)] = _cases(world, doubtful, *again)
    assert second in set(again) - {first}


class CountedOrders(DynamoDBOrderRepository):
    """Orders whose reads are counted: by the id, and as `list` those of a customer's orders."""

    reads: ClassVar[Counter[str]] = Counter()

    def load(self, order_id: str) -> Order | None:
        self.reads[order_id] += 1
        return super().load(order_id)

    def list_of_customer(self, customer_id: str, since: str, until: str, after: str | None, limit: int) -> Page:
        self.reads["list"] += 1
        return super().list_of_customer(customer_id, since, until, after, limit)


class EndlessOrders(CountedOrders):
    """A customer's orders that never end."""

    def list_of_customer(self, customer_id: str, since: str, until: str, after: str | None, limit: int) -> Page:
        page = int(after or 0) + 1
        self.reads["list"] += 1
        return Page(names=tuple(f"ord_{page * limit + number}" for number in range(limit)), after=str(page))


def _count_reads(
    world: World, *, has_time: bool = True, repository: type[CountedOrders] = CountedOrders
) -> Counter[str]:
    """Return the number of reads of each order in a sweep alone."""
    deps = world.dependencies()
    orders = repository(client=world.dynamodb, table="orders", retry=RetryPolicy.without_delays())
    orders.reads.clear()
    run = Reconciliation(
        orders=orders,
        gateway=deps.gateway,
        audit=deps.audit,
        now=world.clock(),
        fence_after=timedelta(),
        watchlists=deps.sweeps,
    )
    GatewaySweep(
        sweeps=deps.sweeps,
        orders=orders,
        gateway=deps.gateway,
        reconcile_order=lambda order_id: None,
        open_orphan_case=run.open_orphan_case,
        open_repeat_case=run.open_repeat_case,
        now=world.clock(),
        has_time=lambda: has_time,
        findings=run.findings,
    ).run()
    assert set(run.findings.watched) == set(Watchlist)
    return orders.reads


def _many_doubtful_orders(number: int) -> tuple[World, list[str]]:
    """Return a world in which a customer has this number of doubtful orders and as many different ones."""
    world = _world()
    doubtful = [_buy(world, f"doubt-{each}", "pm_timeout_never_arrives") for each in range(number)]
    world.clock.advance(timedelta(minutes=20))
    world.reconcile(recent_seconds=7200)
    others = [str(world.book(purchase_of(f"pot-{each}", POT=(1, 2450)))["order_id"]) for each in range(number)]
    return world, doubtful + others


def test_the_review_of_doubtful_orders_loads_each_order_at_most_twice() -> None:
    """Law 28 (isolation): reads grow with the number of a customer's orders, not with its square."""
    world, order_ids = _many_doubtful_orders(6)
    reads = _count_reads(world)
    assert reads["list"] == 6
    assert all(1 <= reads[order_id] <= 2 for order_id in order_ids)


def test_the_review_of_a_customer_with_endless_orders_is_bounded() -> None:
    """Law 28 (isolation)."""
    world, _ = _many_doubtful_orders(2)
    assert _count_reads(world, repository=EndlessOrders)["list"] == MAX_COMPARED // 100


def test_the_review_reads_no_orders_when_no_time_remains() -> None:
    """Law 28 (isolation): a run that ends by its timeout reports nothing."""
    world, _ = _many_doubtful_orders(3)
    assert _count_reads(world, has_time=False) == {}


def test_an_order_is_watched_for_repeats_for_a_day() -> None:
    """Law 37 (cases): the list of orders in doubt does not grow."""
    world = _world()
    doubtful = _buy(world, "first", "pm_timeout")
    world.reconcile()
    sweeps = world.dependencies().sweeps
    assert [each.name for each in sweeps.list_watched(Watchlist.DOUBTS)] == [doubtful]
    world.clock.advance(timedelta(hours=25))
    world.reconcile()
    assert sweeps.list_watched(Watchlist.DOUBTS) == ()
