"""What the system says to a request, and the codes with which it refuses."""

from dataclasses import dataclass, fields
from enum import StrEnum

from .canonical import Json

SCHEMA = 1


class Code(StrEnum):
    """Why a booking did not succeed. The value is what callers see; the comment, what they can make of it."""

    INVALID_REQUEST = "INVALID_REQUEST"  # not of the contract's form
    SKU_NOT_FOUND = "SKU_NOT_FOUND"  # the catalogue has no such article
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"  # the article is sold in another currency
    PRICE_CHANGED = "PRICE_CHANGED"  # the article has another price than the quoted one
    OUT_OF_STOCK = "OUT_OF_STOCK"  # less is available than was asked for
    PAYMENT_DECLINED = "PAYMENT_DECLINED"  # the gateway refused the charge for good
    PAYMENT_RELEASED = "PAYMENT_RELEASED"  # the gateway never heard of the charge, and cannot make it any more
    PAYMENT_OUTCOME_UNKNOWN = "PAYMENT_OUTCOME_UNKNOWN"  # the gateway did not say what became of the charge
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"  # there is no such order
    NOTHING_TO_REFUND = "NOTHING_TO_REFUND"  # the order holds nothing refundable
    REFUND_EXCEEDS_BALANCE = "REFUND_EXCEEDS_BALANCE"  # more than is refundable
    LINE_NOT_IN_ORDER = "LINE_NOT_IN_ORDER"  # the order has no line of that article
    REFUND_EXCEEDS_LINE = "REFUND_EXCEEDS_LINE"  # more units than the line still has
    REFUND_WINDOW_CLOSED = "REFUND_WINDOW_CLOSED"  # later than the policy at purchase allows
    LEDGER_FULL = "LEDGER_FULL"  # the order has had as many refunds as it can hold
    REFUND_DECLINED = "REFUND_DECLINED"  # the gateway refused the refund for good
    REFUND_RELEASED = "REFUND_RELEASED"  # the gateway never heard of the refund, and cannot make it any more
    REFUND_OUTCOME_UNKNOWN = "REFUND_OUTCOME_UNKNOWN"  # the gateway did not say what became of the refund
    REFUND_REVERSED = "REFUND_REVERSED"  # the refund came back after it had been settled
    KEY_REUSED = "KEY_REUSED"  # the request_id belongs to another request
    NOT_RECORDED = "NOT_RECORDED"  # what became of it waits in a queue to be recorded (the machine itself says so)
    NOT_EXECUTED = "NOT_EXECUTED"  # the steps failed before anything was decided


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
        return {"schema": SCHEMA, **{name: getattr(self, name) for name in _FIELDS}}


_FIELDS = tuple(field.name for field in fields(Answer))


def answer_from(stored: dict[str, Json]) -> Answer:
    """The answer that was stored; what we do not know is left aside."""
    known = {name: stored[name] for name in _FIELDS if name in stored}
    return Answer(**known)  # type: ignore[arg-type]  # written by as_json; a wrong type shows at the door
