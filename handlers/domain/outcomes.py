"""Answers to requests: outcomes, which follow from a ledger, and refusals, which leave no trace in one.

An outcome is the same for every attempt. Every message says what happened or what is wrong, what is allowed, and what
to do. It names no person, because logs and the locked audit trail keep messages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from .account import Account, RefundStatus, fold
from .answers import Answer, Code, NextAction
from .ledger import INTERIM, OPENING, SUPERSEDED, Entry, Kind, key_of
from .money import format_amount
from .order import Order
from .requests import IssueRefund, MakeDecision, PlaceOrder, Request
from .stock import StockItem

OUTCOME_MESSAGES: dict[Kind, tuple[str, Code | None, str]] = {
    Kind.ORDER_PLACED: (
        "unknown",
        Code.PAYMENT_OUTCOME_UNKNOWN,
        "The gateway has not confirmed the charge of {amount}, so it may or may not have been made. The order keeps "
        "its stock until the gateway answers. It is safe to repeat the same request.",
    ),
    Kind.PAYMENT_CAPTURED: ("succeeded", None, "{amount} was paid."),
    Kind.PAYMENT_DECLINED: (
        "rejected",
        Code.PAYMENT_DECLINED,
        "The gateway declined the charge of {amount}{why}. Nothing was paid. Send the purchase with another payment "
        "method under a new request_id.",
    ),
    Kind.PAYMENT_RELEASED: (
        "failed",
        Code.PAYMENT_RELEASED,
        "The charge of {amount} never reached the gateway and can no longer be made. Nothing was paid. Send the "
        "purchase again under a new request_id.",
    ),
    Kind.REFUND_REQUESTED: (
        "unknown",
        Code.REFUND_OUTCOME_UNKNOWN,
        "The gateway has not confirmed the refund of {amount}, so it may or may not have been made. The amount stays "
        "reserved until the gateway answers. It is safe to repeat the same request.",
    ),
    Kind.REFUND_PENDING: (
        "pending",
        Code.REFUND_PENDING,
        "The bank has not completed the refund of {amount} yet. The amount stays reserved. Repeat the same request to "
        "see the outcome.",
    ),
    Kind.REFUND_SETTLED: ("succeeded", None, "{amount} was refunded. {refundable} can still be refunded."),
    Kind.REFUND_DECLINED: (
        "rejected",
        Code.REFUND_DECLINED,
        "The gateway declined the refund of {amount}{why}. {refundable} can be refunded under a new request_id.",
    ),
    Kind.REFUND_RELEASED: (
        "failed",
        Code.REFUND_RELEASED,
        "The refund of {amount} never reached the gateway and can no longer be made. {refundable} can be refunded "
        "under a new request_id.",
    ),
    Kind.REFUND_REVERSED: (
        "failed",
        Code.REFUND_REVERSED,
        "The refund of {amount} was made and then returned. {refundable} can be refunded under a new request_id.",
    ),
    Kind.REFUND_HELD: (
        "pending",
        Code.APPROVAL_NEEDED,
        "The refund of {amount} needs the approval of another person{why}. The amount is reserved until {until}. "
        "Repeat the same request to see the outcome.",
    ),
    Kind.REFUND_APPROVED: (
        "succeeded",
        None,
        "The refund of {amount} was approved. Its own request tells whether it has been made.",
    ),
    Kind.REFUND_DENIED: (
        "rejected",
        Code.REFUND_DENIED,
        "The refund of {amount} was not approved{why}. {refundable} can be refunded under a new request_id.",
    ),
}


_NEXT_ACTIONS: Final = {Kind.REFUND_PENDING: NextAction(who="bank")}

LEDGER_CODES: Final = frozenset(code.value for _, code, _ in OUTCOME_MESSAGES.values() if code)
"""Codes of outcomes that a ledger holds; any other code refuses a request before it begins."""


def outcome_at(order: Order, seq: int) -> Answer:
    """Return the answer that follows from the order's ledger up to entry `seq`."""
    kind = order.ledger[seq - 1].kind
    return decision_answer(order, seq) if kind is Kind.REFUND_APPROVED else _answer(order, seq, kind)


