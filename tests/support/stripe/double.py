"""The API of the double: authentication, faults and idempotency around the endpoints, from bytes to bytes."""

import base64
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from tests.support.stripe.books import API_VERSION, Books
from tests.support.stripe.card_behaviours import CARDS, Card, RefundBehaviour
from tests.support.stripe.endpoints import Endpoints, Refusal, invalid
from tests.support.stripe.fault_plan import FaultPlan, StripeFault
from tests.support.stripe.idempotency import SavedReplies, fingerprint
from tests.support.stripe.payment_intents import Payments
from tests.support.stripe.returns import Returns
from tests.support.stripe.wire_objects import Wire

TEST_KEY: Final = "sk_test_double"  # valid only for the double


class ConnectionBroken(Exception):
    """The client gets no reply. The call may have taken effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """An incoming call."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def header(self, name: str) -> str:
        """Return a header, regardless of case, or an empty string."""
        return next((text for key, text in self.headers.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedReply:
    """An outgoing reply."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def parsed(self) -> Wire:
        """The parsed body."""
        parsed: Wire = json.loads(self.body)
        return parsed


_ID: Final = r"([A-Za-z0-9_]+)"
ROUTES: Final = tuple(
    (method, re.compile(f"/v1/{path}"), name)
    for method, path, name in (
        ("POST", "payment_intents", "create"),
        ("GET", "payment_intents", "list_intents"),
        ("GET", "payment_intents/search", "search"),
        ("GET", f"payment_intents/{_ID}", "retrieve"),
        ("POST", f"payment_intents/{_ID}", "update"),
        ("POST", f"payment_intents/{_ID}/confirm", "confirm"),
        ("POST", f"payment_intents/{_ID}/capture", "capture"),
        ("POST", f"payment_intents/{_ID}/cancel", "cancel"),
        ("POST", "refunds", "create_refund"),
        ("GET", "refunds", "list_refunds"),
        ("GET", f"refunds/{_ID}", "retrieve_refund"),
        ("GET", f"charges/{_ID}", "retrieve_charge"),
        ("GET", "disputes", "list_disputes"),
        ("GET", f"disputes/{_ID}", "retrieve_dispute"),
        ("POST", f"disputes/{_ID}", "submit_evidence"),
        ("GET", "balance_transactions", "list_transactions"),
        ("GET", "events", "list_events"),
        ("GET", "account", "retrieve_account"),
        ("POST", "webhook_endpoints", "create_endpoint"),
        ("GET", "webhook_endpoints", "list_endpoints"),
        ("DELETE", f"webhook_endpoints/{_ID}", "delete_endpoint"),
    )
)


class StripeDouble:
    """The part of Stripe that payments need. Every call is recorded in `calls`."""

    def __init__(self, now: Callable[[], datetime], *, key: str = TEST_KEY, livemode: bool = False) -> None:
        self.books = Books(now=now, livemode=livemode)
        self.payments = Payments(books=self.books)
        self.returns = Returns(books=self.books)
        self.endpoints = Endpoints(books=self.books, payments=self.payments, returns=self.returns)
        self.saved = SavedReplies()
        self.faults = FaultPlan()
        self.keys = {key}
        self.api_version = API_VERSION
        self.forbidden: set[str] = set()  # paths for which the key lacks permission
        self.calls: list[HttpCall] = []
        self._lost: dict[str, int] = {}

    def handle(self, call: HttpCall) -> ServedReply:
        """Answer a call.

        Raises:
            ConnectionBroken: the fault plan, or the card, loses the reply.
        """
        self.books.catch_up()
        self.calls.append(call)
        operation, arguments = self._route(call)
        reply = self._reply_with_faults(call, operation, arguments)
        self.books.catch_up()
        return reply

    def _route(self, call: HttpCall) -> tuple[str, tuple[str, ...]]:
        path = _path(call)
        for method, pattern, name in ROUTES:
            if method == call.method and (matched := pattern.fullmatch(path)):
                return name, matched.groups()
        return "", ()

    def _reply_with_faults(self, call: HttpCall, operation: str, arguments: tuple[str, ...]) -> ServedReply:
        fault = self.faults.take(operation) or self._fault_of_card(call, operation)
        if fault in _REFUSED:
            return _error(_REFUSED[fault])
        if fault is StripeFault.BROKEN_BEFORE:
            raise ConnectionBroken("The connection broke before the call arrived.")
        if fault is StripeFault.LATE:
            self.books.schedule(self.faults.late_by, partial(self._answer, call, operation, arguments))
            raise ConnectionBroken("The call is under way.")
        if fault in (StripeFault.SAVED_ERROR, StripeFault.SAVED_ERROR_AFTER):
            return self._fail(call, operation, arguments, took_effect=fault is StripeFault.SAVED_ERROR_AFTER)
        reply = self._answer(call, operation, arguments)
        if fault is StripeFault.REPLY_LOST:
            raise ConnectionBroken("The reply was lost.")
        return reply

    def _fail(self, call: HttpCall, operation: str, arguments: tuple[str, ...], *, took_effect: bool) -> ServedReply:
        """Answer 500, now and to repetitions of the key, whether the call took effect or not."""
        key = call.header("Idempotency-Key")
        if key and self.saved.find(key, self.books.now()):
            return self._answer(call, operation, arguments)
        if took_effect:
            self._execute(call, operation, arguments)
        reply = _error(Refusal(500, "api_error", "An unexpected error occurred."))
        self._save(call, reply)
        return reply

    def _fault_of_card(self, call: HttpCall, operation: str) -> StripeFault | None:
        if operation == "confirm":
            card = CARDS.get(_form(call).get("payment_method", ""))
            return self._next_loss(call, card.arrives, card.replies_lost) if card else None
        if operation == "capture":
            card = self._card_of(_path(call).split("/")[3])
            return self._next_loss(call, card.capture.arrives, card.capture.replies_lost) if card else None
        if operation == "create_refund":
            card = self._card_of(_form(call).get("payment_intent"))
            return self._next_loss(call, card.refund.arrives, card.refund.replies_lost) if card else None
        return None

    def _card_of(self, intent_id: str | None) -> Card | None:
        intent = self.books.find("payment_intent", intent_id) or {}
        return CARDS.get(str(intent.get("payment_method")))

    def _next_loss(self, call: HttpCall, arrives: bool, replies_lost: int) -> StripeFault | None:
        key = call.header("Idempotency-Key")
        self._lost[key] = self._lost.get(key, 0) + 1
        if not arrives:
            return StripeFault.BROKEN_BEFORE
        return StripeFault.REPLY_LOST if self._lost[key] <= replies_lost else None

    def _answer(self, call: HttpCall, operation: str, arguments: tuple[str, ...]) -> ServedReply:
        """Answer with the key's saved reply, or execute the call and save its reply."""
        key, now = call.header("Idempotency-Key"), self.books.now()
        saved = self.saved.find(key, now) if key and call.method == "POST" else None
        if saved is None:
            return self._execute(call, operation, arguments)
        if saved.request != _fingerprint(call):
            message = "Keys for idempotent requests can only be used with the same parameters."
            return _error(Refusal(400, "idempotency_error", message))
        return ServedReply(status=saved.status, body=saved.body, headers={"Idempotent-Replayed": "true"})

    def _execute(self, call: HttpCall, operation: str, arguments: tuple[str, ...]) -> ServedReply:
        try:
            self._authenticate(call)
            if not operation:
                raise invalid(f"Unrecognized request URL ({call.method}: {call.target}).", status=404)
            endpoint: Any = getattr(self.endpoints, operation)
            reply = ServedReply(status=200, body=_encode(endpoint(_form(call), *arguments)))
        except Refusal as refusal:
            if refusal.is_validation:
                return _error(refusal)
            reply = _error(refusal)
        self._save(call, reply)
        return reply

    def _authenticate(self, call: HttpCall) -> None:
        if _key(call.header("Authorization")) not in self.keys:
            raise invalid("Invalid API Key provided.", status=401)
        if call.header("Stripe-Version") not in ("", self.api_version):
            raise invalid(f"Invalid Stripe API version: {call.header('Stripe-Version')}")
        if _path(call) in self.forbidden:
            message = "The provided key does not have the required permissions for this endpoint."
            raise invalid(message, status=403, code="more_permissions_required")

    def _save(self, call: HttpCall, reply: ServedReply) -> None:
        key = call.header("Idempotency-Key")
        if key and call.method == "POST":
            self.saved.save(key, _fingerprint(call), reply.status, reply.body, self.books.now())

    # outside the API

    def intent_of(self, key: str) -> Wire:
        """Return the newest payment intent whose metadata contains a string, such as our key."""
        intents = self.books.newest_first("payment_intent")
        return next(intent for intent in intents if key in intent["metadata"].values())

    def charge_of(self, key: str) -> Wire:
        """Return that payment intent's latest charge."""
        return self.books.objects[self.intent_of(key)["latest_charge"]]

    def refund_in_dashboard(self, key: str, amount: int, course: RefundBehaviour | None = None) -> Wire:
        """Refund a payment as in the dashboard, without our metadata."""
        return self.returns.refund(self.charge_of(key), amount, {}, course)


_REFUSED: Final[Mapping[StripeFault | None, Refusal]] = {
    StripeFault.RATE_LIMITED: Refusal(429, "invalid_request_error", "Too many requests.", code="rate_limit"),
    StripeFault.LOCK_TIMEOUT: Refusal(429, "invalid_request_error", "The object is locked.", code="lock_timeout"),
    StripeFault.KEY_IN_USE: Refusal(409, "idempotency_error", "The key is in use.", code="idempotency_key_in_use"),
    StripeFault.FORBIDDEN: Refusal(403, "invalid_request_error", "Forbidden.", code="more_permissions_required"),
    StripeFault.DEPENDENCY_FAILED: Refusal(424, "invalid_request_error", "A dependency failed."),
    StripeFault.UNAVAILABLE: Refusal(503, "api_error", "Stripe is unavailable."),
}


def _key(authorization: str) -> str:
    """Return the API key of a header: a bearer token, or the user name of basic authentication (`curl -u KEY:`)."""
    kind, _, value = authorization.partition(" ")
    if kind != "Basic":
        return value
    with contextlib.suppress(ValueError):
        return base64.b64decode(value).decode().removesuffix(":")
    return ""


def _path(call: HttpCall) -> str:
    return urlsplit(call.target).path


def _form(call: HttpCall) -> dict[str, str]:
    query = urlsplit(call.target).query if call.method != "POST" else call.body.decode()
    return dict(parse_qsl(query, keep_blank_values=True))


def _fingerprint(call: HttpCall) -> str:
    return fingerprint(call.target, call.body)


def _encode(item: Wire) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode()


def _error(refusal: Refusal) -> ServedReply:
    return ServedReply(status=refusal.status, body=_encode(refusal.body))
