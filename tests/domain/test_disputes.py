"""Disputes: what a customer's bank withdraws, in any order and repeated, and what is left to refund."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.domain.account import Account, fold
from handlers.domain.answers import Answer
from handlers.domain.errors import LedgerBroken
from handlers.domain.lifecycles import DISPUTE_KINDS
from handlers.domain.order import Order
from handlers.domain.payments import DisputePhase, GatewayReply, GatewayStatus, ReportedDispute
from handlers.domain.ports import Change
from handlers.domain.rules.disputes import RETURNED, apply_dispute, disputes_in
from handlers.domain.settlement import Contradiction
from handlers.domain.trail.audit import outcome_record
from tests.domain.orders import NOON, asked, lines_of, paid, pending, refund_request, refunded, told

PHASES = tuple(DisputePhase)


def _report(phase: DisputePhase, amount_minor: int = 600, reference: str = "du_1", **more: Any) -> ReportedDispute:
    return ReportedDispute(reference=reference, phase=phase, amount_minor=amount_minor, **{"currency": "EUR", **more})


def _told(order: Order, *reports: ReportedDispute) -> Order:
    for report in reports:
        change = apply_dispute(order, report, NOON)
        order = change.after if isinstance(change, Change) else order
    return order


def _expected(order: Order) -> tuple[int, int]:
    """The refundable and the overdrawn amount by the law's own words."""
    account = order.account
    left = account.captured_minor - account.refunded_minor - account.reserved_minor - account.disputed_minor
    return max(0, left), max(0, -left)


@given(phases=st.lists(st.sampled_from(PHASES), max_size=8), amount_minor=st.integers(1, 2_000))
@example(phases=[DisputePhase.LOST, DisputePhase.WON, DisputePhase.LOST], amount_minor=1000)
def test_what_a_dispute_withdraws_is_not_refundable_and_what_is_left_is(
    phases: list[DisputePhase], amount_minor: int
) -> None:
    """Law 36 (disputes): won gives it back, lost is out; overdrawn is shown, refundable is never negative."""
    order = paid(lines_of((2, 500)))
    final = [phase for phase in phases if phase in (DisputePhase.WON, DisputePhase.LOST)]
    order = _told(order, *(_report(phase, amount_minor) for phase in phases))
    is_taken = bool(final and final[-1] is DisputePhase.LOST) or (not final and DisputePhase.OPEN in phases)
    assert order.account.disputed_minor == (amount_minor if is_taken else 0)
    assert (order.account.refundable_minor, order.account.overdrawn_minor) == _expected(order)
    assert order.status == "CONFIRMED"
    assert fold(order.ledger) == order.account


@given(
    reports=st.lists(st.tuples(st.sampled_from(["du_1", "du_2"]), st.sampled_from(PHASES[1:])), min_size=1, max_size=5),
    repeats=st.lists(st.integers(0, 4), max_size=5),
)
def test_a_dispute_that_is_heard_of_again_changes_nothing(
    reports: Sequence[tuple[str, DisputePhase]], repeats: list[int]
) -> None:
    """Law 36 (disputes): what the gateway says last counts, however often it is asked."""
    order = _told(paid(lines_of((2, 500))), *(_report(phase, reference=name) for name, phase in reports))
    last = {name: phase for name, phase in reports if phase is not DisputePhase.OPEN}
    again = [_report(last[name], reference=name) for name in last for _ in repeats]
    assert _told(order, *again) == order


@given(lost=st.integers(1, 900), wanted=st.integers(1, 1_200))
@example(lost=400, wanted=600)
@example(lost=400, wanted=601)
def test_refunds_beside_a_dispute_take_what_is_left_and_no_more(lost: int, wanted: int) -> None:
    """Law 36 (disputes), law 4 (boundary): what is left beside the disputed amount is refundable, exactly."""
    order = _told(paid(lines_of((2, 500))), _report(DisputePhase.LOST, lost))
    result = asked(order, "some", amount_minor=wanted)
    assert isinstance(result, Order) is (wanted <= 1000 - lost)
    if isinstance(result, Order):
        assert result.account.overdrawn_minor == 0


def test_a_refund_of_everything_takes_what_a_dispute_left_and_returns_no_unit() -> None:
    """Law 3 (default amount), law 36 (disputes): a dispute belongs to no line."""
    order = refunded(_told(paid(lines_of((2, 500))), _report(DisputePhase.OPEN, 300)), "rest")
    assert (order.account.refunded_minor, order.account.refundable_minor) == (700, 0)
    assert order.ledger[-1].facts["restocked"] == []


