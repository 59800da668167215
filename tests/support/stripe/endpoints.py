"""The endpoints of the double: one function each, from a parsed form to an object or an error of the API."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from tests.support.stripe import wire_objects
from tests.support.stripe.books import EVENT_RETENTION, Books
from tests.support.stripe.card_behaviours import CARDS, Card
from tests.support.stripe.payment_intents import CANCELABLE, CONFIRMABLE, Payments
from tests.support.stripe.returns import FUNDS_HELD, Returns
from tests.support.stripe.wire_objects import Wire

MAX_AMOUNT = 99_999_999
Form = Mapping[str, str]
EVIDENCE = {"winning_evidence": "won", "losing_evidence": "lost"}
"""The bank's decision by the text of the evidence. Source: docs.stripe.com/testing, "Evidence"."""


class Refusal(Exception):
    """An error of the API. `is_validation` marks those that are never saved under an idempotency key."""

    def __init__(self, status: int, kind: str, message: str, *, is_validation: bool = False, **facts: object) -> None:
        super().__init__(message)
        self.status, self.is_validation = status, is_validation
        self.body = {"error": {"type": kind, "message": message, **facts}}


def invalid(message: str, *, status: int = 400, **facts: object) -> Refusal:
    """Return the error for an invalid request."""
    return Refusal(status, "invalid_request_error", message, is_validation=True, **facts)


def unexpected_state(intent: Wire, verb: str) -> Refusal:
    """Return the error for an operation that the intent's state does not allow."""
    message = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
    facts = {"code": "payment_intent_unexpected_state", "payment_intent": intent}
    return Refusal(400, "invalid_request_error", message, **facts)


