"""Replies of gateways, in any order and repeated."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.answers import Answer, NextAction
from handlers.domain.ledger import Kind
from handlers.domain.lifecycles import OrderStatus, RefundStatus
from handlers.domain.order import Order
from handlers.domain.outcomes import answer_of, outcome_at, outcome_seq
from handlers.domain.payments import GatewayReply, GatewayStatus
from handlers.domain.ports import Change
from handlers.domain.settlement import Contradiction, apply_gateway_reply
from tests.domain.orders import NOON, asked, contradicts, lines_of, lives, paid, pending, refund_request, refunded, told


def _reserved(order: Order, request_id: str = "refund-1", **wish: object) -> tuple[Order, str]:
    after = asked(order, request_id, **wish)
    assert not isinstance(after, Answer)
    return after, refund_request(order, request_id).refund_id


@given(lives(), st.data())
def test_a_report_that_is_repeated_changes_nothing(states: list[Order], data: st.DataObject) -> None:
    """Law 17 (reversal), law 16 (decline): each takes effect once, however often the gateway says it."""
    order = states[-1]
    key = data.draw(st.sampled_from([order.order_id, *order.account.refunds]))
    heard = data.draw(st.sampled_from(tuple(GatewayStatus)))
    once = told(order, key, heard)
    assert told(once, key, heard) == once


def test_a_definite_decline_releases_exactly_the_reserved_amount_once() -> None:
    """Law 16 (definite decline)."""
    before = paid(lines_of((2, 500), (1, 250)))
    other, _ = _reserved(before, "other", amount_minor=200)
    order, key = _reserved(other, amount_minor=700)
    declined = told(told(order, key, GatewayStatus.DECLINED), key, GatewayStatus.DECLINED)
    assert other.account.refundable_minor == declined.account.refundable_minor
    assert declined.account.refunds[key].status is RefundStatus.DECLINED
    assert order.version + 1 == declined.version


@given(st.integers(1, 1250), st.integers(1, 3))
def test_a_reversal_restores_exactly_its_amount_once(amount: int, times: int) -> None:
    """Law 17 (reversal)."""
    before = paid(lines_of((2, 500), (1, 250)))
    order, key = _reserved(before, amount_minor=amount)
    settled = told(order, key, GatewayStatus.SETTLED)
    reversed_ = settled
    for _ in range(times):
        reversed_ = told(reversed_, key, GatewayStatus.REVERSED)
    assert before.account.refundable_minor == reversed_.account.refundable_minor
    assert reversed_.account.refunded_minor == 0
    assert reversed_.status is OrderStatus.CONFIRMED
    assert settled.version + 1 == reversed_.version


@pytest.mark.parametrize(
    "reports", list(itertools.permutations([GatewayStatus.SETTLED, GatewayStatus.REVERSED, GatewayStatus.SETTLED]))
)
def test_reports_end_the_same_in_whatever_order_they_come(reports: tuple[GatewayStatus, ...]) -> None:
    """Law 17 (reversal): the report of a settlement may come after that of its reversal."""
    order, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    for heard in reports:
        order = told(order, key, heard)
    assert order.account.refunds[key].status is RefundStatus.REVERSED
    assert order.account.refundable_minor == 1000


@pytest.mark.parametrize(
    ("reports", "status", "refundable"),
    [
        (
            (GatewayStatus.PENDING, GatewayStatus.SETTLED, GatewayStatus.REVERSED),
            RefundStatus.REVERSED,
            1000,
        ),
        ((GatewayStatus.PENDING, GatewayStatus.SETTLED), RefundStatus.SETTLED, 300),
        ((GatewayStatus.PENDING, GatewayStatus.DECLINED), RefundStatus.DECLINED, 1000),
        ((GatewayStatus.PENDING, GatewayStatus.FENCED), RefundStatus.RELEASED, 1000),
    ],
)
def test_a_pending_refund_ends_the_same_in_whatever_order_replies_are_heard(
    reports: tuple[GatewayStatus, ...], status: RefundStatus, refundable: int
) -> None:
    """Law 34 (pending is not unknown): a reply ranked below what the ledger knows is ignored."""
    reserved, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    for heard in itertools.permutations(reports):
        order = reserved
        for each in heard:
            assert not contradicts(order, key, each)
            order = told(order, key, each)
        assert (order.account.refunds[key].status, order.account.refundable_minor) == (status, refundable)


def test_a_failure_before_settlement_releases_once_and_one_after_it_is_a_reversal() -> None:
    """Law 16 (definite decline) and law 17 (reversal)."""
    reserved, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    pending_refund = told(reserved, key, GatewayStatus.PENDING)
    assert pending_refund.in_flight == (key,)
    assert pending_refund.account.refundable_minor == 300
    failed = told(told(pending_refund, key, GatewayStatus.DECLINED), key, GatewayStatus.DECLINED)
    assert [entry.kind for entry in failed.ledger[-2:]] == [Kind.REFUND_PENDING, Kind.REFUND_DECLINED]
    settled = told(pending_refund, key, GatewayStatus.SETTLED)
    came_back = told(told(settled, key, GatewayStatus.DECLINED), key, GatewayStatus.DECLINED)
    assert [entry.kind for entry in came_back.ledger[-2:]] == [Kind.REFUND_SETTLED, Kind.REFUND_REVERSED]
    assert failed.account.refundable_minor == came_back.account.refundable_minor == 1000


def test_a_pending_refund_is_answered_with_whom_it_waits_for_until_it_ends() -> None:
    """Law 34 (pending is not unknown) and law 43 (true answers): only the final answer is stored."""
    reserved, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    waiting = told(reserved, key, GatewayStatus.PENDING)
    answer = answer_of(waiting, key)
    assert (answer.status, answer.code, answer.next_action) == ("pending", "REFUND_PENDING", NextAction(who="bank"))
    ended = told(waiting, key, GatewayStatus.SETTLED)
    assert answer_of(ended, key).status == "succeeded"
    assert outcome_at(ended, outcome_seq(ended, key)) == answer_of(ended, key)


def test_a_gateway_that_moved_another_currency_is_left_to_people() -> None:
    """Law 27 (currency): compared wherever the gateway gives it."""
    order, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    reply = GatewayReply(status=GatewayStatus.SETTLED, amount_minor=700, currency="USD")
    said = apply_gateway_reply(order, key, reply, NOON, NOON)
    assert isinstance(said, Contradiction)
    assert said.gateway_says == "settled 700 USD"


def test_a_refund_first_heard_of_as_reversed_is_answered_as_reversed() -> None:
    """Law 43 (true answers): never as refunded, although its ledger shows that the money was sent and returned."""
    order, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    reversed_ = told(order, key, GatewayStatus.REVERSED)
    answer = answer_of(reversed_, key)
    assert (answer.status, answer.code, answer.refundable_minor) == ("failed", "REFUND_REVERSED", 1000)
    assert outcome_at(reversed_, outcome_seq(reversed_, key)) == answer
    assert [entry.kind for entry in reversed_.ledger[-2:]] == [Kind.REFUND_SETTLED, Kind.REFUND_REVERSED]


def test_what_the_ledger_cannot_hold_any_more_is_left_to_people() -> None:
    """Law 19 (reconcile): nothing is invented where gateway and ledger contradict each other."""
    order, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    released = told(order, key, GatewayStatus.FENCED)
    assert contradicts(released, key, GatewayStatus.SETTLED)
    declined = told(pending(lines_of((1, 5))), released.order_id, GatewayStatus.DECLINED)
    assert contradicts(declined, declined.order_id, GatewayStatus.SETTLED)


def test_a_gateway_that_moved_another_amount_is_left_to_people() -> None:
    """Law 18 (conservation)."""
    order, key = _reserved(paid(lines_of((2, 500))), amount_minor=700)
    said = apply_gateway_reply(order, key, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=701), NOON, NOON)
    assert isinstance(said, Contradiction)
    assert str(said) == f"{key}: the ledger says RESERVED 700, the gateway says settled 701"


def test_a_unit_goes_back_on_the_shelf_once_even_if_its_refund_was_reversed_and_made_again() -> None:
    """Law 24 (stock): each refunded unit is restocked at most once."""
    order, first = _reserved(paid(lines_of((2, 500))), "first", units={"SKU-0": 1})
    settled = apply_gateway_reply(
        order, first, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=500), NOON, NOON
    )
    assert isinstance(settled, Change)
    assert settled.restock == {"SKU-0": 1}
    order, second = _reserved(told(settled.after, first, GatewayStatus.REVERSED), "second", units={"SKU-0": 1})
    again = apply_gateway_reply(order, second, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=500), NOON, NOON)
    assert isinstance(again, Change)
    assert again.restock == {}
    order, third = _reserved(again.after, "third", units={"SKU-0": 1})
    last = apply_gateway_reply(order, third, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=500), NOON, NOON)
    assert isinstance(last, Change)
    assert last.restock == {"SKU-0": 1}


@given(lives())
def test_units_back_on_the_shelf_never_exceed_units_bought(states: list[Order]) -> None:
    """Law 24 (stock): each refunded unit is restocked at most once."""
    order = states[-1]
    back = [0] * len(order.lines)
    for entry in order.ledger:
        for line, units in entry.facts.get("restocked", ()):  # type: ignore[union-attr,misc]
            back[line] += units
    assert all(0 <= units <= line.quantity for units, line in zip(back, order.lines, strict=True))


def test_a_payment_that_is_not_made_gives_all_its_units_back() -> None:
    """Law 24 (stock): a declined purchase restores all of it."""
    order = pending(lines_of((2, 500), (3, 10)))
    for heard in (GatewayStatus.DECLINED, GatewayStatus.FENCED):
        change = apply_gateway_reply(order, order.order_id, GatewayReply(status=heard), NOON, NOON)
        assert isinstance(change, Change)
        assert change.restock == {"SKU-0": 2, "SKU-1": 3}


def test_a_refund_by_amount_puts_nothing_back_and_one_of_everything_puts_all_back() -> None:
    """Law 24 (stock)."""
    order = refunded(paid(lines_of((2, 500), (3, 10))), "goodwill", amount_minor=100)
    assert order.ledger[-1].facts["restocked"] == []
    order = refunded(order, "rest")
    assert order.ledger[-1].facts["restocked"] == [[0, 2], [1, 3]]


@given(
    st.sampled_from((GatewayStatus.SETTLED, GatewayStatus.DECLINED, GatewayStatus.FENCED)),
    st.permutations((GatewayStatus.ACTION_REQUIRED, GatewayStatus.PENDING, GatewayStatus.PENDING, None, None)),
)
def test_replies_about_a_payment_end_the_same_in_any_order(
    end: GatewayStatus, replies: list[GatewayStatus | None]
) -> None:
    """Law 34 (pending is not unknown): doubled and late replies included; the answer is stored once and stays."""
    order = pending(lines_of((2, 800)))
    expected = told(order, order.order_id, end)
    for reply in replies:
        order = told(order, order.order_id, reply or end)
    assert (order.status, order.account, order.in_flight) == (expected.status, expected.account, ())
    assert order.ledger[-1].kind is expected.ledger[-1].kind
    answer, of_expected = (each.requests[each.order_id].answer for each in (order, expected))
    assert answer == of_expected
