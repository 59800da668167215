"""The banks, customers and dashboard of Stripe's double: every change that no call of ours causes."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handlers.adapters.stripe.replies import PARTIAL_CAPTURE_REVERSAL
from handlers.domain.payments import DisputePhase
from tests.simulation.bank import GOES_ON
from tests.support.stripe.card_behaviours import RefundBehaviour
from tests.support.stripe.double import StripeDouble
from tests.support.stripe.endpoints import Refusal
from tests.support.stripe.wire_objects import Wire

_DUE: Final = {"settle": "pending", "fail": "pending", "reverse": "succeeded"}
_STATUS: Final = {
    DisputePhase.INQUIRY: "warning_needs_response",
    DisputePhase.OPEN: "needs_response",
    DisputePhase.WON: "won",
    DisputePhase.LOST: "lost",
}
_PHASE: Final = {status: phase for phase, status in _STATUS.items()}


@dataclass(slots=True)
class StripeBank:
    """The double, with the events of `bank.Bank` as changes of its objects."""

    double: StripeDouble

    def refund_in_console(self, key: str, amount_minor: int, *, is_slow: bool = False, is_funded: bool = True) -> None:
        """Refund part of a payment in the dashboard, if Stripe allows it; the refund may stay pending."""
        intent = self.double.intent_of(key)
        with contextlib.suppress(Refusal):
            charge = self.double.endpoints.refundable_charge(intent, amount_minor)
            course = RefundBehaviour(status="pending" if is_slow else "succeeded", is_funded=is_funded)
            self.double.returns.refund(charge, amount_minor, {}, course)

    def end_in_console(self, key: str, number: int, end: str) -> None:
        """Settle, fail or reverse a payment's first, second … refund made in the console."""
        self._end(_console_refunds(self.double, self.double.intent_of(key))[number - 1 : number], end)

    def settle(self, key: str) -> None:
        """Make a refund that was pending."""
        self._end(self._refunds(key), "settle")

    def fail(self, key: str) -> None:
        """Fail a refund that was pending."""
        self._end(self._refunds(key), "fail")

    def reverse(self, key: str) -> None:
        """Let the bank return a refund that had succeeded."""
        self._end(self._refunds(key), "reverse")

    def _refunds(self, key: str) -> list[Wire]:
        refunds = self.double.books.newest_first("refund")
        return [refund for refund in refunds if refund["metadata"].get("booking_key") == key]

    def _end(self, refunds: list[Wire], end: str) -> None:
        status, is_due = ("succeeded" if end == "settle" else "failed"), _DUE[end]
        for refund in refunds:
            if refund["status"] == is_due:
                self.double.returns.advance(refund, status)

    def expire(self, key: str) -> None:
        """End a hold that was neither captured nor voided."""
        intent = self.double.intent_of(key)
        if intent["status"] == "requires_capture":
            self.double.payments.cancel(intent, "automatic")

    def dispute(self, key: str, phase: str) -> None:
        """Begin a dispute of half of a payment, or advance it if possible."""
        intent, reached = self.double.intent_of(key), DisputePhase(phase)
        if intent["status"] != "succeeded":
            return
        returns, known = self.double.returns, self._dispute_of(intent)
        if known is None:
            charge = self.double.books.objects[intent["latest_charge"]]
            opened = DisputePhase.INQUIRY if reached is DisputePhase.INQUIRY else DisputePhase.OPEN
            known = returns.open_dispute(charge, charge["amount_captured"] // 2, _STATUS[opened])
        if reached in GOES_ON[_PHASE[known["status"]]]:
            returns.change_dispute(known, _STATUS[reached])

    def act_on_payment(self, key: str, act: str) -> None:
        """Let the customer pass or fail 3-D Secure, or try another card after a failure; or let a slow bank end."""
        intent = self._find(key)
        if intent is None:
            return
        payments = self.double.payments
        if act == "pass":
            payments.authenticate(intent)
        elif act == "fail":
            payments.fail_authentication(intent)
        elif act in ("pay again", "fail again") and intent["last_payment_error"]:
            payments.pay_again(intent, "pm_ok" if act == "pay again" else "pm_declined")
        elif act.startswith("bank") and intent["status"] == "processing":
            payments.end_processing(intent, is_paid=act == "bank pays")

    def _find(self, key: str) -> Wire | None:
        intents = self.double.books.newest_first("payment_intent")
        return next((each for each in intents if each["metadata"].get("booking_key") == key), None)

    def _dispute_of(self, intent: Wire) -> Wire | None:
        disputes = self.double.books.newest_first("dispute")
        return next((each for each in disputes if each["payment_intent"] == intent["id"]), None)


def _console_refunds(double: StripeDouble, intent: Wire) -> list[Wire]:
    """Return the refunds of a payment that were made in the dashboard, the first one first."""
    objects = double.books.objects
    refunds = (item for item in objects.values() if item["object"] == "refund")
    return [each for each in refunds if each["payment_intent"] == intent["id"] and is_of_console(each, objects)]


def is_of_console(refund: Wire, objects: Mapping[str, Wire]) -> bool:
    """Return whether a refund was made in the dashboard: not by us, and not the uncaptured rest of a hold."""
    moved = objects.get(str(refund["balance_transaction"]), {})
    return "booking_key" not in refund["metadata"] and moved.get("reporting_category") != PARTIAL_CAPTURE_REVERSAL
