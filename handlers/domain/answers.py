"""What the system says to a request, and the codes with which it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from .canonical import Json

ANSWER_SCHEMA: Final = 1
"""Schema number of an answer; that of the BookingResult message, which carries it."""


class Code(StrEnum):
    """Why a booking did not succeed; `MEANINGS` says each in words."""

    INVALID_REQUEST = "INVALID_REQUEST"
    SKU_NOT_FOUND = "SKU_NOT_FOUND"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    PRICE_CHANGED = "PRICE_CHANGED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    PAYMENT_RELEASED = "PAYMENT_RELEASED"
    PAYMENT_OUTCOME_UNKNOWN = "PAYMENT_OUTCOME_UNKNOWN"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    NOTHING_TO_REFUND = "NOTHING_TO_REFUND"
    REFUND_EXCEEDS_BALANCE = "REFUND_EXCEEDS_BALANCE"
    LINE_NOT_IN_ORDER = "LINE_NOT_IN_ORDER"
    REFUND_EXCEEDS_LINE = "REFUND_EXCEEDS_LINE"
    REFUND_WINDOW_CLOSED = "REFUND_WINDOW_CLOSED"
    LEDGER_FULL = "LEDGER_FULL"
    REFUND_DECLINED = "REFUND_DECLINED"
    REFUND_RELEASED = "REFUND_RELEASED"
    REFUND_OUTCOME_UNKNOWN = "REFUND_OUTCOME_UNKNOWN"
    REFUND_REVERSED = "REFUND_REVERSED"
    KEY_REUSED = "KEY_REUSED"
    NOT_RECORDED = "NOT_RECORDED"
    NOT_EXECUTED = "NOT_EXECUTED"


MEANINGS: Final[Mapping[Code, str]] = {
    Code.INVALID_REQUEST: "Not of the contract's form.",
    Code.SKU_NOT_FOUND: "The catalogue has no such article.",
    Code.CURRENCY_MISMATCH: "The article is sold in another currency.",
    Code.PRICE_CHANGED: "The article has another price than the quoted one.",
    Code.OUT_OF_STOCK: "Less is available than was asked for.",
    Code.PAYMENT_DECLINED: "The gateway refused the charge for good.",
    Code.PAYMENT_RELEASED: "The gateway never heard of the charge, and cannot make it any more.",
    Code.PAYMENT_OUTCOME_UNKNOWN: "The gateway did not say what became of the charge.",
    Code.ORDER_NOT_FOUND: "There is no such order.",
    Code.NOTHING_TO_REFUND: "The order holds nothing refundable.",
    Code.REFUND_EXCEEDS_BALANCE: "More than is refundable.",
    Code.LINE_NOT_IN_ORDER: "The order has no line of that article.",
    Code.REFUND_EXCEEDS_LINE: "More units than the line still has.",
    Code.REFUND_WINDOW_CLOSED: "Later than the policy at purchase allows.",
    Code.LEDGER_FULL: "The order has had as many refunds as it can hold.",
    Code.REFUND_DECLINED: "The gateway refused the refund for good.",
    Code.REFUND_RELEASED: "The gateway never heard of the refund, and cannot make it any more.",
    Code.REFUND_OUTCOME_UNKNOWN: "The gateway did not say what became of the refund.",
    Code.REFUND_REVERSED: "The refund came back after it had been settled.",
    Code.KEY_REUSED: "The request_id belongs to another request.",
    Code.NOT_RECORDED: "What became of it waits in a queue to be recorded (the machine itself says so).",
    Code.NOT_EXECUTED: "The steps failed before anything was decided.",
}
"""Each code in words; docs/explanation/money.md has its table from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request; the domain's side of the contract's BookingResult, without `replayed`."""

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

    def as_json(self) -> dict[str, Json]:
        """The answer as it is stored and recorded."""
        return {"schema": ANSWER_SCHEMA, **{name: getattr(self, name) for name in _FIELDS}}


_FIELDS = tuple(field.name for field in fields(Answer))


def answer_from(stored: dict[str, Json]) -> Answer:
    """The answer that was stored; what we do not know is left aside."""
    known = {name: stored[name] for name in _FIELDS if name in stored}
    return Answer(**known)  # type: ignore[arg-type]  # written by as_json; a wrong type shows at the door
