"""The simulated shop: its tables and buckets, its times, and the orders at the start of histories."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from urllib3.exceptions import ProtocolError

from handlers.contracts.storage import ORDERS, SWEEP_KEY
from handlers.domain.canonical import format_instant
from handlers.domain.errors import PaymentOutcomeUnknown, Unavailable
from handlers.domain.requests import order_id_of, refund_id_of
from tests.fakes.dynamodb import FakeDynamoDB, refusal
from tests.fakes.s3 import FakeS3
from tests.fakes.tables import table_request
from tests.simulation.changes import CAPACITY, ORDERS_TABLE
from tests.simulation.services import Service, port_gateway, reply_raising, services, stripe_gateway

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATE = timedelta(days=20)
"""Weeks later, still within the refund window of 30 days."""
AT_REST = LATE + timedelta(days=8)
"""The time by which every wait is over: an approval or a hold that began late ends after 7 days."""
SOON, AFTER_FENCE = timedelta(minutes=5), timedelta(hours=2)

PRICES = {"mug": 1000, "pen": 250}
CUSTOMER = "cus-1"
ORDER = order_id_of(CUSTOMER, "p1")
"""The order of the purchase with which most histories begin."""
FREE_TEXTS = (b"the handle broke", b"bank statement")
"""Texts that people write in requests; they may only be stored where they can be erased (law 42)."""
SERVICES = ("dynamodb", "s3", "gateway", "sqs")
States = tuple[int, int, int, int]


GATEWAY = os.environ.get("SIMULATED_GATEWAY") or "port"
"""`port` (a fake behind the domain's port), `stripe` (the adapter over the double), or `stripe-webhooks`."""
OVER_HTTP, HAS_WEBHOOKS = GATEWAY != "port", GATEWAY == "stripe-webhooks"
if GATEWAY not in ("port", "stripe", "stripe-webhooks"):
    raise ValueError(f"SIMULATED_GATEWAY must be port, stripe or stripe-webhooks, got {GATEWAY!r}.")


def _shop() -> dict[str, Service]:
    dynamodb = FakeDynamoDB(strict=False)
    dynamodb.create_table(**table_request(ORDERS_TABLE, ORDERS))
    for sku, price in PRICES.items():
        item = {"pk": f"SKU#{sku}", "sku": sku, "currency": "EUR"}
        numbers = {"schema": 1, "price_minor": price, "available": CAPACITY[sku]}
        dynamodb.put_item(
            TableName=ORDERS_TABLE,
            Item={**{k: {"S": v} for k, v in item.items()}, **{k: {"N": str(v)} for k, v in numbers.items()}},
        )
    if OVER_HTTP:  # reconcile, which runs every few minutes, has read Stripe's list so far
        position = {"pk": {"S": SWEEP_KEY}, "schema": {"N": "1"}, "through": {"S": format_instant(START)}}
        nowhere = {"until": {"NULL": True}, "after": {"NULL": True}}
        dynamodb.put_item(TableName=ORDERS_TABLE, Item={**position, **nowhere})
    gateway = stripe_gateway() if OVER_HTTP else port_gateway()
    return services(dynamodb, FakeS3(strict=False, now=lambda: START), gateway)


SHOP = _shop()
OPENING: States = tuple(  # type: ignore[assignment]
    service.state_number(service.take_state(service.fake)) for service in SHOP.values()
)


@dataclass(frozen=True, slots=True)
class ServiceFaults:
    """The faulty replies by service: before the effect, after it, and if another transaction wins."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    conflict: tuple[int, ...] = ()


def _aws(code: str, status: int = 400) -> int:
    error = refusal(code, "simulated")
    error.response["ResponseMetadata"]["HTTPStatusCode"] = status
    return reply_raising(error)


_RESET = reply_raising(ConnectionClosedError(endpoint_url="https://simulated"))
_TIMEOUT = reply_raising(ReadTimeoutError(endpoint_url="https://simulated"))
_CONFLICT = refusal("TransactionConflictException", "simulated")
FAULTS = {
    "dynamodb": ServiceFaults(
        before=(_aws("ProvisionedThroughputExceededException"), _RESET),
        after=(_TIMEOUT, _aws("InternalServerError", 500)),
        conflict=(reply_raising(_CONFLICT),),
    ),
    "s3": ServiceFaults(
        before=(_aws("SlowDown", 503), _aws("ConditionalRequestConflict", 409)),
        after=(_TIMEOUT, _aws("InternalError", 500)),
    ),
    "sqs": ServiceFaults(before=(_aws("ServiceUnavailable", 503), _RESET), after=(_TIMEOUT,)),
}
OUTCOME_UNKNOWN = reply_raising(PaymentOutcomeUnknown("simulated"))
GATEWAY_AWAY = reply_raising(Unavailable("simulated"))
CONNECTION_BROKEN = reply_raising(ProtocolError("simulated"))
STALLED = _TIMEOUT
"""The reply to a call that has not arrived yet."""


def conflict_of(parts: int) -> int:
    """Return the error of a transaction whose last part conflicts with another transaction."""
    reasons: list[dict[str, Any]] = [{"Code": "None"}] * (parts - 1) + [{"Code": "TransactionConflict"}]
    return reply_raising(refusal("TransactionCanceledException", "simulated", CancellationReasons=reasons))


def purchase_request(request_id: str, *, mugs: int = 1, pens: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a purchase as a caller sends it."""
    quantities = {"mug": mugs, "pen": pens}
    lines = [
        {"sku": sku, "quantity": quantity, "unit_price_minor": PRICES[sku]}
        for sku, quantity in quantities.items()
        if quantity
    ]
    return {
        "action": "purchase",
        "request_id": request_id,
        "customer_id": CUSTOMER,
        "currency": "EUR",
        "lines": lines,
        "payment_method": "pm_ok",
        **fields,
    }


def refund_request(request_id: str, purchase_id: str, **fields: Any) -> dict[str, Any]:
    """Return a refund as a caller sends it."""
    return {
        "action": "refund",
        "request_id": request_id,
        "order_id": order_id_of(CUSTOMER, purchase_id),
        "requested_by": "agent-1",
        "reason": "the handle broke",
        **fields,
    }


SIX = refund_request("r1", "p1", amount_minor=600)


def request_on(action: str, request_id: str, purchase_id: str, **fields: Any) -> dict[str, Any]:
    """Return a capture or a cancellation as a caller sends it."""
    return {
        "action": action,
        "request_id": request_id,
        "order_id": order_id_of(CUSTOMER, purchase_id),
        "requested_by": "agent-1",
        **fields,
    }


def decision_request(decision: str, request_id: str, refund: dict[str, Any]) -> dict[str, Any]:
    """Return another person's decision on a held refund."""
    return {
        "action": "decide",
        "request_id": request_id,
        "order_id": refund["order_id"],
        "subject": refund_id_of(refund["order_id"], refund["request_id"]),
        "decision": decision,
        "requested_by": "lead-1",
    }


def resolve_request(
    outcome: str, request_id: str, order_id: str, subject: str, *, by: str = "agent-1", **fields: Any
) -> dict[str, Any]:
    """Return a proposal to close a case: its subject was paid outside the system (`settled`), or not (`released`)."""
    return {
        "action": "resolve",
        "request_id": request_id,
        "order_id": order_id,
        "subject": subject,
        "outcome": outcome,
        "evidence": "bank statement",
        "requested_by": by,
        **fields,
    }


def judgement_request(
    decision: str, request_id: str, order_id: str, subject: str, *, by: str = "lead-1"
) -> dict[str, Any]:
    """Return a decision on the proposed resolution of a case."""
    return {
        "action": "decide",
        "request_id": request_id,
        "order_id": order_id,
        "subject": subject,
        "decision": decision,
        "requested_by": by,
    }
