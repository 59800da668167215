"""The report agrees with the trail, day by day, and never holds more than a day's totals in memory."""

import json
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from cli.audit_report import DayTotals, list_days, print_report, report_day
from cli.command_errors import CommandFailed, UsageError
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.ports import AuditTrail, Page
from tests.handlers.world import World, purchase_of, refund_of

from .conftest import Shell
from .test_verbs import buy_mugs


def report_of(world: World, day: str) -> list[DayTotals]:
    """Return the rows of a day."""
    return report_day(S3AuditTrail(client=world.s3, bucket="audit"), day)


def today(world: World) -> str:
    """Return the current day of the world's clock."""
    return world.clock().date().isoformat()


def test_purchases_refunds_and_rejections_are_counted_with_their_money() -> None:
    """There is a row per day and currency; refusals without a currency have their own row."""
    world = World()
    world.stock(mug=(500, 3))
    order = world.book(purchase_of("one", mug=(2, 500)))
    world.book(refund_of(order["order_id"], amount_minor=300))
    world.book(purchase_of("two", "pm_declined", mug=(1, 500)))
    world.book(purchase_of("three", mug=(9, 500)))
    world.book({"action": "nonsense"})
    without_currency, euros = report_of(world, today(world))
    assert (without_currency.currency, dict(without_currency.rejections)) == ("-", {"INVALID_REQUEST": 1})
    assert (euros.purchases, euros.refunds, euros.money_in_minor, euros.money_out_minor) == (1, 1, 1000, 300)
    assert dict(euros.rejections) == {"OUT_OF_STOCK": 1, "PAYMENT_DECLINED": 1}


def test_disputes_and_dashboard_refunds_are_counted_and_holds_are_not_failures() -> None:
    """Law 36 (disputes), law 38 (orphans): disputes, a refund of the dashboard, a case, and a hold that is given up."""
    world = World()
    world.stock(mug=(500, 9))
    paid = [world.book(purchase_of(token, token, mug=(2, 500)))["order_id"] for token in PAYMENT_METHODS]
    held = world.book({**purchase_of("later", mug=(2, 500)), "capture": "later"})
    world.book({"action": "cancel", "request_id": "c-1", "order_id": held["order_id"], "requested_by": "agent-7"})
    first = today(world)
    for order_id in paid:
        world.reconcile(order_id=order_id)
    world.clock.advance(timedelta(days=1))
    for order_id in paid:
        world.reconcile(order_id=order_id)
    [first_day], [second_day] = report_of(world, first), report_of(world, today(world))
    assert (first_day.purchases, first_day.refunds, first_day.disputes, first_day.failed, first_day.unknown) == (
        3,
        1,
        2,
        0,
        0,
    )
    assert (first_day.money_in_minor, first_day.money_out_minor, first_day.disputed_minor) == (3000, 250, 2000)
    assert (second_day.disputes, second_day.disputed_minor, second_day.failed) == (0, -1000, 0)


PAYMENT_METHODS = ("pm_dashboard_refund", "pm_dispute_won", "pm_dispute_lost")


def test_outcomes_count_on_the_day_on_which_they_happened() -> None:
    """A refund counts on the day on which it settled, not on the day of the purchase."""
    world = World()
    world.stock(mug=(500, 3))
    order, first = world.book(purchase_of("one", mug=(2, 500))), today(world)
    world.clock.advance(timedelta(days=1))
    world.book(refund_of(order["order_id"]))
    [purchase_day], [refund_day] = report_of(world, first), report_of(world, today(world))
    assert (purchase_day.purchases, purchase_day.refunds, refund_day.purchases, refund_day.refunds) == (1, 0, 0, 1)
    assert purchase_day.money_in_minor == refund_day.money_out_minor == 1000


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Set the time zone of the machine on which the report is requested."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_days_are_utc_days_in_every_local_time_zone(zone: str) -> None:
    """The instants are a second before and after midnight UTC, around the change to summer time in Europe."""
    world = World()
    world.clock.now = datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC)
    world.stock(mug=(500, 3))
    order = world.book(purchase_of("late", mug=(1, 500)))["order_id"]
    world.clock.advance(timedelta(seconds=1))
    world.book(refund_of(order, amount_minor=100))
    world.clock.now = datetime(2026, 3, 29, 23, 59, 59, tzinfo=UTC)
    world.book(purchase_of("later", mug=(1, 500)))
    [before], [after] = (report_of(world, day) for day in list_days("2026-03-28", "2026-03-29"))
    assert (before.purchases, before.refunds, after.purchases, after.refunds) == (1, 0, 1, 1), zone


