"""Disputes: reports in any order and repeated, and the amount that is left to refund."""

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
from tests.domain.orders import (
    NOON,
    apply_status,
    lines_of,
    make_refund,
    paid_order,
    pending_order,
    refund_request,
    reserve,
)

PHASES = tuple(DisputePhase)


def _report(phase: DisputePhase, amount_minor: int = 600, reference: str = "du_1", **more: Any) -> ReportedDispute:
    return ReportedDispute(reference=reference, phase=phase, amount_minor=amount_minor, **{"currency": "EUR", **more})


def _apply_reports(order: Order, *reports: ReportedDispute) -> Order:
    for report in reports:
        change = apply_dispute(order, report, NOON)
        order = change.after if isinstance(change, Change) else order
    return order


def _expected_amounts(order: Order) -> tuple[int, int]:
    """Return the refundable and the overdrawn amount by the definition in the law."""
    account = order.account
    left = account.captured_minor - account.refunded_minor - account.reserved_minor - account.disputed_minor
    return max(0, left), max(0, -left)


@given(phases=st.lists(st.sampled_from(PHASES), max_size=8), amount_minor=st.integers(1, 2_000))
@example(phases=[DisputePhase.LOST, DisputePhase.WON, DisputePhase.LOST], amount_minor=1000)
def test_only_money_not_withdrawn_by_disputes_is_refundable(phases: list[DisputePhase], amount_minor: int) -> None:
    """Law 36 (disputes): won gives it back, lost is out; overdrawn is shown, refundable is never negative."""
    order = paid_order(lines_of((2, 500)))
    final = [phase for phase in phases if phase in (DisputePhase.WON, DisputePhase.LOST)]
    order = _apply_reports(order, *(_report(phase, amount_minor) for phase in phases))
    is_taken = bool(final and final[-1] is DisputePhase.LOST) or (not final and DisputePhase.OPEN in phases)
    assert order.account.disputed_minor == (amount_minor if is_taken else 0)
    assert (order.account.refundable_minor, order.account.overdrawn_minor) == _expected_amounts(order)
    assert order.status == "CONFIRMED"
    assert fold(order.ledger) == order.account


@given(
    reports=st.lists(st.tuples(st.sampled_from(["du_1", "du_2"]), st.sampled_from(PHASES[1:])), min_size=1, max_size=5),
    repeats=st.lists(st.integers(0, 4), max_size=5),
)
def test_a_repeated_dispute_report_changes_nothing(
    reports: Sequence[tuple[str, DisputePhase]], repeats: list[int]
) -> None:
    """Law 36 (disputes): the gateway's last report counts, however often it is repeated."""
    order = _apply_reports(paid_order(lines_of((2, 500))), *(_report(phase, reference=name) for name, phase in reports))
    last = {name: phase for name, phase in reports if phase is not DisputePhase.OPEN}
    again = [_report(last[name], reference=name) for name in last for _ in repeats]
    assert _apply_reports(order, *again) == order


@given(lost=st.integers(1, 900), wanted=st.integers(1, 1_200))
@example(lost=400, wanted=600)
@example(lost=400, wanted=601)
def test_a_refund_during_a_dispute_is_limited_to_the_remaining_balance(lost: int, wanted: int) -> None:
    """Law 36 (disputes), law 4 (boundary): exactly the captured minus the disputed amount is refundable."""
    order = _apply_reports(paid_order(lines_of((2, 500))), _report(DisputePhase.LOST, lost))
    result = reserve(order, "some", amount_minor=wanted)
    assert isinstance(result, Order) is (wanted <= 1000 - lost)
    if isinstance(result, Order):
        assert result.account.overdrawn_minor == 0


def test_a_full_refund_during_a_dispute_takes_the_rest_and_restocks_nothing() -> None:
    """Law 3 (default amount), law 36 (disputes): a dispute belongs to no line."""
    order = make_refund(_apply_reports(paid_order(lines_of((2, 500))), _report(DisputePhase.OPEN, 300)), "rest")
    assert (order.account.refunded_minor, order.account.refundable_minor) == (700, 0)
    assert order.ledger[-1].facts["restocked"] == []