def decision_answer(order: Order, seq: int) -> Answer:
    """Return the answer to the decision that caused entry `seq`: it is done, whatever becomes of its subject."""
    entry = order.ledger[seq - 1]
    approval = _answer(order, seq, Kind.REFUND_APPROVED)
    is_approval = entry.kind is Kind.REFUND_APPROVED
    amount = format_amount(entry.amount_minor, order.currency)
    message = approval.message if is_approval else f"The refund of {amount} was denied."
    return replace(approval, action="decide", request_id=entry.text("request_id"), message=message)


def _answer(order: Order, seq: int, kind: Kind) -> Answer:
    """Return the answer of entry `seq`, in the words of an entry of `kind`."""
    entry, account = order.ledger[seq - 1], fold(order.ledger[:seq])
    status, code, template = OUTCOME_MESSAGES[kind]
    is_refund = entry.subject != order.order_id
    return Answer(
        status=status,
        action="refund" if is_refund else "purchase",
        request_id=_request_id(order, account, entry),
        order_id=order.order_id,
        refund_id=key_of(entry.subject) if is_refund else None,
        amount_minor=entry.amount_minor,
        currency=order.currency,
        order_status=account.status.value if account.status else None,
        refundable_minor=account.refundable_minor,
        code=code.value if code else None,
        message=_message(template, order, account, entry),
        next_action=_next_action(entry, kind),
    )


def _next_action(entry: Entry, kind: Kind) -> NextAction | None:
    if kind is Kind.REFUND_HELD:
        return NextAction(who="approver", until=entry.text("until"))
    return _NEXT_ACTIONS.get(kind)


def _request_id(order: Order, account: Account, entry: Entry) -> str:
    refund = account.refunds.get(key_of(entry.subject))
    return refund.request_id if refund else order.placed.text("request_id")


def _message(template: str, order: Order, account: Account, entry: Entry) -> str:
    why = f" ({entry.text('reason_code')})" if "reason_code" in entry.facts else ""
    return template.format(
        amount=format_amount(entry.amount_minor, order.currency),
        refundable=format_amount(account.refundable_minor, order.currency),
        why=why,
        until=entry.facts.get("until", ""),
    )


def outcome_seq(order: Order, key: str) -> int:
    """Return the ledger entry that ends a request, or without one the entry that the request has come to.

    That is the first final entry under its key. A refund first heard of as reversed has two entries from one write; the
    reversal is its outcome. An approval is the outcome of a decision and not of the refund, which has come to its
    reservation.
    """
    entries = order.entries_of(key)
    if is_decision(key):
        return entries[0].seq
    open_kinds = OPENING | INTERIM
    finals = (e.seq for e in entries if e.kind not in open_kinds and not e.facts.get(SUPERSEDED))
    latest = next(e.seq for e in reversed(entries) if e.kind is not Kind.REFUND_APPROVED)
    return next(finals, latest)


def is_decision(key: str) -> bool:
    """Return whether the key is that of a person's decision, which asks nothing of the gateway."""
    return key.startswith("dec_")


def execution_of(order: Order, key: str) -> str:
    """Return the execution in which a request began. Any other execution of the request is a replay."""
    return order.entries_of(key)[0].text("execution")


def answer_of(order: Order, key: str) -> Answer:
    """Return the stored answer of a request, or its present state: `unknown` while it is in flight, or `pending`."""
    answer = order.requests[order.subject(key)].answer
    if answer:
        return answer
    seq, refund = outcome_seq(order, key), order.account.refunds.get(key)
    is_approved = refund is not None and refund.held and refund.status is RefundStatus.RESERVED
    return _answer(order, seq, Kind.REFUND_REQUESTED) if is_approved else outcome_at(order, seq)


def refuse_invalid(message: str, action: str | None = None, request_id: str | None = None) -> Answer:
    """Refuse a request that does not match the contract."""
    return Answer(status="rejected", code=Code.INVALID_REQUEST, message=message, action=action, request_id=request_id)


def refuse_unproven(request: Request, reason: str) -> Answer:
    """Refuse a request whose proof of its caller does not hold."""
    return Answer(
        status="rejected",
        code=Code.CALLER_NOT_PROVEN,
        message=f"The proof of the caller does not hold: {reason}. Send the request through the API, or without caller "
        "and mac.",
        action=request.action,
        request_id=request.request_id,
    )


