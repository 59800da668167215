"""Answers to requests, the codes that explain them, and the messages of outcomes.

Every message states what happened, what is allowed, and what to do. It names no person, because messages end up in logs
and in the locked audit trail.

Longer than 250 lines so that every code and every outcome message is in one file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, cast

from .canonical import Json
from .ledger import Kind

ANSWER_SCHEMA: Final = 1
"""Schema number of an answer, shared with the BookingResult message that contains it."""


class Code(StrEnum):
    """The reason that a booking did not succeed. `MEANINGS` explains each code."""

    INVALID_REQUEST = "INVALID_REQUEST"
    SKU_NOT_FOUND = "SKU_NOT_FOUND"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    PRICE_CHANGED = "PRICE_CHANGED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    PAYMENT_RELEASED = "PAYMENT_RELEASED"
    PAYMENT_OUTCOME_UNKNOWN = "PAYMENT_OUTCOME_UNKNOWN"
    PAYMENT_CANCELLED = "PAYMENT_CANCELLED"
    PAYMENT_EXPIRED = "PAYMENT_EXPIRED"
    AMOUNT_NOT_SUPPORTED = "AMOUNT_NOT_SUPPORTED"
    NOT_AUTHORIZED = "NOT_AUTHORIZED"
    ALREADY_CAPTURED = "ALREADY_CAPTURED"
    CAPTURE_DECLINED = "CAPTURE_DECLINED"
    CAPTURE_EXCEEDS_AUTHORIZATION = "CAPTURE_EXCEEDS_AUTHORIZATION"
    CAPTURE_EXCEEDS_LINE = "CAPTURE_EXCEEDS_LINE"
    CAPTURE_UNDER_WAY = "CAPTURE_UNDER_WAY"
    CANCEL_UNDER_WAY = "CANCEL_UNDER_WAY"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    NOT_CAPTURED = "NOT_CAPTURED"
    NOTHING_TO_REFUND = "NOTHING_TO_REFUND"
    REFUND_EXCEEDS_BALANCE = "REFUND_EXCEEDS_BALANCE"
    LINE_NOT_IN_ORDER = "LINE_NOT_IN_ORDER"
    REFUND_EXCEEDS_LINE = "REFUND_EXCEEDS_LINE"
    REFUND_WINDOW_CLOSED = "REFUND_WINDOW_CLOSED"
    LEDGER_FULL = "LEDGER_FULL"
    REFUND_DECLINED = "REFUND_DECLINED"
    REFUND_RELEASED = "REFUND_RELEASED"
    REFUND_OUTCOME_UNKNOWN = "REFUND_OUTCOME_UNKNOWN"
    REFUND_PENDING = "REFUND_PENDING"
    REFUND_REVERSED = "REFUND_REVERSED"
    APPROVAL_NEEDED = "APPROVAL_NEEDED"
    REFUND_DENIED = "REFUND_DENIED"
    CASE_NOT_OPEN = "CASE_NOT_OPEN"
    RESOLUTION_UNDER_WAY = "RESOLUTION_UNDER_WAY"
    RESOLUTION_DENIED = "RESOLUTION_DENIED"
    NOT_AWAITING_DECISION = "NOT_AWAITING_DECISION"
    OWN_DECISION = "OWN_DECISION"
    DECISION_TOO_LATE = "DECISION_TOO_LATE"
    DISPUTED = "DISPUTED"
    API_REQUIRED = "API_REQUIRED"
    KEY_REUSED = "KEY_REUSED"
    NOT_RECORDED = "NOT_RECORDED"
    NOT_EXECUTED = "NOT_EXECUTED"
    NEWER_RELEASE = "NEWER_RELEASE"
    CALLER_NOT_PROVEN = "CALLER_NOT_PROVEN"


MEANINGS: Final[Mapping[Code, str]] = {
    Code.INVALID_REQUEST: "The request does not match the contract.",
    Code.SKU_NOT_FOUND: "The catalogue does not contain the SKU.",
    Code.CURRENCY_MISMATCH: "The SKU is sold in another currency.",
    Code.PRICE_CHANGED: "The price of the SKU differs from the quoted price.",
    Code.OUT_OF_STOCK: "Fewer units are available than were requested.",
    Code.PAYMENT_DECLINED: "The gateway declined the charge for good.",
    Code.PAYMENT_RELEASED: "The charge never reached the gateway and can no longer be made.",
    Code.PAYMENT_OUTCOME_UNKNOWN: "The gateway did not say whether the charge was made.",
    Code.PAYMENT_CANCELLED: "The payment was given up before it was made, because the order was cancelled.",
    Code.PAYMENT_EXPIRED: "The payment was not confirmed or captured in time and was given up.",
    Code.AMOUNT_NOT_SUPPORTED: "The gateway does not accept this amount in this currency.",
    Code.NOT_AUTHORIZED: "The order's payment has not been authorised, so nothing can be captured.",
    Code.ALREADY_CAPTURED: "The order's payment has already been captured; a payment is captured once.",
    Code.CAPTURE_DECLINED: "The gateway declined the capture for good.",
    Code.CAPTURE_EXCEEDS_AUTHORIZATION: "The amount is larger than what is authorised.",
    Code.CAPTURE_EXCEEDS_LINE: "The line has fewer units than were requested.",
    Code.CAPTURE_UNDER_WAY: "A capture of the order has no outcome yet.",
    Code.CANCEL_UNDER_WAY: "A cancellation of the order has no outcome yet, or its hold is being given up.",
    Code.ORDER_NOT_FOUND: "The order does not exist.",
    Code.NOT_CAPTURED: "The order's payment has not been captured, so nothing can be refunded yet.",
    Code.NOTHING_TO_REFUND: "The order has nothing left to refund.",
    Code.REFUND_EXCEEDS_BALANCE: "The amount is larger than what can still be refunded.",
    Code.LINE_NOT_IN_ORDER: "The order does not contain the SKU.",
    Code.REFUND_EXCEEDS_LINE: "The line has fewer units left than were requested.",
    Code.REFUND_WINDOW_CLOSED: "The refund window of the order has closed.",
    Code.LEDGER_FULL: "The order's ledger cannot hold another refund.",
    Code.REFUND_DECLINED: "The gateway declined the refund for good.",
    Code.REFUND_RELEASED: "The refund never reached the gateway and can no longer be made.",
    Code.REFUND_OUTCOME_UNKNOWN: "The gateway did not say whether the refund was made.",
    Code.REFUND_PENDING: "The bank has not completed the refund yet.",
    Code.REFUND_REVERSED: "The refund was reversed after it had settled.",
    Code.APPROVAL_NEEDED: "The refund, whose amount is reserved, or the resolution waits for another person.",
    Code.REFUND_DENIED: "Another person denied the refund, or nobody approved it in time.",
    Code.CASE_NOT_OPEN: "The order has no open case of this id or about this subject.",
    Code.RESOLUTION_UNDER_WAY: "Another resolution of the case waits for a decision.",
    Code.RESOLUTION_DENIED: "Another person denied the resolution; the case stays open.",
    Code.NOT_AWAITING_DECISION: "The order has no such refund or case, or it does not wait for a decision.",
    Code.OWN_DECISION: "The decision was made by the requester or the customer.",
    Code.DECISION_TOO_LATE: "The decision was requested after the refund's deadline for approval.",
    Code.DISPUTED: "Refunds and disputes exceed what was captured, so nothing can be approved.",
    Code.API_REQUIRED: "This stage accepts decisions, overrides and resolutions, and approves, only through its API.",
    Code.KEY_REUSED: "The request_id belongs to a different request.",
    Code.NOT_RECORDED: "The result waits in the parking queue to be recorded (an answer of the state machine itself).",
    Code.CALLER_NOT_PROVEN: "The request came in the API's envelope, but the API did not make it for this request.",
    Code.NEWER_RELEASE: "A newer release has changed the order, so this release must not. Nothing was begun.",
    Code.NOT_EXECUTED: "The request failed before anything was decided. Nothing was written and no money moved.",
}
"""The meaning of each code. The table in docs/explanation/money.md is generated from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAction:
    """The party (`customer`, `bank` or `approver`) that must act by `until` before a request can end."""

    who: str
    until: str | None = None

    def as_json(self) -> dict[str, Json]:
        """Return the action as answers contain it."""
        return {"who": self.who, "until": self.until}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a request: the contract's BookingResult without `replayed`."""

    status: str
    action: str | None = None
    request_id: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    order_status: str | None = None
    refundable_minor: int | None = None
    code: str | None = None
    message: str = ""
    next_action: NextAction | None = None
    case_id: str | None = None
    erased: bool = False
    """True if it replays a request whose text was erased, so that its fields could not be compared. Never stored."""

    def as_json(self) -> dict[str, Json]:
        """Return the answer as orders and audit objects store it; without `next_action` or `case_id` if it has none."""
        action = {"next_action": self.next_action.as_json()} if self.next_action else {}
        case = {"case_id": self.case_id} if self.case_id else {}
        return {"schema": ANSWER_SCHEMA, **{name: getattr(self, name) for name in _FIELDS}, **action, **case}


