"""The ledger: folded, chained and append-only."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.account import fold
from handlers.domain.errors import LedgerBroken
from handlers.domain.ledger import Kind, append_entry, entry_from, find_breaks
from handlers.domain.lifecycles import ORDER_TRANSITIONS, OrderStatus
from handlers.domain.order import Order
from tests.domain.orders import NOON, lines_of, lives, paid_order


@given(lives())
def test_status_and_totals_equal_the_fold_of_every_ledger_prefix(states: list[Order]) -> None:
    """Law 21 (fold): rebuilding from the ledger gives the same account, and only listed transitions occur."""
    for order in states:
        assert fold(order.ledger) == order.account
        statuses: list[OrderStatus | None] = [None]
        for seq in range(1, order.version + 1):
            statuses.append(fold(order.ledger[:seq]).status)
            assert statuses[-1] in ORDER_TRANSITIONS[statuses[-2], order.ledger[seq - 1].kind]


@given(lives())
def test_every_earlier_ledger_is_a_prefix_of_a_later_one(states: list[Order]) -> None:
    """Law 22 (append-only)."""
    for earlier, later in itertools.pairwise(states):
        assert later.ledger[: earlier.version] == earlier.ledger


@given(lives())
def test_an_unaltered_chain_has_no_breaks(states: list[Order]) -> None:
    """Law 22 (tamper-evident): there are no false alarms."""
    order = states[-1]
    assert find_breaks(order.order_id, [entry.as_json() for entry in order.ledger]) == ()


@given(lives(), st.data())
def test_one_edited_deleted_inserted_or_swapped_entry_is_detected(states: list[Order], data: st.DataObject) -> None:
    """Law 22 (tamper-evident)."""
    order = states[-1]
    entries: list[dict[str, Any]] = [dict(entry.as_json()) for entry in order.ledger]
    at = data.draw(st.integers(0, len(entries) - 2))
    match data.draw(st.sampled_from(("edit", "delete", "insert", "swap"))):
        case "edit":
            entries[at]["amount_minor"] += 1
        case "delete":
            del entries[at]
        case "insert":
            entries.insert(at, dict(entries[at]))
        case "swap":
            entries[at], entries[at + 1] = entries[at + 1], entries[at]
    assert find_breaks(order.order_id, entries) != ()


def test_a_chain_moved_to_another_order_is_detected() -> None:
    """Law 22 (tamper-evident): the first link names the order."""
    order = paid_order(lines_of((1, 5)))
    assert find_breaks("ord_other", [entry.as_json() for entry in order.ledger]) == (
        "entry 1 does not follow the entry before it",
    )


@given(lives())
def test_an_entry_round_trips_through_its_stored_form(states: list[Order]) -> None:
    """Law 22 (append-only)."""
    for entry in states[-1].ledger:
        assert entry_from(entry.as_json()) == entry


def test_unknown_fields_of_a_newer_version_stay_in_an_entry() -> None:
    """Law 22 (append-only): a reader keeps fields that it does not know, and the chain still holds."""
    order = paid_order(lines_of((1, 5)))
    facts = {"reference": "gw", "from_the_future": {"a": [1, None, True]}}
    ledger = append_entry(
        order.ledger[:1],
        Kind.PAYMENT_CAPTURED,
        order_id=order.order_id,
        at=NOON,
        now=NOON,
        subject=order.order_id,
        amount_minor=5,
        facts=facts,
    )
    stored = [entry.as_json() for entry in ledger]
    assert stored == [entry_from(entry).as_json() for entry in stored]
    assert find_breaks(order.order_id, stored) == ()


@pytest.mark.parametrize("kind", [Kind.ORDER_PLACED, Kind.PAYMENT_CAPTURED, Kind.PAYMENT_DECLINED, Kind.REFUND_SETTLED])
def test_an_entry_that_no_transition_lists_cannot_be_folded(kind: Kind) -> None:
    """Law 21 (fold)."""
    order = paid_order(lines_of((1, 5)))
    with pytest.raises(LedgerBroken):
        order.append(
            kind, at=NOON, now=NOON, subject=order.order_id, amount_minor=5, facts={"request_id": "r", "shares": []}
        )


def test_a_refund_entry_beyond_the_balance_cannot_be_folded() -> None:
    """Law 1 (cap): not even if it is written into the ledger directly."""
    order = paid_order(lines_of((1, 5)))
    facts: dict[str, Any] = {"request_id": "r", "shares": [[0, 1, 6]]}
    with pytest.raises(LedgerBroken):
        order.append(Kind.REFUND_REQUESTED, at=NOON, now=NOON, subject="ref_1", amount_minor=6, facts=facts)
