"""The meaning of Stripe's errors, as data.

Source: docs.stripe.com/api/errors, /error-low-level, /error-codes and /declines/codes.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ErrorMeaning(StrEnum):
    """The meaning of an error."""

    DECLINED = "declined"
    """The bank or Stripe refused to move money. Not final: see `StripePaymentGateway`."""
    STATE_CHANGED = "state_changed"
    """The object is not in the expected state. Read it."""
    MISSING = "missing"
    """The object does not exist."""
    REFUND_REFUSED = "refund_refused"
    """The charge cannot be refunded, or not by this amount."""
    RATE_LIMITED = "rate_limited"
    """Nothing was done. Repeat it later."""
    CONFLICT = "conflict"
    """Another request has locked the object or the key. Nothing was done. Repeat the call later."""
    MISMATCH = "mismatch"
    """The key was first used with other parameters. Look the object up; it is never a decline."""
    SAVED_ERROR = "saved_error"
    """Stripe failed, possibly after acting, and repeats this answer for the key. Look the object up."""
    UNAUTHORIZED = "unauthorized"
    """The secret key is not valid (any more)."""
    FORBIDDEN = "forbidden"
    """The key lacks a permission. Nothing was done. An operator must change the key; it is never a decline."""
    BUG = "bug"
    """The request is invalid. Nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """A row of the table; empty strings and 0 match everything."""

    meaning: ErrorMeaning
    status: int = 0
    kind: str = ""
    code: str = ""


ERROR_TABLE: Final = (
    ErrorRule(meaning=ErrorMeaning.UNAUTHORIZED, status=401),
    ErrorRule(meaning=ErrorMeaning.FORBIDDEN, status=403),
    ErrorRule(meaning=ErrorMeaning.CONFLICT, status=409),
    ErrorRule(meaning=ErrorMeaning.CONFLICT, code="lock_timeout"),
    ErrorRule(meaning=ErrorMeaning.RATE_LIMITED, status=429),
    ErrorRule(meaning=ErrorMeaning.SAVED_ERROR, status=424),  # a dependency of Stripe failed
    ErrorRule(meaning=ErrorMeaning.MISMATCH, kind="idempotency_error"),
    ErrorRule(meaning=ErrorMeaning.STATE_CHANGED, code="payment_intent_unexpected_state"),
    ErrorRule(meaning=ErrorMeaning.STATE_CHANGED, code="charge_expired_for_capture"),
    ErrorRule(meaning=ErrorMeaning.REFUND_REFUSED, code="charge_already_refunded"),
    ErrorRule(meaning=ErrorMeaning.REFUND_REFUSED, code="charge_disputed"),
    ErrorRule(meaning=ErrorMeaning.REFUND_REFUSED, code="refund_disputed_payment"),
    ErrorRule(meaning=ErrorMeaning.MISSING, code="resource_missing"),
    ErrorRule(meaning=ErrorMeaning.MISSING, status=404),
    ErrorRule(meaning=ErrorMeaning.DECLINED, code="amount_too_large"),
    ErrorRule(meaning=ErrorMeaning.DECLINED, code="amount_too_small"),
    ErrorRule(meaning=ErrorMeaning.DECLINED, status=402),
    ErrorRule(meaning=ErrorMeaning.DECLINED, kind="card_error"),
    ErrorRule(meaning=ErrorMeaning.SAVED_ERROR, kind="api_error"),
)
"""The first matching row applies. If none does, a status of 500 or more is a saved error, and anything else a bug."""


def error_meaning(status: int, kind: str, code: str) -> ErrorMeaning:
    """Return the meaning of an error by HTTP status, `type` and `code`."""
    for rule in ERROR_TABLE:
        if rule.status in (0, status) and rule.kind in ("", kind) and rule.code in ("", code):
            return rule.meaning
    return ErrorMeaning.SAVED_ERROR if status >= 500 else ErrorMeaning.BUG
