"""The payment methods of the double. Stripe's own test tokens, and the sandbox's tokens with the same meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

ALWAYS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A change of state that happens by itself after a while."""

    status: str
    after: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBehaviour:
    """The course of refunds of a card: the status that the API answers with, and those that follow."""

    status: str = "succeeded"
    later: tuple[Later, ...] = ()
    replies_lost: int = 0
    arrives: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The behaviour of a payment method. `replies_lost` counts replies to `confirm` (to `create`, for refunds)."""

    decline_code: str = ""
    needs_authentication: bool = False
    processing: Later | None = None
    capture_declined: bool = False
    capture_window: timedelta = timedelta(days=7)
    dispute: str = ""
    replies_lost: int = 0
    arrives: bool = True
    refund: RefundBehaviour = field(default_factory=RefundBehaviour)


_FAILED: Final = RefundBehaviour(status="failed")
_DECLINED: Final = Card(decline_code="insufficient_funds")

CARDS: Final[Mapping[str, Card]] = {
    "pm_card_visa": Card(),
    "pm_card_mastercard": Card(),
    "pm_card_visa_chargeDeclined": Card(decline_code="generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": _DECLINED,
    "pm_card_chargeDeclinedExpiredCard": Card(decline_code="expired_card"),
    "pm_card_authenticationRequired": Card(needs_authentication=True),
    "pm_card_threeDSecure2Required": Card(needs_authentication=True),
    "pm_card_pendingRefund": Card(refund=RefundBehaviour(status="pending", later=(Later(status="succeeded"),))),
    "pm_card_refundFail": Card(refund=RefundBehaviour(later=(Later(status="failed"),))),
    "pm_card_createDispute": Card(dispute="needs_response"),
    "pm_card_createDisputeInquiry": Card(dispute="warning_needs_response"),
    # no test tokens of Stripe's: slow and contrary banks
    "pm_card_processing": Card(processing=Later(status="succeeded")),
    "pm_card_processingThenDeclined": Card(processing=Later(status="requires_payment_method")),
    "pm_card_captureDeclined": Card(capture_declined=True),
    "pm_card_shortAuthorisation": Card(capture_window=timedelta(hours=26)),
    "pm_card_pendingThenFailedRefund": Card(refund=RefundBehaviour(status="pending", later=(Later(status="failed"),))),
    # the sandbox's tokens (handlers/adapters/sandbox_gateway.py)
    "pm_ok": Card(),
    "pm_declined": _DECLINED,
    "pm_3ds_abandoned": Card(needs_authentication=True),
    "pm_timeout_then_ok": Card(replies_lost=1),
    "pm_timeout": Card(replies_lost=ALWAYS),
    "pm_timeout_declined": Card(decline_code="insufficient_funds", replies_lost=ALWAYS),
    "pm_timeout_never_arrives": Card(arrives=False),
    "pm_refund_declined": Card(refund=_FAILED),
    "pm_refund_pending": Card(refund=RefundBehaviour(status="pending", later=(Later(status="succeeded"),))),
    "pm_dispute_lost": Card(dispute="lost"),
    "pm_refund_timeout_then_ok": Card(refund=RefundBehaviour(replies_lost=1)),
    "pm_refund_timeout": Card(refund=RefundBehaviour(replies_lost=ALWAYS)),
    "pm_refund_timeout_never_arrives": Card(refund=RefundBehaviour(arrives=False)),
    "pm_refund_reversed": Card(refund=RefundBehaviour(later=(Later(status="failed", after=timedelta(0)),))),
}
