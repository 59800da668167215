"""Orders that a newer release has written to, as this release finds them after a rollback."""

import json
from typing import Any

import pytest

from handlers.adapters.dynamodb.attribute_values import encode
from handlers.domain.canonical import digest
from handlers.domain.trail.verification import Problem
from handlers.purchase import purchase
from handlers.record import record
from tests.handlers.world import World, purchase_of, refund_of


def _continue_with_newer_release(world: World, order_id: str) -> None:
    """Append an intact entry of an unknown kind."""
    order = world.order(order_id)
    entry: dict[str, Any] = {**order.ledger[-1].as_json(), "seq": order.version + 1, "type": "PaymentTeleported"}
    entry["previous"] = entry.pop("hash")
    stored = encode([{**entry, "hash": digest(entry)}])
    world.dynamodb.update_item(
        TableName="orders",
        Key={"pk": {"S": f"ORDER#{order_id}"}},
        UpdateExpression="SET ledger = list_append(ledger, :entry), version = version + :one",
        ExpressionAttributeValues={":entry": stored, ":one": {"N": "1"}},
    )


def _world_of_newer_release() -> tuple[World, str, dict[str, Any]]:
    world = World()
    world.stock(MUG=(800, 20))
    answer = world.book(purchase_of(MUG=(2, 800)))
    _continue_with_newer_release(world, answer["order_id"])
    return world, answer["order_id"], answer


def _stored_items(world: World) -> Any:
    return world.dynamodb.scan(TableName="orders"), world.dynamodb.scan(TableName="gateway")


def test_a_stored_answer_of_an_order_that_cannot_be_folded_is_replayed() -> None:
    """Law 39 (two releases)."""
    world, _, answer = _world_of_newer_release()
    assert world.book(purchase_of(MUG=(2, 800))) == {**answer, "replayed": True}
    assert world.book(purchase_of(MUG=(1, 800)))["code"] == "KEY_REUSED"


@pytest.mark.over_gateways
def test_a_new_request_on_an_order_that_cannot_be_folded_fails_without_effect() -> None:
    """Law 39 (two releases): it fails with NEWER_RELEASE, is recorded, and may be repeated."""
    world, order_id, _ = _world_of_newer_release()
    before = _stored_items(world)
    answer = world.book(refund_of(order_id))
    assert (answer["status"], answer["code"], answer["refundable_minor"]) == ("failed", "NEWER_RELEASE", None)
    assert "Nothing was begun" in answer["message"]
    assert _stored_items(world) == before
    (refusal,) = [json.loads(body) for key, body in world.audit_objects().items() if key.startswith("refusals/")]
    assert refusal["result"]["code"] == "NEWER_RELEASE"


def test_a_request_started_by_the_newer_release_has_an_unknown_outcome() -> None:
    """Law 39 (two releases): no answer may claim that nothing was begun."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(payment_method="pm_timeout", MUG=(2, 800)))["order_id"]
    _continue_with_newer_release(world, order_id)
    answer = world.book(purchase_of(payment_method="pm_timeout", MUG=(2, 800)))
    assert (answer["status"], answer["code"]) == ("unknown", "NEWER_RELEASE")


def test_reconcile_lists_an_order_that_it_cannot_fold_and_does_not_change_it() -> None:
    """Law 39 (two releases): one sentence, no stack trace, no other order disturbed."""
    world, order_id, _ = _world_of_newer_release()
    other = world.book(purchase_of("other", "pm_timeout", MUG=(1, 800)))["order_id"]
    report = world.reconcile()
    assert report["settled"] == [other]
    (sentence,) = report["left_to_people"]
    assert sentence.startswith(f"Entry 3 (PaymentTeleported) of order {order_id} was written by a newer release.")
    assert not any("traceback" in line for line in world.lines)


def test_a_parked_result_of_an_order_that_cannot_be_folded_stays_in_the_queue() -> None:
    """Law 39 (two releases): only the newer release can compute its record."""
    world = World()
    world.stock(MUG=(800, 20))
    message = world.message(purchase_of(MUG=(2, 800)))
    result = purchase(message, world.dependencies())
    _continue_with_newer_release(world, result["order_id"])
    world.park(json.dumps({**message, "result": result}))
    assert len(world.reconcile()["left_to_people"]) == 1
    assert world.audit_objects() == {}
    assert len(world.sqs.queues["https://sqs.example/parking"]) == 1
    assert record({**message, "result": result}, world.dependencies()) == {**result, "replayed": True}


def test_an_order_that_cannot_be_folded_is_not_reported_as_altered() -> None:
    """Law 39 (two releases): its chain is checked, its records are compared with the chain, and no more."""
    world, order_id, _ = _world_of_newer_release()
    assert [(each.problem, each.where) for each in world.findings()] == [(Problem.CANNOT_JUDGE, order_id)]
    assert world.reconcile()["altered"] == []
    (key,) = world.audit_objects()
    forged = {**json.loads(world.audit_objects()[key]), "ledger": []}
    world.s3.versions.clear()
    world.s3.put_object(Bucket="audit", Key=key, Body=json.dumps(forged).encode())
    assert {each.problem for each in world.findings()} == {Problem.CANNOT_JUDGE, Problem.ALTERED}
