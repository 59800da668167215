"""The sweep of the gateway's list: late reversals, orphans, and a position that nothing blocks."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from handlers.adapters.dynamodb.sweep_items import DynamoDBSweepRepository
from handlers.adapters.sandbox_gateway import SandboxPaymentGateway
from handlers.contracts.storage import SHARDS
from handlers.domain.canonical import format_instant
from handlers.domain.errors import Unavailable
from handlers.domain.payments import GatewayReply, Instruction, Movement, MovementPage
from handlers.domain.ports import OrderRepository
from handlers.reconcile import reconcile
from handlers.refund import refund
from handlers.runtime.reconcile.order_walk import WalkPosition, WalkPurpose
from tests.handlers.paying import OrphanListing, UnansweringGateway
from tests.handlers.world import World, purchase_of, refund_of


def _make_refund(token: str = "pm_refund_reversed_late") -> tuple[World, str, str]:
    world = World()
    world.stock(MUG=(800, 100))
    order_id = world.book(purchase_of(payment_method=token, MUG=(2, 800)))["order_id"]
    answer = world.book(refund_of(order_id, amount_minor=600))
    assert answer["status"] == "succeeded"
    return world, order_id, answer["refund_id"]


def _run_schedule(world: World, **overrides: Any) -> dict[str, Any]:
    """Run reconcile as on schedule, for changes within two hours."""
    deps = world.dependencies()
    deps.__dict__.update(overrides)
    return reconcile({"schema": 1, "recent_seconds": 7200}, deps)


@pytest.mark.over_gateways
def test_a_refund_reversed_after_ten_days_is_recorded_by_the_next_sweep() -> None:
    """Law 29 (late reversals)."""
    world, order_id, refund_id = _make_refund()
    for day in range(12):
        report = _run_schedule(world)
        assert (refund_id in report["settled"]) is (day == 11), day
        world.clock.advance(timedelta(days=1))
    assert world.order(order_id).account.refundable_minor == 1600
    assert world.findings() == ()
    assert _run_schedule(world)["orphans"] == []


@dataclass
class FlakyOrders:
    """A repository of orders that fails in some of its calls: `("append", 0)` is the first one of `append`."""

    orders: OrderRepository
    failing: set[tuple[str, int]]
    counts: Counter[str] = field(default_factory=Counter[str])

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self.counts[name] += 1
            if (name, self.counts[name] - 1) in self.failing:
                raise Unavailable("throttled")
            return getattr(self.orders, name)(*arguments)

        return call


@pytest.mark.parametrize(
    ("is_scanned", "failing"),
    [
        (False, {("append", 0)}),
        (True, {("load", 0), ("append", 0)}),
        (False, {("load", 2)}),
        (False, {("append", 0), ("defer", 0)}),
    ],
    ids=["the write", "the write of an order that this run postponed before", "the read", "the write and the due time"],
)
def test_a_reversal_missed_because_of_a_failure_is_recorded_by_the_next_sweep(
    is_scanned: bool, failing: set[tuple[str, int]]
) -> None:
    """Law 29 (late reversals): the sweep passes a movement only once its order is up to date or has a due time."""
    world, order_id, refund_id = _make_refund()
    day = world.order(order_id).ledger[-1].recorded_at[:10]
    world.clock.advance(timedelta(days=11))
    deps = world.dependencies()
    deps.__dict__["orders"] = orders = FlakyOrders(deps.orders, failing)
    first = reconcile({"schema": 1, "days": [day]} if is_scanned else {"schema": 1, "recent_seconds": 7200}, deps)
    assert all(orders.counts[name] > place for name, place in failing), orders.counts
    assert (first["settled"], bool(first["postponed"])) == ([], True)
    world.clock.advance(timedelta(hours=1))
    assert _run_schedule(world)["settled"] == [refund_id]


class UnlistedGateway(SandboxPaymentGateway):
    """A gateway without a list of movements."""

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        return None


def test_settled_orders_are_looked_up_later_if_the_gateway_has_no_list() -> None:
    """Law 29 (late reversals): after 1, 7 and 30 days."""
    world, order_id, refund_id = _make_refund()
    unlisted = UnlistedGateway(client=world.dynamodb, table="gateway", now=world.clock)
    world.clock.advance(timedelta(days=12))
    assert _run_schedule(world, gateway=unlisted)["settled"] == []
    world.clock.advance(timedelta(days=18, minutes=5))
    assert _run_schedule(world, gateway=unlisted)["settled"] == [refund_id]
    assert world.order(order_id).account.refunded_minor == 0


@pytest.mark.over_gateways
def test_an_orphan_is_reported_in_every_run_until_a_ledger_contains_it() -> None:
    """Law 38 (orphans): a charge whose order was lost, and a refund whose entry was lost with a restored table."""
    world, order_id, refund_id = _make_refund("pm_ok")
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    stored = world.dynamodb.get_item(TableName="orders", Key=key)["Item"]
    world.dynamodb.delete_item(TableName="orders", Key=key)
    world.clock.advance(timedelta(hours=3))
    for _ in range(2):
        orphans = _run_schedule(world)["orphans"]
        assert len(orphans) == 2
        assert all(order_id in each for each in orphans)
        assert any(refund_id in each and "a refund of 600 EUR" in each for each in orphans)
        world.clock.advance(timedelta(days=1))
    assert any('"GatewayOrphans": 2' in line for line in world.lines)
    world.dynamodb.put_item(TableName="orders", Item=stored)
    assert _run_schedule(world)["orphans"] == []


def test_a_failed_lookup_defers_its_order_and_does_not_block_the_sweep() -> None:
    """Law 29 (late reversals): nothing blocks the position."""
    world, order_id, refund_id = _make_refund()
    _run_schedule(world)
    world.clock.advance(timedelta(days=10, minutes=30))
    assert order_id in _sweep_without_lookups(world)
    position = world.dependencies().sweeps.position()
    assert position is not None
    assert _reconcile_later(world) == [refund_id]
    assert (
        "attention" not in world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": f"ORDER#{order_id}"}})["Item"]
    )


@dataclass
class InterruptedOrders:
    """A repository of orders that runs an interruption just before the first call of one of its methods."""

    orders: OrderRepository
    method: str
    interruption: Callable[[], object] | None

    def __getattr__(self, name: str) -> Any:
        if name == self.method and self.interruption:
            interruption, self.interruption = self.interruption, None
            interruption()
        return getattr(self.orders, name)


def _sweep_without_lookups(world: World, **overrides: Any) -> list[str]:
    """Run a sweep that lists a late reversal whose lookup fails, and return the postponed orders."""
    gateway = UnansweringGateway(client=world.dynamodb, table="gateway", now=world.clock)
    postponed: list[str] = _run_schedule(world, gateway=gateway, **overrides)["postponed"]
    return postponed


def _reconcile_later(world: World) -> list[str]:
    """Run reconcile after the deferrals have ended, and return what it settled."""
    world.clock.advance(timedelta(hours=7))
    settled: list[str] = reconcile({"schema": 1, "days": []}, world.dependencies())["settled"]
    return settled


@pytest.mark.parametrize("meanwhile", ["before the refund", "between its read and its write"])
def test_a_deferral_survives_a_concurrent_refund(meanwhile: str) -> None:
    """Law 29 (late reversals): appending an entry does not look up the reversal, so the lookup remains due."""
    world, order_id, refund_id = _make_refund()
    world.clock.advance(timedelta(days=11))
    other = refund_of(order_id, "refund-2", amount_minor=100)
    if meanwhile == "before the refund":
        _sweep_without_lookups(world)
        assert world.step(other)["status"] == "succeeded"
    else:
        deps = world.dependencies()
        deps.__dict__["orders"] = InterruptedOrders(deps.orders, "append", lambda: _sweep_without_lookups(world))
        assert refund(world.message(other), deps)["status"] == "succeeded"
    assert _reconcile_later(world) == [refund_id]
    assert world.order(order_id).deferred_since is None


def test_an_order_that_changes_during_its_deferral_is_deferred_in_its_new_version() -> None:
    """Law 29 (late reversals): the other writer has not looked the reversal up."""
    world, order_id, refund_id = _make_refund()
    world.clock.advance(timedelta(days=11))
    other = refund_of(order_id, "refund-2", amount_minor=100)
    orders = InterruptedOrders(world.dependencies().orders, "defer", lambda: world.step(other))
    assert order_id in _sweep_without_lookups(world, orders=orders)
    assert world.order(order_id).version == 6
    assert _reconcile_later(world) == [refund_id]


def test_ending_a_deferral_keeps_a_later_one() -> None:
    """Law 29 (late reversals): a run whose lookup preceded the reversal does not know of it."""
    world, order_id, refund_id = _make_refund()
    world.clock.advance(timedelta(days=9))
    world.dependencies().orders.defer(world.order(order_id), *[format_instant(world.clock())] * 2)

    def return_the_money() -> None:
        world.clock.advance(timedelta(days=2))
        assert order_id in _sweep_without_lookups(world)

    deps = world.dependencies()
    deps.__dict__["orders"] = InterruptedOrders(deps.orders, "defer", return_the_money)
    report = reconcile({"schema": 1, "days": []}, deps)
    assert (report["settled"], report["left_to_people"]) == ([], [])
    assert _reconcile_later(world) == [refund_id]


@pytest.mark.parametrize("conflicts", [1, 1000])
def test_a_conflicting_write_of_a_due_time_is_retried_or_stops_the_sweep(conflicts: int) -> None:
    """Law 29 (late reversals): the sweep passes a movement only once its order is up to date or has a due time."""
    world, _, refund_id = _make_refund()
    world.clock.advance(timedelta(days=11))
    write, left = world.dynamodb.update_item, [conflicts]

    def update(**call: Any) -> Any:
        if "deferred_since" in call["ExpressionAttributeNames"].values() and left[0]:
            left[0] -= 1
            raise ClientError({"Error": {"Code": "TransactionConflictException"}}, "UpdateItem")
        return write(**call)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.dynamodb), "update_item", lambda self, **call: update(**call), raising=False)
        assert _sweep_without_lookups(world)
    assert left[0] < conflicts
    world.clock.advance(timedelta(hours=5))
    assert _run_schedule(world)["settled"] == [refund_id]


def test_an_order_whose_lookup_keeps_failing_is_retried_with_growing_pauses() -> None:
    """Law 28 (isolation): it starves no other order, and its lookups never stop."""
    looks = list[Any]()

    class Failing(UnansweringGateway):
        def lookup(self, instruction: Instruction) -> GatewayReply:
            looks.append(self.now())
            return super().lookup(instruction)

    world, _, _ = _make_refund()
    _run_schedule(world)
    world.clock.advance(timedelta(days=10, minutes=30))
    failing = Failing(client=world.dynamodb, table="gateway", now=world.clock)
    for _ in range(72):
        _run_schedule(world, gateway=failing)
        world.clock.advance(timedelta(minutes=40))
    times = sorted(set(looks))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert max(pauses) <= timedelta(hours=6, minutes=40)
    assert pauses[-1] > timedelta(hours=5)
    assert 8 <= len(times) <= 20


def test_orphans_beyond_the_limit_of_a_run_take_turns_and_all_are_counted() -> None:
    """Law 38 (orphans), law 28 (isolation): none is omitted permanently."""
    world = World()
    for number in range(230):
        orphan = Movement(
            reference=f"txn_{number}", at="2026-03-01T00:00:00.000000Z", kind="charge", amount_minor=1, currency="EUR"
        )
        world.dependencies().sweeps.add_orphan(orphan, "2026-03-01T00:00:00.000000Z")
    reported = set[str]()
    for _ in range(5):
        sentences = _run_schedule(world)["orphans"]
        assert len(sentences) == 100
        reported |= {sentence.partition(":")[0] for sentence in sentences}
        world.clock.advance(timedelta(minutes=5))
    assert len(reported) == 230
    assert any('"GatewayOrphans": 230' in line for line in world.lines)


def test_an_orphan_without_an_order_stays_listed_until_two_people_have_closed_it() -> None:
    """Law 37 (cases), law 38 (orphans)."""
    world = World()
    orphan = Movement(
        reference="txn_1", at="2026-03-01T00:00:00.000000Z", kind="charge", amount_minor=1, currency="EUR"
    )
    sweeps = DynamoDBSweepRepository(client=world.dynamodb, table="orders")
    sweeps.add_orphan(orphan, "2026-03-01T00:00:00.000000Z")
    attempts = [("a", True), ("a", False), ("a", False), ("b", True)]
    results = [sweeps.close_orphan("txn_1", by, "A receipt.", "now", dry_run=dry_run) for by, dry_run in attempts]
    assert results == ["proposed", "proposed", "own proposal", "closed"]
    assert len(_run_schedule(world)["orphans"]) == 1
    assert sweeps.close_orphan("txn_1", "b", "A receipt.", "now") == "closed"
    sweeps.add_orphan(orphan, "2026-03-02T00:00:00.000000Z")
    assert _run_schedule(world)["orphans"] == []
    assert sweeps.close_orphan("txn_1", "c", "A receipt.", "now") == "not listed"


def test_the_evidence_of_a_closed_orphan_can_be_erased() -> None:
    """Law 42 (erased is erased): only once it is closed; its item stays, so that the sweep does not list it again."""
    world = World()
    orphan = Movement(
        reference="txn_1", at="2026-03-01T00:00:00.000000Z", kind="charge", amount_minor=1, currency="EUR"
    )
    sweeps = DynamoDBSweepRepository(client=world.dynamodb, table="orders")
    sweeps.add_orphan(orphan, "now")
    for person in ("a", "b"):
        assert sweeps.erase_orphan("txn_1", "c", "now") == "refused"
        sweeps.close_orphan("txn_1", person, f"Mail of person {person}.", "now")
    assert sweeps.erase_orphan("txn_1", "c", "now", dry_run=True) == "erased"
    assert "Mail of person" in str(world.dynamodb.tables["orders"].rows)
    assert [sweeps.erase_orphan("txn_1", "c", "now") for _ in range(2)] == ["erased", "nothing to erase"]
    assert "Mail of person" not in str(world.dynamodb.tables["orders"].rows)
    assert sweeps.erase_orphan("txn_2", "c", "now") == "unknown"
    sweeps.add_orphan(orphan, "later")
    assert sweeps.list_orphans() == ()


def test_an_orphan_refund_of_an_existing_order_opens_one_case() -> None:
    """Law 38 (orphans): a movement of an order that exists opens a case, once."""

    world, order_id, _ = _make_refund("pm_ok")
    listing = OrphanListing(client=world.dynamodb, table="gateway", now=world.clock, order_id=order_id)
    for _ in range(3):
        world.clock.advance(timedelta(minutes=5))
        (sentence,) = _run_schedule(world, gateway=listing)["cases"]
        assert "about txn_1 (orphan) is OPEN" in sentence
    assert len(world.order(order_id).account.cases) == 1


def test_a_sweep_that_ran_out_of_time_continues_where_it_stopped() -> None:
    """Law 29 (late reversals): a long list is read in parts, and the age of the position is a metric."""
    world, order_id, _ = _make_refund()
    world.clock.advance(timedelta(days=20))
    positions = list[Any]()
    while not positions or positions[-1].until:
        deps, left = world.dependencies(), iter([True] * 3)
        reconcile({"schema": 1, "days": []}, deps, lambda left=left: next(left, False))  # type: ignore[misc]
        positions.append(deps.sweeps.position())
    assert len(positions) > 2
    assert len(set(positions)) == len(positions)
    assert any('"SweepCursorAge"' in line for line in world.lines)
    assert world.order(order_id).account.refunded_minor == 0


def test_a_gap_longer_than_the_gateways_list_makes_every_open_order_due() -> None:
    """Law 29 (late reversals): regardless of their number; the list is read once all are queued."""

    class Short(SandboxPaymentGateway):
        list_reach: ClassVar[timedelta | None] = timedelta(days=30)

    world, _, _ = _make_refund("pm_ok")
    _run_schedule(world)
    waiting = [
        world.book(purchase_of(f"slow-{number}", "pm_timeout", MUG=(1, 800)))["order_id"] for number in range(30)
    ]
    world.clock.advance(timedelta(days=31))
    for order_id in waiting:
        order = world.order(order_id)
        world.dependencies().orders.defer(order, "2026-04-10T00:00:00.000000Z", order.ordered_at)
    short = Short(client=world.dynamodb, table="gateway", now=world.clock)
    before, left = world.dependencies().sweeps.position(), iter([True] * 3)
    reconcile({"schema": 1, "days": []}, _with(world, short), lambda: next(left, False))
    position = world.dependencies().sweeps.position()
    assert before is not None
    assert position is not None
    assert (position.through, position.until) == (before.through, None)
    settled = _run_schedule(world, gateway=short)["settled"] + _run_schedule(world, gateway=short)["settled"]
    assert sorted(settled) == sorted(waiting)


def test_runs_short_of_time_queue_all_open_orders_eventually() -> None:
    """Law 29 (late reversals): each run continues where the previous one stopped, so the list is eventually read."""

    class Short(SandboxPaymentGateway):
        list_reach: ClassVar[timedelta | None] = timedelta(days=30)

    world = World()
    world.stock(MUG=(800, 100))
    short = Short(client=world.dynamodb, table="gateway", now=world.clock)
    _run_schedule(world, gateway=short)
    world.clock.advance(timedelta(days=31))
    for number in range(5):
        world.book({**purchase_of(f"held-{number}", MUG=(1, 800)), "capture": "later", "hold_seconds": 864_000})
    positions = list[Any]()
    while not positions or positions[-1].until is None:
        deps, left = _with(world, short), iter([True] * 3)
        reconcile({"schema": 1, "days": []}, deps, lambda left=left: next(left, False), lambda: False, lambda: False)  # type: ignore[misc]
        positions.append(deps.sweeps.position())
        world.clock.advance(timedelta(minutes=5))
        assert len(positions) <= SHARDS, "no run came further"
    assert len(positions) > 2
    now, orders = format_instant(world.clock()), world.dependencies().orders
    assert sum(len(orders.list_due(shard, now, None, 100).names) for shard in range(SHARDS)) == 5


def _with(world: World, gateway: SandboxPaymentGateway) -> Any:
    deps = world.dependencies()
    deps.__dict__["gateway"] = gateway
    return deps


def _world_without_a_list() -> tuple[World, SandboxPaymentGateway]:
    """Return a stocked world and its gateway, after a first run of reconcile."""
    world = World()
    world.stock(MUG=(800, 100))
    unlisted = UnlistedGateway(client=world.dynamodb, table="gateway", now=world.clock)
    reconcile({"schema": 1, "days": []}, _with(world, unlisted))
    return world, unlisted


def test_without_a_list_rare_runs_still_check_every_settled_order() -> None:
    """Law 29 (late reversals): each run continues at the time that the previous one reached."""
    world, unlisted = _world_without_a_list()
    for number in range(5):
        world.clock.advance(timedelta(hours=5))
        assert world.book(purchase_of(f"buy-{number}", "pm_dashboard_refund", MUG=(1, 800)))["status"] == "succeeded"
    settled = list[str]()
    for _ in range(3):
        world.clock.advance(timedelta(hours=23))
        settled += reconcile({"schema": 1, "days": []}, _with(world, unlisted))["settled"]
    assert len(settled) == 5
    assert any('"SweepCursorAge": 60' in line for line in world.lines)


def test_without_a_list_runs_short_of_time_check_every_order_of_a_day_once() -> None:
    """Law 29 (late reversals): a day with more orders than a run can handle blocks nothing and loses no order."""
    world, unlisted = _world_without_a_list()
    for number in range(12):
        assert world.book(purchase_of(f"buy-{number}", "pm_dashboard_refund", MUG=(1, 800)))["status"] == "succeeded"
    world.clock.advance(timedelta(hours=30))
    begun, settled, positions = format_instant(world.clock()), list[str](), list[Any]()
    while not positions or positions[-1].through < begun:
        left = iter([True] * 12)
        deps = _with(world, unlisted)
        settled += reconcile({"schema": 1, "days": []}, deps, lambda left=left: next(left, False))["settled"]  # type: ignore[misc]
        positions.append(deps.sweeps.position())
        world.clock.advance(timedelta(minutes=5))
        assert len(positions) < 100, "no run came further"
    assert len(positions) > 3
    assert len(settled) == len(set(settled)) == 12


def test_a_stored_place_is_valid_only_for_its_own_walk() -> None:
    """Law 29 (late reversals): a stored position is used only by its own walk."""
    place = WalkPosition(purpose=WalkPurpose.AGED, time="2026-03-01T12:00:00.000000Z", at=3, after="x")
    assert WalkPosition.parse(str(place), WalkPurpose.AGED) == place
    assert WalkPosition.parse(str(place), WalkPurpose.QUEUE) is None
    assert WalkPosition.parse("txn_1", WalkPurpose.AGED) is None
