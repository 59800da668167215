"""Answers to requests: outcomes, which follow from a ledger, and refusals, which no ledger records.

An outcome is the same for every attempt. A refusal states what is wrong, what is allowed, and what to do. Like an
outcome's message, it names no person, because messages end up in logs and in the locked audit trail.

Longer than 250 lines so that everything that answers a request is in one place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from .account import Account, fold
from .answers import (
    CANCEL_MESSAGES,
    CASE_MESSAGES,
    DECISION_MESSAGES,
    OUTCOME_MESSAGES,
    PURCHASE_END_MESSAGES,
    Answer,
    Code,
    NextAction,
)
from .ledger import INTERIM, OPENING, SUPERSEDED, Entry, Kind, key_of, type_of
from .lifecycles import DISPUTE_KINDS, RefundStatus
from .money import format_amount
from .order import Order, ReadOnlyOrder
from .requests import CancelOrder, CapturePayment, IssueRefund, MakeDecision, PlaceOrder, Request, ResolveCase
from .stock import StockItem

_UNREQUESTED: Final = DISPUTE_KINDS | {Kind.CASE_OPENED, Kind.TEXT_FORGOTTEN}
"""The kinds of entries that no request causes."""

_ACTIONS: Final = {"order": "purchase", "capture": "capture", "void": "cancel", "refund": "refund"}
_AWAITED: Final = {Kind.PAYMENT_ACTION_REQUIRED: "customer", Kind.REFUND_HELD: "approver"}
_PAYMENT_ENDS: Final = frozenset(
    {Kind.PAYMENT_CAPTURED, Kind.PAYMENT_VOIDED, Kind.PAYMENT_DECLINED, Kind.PAYMENT_RELEASED}
)


def outcome_at(order: Order, seq: int) -> Answer | None:
    """Return the answer that entry `seq` gives to a request; None if no request caused it."""
    entry = order.ledger[seq - 1]
    if entry.kind in _UNREQUESTED or _is_unrequested_refund(order, entry):
        return None
    if entry.kind in CASE_MESSAGES:
        return resolution_answer(order, seq)
    if entry.kind is Kind.REFUND_APPROVED:
        return decision_answer(order, seq)
    if entry.kind is not Kind.PAYMENT_VOIDED:
        return result_at(order, key_of(entry.subject), seq)
    keys = [key_of(entry.subject), order.order_id]
    ended = (key for key in keys if _was_requested(order, key) and outcome_seq(order, key) == seq)
    return next((result_at(order, key, seq) for key in ended), None)


def _is_unrequested_refund(order: Order, entry: Entry) -> bool:
    """Return whether an entry belongs to a refund that the gateway reported or that people recorded."""
    refund = order.account.refunds.get(key_of(entry.subject))
    return refund is not None and refund.is_reported


def _was_requested(order: Order, key: str) -> bool:
    subject = order.subject(key)
    return any(entry.subject == subject and "request_id" in entry.facts for entry in order.ledger)


def decision_answer(order: Order, seq: int) -> Answer:
    """Return the answer to the decision that caused entry `seq`.

    A decision is complete, regardless of what happens to its subject.
    """
    entry = order.ledger[seq - 1]
    approval = result_at(order, key_of(entry.subject), seq, Kind.REFUND_APPROVED)
    is_approval = entry.kind is Kind.REFUND_APPROVED
    amount = format_amount(entry.amount_minor, order.currency)
    message = approval.message if is_approval else f"The refund of {amount} was denied."
    return replace(approval, action="decide", request_id=entry.text("request_id"), message=message)


def result_at(order: Order, key: str, seq: int, worded_as: Kind | None = None) -> Answer:
    """Return the answer that entry `seq` gives to the request under a gateway key, worded for another kind if given."""
    entry, account = order.ledger[seq - 1], fold(order.ledger[:seq])
    kind = worded_as or entry.kind
    status, code, template = _wording(order, key, entry, kind)
    opening = _opening(order, key)
    return Answer(
        status=status,
        action=_ACTIONS.get(type_of(key)),
        request_id=opening.text("request_id"),
        order_id=order.order_id,
        refund_id=key if type_of(key) == "refund" else None,
        amount_minor=entry.amount_minor,
        currency=order.currency,
        order_status=account.status.value if account.status else None,
        refundable_minor=account.refundable_minor,
        code=code.value if code else None,
        message=_message(template, order, account, entry),
        next_action=_next_action(entry, kind) if status == "pending" else None,
    )


def _wording(order: Order, key: str, entry: Entry, kind: Kind) -> tuple[str, Code | None, str]:
    if type_of(key) == "void":
        is_processing = entry.kind is Kind.PAYMENT_VOID_REQUESTED and _was_pending(order, entry)
        return CANCEL_MESSAGES[Kind.PAYMENT_PENDING if is_processing else kind]
    if entry.kind is Kind.PAYMENT_VOIDED:
        return PURCHASE_END_MESSAGES[str(entry.facts.get("reason", "cancelled"))]
    return OUTCOME_MESSAGES[kind]


def _was_pending(order: Order, void: Entry) -> bool:
    """Return whether the bank was still processing the payment when the void began."""
    before = [entry for entry in order.ledger[: void.seq] if entry.subject == order.order_id]
    return before[-1].kind is Kind.PAYMENT_PENDING


def _next_action(entry: Entry, kind: Kind) -> NextAction:
    until = entry.facts.get("until")
    return NextAction(who=_AWAITED.get(kind, "bank"), until=str(until) if until else None)


def _message(template: str, order: Order, account: Account, entry: Entry) -> str:
    why = f" ({entry.text('reason_code')})" if "reason_code" in entry.facts else ""
    return template.format(
        amount=format_amount(entry.amount_minor, order.currency),
        refundable=format_amount(account.refundable_minor, order.currency),
        why=why,
        until=entry.facts.get("until"),
        status=account.status,
    )


def outcome_seq(order: Order, key: str) -> int:
    """Return the ledger entry that answers a request: its first final entry, or its latest if none is final.

    A refund whose first report is a reversal has two entries from one write, of which the reversal is its outcome. A
    void that ends the payment also ends an open purchase, and whatever ends the payment ends a void. An approval is the
    outcome of the decision, not of the refund, which is only reserved. The consequences of a decision on a case end
    with the case's own entry.
    """
    if is_decision(key):
        return order.entries_of(key)[-1].seq
    opening = _opening(order, key)
    reports = [entry for entry in order.ledger[opening.seq :] if _concerns(order, key, entry)]
    final = (entry for entry in reports if entry.kind not in INTERIM | OPENING and not entry.facts.get(SUPERSEDED))
    latest = next(entry for entry in reversed((opening, *reports)) if entry.kind is not Kind.REFUND_APPROVED)
    return next(final, latest).seq


def is_decision(key: str) -> bool:
    """Return whether the key belongs to a person's decision or proposal, which involves no gateway."""
    return type_of(key) == "decision"


