"""The conditional writes of orders and stock. Each condition states the invariant that the write must keep."""

from typing import Any

from ...contracts.storage import ATTENTION, DEFERRED_SINCE, order_key, sku_key
from ...domain.canonical import Json
from ...domain.order import Order
from ...domain.ports import Change
from ...domain.requests import Line
from .attribute_values import encode
from .order_items import attention, order_item, projection, request_json, shard_of
from .update_expression import Update


def create_order(table: str, order: Order) -> dict[str, Any]:
    """Create the order, unless one with its id exists."""
    return {
        "TableName": table,
        "Item": order_item(order),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def reserve_stock(table: str, line: Line, currency: str) -> dict[str, Any]:
    """Reserve units, if the price is still the quoted one and enough are available."""
    update = Update()
    price, sold_in, available = update.name("price_minor"), update.name("currency"), update.name("available")
    quantity = update.value(line.quantity)
    update.condition = (
        f"{price} = {update.value(line.unit_price_minor)} AND {sold_in} = {update.value(currency)}"
        f" AND {available} >= {quantity}"
    )
    update.increase("available", -line.quantity)
    return {"TableName": table, "Key": {"pk": encode(sku_key(line.sku))}, **update.request()}


def release_stock(table: str, sku: str, quantity: int) -> dict[str, Any]:
    """Restock units of a SKU that still exists."""
    update = Update()
    update.condition = f"attribute_exists({update.name('available')})"
    update.increase("available", quantity)
    return {"TableName": table, "Key": {"pk": encode(sku_key(sku))}, **update.request()}


def append_order(table: str, change: Change) -> dict[str, Any]:
    """Append the entries of a change, if the order is still as in its `before`.

    The append does not end a deferral: reconcile deferred the order because a lookup failed, and an append involves no
    lookup. Unknown attributes are left alone, so an older function keeps what a newer one has written.
    """
    before, after, update = change.before, change.after, Update()
    update.condition = (
        f"{_is_version_of(update, before)} AND {_is_unchanged(update, DEFERRED_SINCE, before.deferred_since)}"
    )
    update.append("ledger", [entry.as_json() for entry in after.ledger[before.version :]])
    update.set(projection(after))
    if after.salt != before.salt:
        update.set({"salt": after.salt})
    _set_requests(update, change)
    waiting = attention(after)
    update.set(waiting)
    if not waiting:
        update.remove(ATTENTION.hash_key, ATTENTION.range_key)
    return {"TableName": table, "Key": {"pk": encode(order_key(after.order_id))}, **update.request()}


def defer_order(table: str, order: Order, until: str | None, now: str | None) -> dict[str, Any]:
    """Set an order's due time, or remove it, if nothing was added to its ledger.

    Deferrals end only if no other run has deferred the order since it was loaded.
    """
    update = Update()
    update.condition = _is_version_of(update, order)
    if now is None:
        loaded_due_at = order.stored_due_at or attention(order).get(ATTENTION.range_key)
        update.condition += f" AND {_is_unchanged(update, ATTENTION.range_key, loaded_due_at)}"
    if until:
        update.set({ATTENTION.hash_key: str(shard_of(order.order_id)), ATTENTION.range_key: until})
    else:
        update.remove(ATTENTION.hash_key, ATTENTION.range_key)
    if until and now:
        update.set({DEFERRED_SINCE: order.deferred_since or now})
    else:
        update.remove(DEFERRED_SINCE)
    return {"TableName": table, "Key": {"pk": encode(order_key(order.order_id))}, **update.request()}


def _is_version_of(update: Update, order: Order) -> str:
    return f"{update.name('version')} = {update.value(order.version)}"


def _is_unchanged(update: Update, name: str, loaded: Json) -> str:
    return f"{update.name(name)} = {update.value(loaded)}" if loaded else f"attribute_not_exists({update.name(name)})"


def _set_requests(update: Update, change: Change) -> None:
    for subject, accepted in change.after.requests.items():
        before = change.before.requests.get(subject)
        if before is None:
            update.set_at(("requests", subject), request_json(accepted))
            continue
        if accepted.answer and before.answer is None:
            update.set_at(("requests", subject, "answer"), accepted.answer.as_json())
        if accepted.erased and not before.erased:
            for name, value in (("text", ""), ("fingerprint", ""), ("erased", True)):
                update.set_at(("requests", subject, name), value)
