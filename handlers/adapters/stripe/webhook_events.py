"""Stripe's webhooks: check the signature over the raw body, and extract the order from the event.

A webhook only signals that an order may have changed. Nothing else in it is trusted, so copied, replayed and reordered
events do no harm.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from .replies import ORDER, STAGE

TOLERANCE: Final = timedelta(minutes=5)
MAX_BODY_BYTES: Final = 256 * 1024
EVENT_TYPES: Final = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
"""The events that the endpoint at Stripe must subscribe to. Others are acknowledged and ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeEvent:
    """The part of an event that we use. `order_id` is empty for objects without our metadata, such as disputes."""

    id: str
    type: str
    livemode: bool
    account: str
    stage: str
    order_id: str
    payment_intent: str


def is_signed(body: bytes, header: str, secrets: tuple[str, ...], now: datetime) -> bool:
    """Return whether one of the secrets signed the body within the last five minutes (or the next, by our clock)."""
    fields = [part.partition("=")[::2] for part in header.split(",")]
    timestamps = [value for name, value in fields if name.strip() == "t" and value.isascii() and value.isdigit()]
    if len(timestamps) != 1 or len(timestamps[0]) > 12:
        return False
    if abs(now.timestamp() - int(timestamps[0])) > TOLERANCE.total_seconds():
        return False
    signatures = [value for name, value in fields if name.strip() == "v1"]
    payload = timestamps[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest() for secret in secrets]
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in signatures)


def parse_event(body: bytes) -> StripeEvent | None:
    """Parse the body of a webhook; None if it is not an event."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    event = cast("Mapping[str, Any]", parsed)
    item = _mapping(_mapping(event.get("data")).get("object"))
    if event.get("object") != "event" or not item or not isinstance(event.get("livemode"), bool):
        return None
    metadata = _mapping(item.get("metadata"))
    return StripeEvent(
        id=_text(event.get("id")),
        type=_text(event.get("type")),
        livemode=event["livemode"],
        account=_text(event.get("account")),
        stage=_text(metadata.get(STAGE)),
        order_id=_text(metadata.get(ORDER)),
        payment_intent=_text(item.get("id") if item.get("object") == "payment_intent" else item.get("payment_intent")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
