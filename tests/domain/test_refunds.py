"""The laws of refunds and of the refund window, on the pure domain."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from handlers.domain.answers import Answer, Code
from handlers.domain.canonical import format_instant, parse_instant
from handlers.domain.lifecycles import OrderStatus
from handlers.domain.order import Order, RefundPolicy, place_order
from handlers.domain.payments import GatewayStatus
from handlers.domain.requests import Origin, PlaceOrder
from handlers.domain.rules.refunds import allocate_amount, remaining_lines
from tests.domain.orders import (
    apply_status,
    line_sets,
    lines_of,
    lives,
    make_refund,
    paid_order,
    refund_fields,
    refund_request,
    reserve,
)

DEADLINE = datetime(2026, 3, 31, 12, tzinfo=UTC)


@given(lives())
def test_refunds_never_exceed_the_captured_amount(states: list[Order]) -> None:
    """Law 1 (cap): on every prefix of the ledger 0 ≤ refunded + reserved ≤ captured."""
    for order in states:
        account = order.account
        assert account.refunded_minor >= 0
        assert account.reserved_minor >= 0
        assert account.refunded_minor + account.reserved_minor <= account.captured_minor


@given(lives())
def test_a_refund_without_amount_takes_the_whole_refundable_balance(states: list[Order]) -> None:
    """Law 3 (default amount): no amount means all that is refundable now, or NOTHING_TO_REFUND."""
    order = states[-1]
    after = reserve(order, "all")
    if order.account.refundable_minor == 0:
        assert isinstance(after, Answer)
        assert after.code == Code.NOTHING_TO_REFUND
    else:
        assert isinstance(after, Order)
        assert after.ledger[-1].amount_minor == order.account.refundable_minor
        assert after.account.refundable_minor == 0


@given(lives())
def test_a_refund_of_the_balance_is_accepted_and_one_above_it_is_rejected(states: list[Order]) -> None:
    """Law 4 (boundary): exactly `refundable` is accepted; `refundable + 1` is rejected and changes nothing."""
    order = states[-1]
    refundable = order.account.refundable_minor
    one_more = reserve(order, "one-more", amount_minor=refundable + 1)
    assert isinstance(one_more, Answer)
    assert one_more.code == Code.REFUND_EXCEEDS_BALANCE
    if refundable:
        assert isinstance(reserve(order, "exact", amount_minor=refundable), Order)


@given(st.data(), line_sets)
def test_any_partition_in_any_order_refunds_the_whole(data: st.DataObject, lines: Any) -> None:
    """Law 5 (partials compose): any partition of captured, in any order, ends REFUNDED with refundable 0."""
    order = paid_order(lines)
    left, number = order.account.captured_minor, 0
    while left:
        amount = data.draw(st.integers(1, left)) if number < 6 else left
        order, left, number = make_refund(order, f"part-{number}", amount_minor=amount), left - amount, number + 1
    assert order.status is OrderStatus.REFUNDED
    assert order.account.refunded_minor == order.account.captured_minor
    assert order.account.refundable_minor == 0
    assert all(line.amount_minor == 0 for line in remaining_lines(order))


@given(lives())
def test_no_line_is_refunded_beyond_its_quantity_or_price(states: list[Order]) -> None:
    """Law 6 (line caps): per line the refunded quantity ≤ bought, the allocated amounts ≤ paid for that line."""
    for order in states:
        for line in remaining_lines(order):
            assert line.quantity >= 0
            assert line.amount_minor >= 0


@given(lives())
def test_allocations_add_up_exactly_and_none_is_negative(states: list[Order]) -> None:
    """Law 7 (allocation conserves): over all shares of a refund."""
    for refund in states[-1].account.refunds.values():
        assert refund.amount_minor == sum(share.amount_minor for share in refund.shares)
        assert all(share.amount_minor >= 0 and share.quantity >= 0 for share in refund.shares)


@given(line_sets, st.data())
@example(lines_of((3, 100), (1, 1)), None)
def test_refunding_unit_by_unit_equals_refunding_the_line_whole(lines: Any, data: st.DataObject | None) -> None:
    """Law 7 (allocation conserves): also after a refund by amount left an odd sum on the line."""
    order = paid_order(lines)
    refunded_first = data.draw(st.integers(0, order.account.captured_minor - 1)) if data else 100
    order = make_refund(order, "by-amount", amount_minor=refunded_first) if refunded_first else order
    line = max(remaining_lines(order), key=lambda each: each.amount_minor)
    whole = make_refund(order, "whole", units={line.sku: line.quantity}).ledger[-1].amount_minor
    units = 0
    for number in range(line.quantity):
        after = reserve(order, f"unit-{number}", units={line.sku: 1})
        if isinstance(after, Answer):  # there are more units than smallest coins left
            assert after.code == Code.NOTHING_TO_REFUND
            break
        order = apply_status(after, refund_request(order, f"unit-{number}").refund_id, GatewayStatus.SETTLED)
        units += order.ledger[-1].amount_minor
    assert whole == units


@given(line_sets, st.data())
def test_an_amount_is_allocated_in_proportion_within_one_minor_unit(lines: Any, data: st.DataObject) -> None:
    """Law 7 (allocation conserves): by the largest remainder, so no line is off by a whole unit."""
    order = paid_order(lines)
    amount = data.draw(st.integers(1, order.account.captured_minor))
    remaining = remaining_lines(order)
    shares = {share.line: share.amount_minor for share in allocate_amount(remaining, amount)}
    for line in remaining:
        exact = amount * line.amount_minor / order.account.captured_minor
        assert abs(shares.get(line.line, 0) - exact) < 1


@given(st.data(), lives())
def test_a_refused_refund_has_a_code_a_message_and_the_balance(data: st.DataObject, states: list[Order]) -> None:
    """Law 4 (boundary): the answer states how much can be refunded."""
    order = states[-1]
    refusal = reserve(order, "new", **data.draw(refund_fields(order)))
    if isinstance(refusal, Answer):
        assert refusal.status == "rejected"
        assert refusal.code in set(Code)
        assert refusal.message.endswith(".")
        assert refusal.refundable_minor == order.account.refundable_minor


@given(st.integers(-14, 14))
def test_a_refund_is_allowed_at_the_deadline_and_refused_a_second_after(offset_hours: int) -> None:
    """Law 26 (window): judged in UTC for times with any offset."""
    order = paid_order(lines_of((1, 500)))
    zone = timezone(timedelta(hours=offset_hours))
    at_deadline, after = (DEADLINE + late for late in (timedelta(0), timedelta(seconds=1)))
    assert isinstance(reserve(order, "r", at=at_deadline.astimezone(zone).isoformat()), Order)
    refusal = reserve(order, "r", at=after.astimezone(zone).isoformat())
    assert isinstance(refusal, Answer)
    assert refusal.code == Code.REFUND_WINDOW_CLOSED
    assert "until 2026-03-31T12:00:00.000000Z" in refusal.message


@given(st.integers(0, 3650), st.integers(0, 10**9).map(lambda seconds: DEADLINE + timedelta(seconds=seconds)))
def test_an_order_keeps_the_refund_policy_of_its_purchase(days: int, at: datetime) -> None:
    """Law 26 (window): stored with the order."""
    request = PlaceOrder(
        request_id="r", customer_id="c", currency="EUR", lines=lines_of((1, 1)), payment_method="pm_ok"
    )
    origin = Origin(execution="e", requested_at=at.isoformat())
    order = place_order(request, origin, RefundPolicy(window=timedelta(days=days)), salt="s", now=format_instant(at))
    assert parse_instant(order.refundable_until) - parse_instant(order.ordered_at) == timedelta(days=days)


@given(st.timedeltas(timedelta(0), timedelta(days=9999)).map(lambda late: DEADLINE + late), st.integers(-23, 23))
def test_formatted_instants_round_trip_and_sort(moment: datetime, offset_hours: int) -> None:
    """Law 26 (window): judged in UTC."""
    local = moment.astimezone(timezone(timedelta(hours=offset_hours)))
    assert parse_instant(format_instant(local)) == local
    assert parse_instant(local.isoformat()) == local
    assert (format_instant(local) < format_instant(local + timedelta(microseconds=1))) is True
