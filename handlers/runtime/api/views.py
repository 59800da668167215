"""Orders, refunds and stock as the API shows them."""

from typing import Any

from ...domain.ledger import Entry, key_of
from ...domain.lifecycles import Case, Refund, RefundStatus
from ...domain.order import Order
from ...domain.stock import StockItem

View = dict[str, Any]


def view_order(order: Order, *, for_customer: bool) -> View:
    """Return an order; staff and auditors also see its customer."""
    account = order.account
    shown: dict[str, Any] = {
        "order_id": order.order_id,
        "status": order.status.value,
        "currency": order.currency,
        "ordered_at": order.ordered_at,
        "refundable_until": order.refundable_until,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor}
            for line in order.lines
        ],
        "authorized_minor": account.held_minor,
        "captured_minor": account.captured_minor,
        "reserved_minor": account.reserved_minor,
        "refunded_minor": account.refunded_minor,
        "refundable_minor": account.refundable_minor,
    }
    return shown if for_customer else shown | _for_staff(order)


def _for_staff(order: Order) -> View:
    return {
        "customer_id": order.customer_id,
        "origin": order.placed.facts.get("origin"),
        "disputed_minor": order.account.disputed_minor,
        "overdrawn_minor": order.account.overdrawn_minor,
        "needs_attention": bool(order.in_flight),
        "version": order.version,
        "cases": [_case(each) for each in order.account.cases.values()],
    }


def view_refunds(order: Order, *, for_customer: bool) -> list[View]:
    """Return the refunds of an order; staff and auditors also see who requested them."""
    return [_refund(order, refund_id, for_customer) for refund_id in order.account.refunds]


def _refund(order: Order, refund_id: str, for_customer: bool) -> View:
    refund = order.account.refunds[refund_id]
    opening = next(entry for entry in order.ledger if entry.subject == order.subject(refund_id))
    shown = {
        "refund_id": refund_id,
        "status": refund.status.value,
        "amount_minor": refund.amount_minor,
        "currency": order.currency,
        "requested_at": opening.at,
    }
    requester = {name: opening.facts[name] for name in ("requested_by", "request_id") if opening.facts.get(name)}
    return shown if for_customer else shown | requester | {"origin": opening.facts.get("origin")}


def view_approvals(order: Order) -> list[View]:
    """Return the refunds and resolutions of an order that wait for a decision, for approvers."""
    waiting = (each for each in order.account.refunds.values() if each.status is RefundStatus.AWAITING_APPROVAL)
    proposals = ((case, case.proposal) for case in order.account.open_cases if case.proposal)
    return [
        *(_waiting_refund(order, refund) for refund in waiting),
        *(_waiting_resolution(order, case, proposal) for case, proposal in proposals),
    ]


def _waiting_refund(order: Order, refund: Refund) -> View:
    subject = order.subject(refund.refund_id)
    held = next(entry for entry in order.ledger if entry.subject == subject)
    return {
        "kind": "refund",
        "order_id": order.order_id,
        "subject": refund.refund_id,
        "amount_minor": refund.amount_minor,
        "currency": order.currency,
        "requested_by": held.text("requested_by"),
        "requested_at": held.at,
        "reason": order.requests[subject].text,
        "held_because": held.text("reason_code"),
        "until": held.text("until"),
    }


def _waiting_resolution(order: Order, case: Case, proposal: Entry) -> View:
    return {
        "kind": "resolution",
        "order_id": order.order_id,
        "subject": case.case_id,
        "amount_minor": case.amount_minor,
        "currency": order.currency,
        "requested_by": proposal.text("requested_by"),
        "requested_at": proposal.at,
        "reason": order.requests[proposal.text("proposal")].text,
        "outcome": proposal.text("outcome"),
    }


def _case(case: Case) -> View:
    return {
        "case_id": case.case_id,
        "about": key_of(case.about),
        "status": case.status.value,
        "reason_code": case.opened.text("reason"),
        "amount_minor": case.amount_minor,
        "opened_at": case.opened.at,
    }


def view_stock(item: StockItem) -> View:
    """Return the price and availability of an article."""
    return {
        "sku": item.sku,
        "price_minor": item.price_minor,
        "currency": item.currency,
        "available": item.available,
    }