_FIELDS = tuple(field.name for field in fields(Answer) if field.name not in ("next_action", "case_id", "erased"))


def answer_from(stored: Mapping[str, Json]) -> Answer:
    """Read a stored answer; fields that this release does not know are ignored."""
    known = {name: stored[name] for name in (*_FIELDS, "case_id") if name in stored}
    action = stored.get("next_action")
    next_action = (
        NextAction(who=str(action["who"]), until=cast("str | None", action.get("until")))
        if isinstance(action, Mapping)
        else None
    )
    return Answer(**known, next_action=next_action)  # type: ignore[arg-type]  # written by as_json: of the right types


OUTCOME_MESSAGES: Final[Mapping[Kind, tuple[str, Code | None, str]]] = {
    Kind.ORDER_PLACED: (
        "unknown",
        Code.PAYMENT_OUTCOME_UNKNOWN,
        "The gateway has not confirmed the charge of {amount}, so it may or may not have been made. The order keeps "
        "its stock until the gateway answers. It is safe to repeat the same request.",
    ),
    Kind.PAYMENT_PENDING: (
        "pending",
        None,
        "The bank is still processing the payment of {amount}. Repeat the same request to see the outcome.",
    ),
    Kind.PAYMENT_ACTION_REQUIRED: (
        "pending",
        None,
        "The customer must confirm the payment of {amount} by {until}. Repeat the same request to see the outcome.",
    ),
    Kind.PAYMENT_AUTHORIZED: (
        "succeeded",
        None,
        "{amount} is authorised until {until}. Capture it by then, or cancel the order.",
    ),
    Kind.PAYMENT_CAPTURE_REQUESTED: (
        "unknown",
        Code.PAYMENT_OUTCOME_UNKNOWN,
        "The gateway has not confirmed the capture of {amount}, so it may or may not have been made. It is safe to "
        "repeat the same request.",
    ),
    Kind.PAYMENT_CAPTURED: ("succeeded", None, "{amount} was paid."),
    Kind.PAYMENT_CAPTURE_DECLINED: (
        "rejected",
        Code.CAPTURE_DECLINED,
        "The gateway declined the capture of {amount}{why}. Nothing was paid, and the order is {status}.",
    ),
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
        "The refund of {amount} was made and then reversed. {refundable} can be refunded under a new request_id.",
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
        "The refund of {amount} was approved. Repeat the refund's own request to see whether it has been made.",
    ),
    Kind.REFUND_DENIED: (
        "rejected",
        Code.REFUND_DENIED,
        "The refund of {amount} was not approved{why}. {refundable} can be refunded under a new request_id.",
    ),
}
"""The outcome of a request (status, code and message) by its latest ledger entry."""

