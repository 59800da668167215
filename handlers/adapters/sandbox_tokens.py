"""The sandbox's payment methods, each with the behaviour of a gateway, a bank and a customer.

They resemble the well-known providers' test cards. The table in docs/explanation/money.md is generated from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ..domain.payments import DisputePhase, GatewayStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The gateway's treatment of payments, of captures, or of refunds, under a token.

    `later` is the state at the first lookup, after the customer, the bank or another institution has acted.
    """

    outcome: GatewayStatus = GatewayStatus.SETTLED
    reason: str = ""
    replies_lost: int = 0
    arrives: bool = True
    later: GatewayStatus | None = None
    delay: timedelta = timedelta()
    """Time until `later` applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeCourse:
    """A dispute that the customer opens immediately and that is decided `decided_after` the purchase."""

    begins_as: DisputePhase = DisputePhase.OPEN
    ends_as: DisputePhase = DisputePhase.OPEN
    decided_after: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardRefund:
    """A refund that somebody makes at the gateway itself immediately after the payment."""

    percent: int = 25
    status: GatewayStatus = GatewayStatus.SETTLED
    later: GatewayStatus | None = None
    ends_after: timedelta = timedelta(days=1)
    """Time from the purchase until `later` applies."""

    def amount_of(self, paid_minor: int) -> int:
        """Return the amount of the refund of a payment."""
        return max(1, paid_minor * self.percent // 100)


ALWAYS: Final = 1_000_000_000
_SUCCEEDS: Final = Behaviour()
_DECLINED: Final = Behaviour(outcome=GatewayStatus.DECLINED, reason="insufficient_funds")
_REPLY_LOST_ONCE: Final = Behaviour(replies_lost=1)
_REPLY_LOST: Final = Behaviour(replies_lost=ALWAYS)
_NEVER_ARRIVES: Final = Behaviour(arrives=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A payment method and the behaviour of its payments (charges and authorisations), captures and refunds."""

    meaning: str
    charge: Behaviour = field(default=_SUCCEEDS)
    capture: Behaviour = field(default=_SUCCEEDS)
    refund: Behaviour = field(default=_SUCCEEDS)
    dispute: DisputeCourse | None = None
    dashboard_refund: DashboardRefund | None = None
    hold: timedelta = timedelta(days=7)
    """Time for which the bank holds an authorised amount."""


