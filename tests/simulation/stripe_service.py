"""Stripe as a service of the simulator: the adapter's HTTP requests run against the stateful double.

A state is a pickled double, with the view of its books for the laws. The double's clock never goes back: a request
advances it to its sender's time. Keys are remembered for ever and searches do not lag, because in the simulator a
sender may sleep for weeks between two calls; tests/handlers/stripe tests both.
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from urllib3.exceptions import ProtocolError

from handlers.adapters.stripe.replies import PARTIAL_CAPTURE_REVERSAL
from handlers.domain.payments import GatewayStatus
from handlers.domain.requests import reported_refund_id_of
from tests.fakes.clock import FakeClock
from tests.fakes.payment_gateway import Booked
from tests.simulation.stripe_bank import StripeBank, is_of_console
from tests.support.stripe.double import TEST_KEY, ConnectionBroken, HttpCall, StripeDouble
from tests.support.stripe.fault_plan import StripeFault
from tests.support.stripe.pool import PooledReply
from tests.support.stripe.returns import FUNDS_HELD
from tests.support.stripe.wire_objects import Wire

HTTP_FAULTS: Final = tuple(
    fault.value
    for fault in (
        *(StripeFault.RATE_LIMITED, StripeFault.KEY_IN_USE, StripeFault.UNAVAILABLE),
        *(StripeFault.SAVED_ERROR, StripeFault.SAVED_ERROR_AFTER),
    )
)
FOR_EVER: Final = timedelta(days=10_000)
View = tuple[dict[str, Booked], list[tuple[str, str, int]]]
"""The books by key, and every movement of money once."""


@dataclass(slots=True)
class StripeService(StripeBank):
    """The double, with data for the laws beyond its objects: the captures by key, and the orders of new events."""

    double: StripeDouble = field(default_factory=lambda: _new_double())
    captures: dict[str, int] = field(default_factory=dict[str, int])
    notices: tuple[str, ...] = ()

    def request(self, method: str, target: str, body: str, key: str, at: str, fault: str = "") -> PooledReply:
        """Answer a request of the adapter; `fault` is injected into it.

        Raises:
            ProtocolError: the connection breaks.
        """
        self._move_clock(at)
        if fault:
            self.double.faults.add(StripeFault(fault))
        headers = {"Authorization": f"Bearer {TEST_KEY}", **({"Idempotency-Key": key} if key else {})}
        held = self._authorised_intent(target)
        try:
            reply = self.double.handle(HttpCall(method=method, target=target, body=body.encode(), headers=headers))
        except ConnectionBroken as broken:
            raise ProtocolError(str(broken)) from broken
        finally:
            self.double.calls.clear()
        if held is not None and held["status"] == "succeeded":
            self.captures[key.removesuffix(":capture")] = held["amount_received"]
        return PooledReply(reply.status, reply.body, reply.headers)

    def _authorised_intent(self, target: str) -> Wire | None:
        """Return the authorised intent of a capture."""
        path = urlsplit(target).path
        intent = self.double.books.objects.get(path.split("/")[3]) if path.endswith("/capture") else None
        return intent if intent and intent["status"] == "requires_capture" else None

    def _move_clock(self, at: str) -> None:
        clock = self.double.books.now
        assert isinstance(clock, FakeClock)
        clock.now = max(clock.now, datetime.fromisoformat(at))


def _new_double() -> StripeDouble:
    double = StripeDouble(FakeClock(datetime(2026, 3, 1, tzinfo=UTC)))
    double.endpoints.search_lag = timedelta()
    double.saved.retention = FOR_EVER
    return double


def take_state(service: StripeService) -> Any:
    """Return the state: the view, and the pickled double without its events, whose orders become `notices`."""
    objects = service.double.books.objects
    events = [item for item in objects.values() if item["object"] == "event"]
    orders = {_order_of(event["data"]["object"], objects) for event in events}
    service.notices = tuple(sorted(orders - {""}))
    for event in events:
        del objects[event["id"]], service.double.books.visible_since[event["id"]]
    return (*_view(service), pickle.dumps((service.double, service.captures)))


def put_state(service: StripeService, state: Any) -> None:
    """Restore a state."""
    service.double, service.captures = pickle.loads(state[2])
    service.notices = ()


def describe_state(state: Any) -> str:
    """Return one text for equal states."""
    double, captures = pickle.loads(state[2])
    saved = {key: (each.request, each.status, each.body) for key, each in double.saved.replies.items()}
    return repr((double.books.dump(), sorted(saved.items()), double.books.now(), sorted(captures.items())))


def _view(service: StripeService) -> View:
    books: dict[str, Booked] = {}
    moved: list[tuple[str, str, int]] = [("capture", key, amount) for key, amount in service.captures.items()]
    objects = service.double.books.objects
    for item in objects.values():
        if item["object"] == "payment_intent" and "booking_key" in item["metadata"]:
            books[item["metadata"]["booking_key"]] = _booked_payment(item, objects)
        elif item["object"] == "refund" and ("booking_key" in item["metadata"] or is_of_console(item, objects)):
            books[_key_of_refund(item, objects)] = _booked_refund(item, objects)
        elif item["object"] == "balance_transaction":
            moved += _movement(item, objects)
    for key, amount in service.captures.items():
        books[key] = Booked("capture", GatewayStatus.SETTLED, amount, "EUR")
    return books, moved


_STATUSES: Final[Mapping[str, GatewayStatus]] = {
    "succeeded": GatewayStatus.SETTLED,
    "requires_capture": GatewayStatus.AUTHORIZED,
    "requires_action": GatewayStatus.ACTION_REQUIRED,
    "processing": GatewayStatus.PENDING,
    "pending": GatewayStatus.PENDING,
}


def _booked_payment(intent: Wire, objects: Mapping[str, Wire]) -> Booked:
    is_held = intent["capture_method"] == "manual"
    status = _STATUSES.get(intent["status"], GatewayStatus.NOTHING)
    if intent["status"] == "canceled":
        failed = objects.get(str(intent["latest_charge"]), {}).get("status") == "failed"
        refused = failed or intent["last_payment_error"] or "booking_refused" in intent["metadata"]
        status = GatewayStatus.DECLINED if refused else GatewayStatus.FENCED
    captured = intent["amount_received"] if is_held else 0
    kind = "authorize" if is_held else "charge"
    disputes = (each for each in objects.values() if each["object"] == "dispute")
    disputed = sum(
        each["amount"] for each in disputes if each["payment_intent"] == intent["id"] and each["status"] in FUNDS_HELD
    )
    booked = Booked(kind, status, intent["amount"], intent["currency"].upper(), captured_minor=captured)
    return replace(booked, disputed_minor=disputed)


def _key_of_refund(refund: Wire, objects: Mapping[str, Wire]) -> str:
    """Return our key of a refund; one that was made in the dashboard has that of its id."""
    of_console = reported_refund_id_of(_order_of(refund, objects), refund["id"])
    return str(refund["metadata"].get("booking_key") or of_console)


def _order_of(item: Wire, objects: Mapping[str, Wire]) -> str:
    """Return the order that an object or its payment names: disputes and dashboard refunds name none."""
    payment = objects.get(str(item.get("payment_intent")), {})
    named = (each.get("metadata") or {} for each in (item, payment))
    return next((str(each["booking_order"]) for each in named if "booking_order" in each), "")


def _booked_refund(refund: Wire, objects: Mapping[str, Wire]) -> Booked:
    status = _STATUSES.get(refund["status"], GatewayStatus.DECLINED)
    if "failure_balance_transaction" in refund:
        status = GatewayStatus.REVERSED
    reference = refund["id"] if is_of_console(refund, objects) else ""
    order_id = _order_of(refund, objects)
    return Booked(
        "refund", status, refund["amount"], refund["currency"].upper(), charge_key=order_id, reference=reference
    )


def _movement(transaction: Wire, objects: Mapping[str, Wire]) -> list[tuple[str, str, int]]:
    """Return the movement of a transaction under our key; that of a capture is in the service's list."""
    source, amount = objects[transaction["source"]], abs(transaction["amount"])
    if source["object"] == "charge":
        intent = objects[source["payment_intent"]]
        is_held = intent["capture_method"] == "manual"
        return [] if is_held else [("charge", intent["metadata"]["booking_key"], amount)]
    if source["object"] == "dispute":
        return []  # the bank moves that money, without a key of ours
    if transaction["reporting_category"] == PARTIAL_CAPTURE_REVERSAL:
        return []  # the uncaptured part; the service's list has the captured one
    kind = "reversal" if transaction["type"] == "refund_failure" else "refund"
    return [(kind, _key_of_refund(source, objects), amount)]