@dataclass(slots=True)
class Endpoints:
    """The API's operations on the books."""

    books: Books
    payments: Payments
    returns: Returns
    search_lag: timedelta = timedelta(minutes=1)
    list_lag: timedelta = timedelta()
    secrets: dict[str, str] = field(default_factory=dict[str, str])

    # payment intents

    def create(self, form: Form) -> Wire:
        """Create a payment intent without confirming it."""
        amount, currency = _amount(form, "amount"), form.get("currency", "")
        _reject_unknown(form, "amount", "currency", "capture_method", "customer", "payment_method_types", "metadata")
        if not re.fullmatch("[a-z]{3}", currency):
            raise invalid(f"Invalid currency: {currency}", param="currency")
        name, created = self.books.new_id("pi"), self.books.timestamp()
        method = form.get("capture_method", "automatic_async")
        intent = wire_objects.payment_intent(
            name, created, amount=amount, currency=currency, capture_method=method, livemode=self.books.livemode
        )
        intent["metadata"], intent["customer"] = _metadata(form), form.get("customer")
        self.books.store(intent)
        self.books.emit("payment_intent.created", intent)
        return intent

    def update(self, form: Form, name: str) -> Wire:
        """Change a payment intent that is not canceled: its customer or its metadata."""
        intent = self._intent(name)
        _reject_unknown(form, "customer", "metadata")
        if intent["status"] == "canceled":
            raise unexpected_state(intent, "update")
        intent["customer"] = form.get("customer", intent["customer"])
        intent["metadata"] = {**intent["metadata"], **_metadata(form)}
        return intent

    def confirm(self, form: Form, name: str) -> Wire:
        """Confirm a payment intent with a payment method."""
        intent = self._intent(name)
        _reject_unknown(form, "payment_method", "return_url", "expand")
        method = form.get("payment_method", "")
        if method not in CARDS:
            message = f"No such PaymentMethod: '{method}'"
            raise invalid(message, code="resource_missing", param="payment_method")
        if intent["status"] not in CONFIRMABLE:
            raise unexpected_state(intent, "confirm")
        self.payments.confirm(intent, method, form.get("return_url"))
        if intent["last_payment_error"]:
            raise _card_error(intent)
        self._apply_card_behaviour(intent)
        return self._expand(form, intent)

    def _apply_card_behaviour(self, intent: Wire) -> None:
        card = CARDS[str(intent["payment_method"])]
        if intent["status"] != "succeeded":
            return
        paid = self.books.objects[intent["latest_charge"]]
        if card.dashboard_refund:
            self.returns.refund(paid, paid["amount_captured"] // 4, {}, card.dashboard_refund)
        if card.dispute:
            self._open_dispute(paid, card)

    def _open_dispute(self, paid: Wire, card: Card) -> None:
        dispute = self.returns.open_dispute(paid, paid["amount_captured"], card.dispute)
        if card.dispute_later:
            later = partial(self.returns.change_dispute, dispute, card.dispute_later.status)
            self.books.schedule(card.dispute_later.after, later)

    def capture(self, form: Form, name: str) -> Wire:
        """Capture all or part of an authorised payment intent, once."""
        intent = self._intent(name)
        _reject_unknown(form, "amount_to_capture", "metadata", "expand")
        amount = _amount(form, "amount_to_capture") if "amount_to_capture" in form else intent["amount_capturable"]
        if intent["status"] != "requires_capture":
            raise unexpected_state(intent, "capture")
        if amount > intent["amount_capturable"]:
            raise invalid("The amount is greater than the amount capturable.", param="amount_to_capture")
        if not self.payments.capture(intent, amount):
            raise Refusal(402, "card_error", "The bank refused the capture.", code="capture_declined")
        intent["metadata"] |= _metadata(form)
        self._apply_card_behaviour(intent)
        return self._expand(form, intent)

    def cancel(self, form: Form, name: str) -> Wire:
        """Cancel a payment intent."""
        intent = self._intent(name)
        _reject_unknown(form, "cancellation_reason", "expand")
        if intent["status"] not in CANCELABLE:
            raise unexpected_state(intent, "cancel")
        self.payments.cancel(intent, form.get("cancellation_reason"))
        return self._expand(form, intent)

    def retrieve(self, form: Form, name: str) -> Wire:
        """Retrieve a payment intent."""
        return self._expand(form, self._intent(name))

    def search(self, form: Form) -> Wire:
        """Search payment intents by one field of their metadata; new ones appear after a while."""
        query = re.fullmatch(r"""metadata\['(\w+)'\]:'([^']*)'""", form.get("query", ""))
        if query is None:
            raise invalid("Invalid query.", param="query")
        intents = self.books.newest_first("payment_intent", self.search_lag)
        found = [intent for intent in intents if intent["metadata"].get(query[1]) == query[2]]
        found = [self._expand(form, intent, prefix="data.") for intent in found]
        shown = {"data": found[:10], "has_more": len(found) > 10, "next_page": None}
        return {"object": "search_result", "url": "/v1/payment_intents/search", **shown}

    def list_intents(self, form: Form) -> Wire:
        """List payment intents."""
        return self._page("payment_intent", "/v1/payment_intents", form)

    def _intent(self, name: str) -> Wire:
        return self._get("payment_intent", name)

    def _get(self, kind: str, name: str) -> Wire:
        found = self.books.find(kind, name)
        if found is None:
            raise invalid(f"No such {kind}: '{name}'", status=404, code="resource_missing", param="id")
        return found

    def _expand(self, form: Form, item: Wire, prefix: str = "") -> Wire:
        """Return an object with the references in `expand` replaced by their objects."""
        shown = dict(item)
        for path in _values(form, "expand"):
            field_name = path.removeprefix(prefix)
            reference = item.get(field_name)
            if isinstance(reference, str) and reference in self.books.objects:
                shown[field_name] = self.books.objects[reference]
        return shown

    # refunds and disputes

    def create_refund(self, form: Form) -> Wire:
        """Refund a payment intent."""
        _reject_unknown(form, "payment_intent", "amount", "metadata", "reason")
        intent = self._intent(form.get("payment_intent", ""))
        charge = self.refundable_charge(intent, _amount(form, "amount") if "amount" in form else None)
        amount = _amount(form, "amount") if "amount" in form else _remaining(charge)
        return self.returns.refund(charge, amount, _metadata(form))

    def refundable_charge(self, intent: Wire, amount: int | None) -> Wire:
        """Return the charge of an intent, or refuse to refund so much of it (all that is left if None)."""
        if intent["status"] != "succeeded":
            raise Refusal(
                400, "invalid_request_error", "This PaymentIntent does not have a successful charge to refund."
            )
        charge: Wire = self.books.objects[intent["latest_charge"]]
        remaining = _remaining(charge)
        self._check_refundable(charge, remaining if amount is None else amount, remaining)
        return charge

    def _check_refundable(self, charge: Wire, amount: int, remaining: int) -> None:
        if self._is_disputed(charge):
            raise Refusal(400, "invalid_request_error", "The charge is disputed.", code="charge_disputed")
        if remaining == 0:
            code = "charge_already_refunded"
            raise Refusal(400, "invalid_request_error", "The charge has already been refunded.", code=code)
        if amount > remaining:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({remaining})"
            raise Refusal(400, "invalid_request_error", message, param="amount")

    def _is_disputed(self, charge: Wire) -> bool:
        disputes = self.books.newest_first("dispute")
        return any(each["charge"] == charge["id"] and each["status"] in FUNDS_HELD for each in disputes)

    def retrieve_refund(self, form: Form, name: str) -> Wire:
        """Retrieve a refund."""
        return self._expand(form, self._get("refund", name))

    def list_refunds(self, form: Form) -> Wire:
        """List refunds, of one payment intent if it is named."""
        return self._page("refund", "/v1/refunds", form, "payment_intent", "charge")

    def retrieve_charge(self, form: Form, name: str) -> Wire:
        """Retrieve a charge."""
        return self._expand(form, self._get("charge", name))

    def list_disputes(self, form: Form) -> Wire:
        """List disputes, of one payment intent if it is named."""
        return self._page("dispute", "/v1/disputes", form, "payment_intent", "charge")

    def retrieve_dispute(self, form: Form, name: str) -> Wire:
        """Retrieve a dispute."""
        return self._expand(form, self._get("dispute", name))

    def submit_evidence(self, form: Form, name: str) -> Wire:
        """Answer a dispute. As in Stripe's test mode, the text of the evidence determines the outcome."""
        dispute, text = self._get("dispute", name), form.get("evidence[uncategorized_text]", "")
        _reject_unknown(form, "evidence", "submit")
        dispute["evidence"]["uncategorized_text"] = text
        dispute["evidence_details"] |= {"has_evidence": True, "submission_count": 1}
        self.returns.change_dispute(dispute, EVIDENCE.get(text, "under_review"))
        return dispute

    # the account

    def list_transactions(self, form: Form) -> Wire:
        """List the movements of money."""
        return self._page("balance_transaction", "/v1/balance_transactions", form, "type", "source")

    def list_events(self, form: Form) -> Wire:
        """List the events of the last 30 days."""
        oldest = int((self.books.now() - EVENT_RETENTION).timestamp())
        kinds = _values(form, "types")
        chosen = lambda event: event["created"] >= oldest and (not kinds or event["type"] in kinds)  # noqa: E731
        return self._page("event", "/v1/events", form, "type", where=chosen)

    def retrieve_account(self, form: Form) -> Wire:
        """Retrieve the account of the key."""
        return wire_objects.account(self.books.account)

    def create_endpoint(self, form: Form) -> Wire:
        """Create a webhook endpoint; only this reply shows its signing secret."""
        name = self.books.new_id("we")
        endpoint = wire_objects.webhook_endpoint(
            name,
            self.books.timestamp(),
            url=form["url"],
            events=_values(form, "enabled_events"),
            version=form.get("api_version"),
            livemode=self.books.livemode,
        )
        self.books.store(endpoint)
        self.secrets[name] = f"whsec_double{name}"
        return {**endpoint, "secret": self.secrets[name]}

    def list_endpoints(self, form: Form) -> Wire:
        """List the webhook endpoints."""
        return self._page("webhook_endpoint", "/v1/webhook_endpoints", form)

    def delete_endpoint(self, form: Form, name: str) -> Wire:
        """Delete a webhook endpoint."""
        del self.books.objects[self._get("webhook_endpoint", name)["id"]]
        return {"id": name, "object": "webhook_endpoint", "deleted": True}

    def _page(self, kind: str, path: str, form: Form, *equal: str, where: Any = None) -> Wire:
        items = self.books.newest_first(kind, self.list_lag)
        items = [item for item in items if all(item.get(name) == form[name] for name in equal if name in form)]
        items = [item for item in items if _is_created_within(form, item) and (where is None or where(item))]
        if "starting_after" in form:
            names = [item["id"] for item in items]
            if form["starting_after"] not in names:
                raise invalid("No such object.", status=404, code="resource_missing", param="starting_after")
            items = items[names.index(form["starting_after"]) + 1 :]
        limit = int(form.get("limit", "10"))
        shown = [self._expand(form, item, prefix="data.") for item in items[:limit]]
        return wire_objects.page(path, shown, more=len(items) > limit)


def _remaining(charge: Wire) -> int:
    return int(charge["amount"] - charge["amount_refunded"])


def _is_created_within(form: Form, item: Wire) -> bool:
    bounds = ((form.get("created[gte]"), lambda at, edge: at >= edge), (form.get("created[lte]"), lambda a, b: a <= b))
    return all(edge is None or holds(item["created"], int(edge)) for edge, holds in bounds)


def _card_error(intent: Wire) -> Refusal:
    error = intent["last_payment_error"]
    facts = {key: value for key, value in error.items() if key not in ("type", "message")}
    return Refusal(402, "card_error", error["message"], payment_intent=intent, **facts)


def _amount(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not text.isdigit() or int(text) < 1:
        raise invalid(f"Invalid positive integer: {text}", code="parameter_invalid_integer", param=name)
    if int(text) > MAX_AMOUNT:
        raise invalid("Amount must be no more than 999,999.99.", code="amount_too_large", param=name)
    return int(text)


def _metadata(form: Form) -> Wire:
    return {matched[1]: text for name, text in form.items() if (matched := re.fullmatch(r"metadata\[(\w+)\]", name))}


def _values(form: Form, name: str) -> list[str]:
    return [text for key, text in form.items() if re.fullmatch(rf"{name}\[\d*\]", key)]


def _reject_unknown(form: Form, *known: str) -> None:
    for name in form:
        if name.partition("[")[0] not in known:
            raise invalid(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