def _concerns(order: Order, key: str, entry: Entry) -> bool:
    if type_of(key) == "void":
        return entry.kind in _PAYMENT_ENDS or entry.kind is Kind.PAYMENT_PENDING
    is_end = key == order.order_id and entry.kind is Kind.PAYMENT_VOIDED
    return is_end or entry.subject == order.subject(key)


def _opening(order: Order, key: str) -> Entry:
    subject = order.subject(key)
    return next(entry for entry in order.ledger if entry.subject == subject)


def execution_of(order: Order, key: str) -> str:
    """Return the execution in which a request began. Every other execution of the request is a replay."""
    return order.entries_of(key)[0].text("execution")


def answer_of(order: Order, key: str) -> Answer:
    """Return the stored answer of a request, or its present state: `unknown` while it is in flight, or `pending`."""
    accepted = order.requests[order.subject(key)]
    if accepted.answer:
        return replace(accepted.answer, erased=accepted.erased)
    if is_decision(key):
        return resolution_answer(order, outcome_seq(order, key))
    seq, refund = outcome_seq(order, key), order.account.refunds.get(key)
    is_approved = refund is not None and refund.held and refund.status is RefundStatus.RESERVED
    return result_at(order, key, seq, Kind.REFUND_REQUESTED if is_approved else None)


def answer_requests(order: Order) -> Order:
    """Store the answers of the requests that have ended. One that is pending or unknown has no answer yet."""
    for accepted in order.requests.values():
        key = key_of(accepted.subject)
        if accepted.answer or is_decision(key):
            continue
        answer = result_at(order, key, outcome_seq(order, key))
        order = order.with_request(accepted.with_answer(answer)) if is_final(answer) else order
    return order


def is_final(answer: Answer) -> bool:
    """Return whether an answer is final."""
    return answer.status not in ("pending", "unknown")


