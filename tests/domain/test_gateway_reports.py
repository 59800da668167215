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
from tests.domain.orders import (
    NOON,
    apply_status,
    contradicts,
    lines_of,
    lives,
    make_refund,
    paid_order,
    pending_order,
    refund_request,
    reserve,
)


def _reserve_refund(order: Order, request_id: str = "refund-1", **fields: object) -> tuple[Order, str]:
    after = reserve(order, request_id, **fields)
    assert not isinstance(after, Answer)
    return after, refund_request(order, request_id).refund_id


@given(lives(), st.data())
def test_a_repeated_reply_changes_nothing(states: list[Order], data: st.DataObject) -> None:
    """Law 17 (reversal), law 16 (decline): each takes effect once, however often it is reported."""
    order = states[-1]
    key = data.draw(st.sampled_from([order.order_id, *order.account.refunds]))
    reported = data.draw(st.sampled_from(tuple(GatewayStatus)))
    once = apply_status(order, key, reported)
    assert apply_status(once, key, reported) == once


def test_a_definite_decline_releases_exactly_the_reserved_amount_once() -> None:
    """Law 16 (definite decline)."""
    before = paid_order(lines_of((2, 500), (1, 250)))
    other, _ = _reserve_refund(before, "other", amount_minor=200)
    order, key = _reserve_refund(other, amount_minor=700)
    declined = apply_status(apply_status(order, key, GatewayStatus.DECLINED), key, GatewayStatus.DECLINED)
    assert other.account.refundable_minor == declined.account.refundable_minor
    assert declined.account.refunds[key].status is RefundStatus.DECLINED
    assert order.version + 1 == declined.version


@given(st.integers(1, 1250), st.integers(1, 3))
def test_a_reversal_restores_exactly_its_amount_once(amount: int, times: int) -> None:
    """Law 17 (reversal)."""
    before = paid_order(lines_of((2, 500), (1, 250)))
    order, key = _reserve_refund(before, amount_minor=amount)
    settled = apply_status(order, key, GatewayStatus.SETTLED)
    reversed_ = settled
    for _ in range(times):
        reversed_ = apply_status(reversed_, key, GatewayStatus.REVERSED)
    assert before.account.refundable_minor == reversed_.account.refundable_minor
    assert reversed_.account.refunded_minor == 0
    assert reversed_.status is OrderStatus.CONFIRMED
    assert settled.version + 1 == reversed_.version


@pytest.mark.parametrize(
    "reports", list(itertools.permutations([GatewayStatus.SETTLED, GatewayStatus.REVERSED, GatewayStatus.SETTLED]))
)
def test_replies_about_a_refund_have_the_same_result_in_any_order(reports: tuple[GatewayStatus, ...]) -> None:
    """Law 17 (reversal): the report of a settlement may come after that of its reversal."""
    order, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    for reported in reports:
        order = apply_status(order, key, reported)
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
def test_replies_about_a_pending_refund_have_the_same_result_in_any_order(
    reports: tuple[GatewayStatus, ...], status: RefundStatus, refundable: int
) -> None:
    """Law 34 (pending is not unknown): a reply ranked below the known status is ignored."""
    reserved, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    for reported in itertools.permutations(reports):
        order = reserved
        for each in reported:
            assert not contradicts(order, key, each)
            order = apply_status(order, key, each)
        assert (order.account.refunds[key].status, order.account.refundable_minor) == (status, refundable)


def test_a_failed_refund_is_declined_before_settlement_and_reversed_after_it() -> None:
    """Law 16 (definite decline) and law 17 (reversal)."""
    reserved, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    pending_refund = apply_status(reserved, key, GatewayStatus.PENDING)
    assert pending_refund.in_flight == (key,)
    assert pending_refund.account.refundable_minor == 300
    failed = apply_status(apply_status(pending_refund, key, GatewayStatus.DECLINED), key, GatewayStatus.DECLINED)
    assert [entry.kind for entry in failed.ledger[-2:]] == [Kind.REFUND_PENDING, Kind.REFUND_DECLINED]
    settled = apply_status(pending_refund, key, GatewayStatus.SETTLED)
    came_back = apply_status(apply_status(settled, key, GatewayStatus.DECLINED), key, GatewayStatus.DECLINED)
    assert [entry.kind for entry in came_back.ledger[-2:]] == [Kind.REFUND_SETTLED, Kind.REFUND_REVERSED]
    assert failed.account.refundable_minor == came_back.account.refundable_minor == 1000


def test_the_answer_of_a_pending_refund_names_who_must_act() -> None:
    """Law 34 (pending is not unknown) and law 43 (true answers): only the final answer is stored."""
    reserved, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    waiting = apply_status(reserved, key, GatewayStatus.PENDING)
    answer = answer_of(waiting, key)
    assert (answer.status, answer.code, answer.next_action) == ("pending", "REFUND_PENDING", NextAction(who="bank"))
    ended = apply_status(waiting, key, GatewayStatus.SETTLED)
    assert answer_of(ended, key).status == "succeeded"
    assert outcome_at(ended, outcome_seq(ended, key)) == answer_of(ended, key)


