"""Conversion of Stripe's objects to gateway replies. Nothing here calls Stripe."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from ...domain.canonical import format_instant
from ...domain.payments import (
    AUTHORIZATION_GONE,
    DisputePhase,
    GatewayReply,
    GatewayStatus,
    Instruction,
    Operation,
    PaymentAction,
    ReportedDispute,
    ReportedRefund,
)
from .amounts import to_minor
from .stripe_api import StripeObject

KEY: Final = "booking_key"
ORDER: Final = "booking_order"
STAGE: Final = "booking_stage"
"""Our metadata on payment intents and refunds: the gateway key, the order, and the stage."""

REFUSED: Final = "booking_refused"
"""Our metadata on an intent whose confirmation Stripe refused without contacting a bank: the reason."""

ALREADY_CAPTURED: Final = "already_captured"

PARTIAL_CAPTURE_REVERSAL: Final = "partial_capture_reversal"
"""The category of the movement that returns the uncaptured part of a hold.

Source: docs.stripe.com/reports/reporting-categories.
"""


def is_declined(intent: StripeObject) -> bool:
    """Return whether an attempt to pay failed and anyone with the client secret may try again."""
    return intent.get("status") == "requires_payment_method" and bool(_decline_code(intent))


def payment_reply(intent: StripeObject) -> GatewayReply:
    """Convert an intent, with its latest charge expanded, to a reply about a charge or authorisation.

    An unconfirmed intent is `nothing`: it moves no money unless somebody confirms it.
    """
    match intent.get("status"):
        case "succeeded":
            return _reply(intent, GatewayStatus.SETTLED, units=_number(intent, "amount_received"))
        case "requires_capture":
            until = _mapping(_card_details(intent)).get("capture_before")
            held = _reply(intent, GatewayStatus.AUTHORIZED, units=_number(intent, "amount_capturable"))
            return held if not isinstance(until, int) else _with_hold_end(held, until)
        case "processing":
            return _reply(intent, GatewayStatus.PENDING)
        case "requires_action":
            return _reply(intent, GatewayStatus.ACTION_REQUIRED)
        case "canceled":
            failure = _decline_code(intent)
            status = GatewayStatus.DECLINED if failure else GatewayStatus.FENCED
            return _reply(intent, status, reason=failure or str(intent.get("cancellation_reason") or ""))
        case _:
            return GatewayReply(status=GatewayStatus.NOTHING, reference=str(intent["id"]))


def capture_reply(intent: StripeObject) -> GatewayReply:
    """Convert an intent to a reply about its capture."""
    match intent.get("status"):
        case "succeeded":
            return _reply(intent, GatewayStatus.SETTLED, units=_number(intent, "amount_received"))
        case "canceled":
            return _reply(intent, GatewayStatus.DECLINED, reason=AUTHORIZATION_GONE)
        case _:
            return GatewayReply(status=GatewayStatus.NOTHING)


def void_reply(intent: StripeObject) -> GatewayReply:
    """Convert an intent to a reply about its void."""
    match intent.get("status"):
        case "canceled":
            return _reply(intent, GatewayStatus.SETTLED)
        case "succeeded":
            return _reply(intent, GatewayStatus.DECLINED, reason=ALREADY_CAPTURED)
        case "processing":
            return _reply(intent, GatewayStatus.PENDING)
        case _:
            return GatewayReply(status=GatewayStatus.NOTHING)


def refund_reply(refund: StripeObject) -> GatewayReply:
    """Convert a refund to a reply. A failed one is `declined`; if it had succeeded before, that is a reversal."""
    match refund.get("status"):
        case "succeeded":
            status = GatewayStatus.SETTLED
        case "failed" | "canceled":
            status = GatewayStatus.DECLINED
        case _:
            status = GatewayStatus.PENDING
    return _reply(refund, status, reason=str(refund.get("failure_reason") or ""))


def action_of(intent: StripeObject) -> PaymentAction | None:
    """Return the customer's action for an intent that requires one: the bank's page, if the intent has one."""
    if intent.get("status") != "requires_action":
        return None
    page = _mapping(_mapping(intent.get("next_action")).get("redirect_to_url")).get("url")
    if page:
        return PaymentAction(url=str(page))
    return PaymentAction(client_secret=str(intent["client_secret"]))


def is_disputed(intent: StripeObject) -> bool:
    """Return whether a customer has ever disputed the payment or inquired about it."""
    return _mapping(intent.get("latest_charge")).get("disputed") is True


def is_refunded(intent: StripeObject) -> bool:
    """Return whether part of the payment is refunded, by anyone; Stripe counts what a partial capture leaves, too."""
    return _number(_mapping(intent.get("latest_charge")), "amount_refunded") > 0


_PHASES: Final[Mapping[str, DisputePhase]] = {
    "won": DisputePhase.WON,
    "lost": DisputePhase.LOST,
    "needs_response": DisputePhase.OPEN,
    "under_review": DisputePhase.OPEN,
    "warning_needs_response": DisputePhase.INQUIRY,
    "warning_under_review": DisputePhase.INQUIRY,
}
"""The phase of a dispute by its status. Any other status (`warning_closed`, `prevented`) has no effect."""


def dispute_report(dispute: StripeObject) -> ReportedDispute | None:
    """Convert a dispute, or return None if it has no effect.

    One that awaits an answer withdraws money once it has a balance transaction; before that it is an inquiry.
    """
    phase = _PHASES.get(str(dispute.get("status")))
    if phase is None:
        return None
    is_withdrawn = bool(dispute.get("balance_transactions"))
    currency = str(dispute["currency"]).upper()
    return ReportedDispute(
        reference=str(dispute["id"]),
        phase=DisputePhase.INQUIRY if phase is DisputePhase.OPEN and not is_withdrawn else phase,
        amount_minor=to_minor(_number(dispute, "amount"), currency),
        currency=currency,
        reason=str(dispute.get("reason") or ""),
    )


def reported_refund(refund: StripeObject) -> ReportedRefund | None:
    """Convert a refund that was made at Stripe itself; None if this system made it, or if it moves no money.

    Stripe also lists the amount that a partial capture gives up as a refund. It takes nothing from the captured amount,
    as its expanded balance transaction shows. A refund that fails without a balance transaction never moved money.
    """
    moved = refund.get("balance_transaction")
    reply = refund_reply(refund)
    is_given_up = _mapping(moved).get("reporting_category") == PARTIAL_CAPTURE_REVERSAL
    is_unproven = reply.status is GatewayStatus.SETTLED and not moved
    if is_given_up or is_unproven or _mapping(refund.get("metadata")).get(KEY):
        return None
    was_returned = reply.status is GatewayStatus.DECLINED and bool(moved)
    return ReportedRefund(
        reference=reply.reference,
        status=GatewayStatus.REVERSED if was_returned else reply.status,
        amount_minor=reply.amount_minor,
        currency=reply.currency,
        reason=reply.reason,
    )


def reply_to(instruction: Instruction, intent: StripeObject) -> GatewayReply:
    """Convert an intent to a reply about an instruction other than a refund."""
    readers = {Operation.CAPTURE: capture_reply, Operation.VOID: void_reply}
    return readers.get(instruction.operation, payment_reply)(intent)


def _reply(item: StripeObject, status: GatewayStatus, *, units: int | None = None, reason: str = "") -> GatewayReply:
    currency = str(item.get("currency", "")).upper()
    amount = _number(item, "amount") if units is None else units
    return GatewayReply(
        status=status,
        reference=str(item["id"]),
        reason=reason,
        amount_minor=to_minor(amount, currency),
        currency=currency,
    )


def _with_hold_end(reply: GatewayReply, capture_before: int) -> GatewayReply:
    until = format_instant(datetime.fromtimestamp(capture_before, UTC))
    return GatewayReply(
        status=reply.status,
        reference=reply.reference,
        amount_minor=reply.amount_minor,
        currency=reply.currency,
        until=until,
    )


def _decline_code(intent: StripeObject) -> str:
    """Return the code of the last failed attempt to pay, or an empty string."""
    error, charge = _mapping(intent.get("last_payment_error")), _mapping(intent.get("latest_charge"))
    if error:
        return str(error.get("decline_code") or error.get("code") or "payment_failed")
    if charge.get("status") != "failed":
        return str(_mapping(intent.get("metadata")).get(REFUSED) or "")
    return str(_mapping(charge.get("outcome")).get("reason") or charge.get("failure_code") or "payment_failed")


def _card_details(intent: StripeObject) -> object:
    return _mapping(_mapping(intent.get("latest_charge")).get("payment_method_details")).get("card")


def _number(item: Mapping[str, Any], name: str) -> int:
    value = item.get(name)
    return value if isinstance(value, int) else 0


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
