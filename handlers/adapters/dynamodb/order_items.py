"""Orders as DynamoDB items: the ledger, and the projection that conditions, indexes and people read."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from ...contracts.storage import ATTENTION, BY_DAY, DEFERRED_SINCE, ITEM_SCHEMA, SHARDS, order_key
from ...domain.account import fold
from ...domain.answers import answer_from
from ...domain.canonical import Json, day_of
from ...domain.errors import OrderIncomplete
from ...domain.ledger import entry_from, is_known
from ...domain.order import AcceptedRequest, NewerRelease, Order, ReadOnlyOrder
from .attribute_values import Item, decode_item, encode_item


def shard_of(order_id: str) -> int:
    """Return the shard of an order in the indexes."""
    return hashlib.sha256(order_id.encode()).digest()[0] % SHARDS


def changed_day(day: str, shard: int) -> str:
    """Return the hash key of a day and shard in the index of changes."""
    return f"{day}#{shard}"


def projection(order: Order) -> dict[str, Json]:
    """Return the attributes that are derived from the ledger."""
    last, account = order.ledger[-1], order.account
    return {
        "version": order.version,
        "status": order.status.value,
        "captured_minor": account.captured_minor,
        "reserved_minor": account.reserved_minor,
        "refunded_minor": account.refunded_minor,
        "refundable_minor": account.refundable_minor,
        "disputed_minor": account.disputed_minor,
        BY_DAY.hash_key: changed_day(day_of(last.recorded_at), shard_of(order.order_id)),
        BY_DAY.range_key: last.recorded_at,
    }


def attention(order: Order) -> dict[str, Json]:
    """Return the attributes that put an order into the attention index; none if it has no due time."""
    due = min(filter(None, (order.due_at(), order.deferred_since)), default=None)
    return {ATTENTION.hash_key: str(shard_of(order.order_id)), ATTENTION.range_key: due} if due else {}


def order_item(order: Order) -> dict[str, Any]:
    """Return the item of a new order."""
    lines: Json = [
        {"sku": line.sku, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor} for line in order.lines
    ]
    return encode_item(
        {
            "pk": order_key(order.order_id),
            "schema": ITEM_SCHEMA,
            "order_id": order.order_id,
            "customer_id": order.customer_id,
            "currency": order.currency,
            "ordered_at": order.ordered_at,
            "refundable_until": order.refundable_until,
            "lines": lines,
            "salt": order.salt,
            "ledger": [entry.as_json() for entry in order.ledger],
            "requests": {subject: request_json(accepted) for subject, accepted in order.requests.items()},
            **projection(order),
            **attention(order),
        }
    )


def order_from(item: Item) -> Order:
    """Parse an order from its item. Status and totals are folded from the ledger, not read from the projection.

    Raises:
        NewerRelease: the ledger contains a kind of entry that this release does not know.
        OrderIncomplete: an attribute that every order has is missing.
    """
    stored = decode_item(item)
    _require_complete(stored)
    entries = cast("Sequence[Mapping[str, Json]]", stored["ledger"])
    if not all(map(is_known, entries)):
        raise NewerRelease(_read_only(stored, entries))
    ledger = tuple(map(entry_from, entries))
    return Order(
        order_id=str(stored["order_id"]),
        ledger=ledger,
        account=fold(ledger),
        requests=_requests_from(stored),
        salt=str(stored["salt"]),
        deferred_since=cast("str | None", stored.get(DEFERRED_SINCE)),
        stored_due_at=cast("str | None", stored.get(ATTENTION.range_key)),
    )


_REQUIRED_ATTRIBUTES: Final = ("order_id", "currency", "ledger", "requests", "salt")
_REQUIRED_REQUEST_ATTRIBUTES: Final = ("request_id", "subject", "fingerprint")


def _require_complete(stored: Mapping[str, Json]) -> None:
    if missing := next(_missing_attributes(stored), None):
        raise OrderIncomplete(str(stored["pk"]).removeprefix(order_key("")), missing)


def _missing_attributes(stored: Mapping[str, Json]) -> Iterator[str]:
    yield from (name for name in _REQUIRED_ATTRIBUTES if name not in stored)
    requests = cast("Mapping[str, Mapping[str, Json]]", stored["requests"])
    for subject, request in requests.items():
        yield from (f"requests.{subject}.{name}" for name in _REQUIRED_REQUEST_ATTRIBUTES if name not in request)


def _read_only(stored: Mapping[str, Json], entries: Sequence[Mapping[str, Json]]) -> ReadOnlyOrder:
    return ReadOnlyOrder(
        order_id=str(stored["order_id"]),
        currency=str(stored["currency"]),
        entries=entries,
        requests=_requests_from(stored),
        salt=str(stored["salt"]),
    )


def _requests_from(stored: Mapping[str, Json]) -> dict[str, AcceptedRequest]:
    requests = cast("Mapping[str, Mapping[str, Json]]", stored["requests"])
    return {subject: _request_from(request) for subject, request in requests.items()}


def request_json(accepted: AcceptedRequest) -> dict[str, Json]:
    """Return a request as it is stored beside the ledger."""
    return {
        "request_id": accepted.request_id,
        "subject": accepted.subject,
        "fingerprint": accepted.fingerprint,
        "text": accepted.text,
        **({"fingerprint_version": accepted.fingerprint_version} if accepted.fingerprint_version > 1 else {}),
        **({"erased": True} if accepted.erased else {}),
        **({"answer": accepted.answer.as_json()} if accepted.answer else {}),
    }


def _request_from(stored: Mapping[str, Json]) -> AcceptedRequest:
    answer = stored.get("answer")
    return AcceptedRequest(
        request_id=str(stored["request_id"]),
        subject=str(stored["subject"]),
        fingerprint=str(stored["fingerprint"]),
        text=str(stored.get("text", "")),
        answer=answer_from(cast("dict[str, Json]", answer)) if answer else None,
        fingerprint_version=int(str(stored.get("fingerprint_version", 1))),
        erased=stored.get("erased") is True,
    )