def refuse_purchase(request: PlaceOrder, code: Code, message: str) -> Answer:
    """Refuse a purchase; nothing is written."""
    return Answer(
        status="rejected",
        code=code,
        message=message,
        action=request.action,
        request_id=request.request_id,
        order_id=None if code is not Code.KEY_REUSED else request.order_id,
        amount_minor=request.amount_minor,
        currency=request.currency,
    )


def refuse_refund(request: IssueRefund, code: Code, message: str, order: Order | None = None) -> Answer:
    """Refuse a refund; nothing is written."""
    return Answer(
        status="rejected",
        code=code,
        message=message,
        action=request.action,
        request_id=request.request_id,
        order_id=request.order_id,
        amount_minor=request.amount_minor,
        currency=order.currency if order else None,
        order_status=order.status.value if order else None,
        refundable_minor=order.account.refundable_minor if order else None,
    )


def refuse_decision(request: MakeDecision, code: Code, message: str, order: Order | None = None) -> Answer:
    """Refuse a decision; nothing is written."""
    return Answer(
        status="rejected",
        code=code,
        message=message,
        action=request.action,
        request_id=request.request_id,
        order_id=request.order_id,
        currency=order.currency if order else None,
        order_status=order.status.value if order else None,
        refundable_minor=order.account.refundable_minor if order else None,
    )


def refuse_wrong_function(function: str) -> Answer:
    """Refuse a request for another function; the state machine never sends one."""
    return refuse_invalid(f"action must be {function} for this function.")


def refuse_unknown_order(request: IssueRefund | MakeDecision) -> Answer:
    """Refuse a refund of, or a decision on, an order that does not exist."""
    message = f"Order {request.order_id} does not exist. The result of a purchase contains its order_id."
    return _refuse(request, Code.ORDER_NOT_FOUND, message)


def _refuse(request: Request, code: Code, message: str) -> Answer:
    if isinstance(request, PlaceOrder):
        return refuse_purchase(request, code, message)
    if isinstance(request, IssueRefund):
        return refuse_refund(request, code, message)
    return refuse_decision(request, code, message)


def refuse_reused_key(request: Request) -> Answer:
    """Refuse a request whose request_id belongs to a different request."""
    scope = "this customer" if isinstance(request, PlaceOrder) else f"order {request.order_id}"
    message = (
        f"request_id {request.request_id} of {scope} belongs to a different {request.action}. "
        "Repeat that request unchanged, or send this one under a new request_id."
    )
    return _refuse(request, Code.KEY_REUSED, message)


def refuse_stock_mismatch(request: PlaceOrder, found: Mapping[str, StockItem | None]) -> Answer:
    """Refuse a purchase whose quote differs from the stock: the gravest code, with every line that it applies to."""
    faults = [fault for sku, item in found.items() for fault in _faults(request, sku, item)]
    code = min((code for code, _ in faults), key=_SEVERITY.index)
    return refuse_purchase(request, code, " ".join(message for each, message in faults if each is code))


_SEVERITY: Sequence[Code] = (Code.SKU_NOT_FOUND, Code.CURRENCY_MISMATCH, Code.PRICE_CHANGED, Code.OUT_OF_STOCK)


def _faults(request: PlaceOrder, sku: str, item: StockItem | None) -> list[tuple[Code, str]]:
    line = next(each for each in request.lines if each.sku == sku)
    if item is None:
        return [(Code.SKU_NOT_FOUND, f"SKU {sku} is not in the catalogue.")]
    quoted, price = (format_amount(minor, item.currency) for minor in (line.unit_price_minor, item.price_minor))
    checks = (
        (
            item.currency != request.currency,
            Code.CURRENCY_MISMATCH,
            f"SKU {sku} is sold in {item.currency}, not in {request.currency}.",
        ),
        (
            item.price_minor != line.unit_price_minor,
            Code.PRICE_CHANGED,
            f"SKU {sku} costs {price}, not {quoted} as quoted.",
        ),
        (
            item.available < line.quantity,
            Code.OUT_OF_STOCK,
            f"SKU {sku} has {item.available} available, fewer than the {line.quantity} requested.",
        ),
    )
    return [(code, message) for wrong, code, message in checks if wrong]
