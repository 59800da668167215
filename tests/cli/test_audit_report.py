"""The report says what the trail says, day by day, and never holds more than a day's totals."""

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
    """The rows of a day."""
    return report_day(S3AuditTrail(client=world.s3, bucket="audit"), day)


def today(world: World) -> str:
    """The day that the world's clock shows."""
    return world.clock().date().isoformat()


def test_purchases_refunds_and_rejections_are_counted_with_their_money() -> None:
    """Per day and currency; refusals that named no currency have a row of their own."""
    world = World()
    world.stock(mug=(500, 3))
    order = world.book(purchase_of("one", mug=(2, 500)))
    world.book(refund_of(order["order_id"], amount_minor=300))
    world.book(purchase_of("two", "pm_declined", mug=(1, 500)))
    world.book(purchase_of("three", mug=(9, 500)))
    world.book({"action": "nonsense"})
    nobody, euros = report_of(world, today(world))
    assert (nobody.currency, dict(nobody.rejections)) == ("-", {"INVALID_REQUEST": 1})
    assert (euros.purchases, euros.refunds, euros.money_in_minor, euros.money_out_minor) == (1, 1, 1000, 300)
    assert dict(euros.rejections) == {"OUT_OF_STOCK": 1, "PAYMENT_DECLINED": 1}


def test_what_nobody_requested_is_counted_and_what_waits_is_not_a_failure() -> None:
    """Law 36 (disputes), law 38 (orphans): disputes, a refund of the dashboard, a case, and a hold that is given up."""
    world = World()
    world.stock(mug=(500, 9))
    paid = [world.book(purchase_of(token, token, mug=(2, 500)))["order_id"] for token in MADE_ELSEWHERE]
    held = world.book({**purchase_of("later", mug=(2, 500)), "capture": "later"})
    world.book({"action": "cancel", "request_id": "c-1", "order_id": held["order_id"], "requested_by": "agent-7"})
    first = today(world)
    for order_id in paid:
        world.reconcile(order_id=order_id)
    world.clock.advance(timedelta(days=1))
    for order_id in paid:
        world.reconcile(order_id=order_id)
    [made], [decided] = report_of(world, first), report_of(world, today(world))
    assert (made.purchases, made.refunds, made.disputes, made.failed, made.unknown) == (3, 1, 2, 0, 0)
    assert (made.money_in_minor, made.money_out_minor, made.disputed_minor) == (3000, 250, 2000)
    assert (decided.disputes, decided.disputed_minor, decided.failed) == (0, -1000, 0)


MADE_ELSEWHERE = ("pm_dashboard_refund", "pm_dispute_won", "pm_dispute_lost")


def test_each_day_has_its_own_outcomes() -> None:
    """A refund counts on the day on which it settled, not on the day of its purchase."""
    world = World()
    world.stock(mug=(500, 3))
    order, first = world.book(purchase_of("one", mug=(2, 500))), today(world)
    world.clock.advance(timedelta(days=1))
    world.book(refund_of(order["order_id"]))
    [bought], [given_back] = report_of(world, first), report_of(world, today(world))
    assert (bought.purchases, bought.refunds, given_back.purchases, given_back.refunds) == (1, 0, 0, 1)
    assert bought.money_in_minor == given_back.money_out_minor == 1000


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Set the time zone of the machine on which the report is requested."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_a_day_is_one_of_utc_wherever_the_report_is_asked_for(zone: str) -> None:
    """A second apart, around midnight of the night in which Europe's clocks change: two days, each 24 hours long."""
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
    """A trail with so many purchases on every day, made up as they are asked for, in pages of a thousand."""

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
    """Bytes that a report of so many days needs at most."""
    monkeypatch.setattr(sys, "stdout", StringIO())
    first = datetime(2026, 1, 1, tzinfo=UTC)
    last = first + timedelta(days=days - 1)
    asked = list_days(first.date().isoformat(), last.date().isoformat())
    tracemalloc.start()
    print_report("csv", EndlessAuditLog(records_per_day), asked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_a_year_needs_no_more_memory_than_a_day_and_a_busy_day_no_more_than_a_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only totals are kept: ten times the days, or five times the records, need at most half as much again."""
    page = measure_peak(1, 1000, monkeypatch)
    assert measure_peak(10, 1000, monkeypatch) < 1.5 * page
    assert measure_peak(1, 5_000, monkeypatch) < 1.5 * page
    assert measure_peak(365, 5, monkeypatch) < 1.5 * page


def test_a_report_and_the_gateway_agree_on_the_money() -> None:
    """Money in minus money out is what the gateway holds."""
    world = World()
    world.stock(mug=(500, 50))
    orders = [world.book(purchase_of(f"buy-{n}", mug=(1, 500)))["order_id"] for n in range(5)]
    for order in orders[:3]:
        world.book(refund_of(order, amount_minor=120))
    [euros] = report_of(world, today(world))
    assert sum(map(world.gateway_net, orders)) == euros.money_in_minor - euros.money_out_minor


def test_a_stranger_in_the_trail_stops_the_report_and_is_named() -> None:
    """No total is printed that leaves something out."""
    world = World()
    world.s3.put_object(Bucket="audit", Key="outcomes/date=2026-01-01/order=x/000001.json", Body=b"[]")
    with pytest.raises(CommandFailed, match="order=x"):
        report_of(world, "2026-01-01")


def test_days_are_counted_with_both_ends() -> None:
    """Across a leap day."""
    assert list_days("2028-02-28", "2028-03-01") == ["2028-02-28", "2028-02-29", "2028-03-01"]


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("yesterday", "2026-01-01", "--from must be a day such as 2026-01-31, got 'yesterday'"),
        ("2026-01-02", "2026-01-01", "must not be before"),
    ],
)
def test_impossible_days_are_refused_in_a_sentence(first: str, last: str, sentence: str) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match=sentence):
        list_days(first, last)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_the_command_prints_each_form(shell: Shell, form: str) -> None:
    """Against the embedded AWS."""
    buy_mugs(shell)
    said = shell("audit", "report", "--from", "2026-01-01", "--to", "2026-01-01", "--format", form)
    assert (said.exit_code, said.stderr) == (0, "")
    if form == "json":
        assert json.loads(said.stdout) == []
    if form == "csv":
        assert said.stdout.startswith("day,currency,purchases")