PURCHASE_END_MESSAGES: Final[Mapping[str, tuple[str, Code, str]]] = {
    "cancelled": (
        "rejected",
        Code.PAYMENT_CANCELLED,
        "The order was cancelled before {amount} was paid. Nothing was paid.",
    ),
    "expired": (
        "rejected",
        Code.PAYMENT_EXPIRED,
        "The payment of {amount} was not confirmed in time. Nothing was paid. Send the purchase again under a new "
        "request_id.",
    ),
}
"""The outcome of a purchase whose payment was voided before it completed, by the reason for the void."""

_UNPAID: Final = ("succeeded", None, "The order was cancelled. Nothing was paid, and its units are back in stock.")

CANCEL_MESSAGES: Final[Mapping[Kind, tuple[str, Code | None, str]]] = {
    Kind.PAYMENT_VOID_REQUESTED: (
        "unknown",
        Code.PAYMENT_OUTCOME_UNKNOWN,
        "The gateway has not confirmed that the payment of {amount} has been given up. It is safe to repeat the same "
        "request.",
    ),
    Kind.PAYMENT_PENDING: (
        "pending",
        None,
        "The bank is still processing the payment of {amount}, so it cannot be given up yet. Repeat the same request "
        "to see the outcome.",
    ),
    Kind.PAYMENT_CAPTURED: (
        "rejected",
        Code.ALREADY_CAPTURED,
        "{amount} was paid before the order could be cancelled. Refund it instead.",
    ),
    Kind.PAYMENT_VOIDED: _UNPAID,
    Kind.PAYMENT_DECLINED: _UNPAID,
    Kind.PAYMENT_RELEASED: _UNPAID,
}
"""The outcome of a cancellation, by the entry that ends the payment."""

CASE_MESSAGES: Final[Mapping[Kind, tuple[str, Code | None, str]]] = {
    Kind.RESOLUTION_PROPOSED: (
        "pending",
        Code.APPROVAL_NEEDED,
        "The resolution of {case} as {outcome} needs the approval of another person: approve or deny {case}. Repeat "
        "the same request to see the outcome.",
    ),
    Kind.CASE_CLOSED: ("succeeded", None, "The case {case} is closed: {about} counts as {outcome}."),
    Kind.RESOLUTION_DENIED: (
        "rejected",
        Code.RESOLUTION_DENIED,
        "The resolution of {case} as {outcome} was not approved. Propose another one under a new request_id.",
    ),
}
"""The answer to a proposal, by its latest ledger entry."""

DECISION_MESSAGES: Final[Mapping[Kind, str]] = {
    Kind.CASE_CLOSED: "The case {case} is closed: {about} counts as {outcome}.",
    Kind.RESOLUTION_DENIED: "The resolution of {case} as {outcome} was denied.",
}
"""The answer to a decision, which succeeds whether it approves or denies."""

LEDGER_CODES: Final = frozenset(
    code.value
    for _, code, _ in (
        *(*OUTCOME_MESSAGES.values(), *PURCHASE_END_MESSAGES.values()),
        *(*CANCEL_MESSAGES.values(), *CASE_MESSAGES.values()),
    )
    if code
)
"""Codes of outcomes recorded in a ledger. Every other code refuses a request before it begins."""
