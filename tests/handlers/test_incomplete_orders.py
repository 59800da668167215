"""Orders that lack an attribute of every order, as a hand or a bug at the table leaves them."""

from collections.abc import Callable
from typing import Any

import pytest

from cli.forget import Eraser
from handlers.domain.errors import OrderIncomplete
from tests.handlers.world import World, decision_of, purchase_of, refund_of, resolution_of

BOUGHT = purchase_of(MUG=(2, 800))
ADVICE = "so it can be neither read nor changed. Restore the attribute from a backup of the orders table"


def _on_hold(action: str) -> Callable[[str], dict[str, Any]]:
    return lambda order_id: {"action": action, "request_id": "h", "order_id": order_id, "requested_by": "agent-7"}


REQUESTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "purchase": lambda _: BOUGHT,
    "refund": refund_of,
    "capture": _on_hold("capture"),
    "cancel": _on_hold("cancel"),
    "decide": lambda order_id: decision_of(order_id, "refund:ref_1"),
    "resolve": lambda order_id: resolution_of(order_id, "case:case_1"),
}


def _shop() -> tuple[World, str]:
    world = World()
    world.stock(MUG=(800, 20))
    return world, str(world.book(BOUGHT)["order_id"])


def _row(world: World, order_id: str) -> dict[str, Any]:
    row: dict[str, Any] = world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": f"ORDER#{order_id}"}})["Item"]
    return row


def _remove(world: World, order_id: str, attribute: str) -> dict[str, Any]:
    """Remove an attribute from the stored order, and return the row as it was."""
    row = _row(world, order_id)
    world.dynamodb.put_item(TableName="orders", Item={name: row[name] for name in row.keys() - {attribute}})
    return row


def _stored_items(world: World) -> Any:
    return world.dynamodb.scan(TableName="orders"), world.dynamodb.scan(TableName="gateway")


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_a_request_on_an_order_without_salt_fails_alone_and_names_the_attribute(
    request_of: Callable[[str], dict[str, Any]],
) -> None:
    """Law 28 (isolation): nothing moves, reconcile names the order once and settles the others, nothing is lost."""
    world, order_id = _shop()
    row, request = _remove(world, order_id, "salt"), request_of(order_id)
    waiting = world.book(purchase_of("other", "pm_timeout", MUG=(1, 800)))["order_id"]
    before = _stored_items(world)
    with pytest.raises(OrderIncomplete, match=f"Order {order_id} has no attribute salt, {ADVICE}"):
        world.step(request)
    assert world.book(request)["code"] == "NOT_RECORDED"
    assert _stored_items(world) == before
    report = world.reconcile()
    assert report["settled"] == [waiting]
    assert [each.partition(": ")[0] for each in report["left_to_people"]] == [order_id, "a parked outcome"]
    assert all(f"Order {order_id} has no attribute salt" in each for each in report["left_to_people"])
    world.dynamodb.put_item(TableName="orders", Item=row)
    assert world.reconcile()["left_to_people"] == []
    assert world.findings() == ()


def test_erasing_an_order_without_salt_is_refused_with_the_reason() -> None:
    """Law 28 (isolation), law 42 (erased is erased): refused in words, so that a customer's other orders are erased."""
    world, order_id = _shop()
    _remove(world, order_id, "salt")
    before = _stored_items(world)
    refused = Eraser(orders=world.dependencies().orders, requested_by="p").erase(order_id)
    assert (refused.outcome, ADVICE in refused.reason, _stored_items(world)) == ("refused", True, before)


@pytest.mark.parametrize("attribute", ["order_id", "currency", "ledger", "requests", "salt"])
def test_a_missing_attribute_is_named(attribute: str) -> None:
    """Law 28 (isolation)."""
    world, order_id = _shop()
    _remove(world, order_id, attribute)
    with pytest.raises(OrderIncomplete, match=f"Order {order_id} has no attribute {attribute}, {ADVICE}"):
        world.order(order_id)


def test_an_attribute_missing_from_a_request_is_named_with_its_path() -> None:
    """Law 28 (isolation)."""
    world, order_id = _shop()
    row = _row(world, order_id)
    del row["requests"]["M"][order_id]["M"]["fingerprint"]
    world.dynamodb.put_item(TableName="orders", Item=row)
    with pytest.raises(OrderIncomplete, match=f"has no attribute requests.{order_id}.fingerprint, {ADVICE}"):
        world.order(order_id)
