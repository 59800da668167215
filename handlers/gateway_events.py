"""The webhooks of the payment gateway: check the signature, and queue the order for reconcile.

The function is the only reader of the signing secrets. A webhook only signals that an order may have changed; reconcile
asks the gateway for the state. Lost, repeated, late or reordered webhooks therefore do no harm.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final, cast

from .adapters.stripe.webhook_events import EVENT_TYPES, MAX_BODY_BYTES, StripeEvent, is_signed, parse_event
from .contracts.prebuilt import GatewayNotice
from .contracts.pydantic_engine import ValidationError
from .runtime.dependencies import Dependencies, dependencies

REQUIRED_SETTINGS: Final = ("stage", "stripe_webhook_secret", "stripe_mode", "events_queue_url", "sdk_timeout")
GATEWAY: Final = "stripe"
_HEADERS: Final = {"content-type": "application/json", "cache-control": "no-store"}


def handler(event: object, _context: object) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload format 2.0)."""
    return receive(event, dependencies(*REQUIRED_SETTINGS))


def receive(event: object, deps: Dependencies) -> dict[str, Any]:
    """Queue the order of a signed webhook. Headers and body are never logged.

    Raises:
        Unavailable: the secrets or the queue cannot be reached. The gateway sends the webhook again.
    """
    request = _mapping(event)
    if _mapping(request.get("pathParameters")).get("gateway") != GATEWAY:
        return _reply(404, "This path names no gateway.")
    body = _raw_body(request)
    if body is None or len(body) > MAX_BODY_BYTES:
        return _log(deps, 413, f"The body must be text of at most {MAX_BODY_BYTES} bytes.")
    if not _is_signed(body, _header(request, "stripe-signature"), deps):
        return _log(deps, 400, "The signature must be made with this endpoint's secret within the last five minutes.")
    webhook = parse_event(body)
    if webhook is None:
        return _log(deps, 400, "The body must be an event of Stripe.")
    return _handle(webhook, deps)


def _handle(webhook: StripeEvent, deps: Dependencies) -> dict[str, Any]:
    """Reject an event of another mode or account, ignore one that is not about our orders, and queue any other."""
    mode = deps.settings.stripe_mode
    if webhook.livemode is not (mode == "live") or webhook.account:
        return _log(deps, 400, f"This endpoint takes events of its own account in {mode} mode.", webhook)
    if webhook.type not in EVENT_TYPES or webhook.stage not in ("", deps.settings.stage):
        return _log(deps, 200, "ignored", webhook)
    notice = _notice(webhook)
    if notice is None:
        return _log(deps, 200, "ignored", webhook)
    deps.notices.send(notice)
    return _log(deps, 200, "queued", webhook)


def _notice(webhook: StripeEvent) -> GatewayNotice | None:
    """Return the notice by which reconcile finds the order; None if the event names neither order nor payment."""
    try:
        if webhook.order_id:
            return GatewayNotice(order_id=webhook.order_id)
        return GatewayNotice(reference=webhook.payment_intent) if webhook.payment_intent else None
    except ValidationError:
        return None


def _is_signed(body: bytes, header: str, deps: Dependencies) -> bool:
    """Check the signature. If it fails, read the secrets again, because one may just have been rolled."""
    secrets, now = deps.signing_secrets, deps.now()
    return is_signed(body, header, secrets.current(), now) or is_signed(body, header, secrets.read_again(), now)


def _raw_body(request: Mapping[str, Any]) -> bytes | None:
    """Return the body as it was sent, because the signature covers exactly that."""
    body = request.get("body", "")
    if not isinstance(body, str):
        return None
    if not request.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return None


def _header(request: Mapping[str, Any], name: str) -> str:
    headers = _mapping(request.get("headers"))
    return next((value for key, value in headers.items() if key.lower() == name and isinstance(value, str)), "")


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _log(deps: Dependencies, status: int, message: str, webhook: StripeEvent | None = None) -> dict[str, Any]:
    facts = {"event": webhook.id, "type": webhook.type, "order": webhook.order_id or None} if webhook else {}
    deps.log.log_step("gateway-events", status=status, outcome=message, **facts)
    return _reply(status, message)


def _reply(status: int, message: str) -> dict[str, Any]:
    return {"statusCode": status, "headers": _HEADERS, "body": json.dumps({"message": message})}
