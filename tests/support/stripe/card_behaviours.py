"""The payment methods of the double: Stripe's test tokens, and the sandbox's tokens with the same meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

ALWAYS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A change of state that happens after a delay."""

    status: str
    after: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBehaviour:
    """The behaviour of a card's refunds: the status in the API's answer, and later ones.

    A refund that is not `is_funded` waits for our balance: it has no balance transaction before it succeeds.
    """

    status: str = "succeeded"
    later: tuple[Later, ...] = ()
    is_funded: bool = True
    replies_lost: int = 0
    arrives: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureBehaviour:
    """The behaviour of a card's captures, and the actual and announced time for which its bank holds an amount."""

    declined: bool = False
    window: timedelta = timedelta(days=7)
    given_up_after: timedelta | None = None
    replies_lost: int = 0
    arrives: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The behaviour of a payment method. `replies_lost` counts replies to `confirm` (to `create`, for refunds).

    `authenticated_after` is when its owner passes 3-D Secure; None: when the test does. `dashboard_refund` is an
    immediate refund of a quarter of the payment in the dashboard.
    """

    decline_code: str = ""
    needs_authentication: bool = False
    authenticated_after: timedelta | None = None
    processing: Later | None = None
    dispute: str = ""
    dispute_later: Later | None = None
    dashboard_refund: RefundBehaviour | None = None
    replies_lost: int = 0
    arrives: bool = True
    capture: CaptureBehaviour = field(default_factory=CaptureBehaviour)
    refund: RefundBehaviour = field(default_factory=RefundBehaviour)


_AT_ONCE: Final = timedelta()
"""Right after the reply, before the next call."""
_NEVER: Final = timedelta(days=10_000)
_A_DAY: Final = timedelta(days=1)
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
    # not test tokens of Stripe: slow and uncooperative banks
    "pm_card_processing": Card(processing=Later(status="succeeded")),
    "pm_card_processingThenDeclined": Card(processing=Later(status="requires_payment_method")),
    "pm_card_captureDeclined": Card(capture=CaptureBehaviour(declined=True)),
    "pm_card_shortAuthorisation": Card(capture=CaptureBehaviour(window=timedelta(hours=26))),
    "pm_refund_stuck": Card(refund=RefundBehaviour(status="pending")),
    "pm_card_pendingThenFailedRefund": Card(refund=RefundBehaviour(status="pending", later=(Later(status="failed"),))),
    # the sandbox's tokens (handlers/adapters/sandbox_tokens.py)
    "pm_ok": Card(),
    "pm_declined": _DECLINED,
    "pm_3ds": Card(needs_authentication=True, authenticated_after=_AT_ONCE),
    "pm_3ds_abandoned": Card(needs_authentication=True),
    "pm_slow_bank": Card(processing=Later(status="succeeded", after=_AT_ONCE)),
    "pm_stuck_bank": Card(processing=Later(status="succeeded", after=_NEVER)),
    "pm_late_failure": Card(processing=Later(status="requires_payment_method", after=_AT_ONCE)),
    "pm_hold_lost": Card(capture=CaptureBehaviour(given_up_after=_AT_ONCE)),
    "pm_short_hold": Card(capture=CaptureBehaviour(window=timedelta(hours=2))),
    "pm_capture_declined": Card(capture=CaptureBehaviour(declined=True)),
    "pm_capture_timeout_then_ok": Card(capture=CaptureBehaviour(replies_lost=1)),
    "pm_capture_timeout": Card(capture=CaptureBehaviour(replies_lost=ALWAYS)),
    "pm_capture_timeout_never_arrives": Card(capture=CaptureBehaviour(arrives=False)),
    "pm_disputed": Card(dispute="needs_response"),
    "pm_dispute_won": Card(dispute="needs_response", dispute_later=Later(status="won", after=_A_DAY)),
    "pm_dispute_lost": Card(dispute="needs_response", dispute_later=Later(status="lost", after=_A_DAY)),
    "pm_inquiry": Card(dispute="warning_needs_response", dispute_later=Later(status="needs_response", after=_A_DAY)),
    "pm_timeout_then_ok": Card(replies_lost=1),
    "pm_timeout": Card(replies_lost=ALWAYS),
    "pm_timeout_declined": Card(decline_code="insufficient_funds", replies_lost=ALWAYS),
    "pm_timeout_never_arrives": Card(arrives=False),
    "pm_dashboard_refund": Card(dashboard_refund=RefundBehaviour()),
    "pm_dashboard_refund_pending": Card(
        dashboard_refund=RefundBehaviour(status="pending", later=(Later(status="succeeded", after=_AT_ONCE),))
    ),
    "pm_dashboard_refund_reversed": Card(
        dashboard_refund=RefundBehaviour(later=(Later(status="failed", after=_AT_ONCE),))
    ),
    "pm_refund_declined": Card(refund=_FAILED),
    "pm_refund_timeout_then_ok": Card(refund=RefundBehaviour(replies_lost=1)),
    "pm_refund_timeout": Card(refund=RefundBehaviour(replies_lost=ALWAYS)),
    "pm_refund_timeout_never_arrives": Card(refund=RefundBehaviour(arrives=False)),
    "pm_refund_reversed": Card(refund=RefundBehaviour(later=(Later(status="failed", after=_AT_ONCE),))),
    "pm_refund_reversed_late": Card(refund=RefundBehaviour(later=(Later(status="failed", after=timedelta(days=10)),))),
    "pm_refund_pending": Card(
        refund=RefundBehaviour(status="pending", later=(Later(status="succeeded", after=_AT_ONCE),))
    ),
    "pm_refund_pending_declined": Card(
        refund=RefundBehaviour(status="pending", later=(Later(status="failed", after=_AT_ONCE),))
    ),
}
