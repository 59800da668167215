"""The refunds, and the proposals to close a case, that wait for another person's decision."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.domain.ledger import Entry
from handlers.domain.lifecycles import Case, Refund, RefundStatus
from handlers.domain.order import Order

from .day_pages import MAX_OPEN
from .deployment import Deployment
from .order_lists import OrderLists


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDecision:
    """A waiting refund or case: the requester, the reason and the deadline (cases have none)."""

    order_id: str
    subject: str
    amount_minor: int
    currency: str
    requested_by: str
    why: str
    until: str = ""


def read_waiting_decisions(deployment: Deployment) -> tuple[WaitingDecision, ...]:
    """Return the refunds and proposals that wait for another person, of at most 200 orders."""
    lists = OrderLists.of(deployment)
    orders = (each.order for each in lists.page(lists.in_flight(), size=MAX_OPEN).orders)
    return tuple(waiting for order in orders if order for waiting in waiting_decisions(order))


def waiting_decisions(order: Order) -> tuple[WaitingDecision, ...]:
    """Return an order's waiting refunds and proposals, refunds first."""
    return (*_refunds(order), *_resolutions(order))


def _refunds(order: Order) -> Iterator[WaitingDecision]:
    for refund in order.account.refunds.values():
        if refund.status is RefundStatus.AWAITING_APPROVAL:
            yield _waiting_refund(order, refund)


def _waiting_refund(order: Order, refund: Refund) -> WaitingDecision:
    subject = order.subject(refund.refund_id)
    held = next(entry for entry in order.ledger if entry.subject == subject)
    return WaitingDecision(
        order_id=order.order_id,
        subject=refund.refund_id,
        amount_minor=refund.amount_minor,
        currency=order.currency,
        requested_by=held.text("requested_by"),
        why=held.text("reason_code").replace("_", " "),
        until=held.text("until"),
    )


def _resolutions(order: Order) -> Iterator[WaitingDecision]:
    for case in order.account.open_cases:
        if case.proposal:
            yield _waiting_resolution(order, case, case.proposal)


def _waiting_resolution(order: Order, case: Case, proposal: Entry) -> WaitingDecision:
    return WaitingDecision(
        order_id=order.order_id,
        subject=case.case_id,
        amount_minor=case.amount_minor,
        currency=order.currency,
        requested_by=proposal.text("requested_by"),
        why=f"would close a case as {proposal.text('outcome')}",
    )
