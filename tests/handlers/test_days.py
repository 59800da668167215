"""Days of the audit trail: nothing is ever dated into a closed one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.dynamodb.order_items import shard_of
from handlers.domain.canonical import day_of, is_closed, last_closed_day, next_day, previous_day
from handlers.domain.ledger import Kind, append_entry, entry_from, find_breaks
from handlers.purchase import purchase
from handlers.record import record
from tests.domain.orders import NOON, lines_of, paid_order
from tests.handlers.world import World, purchase_of, refund_of

PARKING = "https://sqs.example/parking"


def test_a_day_closes_48_hours_after_its_end() -> None:
    """Law 40 (no closed day): the last instant at which a day is open, and the first at which it is closed."""
    closing = datetime(2026, 3, 4, tzinfo=UTC)
    assert last_closed_day(closing) == "2026-03-01"
    assert is_closed("2026-03-01", closing)
    assert not is_closed("2026-03-01", closing - timedelta(microseconds=1))
    assert (previous_day("2026-03-01"), next_day("2026-02-28")) == ("2026-02-28", "2026-03-01")


@pytest.mark.over_gateways
def test_an_entry_is_filed_under_the_day_it_was_written() -> None:
    """Law 40 (no closed day): entry, index and audit key."""
    world = World()
    world.stock(MUG=(800, 20))
    message = world.message(purchase_of(MUG=(1, 800)))
    world.clock.advance(timedelta(hours=14))
    result = purchase(message, world.dependencies())
    record({**message, "result": result}, world.dependencies())
    order = world.order(result["order_id"])
    assert [(day_of(entry.at), day_of(entry.recorded_at)) for entry in order.ledger] == [
        ("2026-03-01", "2026-03-02")
    ] * 2
    assert world.dependencies().orders.list_changed("2026-03-02", shard_of(order.order_id), "", None, 10).names == (
        order.order_id,
    )
    assert list(world.audit_objects()) == [f"outcomes/date=2026-03-02/order={order.order_id}/000002.json"]


def test_a_purchase_redriven_after_its_refund_window_can_still_be_refunded() -> None:
    """Law 26 (window): it counts from the payment, which a redrive makes weeks after the execution's start."""
    world = World()
    world.stock(MUG=(800, 20))
    message = world.message(purchase_of(MUG=(1, 800)))
    world.clock.advance(timedelta(days=40))
    order_id = purchase(message, world.dependencies())["order_id"]
    assert world.book(refund_of(order_id))["status"] == "succeeded"


@given(st.lists(st.integers(-30, 30), min_size=1, max_size=6))
def test_a_clock_moving_backwards_never_reorders_entries(hours: list[int]) -> None:
    """Law 40 (no closed day): `recorded_at` is the later of the own clock and the previous entry's."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    for number, step in enumerate(hours):
        world.clock.advance(timedelta(hours=step))
        world.book(refund_of(order_id, f"r-{number}", amount_minor=1))
    written = [entry.recorded_at for entry in world.order(order_id).ledger]
    assert written == sorted(written)
    assert world.findings() == ()


def test_an_entry_without_an_execution_is_dated_when_it_is_written() -> None:
    """Law 40 (no closed day): reconcile settles an order, and `at` is `recorded_at`."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(payment_method="pm_timeout", MUG=(1, 800)))["order_id"]
    world.clock.advance(timedelta(hours=20))
    assert world.reconcile()["settled"] == [order_id]
    last = world.order(order_id).ledger[-1]
    assert last.at == last.recorded_at == "2026-03-02T08:00:00.000000Z"


def test_a_schema_1_entry_counts_as_written_at_the_start_of_its_execution() -> None:
    """Law 40 (no closed day): also for the entry that follows it."""
    stored = [_as_schema_1(entry.as_json()) for entry in paid_order(lines_of((1, 5))).ledger[:1]]
    first = entry_from(stored[0])
    assert first.recorded_at == first.at
    assert first.as_json() == stored[0]
    second = append_entry(
        [first], Kind.PAYMENT_CAPTURED, order_id="o", at=NOON, now="2026-01-01", subject="o", amount_minor=5
    )[1]
    assert second.recorded_at == first.at


def _as_schema_1(stored: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in stored.items() if name != "recorded_at"}, "schema": 1}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"recorded_at": "2026-03-05T00:00:00.000000Z"}, ["entry 2 is not what was written: its hash differs"]),
        (
            {"recorded_at": "2026-02-01T00:00:00.000000Z"},
            [
                "entry 2 was recorded before the entry before it",
                "entry 2 is not what was written: its hash differs",
            ],
        ),
    ],
)
def test_a_forged_write_time_breaks_the_chain(change: dict[str, str], found: list[str]) -> None:
    """Law 22 (tamper-evident), law 40 (no closed day)."""
    order = paid_order(lines_of((1, 5)))
    first, second = (entry.as_json() for entry in order.ledger)
    assert find_breaks(order.order_id, [first, second]) == ()
    assert list(find_breaks(order.order_id, [first, {**second, **change}])) == found


@pytest.mark.parametrize(
    ("hours", "day"), [(0, "2026-03-01"), (59, "2026-03-01"), (60, "2026-03-04"), (300, "2026-03-14")]
)
def test_a_refusal_is_filed_under_its_start_day_unless_that_day_is_closed(hours: int, day: str) -> None:
    """Law 40 (no closed day): a refusal that waited in the queue."""
    world = World()
    _park(world, world.message({"no": "request"}))
    world.clock.advance(timedelta(hours=hours))
    (key,) = world.reconcile()["restored"]
    assert key.startswith(f"refusals/date={day}/")
    assert world.findings() == ()


def test_retries_on_several_days_record_a_refusal_once() -> None:
    """Law 23 (audit completeness), law 40 (no closed day): a lost reply, and a redelivery days later."""
    world = World()
    message = world.message({"no": "request"})
    for days in (3, 0, 1, 12):
        world.clock.advance(timedelta(days=days))
        record(message, world.dependencies())
    assert [key.split("/")[1] for key in world.audit_objects()] == ["date=2026-03-04"]


def test_the_scheduled_run_restores_a_missing_object_of_a_long_execution() -> None:
    """Law 40 (no closed day): an execution of two days, whose record is lost."""
    world = World()
    world.stock(MUG=(800, 20))
    message = world.message(purchase_of(MUG=(1, 800)))
    world.clock.advance(timedelta(hours=47))
    order_id = purchase(message, world.dependencies())["order_id"]
    world.clock.advance(timedelta(minutes=30))
    assert world.reconcile(recent_seconds=7200)["restored"] == [f"{order_id}/2"]


def _park(world: World, message: dict[str, Any]) -> None:
    world.sqs.send_message(QueueUrl=PARKING, MessageBody=json.dumps(message))