def refuse_invalid(message: str, action: str | None = None, request_id: str | None = None) -> Answer:
    """Refuse a request that does not match the contract."""
    return Answer(status="rejected", code=Code.INVALID_REQUEST, message=message, action=action, request_id=request_id)


def refuse_unproven(request: Request, reason: str) -> Answer:
    """Refuse a request whose proof of its caller is invalid."""
    return Answer(
        status="rejected",
        code=Code.CALLER_NOT_PROVEN,
        message=f"The proof of the caller is invalid: {reason}. Send the request through the API, or without caller "
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


OrderRequest = IssueRefund | CapturePayment | CancelOrder | MakeDecision | ResolveCase
"""A request on an existing order."""


def refuse_request(request: OrderRequest, code: Code, message: str, order: Order | None = None) -> Answer:
    """Refuse a request on an order; nothing is written."""
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


def refuse_wrong_function(function: str) -> Answer:
    """Refuse a request for another function; the state machine never sends one."""
    return refuse_invalid(f"action must be {function} for this function.")


def refuse_unknown_order(request: OrderRequest) -> Answer:
    """Refuse a request on an order that does not exist."""
    message = f"Order {request.order_id} does not exist. The result of a purchase contains its order_id."
    return refuse_request(request, Code.ORDER_NOT_FOUND, message)


def refuse_reused_key(request: Request) -> Answer:
    """Refuse a request whose request_id belongs to a different request."""
    scope = "this customer" if isinstance(request, PlaceOrder) else f"order {request.order_id}"
    message = (
        f"request_id {request.request_id} of {scope} belongs to a different {request.action}. "
        "Repeat that request unchanged, or send this one under a new request_id."
    )
    if isinstance(request, PlaceOrder):
        return refuse_purchase(request, Code.KEY_REUSED, message)
    return refuse_request(request, Code.KEY_REUSED, message)


def refuse_stock_mismatch(request: PlaceOrder, found: Mapping[str, StockItem | None]) -> Answer:
    """Refuse a purchase whose quote differs from the stock, with the most severe code and every line that has it."""
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


def resolution_answer(order: Order, seq: int, *, is_decision: bool = False) -> Answer:
    """Return the answer of a case's entry `seq` to the proposal, or to the decision that caused it."""
    entry, account = order.ledger[seq - 1], fold(order.ledger[:seq])
    case = account.cases[key_of(entry.subject)]
    status, code, message = CASE_MESSAGES[entry.kind]
    if is_decision:
        status, code, message = "succeeded", None, DECISION_MESSAGES[entry.kind]
    cause = entry if is_decision else _proposal(order, entry)
    return Answer(
        status=status,
        action="decide" if is_decision else "resolve",
        request_id=cause.text("request_id"),
        order_id=order.order_id,
        case_id=case.case_id,
        amount_minor=entry.amount_minor or None,
        currency=order.currency,
        order_status=account.status.value if account.status else None,
        refundable_minor=account.refundable_minor,
        code=code.value if code else None,
        message=message.format(case=case.case_id, about=key_of(case.about), outcome=entry.text("outcome")),
        next_action=NextAction(who="approver") if status == "pending" else None,
    )


def _proposal(order: Order, entry: Entry) -> Entry:
    proposal = entry.facts["proposal"]
    return next(
        each for each in order.ledger if each.kind is Kind.RESOLUTION_PROPOSED and each.facts["proposal"] == proposal
    )


def answer_read_only(order: ReadOnlyOrder, request: Request) -> tuple[Answer, bool]:
    """Return a request's stored answer as a replay, or refuse the request: only a newer release may handle it."""
    accepted = order.find_request(request.key)
    if accepted is None:
        return _refuse_read_only(order, request, "failed", "Nothing was begun."), False
    if not accepted.is_repeated_by(request, order.salt):
        return refuse_reused_key(request), False
    if accepted.answer is None:
        return _refuse_read_only(
            order, request, "unknown", "The request was begun, and only that release knows its outcome."
        ), False
    return replace(accepted.answer, erased=accepted.erased), True


def _refuse_read_only(order: ReadOnlyOrder, request: Request, status: str, outcome: str) -> Answer:
    return Answer(
        status=status,
        code=Code.NEWER_RELEASE,
        message=f"Order {order.order_id} was changed by a newer release, and this one must not change it. {outcome} "
        "Repeat the same request once the newer release is deployed again.",
        action=request.action,
        request_id=request.request_id,
        order_id=order.order_id,
        currency=order.currency,
    )
