"""docs/explanation/money.md matches the code."""

from handlers.domain.answers import MEANINGS, Code
from handlers.domain.ledger import Kind
from handlers.domain.lifecycles import (
    CASE_TRANSITIONS,
    DISPUTE_TRANSITIONS,
    ORDER_TRANSITIONS,
    REFUND_TRANSITIONS,
    STATUS_KEPT,
    CaseStatus,
    DisputeStatus,
    OrderStatus,
    RefundStatus,
)
from tests.domain.money_page import PAGE, PARTS, render


def test_every_generated_part_of_the_page_is_current() -> None:
    """Renew it with `python -m tests.domain.money_page`."""
    page = PAGE.read_text()
    assert page == render(page)
    assert all(f"<!-- generated: {name} -->" in page for name in PARTS)


def test_every_code_has_a_meaning() -> None:
    """The table of codes is complete."""
    assert set(MEANINGS) == set(Code)


def test_the_transition_tables_list_every_entry_kind_and_status() -> None:
    """Law 21 (fold): transitions that the tables do not list do not occur."""
    listed = {kind for _, kind in ORDER_TRANSITIONS} | STATUS_KEPT
    assert listed == set(Kind)
    assert {kind for _, kind in (*DISPUTE_TRANSITIONS, *CASE_TRANSITIONS)} <= STATUS_KEPT
    assert {after for afters in ORDER_TRANSITIONS.values() for after in afters} <= set(OrderStatus)
    assert set(REFUND_TRANSITIONS.values()) <= set(RefundStatus)
    assert set(DISPUTE_TRANSITIONS.values()) == set(DisputeStatus)
    assert set(CASE_TRANSITIONS.values()) == set(CaseStatus)