def test_units_whose_price_a_dispute_withdrew_cannot_be_refunded() -> None:
    """Law 36 (disputes)."""
    order = _apply_reports(paid_order(lines_of((2, 500))), _report(DisputePhase.OPEN, 600))
    refusal = reserve(order, "unit", units={"SKU-0": 1})
    assert isinstance(refusal, Answer)
    assert (refusal.code, refusal.refundable_minor) == ("REFUND_EXCEEDS_BALANCE", 400)
    withdrawn = reserve(_apply_reports(order, _report(DisputePhase.OPEN, 400, "du_2")), "unit", units={"SKU-0": 1})
    assert isinstance(withdrawn, Answer)
    assert "10.00 EUR is withdrawn by disputes" in withdrawn.message


def test_a_refunded_order_is_overdrawn_until_its_dispute_is_won() -> None:
    """Law 36 (disputes): overdrawn is shown, refundable is never negative."""
    order = make_refund(paid_order(lines_of((2, 500))), "all")
    order = _apply_reports(order, _report(DisputePhase.OPEN, 600))
    assert (order.account.refundable_minor, order.account.overdrawn_minor) == (0, 600)
    assert _apply_reports(order, _report(DisputePhase.WON, 600)).account.overdrawn_minor == 0


def test_a_dispute_first_reported_as_lost_is_recorded_in_one_write() -> None:
    """Law 36 (disputes): and neither answers a request."""
    order = paid_order(lines_of((2, 500)))
    change = apply_dispute(order, _report(DisputePhase.LOST), NOON)
    assert isinstance(change, Change)
    assert [entry.kind for entry in change.after.ledger[2:]] == ["DisputeOpened", "DisputeLost"]
    records = [outcome_record(change.after, seq) for seq in (3, 4)]
    assert [(record["result"], record["cause"]) for record in records] == [(None, "gateway"), (None, "gateway")]


def test_a_reversed_charge_without_a_dispute_counts_as_a_lost_dispute() -> None:
    """Law 36 (disputes): any other returned charge is a dispute that opens and is lost."""
    order = pending_order(lines_of((2, 500)))
    reply = GatewayReply(status=GatewayStatus.REVERSED, reference="gw-1", amount_minor=1000, currency="EUR")
    order = apply_status(order, order.order_id, GatewayStatus.REVERSED)
    assert order.status == "CONFIRMED"
    (returned,) = disputes_in(order, reply)
    assert returned.reason == RETURNED
    assert _apply_reports(order, returned).account.disputed_minor == 1000


@pytest.mark.parametrize(
    "report",
    [
        _report(DisputePhase.INQUIRY),
        _report(DisputePhase.OPEN, 601),
        _report(DisputePhase.WON, currency="USD"),
    ],
)
def test_a_dispute_report_that_contradicts_the_withdrawal_is_a_contradiction(report: ReportedDispute) -> None:
    """Law 37 (cases): no entry changes the amount of a withdrawal or undoes it."""
    order = _apply_reports(paid_order(lines_of((2, 500))), _report(DisputePhase.OPEN))
    assert isinstance(apply_dispute(order, report, NOON), Contradiction)


def test_an_unpaid_order_cannot_be_disputed() -> None:
    """Law 21 (fold): only listed transitions occur."""
    order = pending_order(lines_of((2, 500)))
    assert apply_dispute(order, _report(DisputePhase.OPEN), NOON) is None
    known = _apply_reports(paid_order(lines_of((2, 500))), _report(DisputePhase.OPEN))
    for entry in known.ledger:
        if entry.kind in DISPUTE_KINDS:
            with pytest.raises(LedgerBroken):
                fold([entry], Account())
            with pytest.raises(LedgerBroken):
                fold([entry, entry], fold(known.ledger[:2]))
            with pytest.raises(LedgerBroken):
                fold([entry, replace(entry, kind=entry.kind, amount_minor=1)], fold(known.ledger[:2]))


def test_a_refund_requested_before_a_dispute_still_settles() -> None:
    """Law 36 (disputes): an accepted refund is still made, and the order is overdrawn by it."""
    reserved = reserve(paid_order(lines_of((2, 500))), "early", amount_minor=700)
    assert isinstance(reserved, Order)
    order = _apply_reports(reserved, _report(DisputePhase.OPEN, 1000))
    order = apply_status(order, refund_request(order, "early").refund_id, GatewayStatus.SETTLED)
    assert (order.account.refunded_minor, order.account.overdrawn_minor) == (700, 700)