def test_a_settlement_in_another_currency_is_a_contradiction() -> None:
    """Law 27 (currency): compared wherever the gateway gives it."""
    order, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    reply = GatewayReply(status=GatewayStatus.SETTLED, amount_minor=700, currency="USD")
    result = apply_gateway_reply(order, key, reply, NOON, NOON)
    assert isinstance(result, Contradiction)
    assert result.gateway_says == "settled 700 USD"


def test_a_refund_first_reported_as_reversed_is_answered_as_reversed() -> None:
    """Law 43 (true answers): never as refunded, although its ledger shows that the money was sent and returned."""
    order, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    reversed_ = apply_status(order, key, GatewayStatus.REVERSED)
    answer = answer_of(reversed_, key)
    assert (answer.status, answer.code, answer.refundable_minor) == ("failed", "REFUND_REVERSED", 1000)
    assert outcome_at(reversed_, outcome_seq(reversed_, key)) == answer
    assert [entry.kind for entry in reversed_.ledger[-2:]] == [Kind.REFUND_SETTLED, Kind.REFUND_REVERSED]


def test_a_settlement_after_a_release_or_decline_is_a_contradiction() -> None:
    """Law 19 (reconcile): nothing is invented where gateway and ledger contradict each other."""
    order, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    released = apply_status(order, key, GatewayStatus.FENCED)
    assert contradicts(released, key, GatewayStatus.SETTLED)
    declined = apply_status(pending_order(lines_of((1, 5))), released.order_id, GatewayStatus.DECLINED)
    assert contradicts(declined, declined.order_id, GatewayStatus.SETTLED)


def test_a_settlement_of_another_amount_is_a_contradiction() -> None:
    """Law 18 (conservation)."""
    order, key = _reserve_refund(paid_order(lines_of((2, 500))), amount_minor=700)
    result = apply_gateway_reply(order, key, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=701), NOON, NOON)
    assert isinstance(result, Contradiction)
    assert str(result) == f"{key}: the ledger says RESERVED 700, the gateway says settled 701"


def test_a_unit_is_restocked_once_even_if_its_refund_is_reversed_and_repeated() -> None:
    """Law 24 (stock): each refunded unit is restocked at most once."""
    order, first = _reserve_refund(paid_order(lines_of((2, 500))), "first", units={"SKU-0": 1})
    settled = apply_gateway_reply(
        order, first, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=500), NOON, NOON
    )
    assert isinstance(settled, Change)
    assert settled.restock == {"SKU-0": 1}
    order, second = _reserve_refund(
        apply_status(settled.after, first, GatewayStatus.REVERSED), "second", units={"SKU-0": 1}
    )
    again = apply_gateway_reply(order, second, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=500), NOON, NOON)
    assert isinstance(again, Change)
    assert again.restock == {}
    order, third = _reserve_refund(again.after, "third", units={"SKU-0": 1})
    last = apply_gateway_reply(order, third, GatewayReply(status=GatewayStatus.SETTLED, amount_minor=500), NOON, NOON)
    assert isinstance(last, Change)
    assert last.restock == {"SKU-0": 1}


@given(lives())
def test_restocked_units_never_exceed_the_units_bought(states: list[Order]) -> None:
    """Law 24 (stock): each refunded unit is restocked at most once."""
    order = states[-1]
    back = [0] * len(order.lines)
    for entry in order.ledger:
        for line, units in entry.facts.get("restocked", ()):  # type: ignore[union-attr,misc]
            back[line] += units
    assert all(0 <= units <= line.quantity for units, line in zip(back, order.lines, strict=True))


def test_a_failed_payment_restocks_all_its_units() -> None:
    """Law 24 (stock): a declined purchase restores all of it."""
    order = pending_order(lines_of((2, 500), (3, 10)))
    for reported in (GatewayStatus.DECLINED, GatewayStatus.FENCED):
        change = apply_gateway_reply(order, order.order_id, GatewayReply(status=reported), NOON, NOON)
        assert isinstance(change, Change)
        assert change.restock == {"SKU-0": 2, "SKU-1": 3}


def test_a_refund_by_amount_restocks_nothing_and_a_full_refund_restocks_everything() -> None:
    """Law 24 (stock)."""
    order = make_refund(paid_order(lines_of((2, 500), (3, 10))), "goodwill", amount_minor=100)
    assert order.ledger[-1].facts["restocked"] == []
    order = make_refund(order, "rest")
    assert order.ledger[-1].facts["restocked"] == [[0, 2], [1, 3]]


@given(
    st.sampled_from((GatewayStatus.SETTLED, GatewayStatus.DECLINED, GatewayStatus.FENCED)),
    st.permutations((GatewayStatus.ACTION_REQUIRED, GatewayStatus.PENDING, GatewayStatus.PENDING, None, None)),
)
def test_replies_about_a_payment_have_the_same_result_in_any_order(
    end: GatewayStatus, replies: list[GatewayStatus | None]
) -> None:
    """Law 34 (pending is not unknown): doubled and late replies included; the answer is stored once and stays."""
    order = pending_order(lines_of((2, 800)))
    expected = apply_status(order, order.order_id, end)
    for reply in replies:
        order = apply_status(order, order.order_id, reply or end)
    assert (order.status, order.account, order.in_flight) == (expected.status, expected.account, ())
    assert order.ledger[-1].kind is expected.ledger[-1].kind
    answer, of_expected = (each.requests[each.order_id].answer for each in (order, expected))
    assert answer == of_expected
