"""Signed webhooks: deliveries of the double's events to the endpoints, in an order chosen by the test."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.stripe.double import StripeDouble
from tests.support.stripe.wire_objects import Wire


def sign(body: bytes, secrets: tuple[str, ...], timestamp: int) -> str:
    """Return the `Stripe-Signature` header: one signature for each secret that is valid now."""
    signed = [hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256) for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest.hexdigest()}" for digest in signed)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver an event to an endpoint."""

    url: str
    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        """The event inside."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass(slots=True)
class Webhooks:
    """The events of a double that wait for delivery. The test delivers, repeats, reorders or drops them.

    Like Stripe, it has no stages: every endpoint of the account gets all events that it subscribes to, including those
    of other stages, which the receiver must ignore.
    """

    double: StripeDouble
    waiting: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    rolled: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __post_init__(self) -> None:
        self.double.books.listeners.append(self._queue)

    def _queue(self, event: Wire) -> None:
        endpoints = self.double.books.newest_first("webhook_endpoint")
        body = json.dumps(event, indent=2).encode()  # indented, as the API sends it: the signature covers the raw body
        for endpoint in endpoints:
            wanted = endpoint["enabled_events"]
            if endpoint["status"] == "enabled" and ("*" in wanted or event["type"] in wanted):
                self.waiting.append((endpoint["id"], body))

    def take(self, index: int = 0, *, keep: bool = False) -> Delivery:
        """Return a waiting event for delivery; `keep` leaves it in place to be delivered again."""
        endpoint_id, body = self.waiting[index] if keep else self.waiting.pop(index)
        endpoint = self.double.books.objects[endpoint_id]
        secrets = (self.double.endpoints.secrets[endpoint_id], *self.rolled.get(endpoint_id, ()))
        return Delivery(url=endpoint["url"], body=body, signature=sign(body, secrets, self.double.books.timestamp()))

    def roll_secret(self, endpoint_id: str, secret: str) -> None:
        """Give an endpoint a new signing secret; the old one also signs for a while."""
        self.rolled[endpoint_id] = (self.double.endpoints.secrets[endpoint_id],)
        self.double.endpoints.secrets[endpoint_id] = secret
