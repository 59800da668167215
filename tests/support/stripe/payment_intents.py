"""The lifecycle of a payment intent and its charge, changed by the API, the customer, the bank or the clock."""

from dataclasses import dataclass
from functools import partial

from tests.support.stripe import wire_objects
from tests.support.stripe.books import Books
from tests.support.stripe.card_behaviours import CARDS, Card
from tests.support.stripe.wire_objects import Wire

CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation")
ACTION_PAGE = "https://hooks.stripe.example/3d_secure/"


@dataclass(slots=True)
class Payments:
    """Every change of a payment intent. None of them checks its state; the endpoints do."""

    books: Books
    action_page: str = ACTION_PAGE

    def confirm(self, intent: Wire, payment_method: str, return_url: str | None) -> None:
        """Pay with a card, as far as the card's behaviour allows immediately."""
        card = CARDS[payment_method]
        intent["payment_method"], intent["last_payment_error"] = payment_method, None
        if card.needs_authentication:
            self._ask_customer(intent, return_url, card)
        elif card.processing:
            self._process(intent, card)
        else:
            self._pay(intent, card)

    def _ask_customer(self, intent: Wire, return_url: str | None, card: Card) -> None:
        intent["status"] = "requires_action"
        action = {"return_url": return_url, "url": f"{self.action_page}{intent['id']}"}
        intent["next_action"] = (
            {"type": "redirect_to_url", "redirect_to_url": action}
            if return_url
            else {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        )
        self.books.emit("payment_intent.requires_action", intent)
        if card.authenticated_after is not None:
            self.books.schedule(card.authenticated_after, partial(self.authenticate, intent))

    def _process(self, intent: Wire, card: Card) -> None:
        assert card.processing
        intent["status"] = "processing"
        self.books.emit("payment_intent.processing", intent)
        is_paid = card.processing.status == "succeeded"
        self.books.schedule(card.processing.after, partial(self.end_processing, intent, is_paid=is_paid))

    def end_processing(self, intent: Wire, *, is_paid: bool) -> None:
        """The slow bank pays, or declines."""
        if intent["status"] == "processing":
            self._pay(intent, Card(decline_code="" if is_paid else "generic_decline"))

    def authenticate(self, intent: Wire) -> None:
        """Let the customer pass 3-D Secure."""
        if intent["status"] == "requires_action":
            self._pay(intent, CARDS[str(intent["payment_method"])])

    def fail_authentication(self, intent: Wire) -> None:
        """Let the customer fail 3-D Secure: the intent needs another payment method."""
        if intent["status"] == "requires_action":
            self._lack_method(intent, "payment_intent_authentication_failure", "", None)

    def _pay(self, intent: Wire, card: Card) -> None:
        intent["next_action"] = None
        if card.decline_code:
            self._decline(intent, card.decline_code)
            return
        charge = self._new_charge(intent, "succeeded")
        if intent["capture_method"] == "manual":
            self._authorize(intent, charge, card)
        else:
            self._settle(intent, charge, intent["amount"])

    def _new_charge(self, intent: Wire, status: str) -> Wire:
        name = self.books.new_id("ch")
        charge = self.books.store(wire_objects.charge(name, self.books.timestamp(), intent, status=status))
        intent["latest_charge"] = name
        return charge

    def _decline(self, intent: Wire, decline_code: str) -> None:
        charge = self._new_charge(intent, "failed")
        charge["failure_code"], charge["failure_message"] = "card_declined", "Your card was declined."
        charge["outcome"] = {
            **dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code", "seller_message")),
            "network_status": "declined_by_network",
            "reason": decline_code,
            "type": "issuer_declined",
        }
        self.books.emit("charge.failed", charge)
        self._lack_method(intent, "card_declined", decline_code, charge["id"])

    def _lack_method(self, intent: Wire, code: str, decline_code: str, charge: str | None) -> None:
        intent["status"], intent["next_action"], intent["payment_method"] = "requires_payment_method", None, None
        known = {"decline_code": decline_code, "charge": charge} if charge else {}
        intent["last_payment_error"] = {"type": "card_error", "code": code, "message": "The payment failed.", **known}
        self.books.emit("payment_intent.payment_failed", intent)

    def _authorize(self, intent: Wire, charge: Wire, card: Card) -> None:
        deadline = int((self.books.now() + card.capture.window).timestamp())
        charge["payment_method_details"]["card"] = wire_objects.card_details(deadline)
        intent["status"], intent["amount_capturable"] = "requires_capture", intent["amount"]
        self.books.emit("payment_intent.amount_capturable_updated", intent)
        held_for = card.capture.window if card.capture.given_up_after is None else card.capture.given_up_after
        self.books.schedule(held_for, partial(self._expire, intent))

    def _expire(self, intent: Wire) -> None:
        if intent["status"] == "requires_capture":
            self.cancel(intent, "automatic")

    def _settle(self, intent: Wire, charge: Wire, amount: int) -> None:
        charge["captured"], charge["amount_captured"] = True, amount
        charge["balance_transaction"] = self.books.move_money(charge, charge["amount"], "charge", "charge")["id"]
        if amount < charge["amount"]:
            self._give_back(charge, charge["amount"] - amount)
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        self.books.emit("charge.succeeded", charge)
        self.books.emit("payment_intent.succeeded", intent)

    def _give_back(self, charge: Wire, amount: int) -> None:
        """Reverse the uncaptured part: a refund in Stripe's lists, which the charge counts as refunded.

        Sources: docs.stripe.com/reports/reporting-categories; issue 1073 of woocommerce/woocommerce-gateway-stripe,
        which quotes an intent of 20675 with 20300 received, whose charge lists a refund and has `amount` 20675,
        `amount_refunded` 375 and `refunded` false; solidusio/solidus_stripe, pull request 268. Neither the `stripe`
        package nor the fixtures of stripe-mock show a charge after a partial capture.
        """
        name = self.books.new_id("re")
        refund = wire_objects.refund(
            name, self.books.timestamp(), charge, amount=amount, status="succeeded", metadata={}
        )
        self.books.store(refund)
        moved = self.books.move_money(refund, -amount, "refund", "partial_capture_reversal")
        refund["balance_transaction"], charge["amount_refunded"] = moved["id"], amount

    def capture(self, intent: Wire, amount: int) -> bool:
        """Capture an authorised payment and free the rest. Return false if the bank refuses."""
        if CARDS[str(intent["payment_method"])].capture.declined:
            return False
        self._settle(intent, self.books.objects[intent["latest_charge"]], amount)
        return True

    def cancel(self, intent: Wire, reason: str | None) -> None:
        """Cancel an intent and release its authorisation."""
        if intent["status"] == "requires_capture":
            charge = self.books.objects[intent["latest_charge"]]
            charge["refunded"], charge["amount_refunded"] = True, charge["amount"]
            self.books.emit("charge.refunded", charge)
        intent.update(status="canceled", cancellation_reason=reason, canceled_at=self.books.timestamp())
        intent.update(amount_capturable=0, next_action=None)
        self.books.emit("payment_intent.canceled", intent)

    def pay_again(self, intent: Wire, payment_method: str) -> None:
        """Let the customer, who has the client secret, try another card after a decline."""
        if intent["status"] in CONFIRMABLE:
            self.confirm(intent, payment_method, None)