@dataclass(frozen=True)
class EndlessAuditLog(AuditTrail):
    """A trail that generates this many purchases for any day, in pages of a thousand."""

    records_per_day: int

    def write(self, key: str, record: object) -> bool:
        raise AssertionError(key)

    def keys(self, prefix: str, after: str | None = None) -> Page:
        if not prefix.startswith("outcomes/"):
            return Page(names=(), after=None)
        first = int(after or 0)
        last = min(first + 1000, self.records_per_day)
        names = tuple(f"{prefix}order={number:08}/000002.json" for number in range(first, last))
        return Page(names=names, after=str(last) if last < self.records_per_day else None)

    def read(self, key: str) -> bytes | None:
        result = {"status": "succeeded", "amount_minor": 100, "currency": "EUR"}
        return json.dumps({"result": result, "ledger": [{"type": "PaymentCaptured"}]}).encode()


def measure_peak(days: int, records_per_day: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the peak memory in bytes of a report over this many days."""
    monkeypatch.setattr(sys, "stdout", StringIO())
    first = datetime(2026, 1, 1, tzinfo=UTC)
    last = first + timedelta(days=days - 1)
    requested_days = list_days(first.date().isoformat(), last.date().isoformat())
    tracemalloc.start()
    print_report("csv", EndlessAuditLog(records_per_day), requested_days)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_days_or_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only totals are kept: ten times the days, or five times the records, need less than 1.5 times the memory."""
    page = measure_peak(1, 1000, monkeypatch)
    assert measure_peak(10, 1000, monkeypatch) < 1.5 * page
    assert measure_peak(1, 5_000, monkeypatch) < 1.5 * page
    assert measure_peak(365, 5, monkeypatch) < 1.5 * page


def test_a_report_and_the_gateway_agree_on_the_money() -> None:
    """Money in minus money out equals the gateway's net amount."""
    world = World()
    world.stock(mug=(500, 50))
    orders = [world.book(purchase_of(f"buy-{n}", mug=(1, 500)))["order_id"] for n in range(5)]
    for order in orders[:3]:
        world.book(refund_of(order, amount_minor=120))
    [euros] = report_of(world, today(world))
    assert sum(map(world.gateway_net, orders)) == euros.money_in_minor - euros.money_out_minor


def test_an_unknown_object_in_the_trail_stops_the_report_and_is_named() -> None:
    """No incomplete total is printed."""
    world = World()
    world.s3.put_object(Bucket="audit", Key="outcomes/date=2026-01-01/order=x/000001.json", Body=b"[]")
    with pytest.raises(CommandFailed, match="order=x"):
        report_of(world, "2026-01-01")


def test_a_range_of_days_includes_both_ends() -> None:
    """The range contains a leap day."""
    assert list_days("2028-02-28", "2028-03-01") == ["2028-02-28", "2028-02-29", "2028-03-01"]


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("yesterday", "2026-01-01", "--from must be a day such as 2026-01-31, got 'yesterday'"),
        ("2026-01-02", "2026-01-01", "must not be before"),
    ],
)
def test_invalid_days_are_a_usage_error(first: str, last: str, sentence: str) -> None:
    """Nothing has been read yet."""
    with pytest.raises(UsageError, match=sentence):
        list_days(first, last)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_the_command_prints_each_format(shell: Shell, form: str) -> None:
    """It runs against the embedded AWS."""
    buy_mugs(shell)
    reply = shell("audit", "report", "--from", "2026-01-01", "--to", "2026-01-01", "--format", form)
    assert (reply.exit_code, reply.stderr) == (0, "")
    if form == "json":
        assert json.loads(reply.stdout) == []
    if form == "csv":
        assert reply.stdout.startswith("day,currency,purchases")
