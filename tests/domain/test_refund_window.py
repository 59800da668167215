"""Until when an order can be refunded."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.answers import Answer, Code
from handlers.domain.canonical import format_instant, parse_instant
from handlers.domain.order import Order, RefundPolicy, place_order
from handlers.domain.requests import Origin, PlaceOrder
from tests.domain.orders import asked, lines_of, paid

DEADLINE = datetime(2026, 3, 31, 12, tzinfo=UTC)


@given(st.integers(-14, 14))
def test_a_refund_is_allowed_at_the_deadline_and_refused_a_second_after(offset_hours: int) -> None:
    """Law 26 (window): judged in UTC, whatever offset the time is written with."""
    order = paid(lines_of((1, 500)))
    zone = timezone(timedelta(hours=offset_hours))
    at_deadline, after = (DEADLINE + late for late in (timedelta(0), timedelta(seconds=1)))
    assert isinstance(asked(order, "r", at=at_deadline.astimezone(zone).isoformat()), Order)
    refusal = asked(order, "r", at=after.astimezone(zone).isoformat())
    assert isinstance(refusal, Answer)
    assert refusal.code == Code.REFUND_WINDOW_CLOSED
    assert "until 2026-03-31T12:00:00.000000Z" in refusal.message


@given(st.integers(0, 3650), st.integers(0, 10**9).map(lambda seconds: DEADLINE + timedelta(seconds=seconds)))
def test_the_policy_at_purchase_is_the_policy_for_ever(days: int, at: datetime) -> None:
    """Law 26 (window): stored with the order."""
    request = PlaceOrder(
        request_id="r", customer_id="c", currency="EUR", lines=lines_of((1, 1)), payment_method="pm_ok"
    )
    origin = Origin(execution="e", requested_at=at.isoformat())
    order = place_order(request, origin, RefundPolicy(window=timedelta(days=days)), salt="s", now=format_instant(at))
    assert parse_instant(order.refundable_until) - parse_instant(order.ordered_at) == timedelta(days=days)


@given(st.timedeltas(timedelta(0), timedelta(days=9999)).map(lambda late: DEADLINE + late), st.integers(-23, 23))
def test_instants_have_one_spelling_that_sorts(moment: datetime, offset_hours: int) -> None:
    """Law 26 (window): judged in UTC."""
    local = moment.astimezone(timezone(timedelta(hours=offset_hours)))
    assert parse_instant(format_instant(local)) == local
    assert parse_instant(local.isoformat()) == local
    assert (format_instant(local) < format_instant(local + timedelta(microseconds=1))) is True