def test_units_whose_price_a_dispute_withdrew_are_not_refunded() -> None:
    """Law 36 (disputes)."""
    order = _told(paid(lines_of((2, 500))), _report(DisputePhase.OPEN, 600))
    refusal = asked(order, "unit", units={"SKU-0": 1})
    assert isinstance(refusal, Answer)
    assert (refusal.code, refusal.refundable_minor) == ("REFUND_EXCEEDS_BALANCE", 400)
    withdrawn = asked(_told(order, _report(DisputePhase.OPEN, 400, "du_2")), "unit", units={"SKU-0": 1})
    assert isinstance(withdrawn, Answer)
    assert "10.00 EUR is withdrawn by disputes" in withdrawn.message


def test_a_dispute_of_a_refunded_order_is_overdrawn_until_it_is_won() -> None:
    """Law 36 (disputes): overdrawn is shown, refundable is never negative."""
    order = refunded(paid(lines_of((2, 500))), "all")
    order = _told(order, _report(DisputePhase.OPEN, 600))
    assert (order.account.refundable_minor, order.account.overdrawn_minor) == (0, 600)
    assert _told(order, _report(DisputePhase.WON, 600)).account.overdrawn_minor == 0


def test_both_entries_of_a_dispute_that_is_first_heard_of_at_its_end_are_one_write() -> None:
    """Law 36 (disputes): and neither answers a request."""
    order = paid(lines_of((2, 500)))
    change = apply_dispute(order, _report(DisputePhase.LOST), NOON)
    assert isinstance(change, Change)
    assert [entry.kind for entry in change.after.ledger[2:]] == ["DisputeOpened", "DisputeLost"]
    records = [outcome_record(change.after, seq) for seq in (3, 4)]
    assert [(record["result"], record["cause"]) for record in records] == [(None, "gateway"), (None, "gateway")]


def test_a_charge_that_comes_back_without_a_dispute_is_a_dispute_that_was_lost() -> None:
    """Law 36 (disputes): any other returned charge is a dispute that opens and is lost."""
    order = pending(lines_of((2, 500)))
    reply = GatewayReply(status=GatewayStatus.REVERSED, reference="gw-1", amount_minor=1000, currency="EUR")
    order = told(order, order.order_id, GatewayStatus.REVERSED)
    assert order.status == "CONFIRMED"
    (returned,) = disputes_in(order, reply)
    assert returned.reason == RETURNED
    assert _told(order, returned).account.disputed_minor == 1000


@pytest.mark.parametrize(
    "report",
    [
        _report(DisputePhase.INQUIRY),
        _report(DisputePhase.OPEN, 601),
        _report(DisputePhase.WON, currency="USD"),
    ],
)
def test_a_dispute_about_other_money_is_a_contradiction(report: ReportedDispute) -> None:
    """Law 37 (cases): no entry says that a withdrawal was none, or of another amount."""
    order = _told(paid(lines_of((2, 500))), _report(DisputePhase.OPEN))
    assert isinstance(apply_dispute(order, report, NOON), Contradiction)


def test_an_order_that_is_not_paid_has_no_dispute() -> None:
    """Law 21 (fold): only listed transitions occur."""
    order = pending(lines_of((2, 500)))
    assert apply_dispute(order, _report(DisputePhase.OPEN), NOON) is None
    known = _told(paid(lines_of((2, 500))), _report(DisputePhase.OPEN))
    for entry in known.ledger:
        if entry.kind in DISPUTE_KINDS:
            with pytest.raises(LedgerBroken):
                fold([entry], Account())
            with pytest.raises(LedgerBroken):
                fold([entry, entry], fold(known.ledger[:2]))
            with pytest.raises(LedgerBroken):
                fold([entry, replace(entry, kind=entry.kind, amount_minor=1)], fold(known.ledger[:2]))


def test_a_refund_that_was_requested_before_a_dispute_settles_beside_it() -> None:
    """Law 36 (disputes): what was promised before is kept, and the order is overdrawn by it."""
    reserved = asked(paid(lines_of((2, 500))), "early", amount_minor=700)
    assert isinstance(reserved, Order)
    order = _told(reserved, _report(DisputePhase.OPEN, 1000))
    order = told(order, refund_request(order, "early").refund_id, GatewayStatus.SETTLED)
    assert (order.account.refunded_minor, order.account.overdrawn_minor) == (700, 700)