TOKENS: Final[Mapping[str, Token]] = {
    "pm_ok": Token(meaning="Charges and refunds succeed."),
    "pm_declined": Token(meaning="The charge is declined for insufficient funds.", charge=_DECLINED),
    "pm_3ds": Token(
        meaning="The customer must confirm the payment, and has done so by the next lookup.",
        charge=Behaviour(outcome=GatewayStatus.ACTION_REQUIRED, later=GatewayStatus.SETTLED),
    ),
    "pm_3ds_abandoned": Token(
        meaning="The customer must confirm the payment and never does; reconcile ends the wait.",
        charge=Behaviour(outcome=GatewayStatus.ACTION_REQUIRED),
    ),
    "pm_slow_bank": Token(
        meaning="The bank is slow: the payment is pending, and made by the next lookup.",
        charge=Behaviour(outcome=GatewayStatus.PENDING, later=GatewayStatus.SETTLED),
    ),
    "pm_stuck_bank": Token(
        meaning="The bank never completes the payment and does not let anybody give it up.",
        charge=Behaviour(outcome=GatewayStatus.PENDING),
    ),
    "pm_late_failure": Token(
        meaning="The payment is pending, and declined by the next lookup.",
        charge=Behaviour(outcome=GatewayStatus.PENDING, later=GatewayStatus.DECLINED, reason="insufficient_funds"),
    ),
    "pm_hold_lost": Token(
        meaning="The amount is authorised, but the bank gives up the hold before it is captured.",
        charge=Behaviour(later=GatewayStatus.FENCED),
    ),
    "pm_short_hold": Token(meaning="The bank holds the authorised amount for only two hours.", hold=timedelta(hours=2)),
    "pm_capture_declined": Token(
        meaning="The amount is authorised; captures are declined.",
        capture=Behaviour(outcome=GatewayStatus.DECLINED, reason="capture_not_allowed"),
    ),
    "pm_capture_timeout_then_ok": Token(
        meaning="Captures are made but the first reply is lost; a retry gets it.", capture=_REPLY_LOST_ONCE
    ),
    "pm_capture_timeout": Token(
        meaning="Captures are made but every reply is lost; only reconcile's lookup finds them.", capture=_REPLY_LOST
    ),
    "pm_capture_timeout_never_arrives": Token(
        meaning="No capture ever reaches the gateway; reconcile fences its key, and the amount stays authorised.",
        capture=_NEVER_ARRIVES,
    ),
    "pm_disputed": Token(
        meaning="The customer disputes the payment; the bank withdraws the money and never decides.",
        dispute=DisputeCourse(),
    ),
    "pm_dispute_won": Token(
        meaning="The customer disputes the payment; after a day, the bank gives the money back.",
        dispute=DisputeCourse(ends_as=DisputePhase.WON),
    ),
    "pm_dispute_lost": Token(
        meaning="The customer disputes the payment; after a day, the bank lets the customer keep the money.",
        dispute=DisputeCourse(ends_as=DisputePhase.LOST),
    ),
    "pm_inquiry": Token(
        meaning="The customer inquires about the payment; the inquiry becomes a dispute after a day.",
        dispute=DisputeCourse(begins_as=DisputePhase.INQUIRY),
    ),
    "pm_dashboard_refund": Token(
        meaning="Somebody refunds a quarter of the payment in the gateway's dashboard as soon as it is made.",
        dashboard_refund=DashboardRefund(),
    ),
    "pm_dashboard_refund_pending": Token(
        meaning="The same, but the bank makes that refund only after a day.",
        dashboard_refund=DashboardRefund(status=GatewayStatus.PENDING, later=GatewayStatus.SETTLED),
    ),
    "pm_dashboard_refund_reversed": Token(
        meaning="The same, but that refund is reversed after a day.",
        dashboard_refund=DashboardRefund(later=GatewayStatus.REVERSED),
    ),
    "pm_timeout_then_ok": Token(
        meaning="The charge is made but its first reply is lost; a retry gets it.", charge=_REPLY_LOST_ONCE
    ),
    "pm_timeout": Token(
        meaning="The charge is made but every reply is lost; only reconcile's lookup finds it.", charge=_REPLY_LOST
    ),
    "pm_timeout_declined": Token(
        meaning="The charge is declined but every reply is lost; only reconcile's lookup finds it.",
        charge=Behaviour(outcome=GatewayStatus.DECLINED, reason="insufficient_funds", replies_lost=ALWAYS),
    ),
    "pm_timeout_never_arrives": Token(
        meaning="No charge ever reaches the gateway; reconcile fences the key and releases the order.",
        charge=_NEVER_ARRIVES,
    ),
    "pm_refund_declined": Token(
        meaning="The charge succeeds; refunds are declined.",
        refund=Behaviour(outcome=GatewayStatus.DECLINED, reason="account_closed"),
    ),
    "pm_refund_timeout_then_ok": Token(
        meaning="Refunds are made but the first reply is lost; a retry gets it.", refund=_REPLY_LOST_ONCE
    ),
    "pm_refund_timeout": Token(
        meaning="Refunds are made but every reply is lost; only reconcile's lookup finds them.", refund=_REPLY_LOST
    ),
    "pm_refund_timeout_never_arrives": Token(
        meaning="No refund ever reaches the gateway; reconcile fences the key and releases the reservation.",
        refund=_NEVER_ARRIVES,
    ),
    "pm_refund_reversed": Token(
        meaning="Refunds are made and reversed later, as the next lookup reports.",
        refund=Behaviour(later=GatewayStatus.REVERSED),
    ),
    "pm_refund_reversed_late": Token(
        meaning="Refunds are made and reversed ten days later.",
        refund=Behaviour(later=GatewayStatus.REVERSED, delay=timedelta(days=10)),
    ),
    "pm_refund_pending": Token(
        meaning="Refunds wait for the bank, and are settled by the next lookup.",
        refund=Behaviour(outcome=GatewayStatus.PENDING, later=GatewayStatus.SETTLED),
    ),
    "pm_refund_pending_declined": Token(
        meaning="Refunds wait for the bank, and are declined by the next lookup.",
        refund=Behaviour(outcome=GatewayStatus.PENDING, reason="account_closed", later=GatewayStatus.DECLINED),
    ),
}
"""The payment methods of the sandbox. Any other is declined as `unknown_payment_method`."""

UNKNOWN: Final = Token(meaning="", charge=Behaviour(outcome=GatewayStatus.DECLINED, reason="unknown_payment_method"))
