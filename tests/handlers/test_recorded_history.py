"""Messages and items of earlier schemas are read for ever.

`recorded/schema_<n>.json` was written when ledger entries had schema n; never change one, add a file for a new schema.
`python -m tests.handlers.test_recorded_history` writes that of the present schema where it is missing.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.domain.answers import LEDGER_CODES
from handlers.domain.ledger import ENTRY_SCHEMA
from handlers.purchase import purchase
from handlers.record import record
from handlers.refund import refund
from tests.handlers.world import World, purchase_of, refund_of

RECORDED = Path(__file__).parent / "recorded"
FUTURE = {"from_the_future": {"anything": [1, None, "x"]}}


def _recording(path: Path) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads(path.read_text())
    return recording


def _restored(recording: dict[str, Any], *, future: bool = False) -> World:
    """The world as it was recorded; with attributes that only a later version knows."""
    world = World()
    for table, items in recording["items"].items():
        for item in items:
            extra = {"from_the_future": {"S": "x"}} if future else {}
            world.dynamodb.put_item(TableName=table, Item={**item, **extra})
    for key, body in recording["objects"].items():
        world.s3.put_object(Bucket="audit", Key=key, Body=body.encode())
    return world


@pytest.fixture(params=sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def recording(request: pytest.FixtureRequest) -> dict[str, Any]:
    return _recording(request.param)


def test_stored_orders_of_every_schema_are_whole(recording: dict[str, Any]) -> None:
    """Law 22 (append-only), law 23 (audit completeness): stored orders outlive every version."""
    assert _restored(recording).findings() == ()


def test_recorded_messages_of_every_schema_are_answered_as_they_were(recording: dict[str, Any]) -> None:
    """Law 13 (no expiry): redelivery weeks later, after a redeploy."""
    world = _restored(recording)
    functions = {"purchase": purchase, "refund": refund, "record": record}
    for told in recording["messages"]:
        for more in ({}, FUTURE):
            answer = functions[told["function"]]({**told["message"], **more}, world.dependencies())
            expected = {**told["answer"], "replayed": answer["replayed"]}
            if expected["status"] == "rejected" and expected["code"] not in LEDGER_CODES:
                del expected["message"]  # a refusal is not stored, so a release may reword it
            assert {key: answer[key] for key in expected} == expected
    assert world.findings() == ()


def test_what_a_later_version_stored_beside_the_ledger_survives_our_writes(recording: dict[str, Any]) -> None:
    """During a deployment an old function works on what a new one wrote."""
    world = _restored(recording, future=True)
    order_id = recording["order_id"]
    assert world.book(refund_of(order_id, "r-new", amount_minor=7))["status"] == "succeeded"
    row = world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": f"ORDER#{order_id}"}})["Item"]
    assert row["from_the_future"] == {"S": "x"}


def test_a_ledger_of_every_schema_goes_on_under_the_present_one(recording: dict[str, Any]) -> None:
    """Law 22 (append-only), law 40 (no closed day): one chain, whose earlier entries stay as they were written."""
    world = _restored(recording)
    before = world.order(recording["order_id"]).ledger
    world.book(refund_of(recording["order_id"], "r-new", amount_minor=7))
    after = world.order(recording["order_id"]).ledger
    assert after[: len(before)] == before
    assert {entry.schema for entry in after[len(before) :]} == {ENTRY_SCHEMA}
    assert world.findings() == ()


def test_the_present_schema_is_recorded() -> None:
    """Law 22 (append-only): what this release writes, every later one reads."""
    assert (RECORDED / f"schema_{ENTRY_SCHEMA}.json").exists()


def test_an_execution_that_began_under_an_old_definition_ends_under_new_functions(recording: dict[str, Any]) -> None:
    """Redeploy in the middle of an execution."""
    world = _restored(recording)
    (told, *_) = [each for each in recording["messages"] if each["function"] == "refund"]
    message = {**told["message"], "error": {"Error": "States.TaskFailed", "Cause": "redeployed"}, **FUTURE}
    assert record(message, world.dependencies())["status"] == "succeeded"


def _record_history() -> dict[str, Any]:
    world, messages = World(), []
    world.stock(MUG=(800, 20), POT=(2450, 5))

    def tell(function: str, message: dict[str, Any]) -> dict[str, Any]:
        functions = {"purchase": purchase, "refund": refund, "record": record}
        answer = functions[function](message, world.dependencies())
        messages.append({"function": function, "message": message, "answer": answer})
        return answer

    bought = world.message(purchase_of(MUG=(2, 800), POT=(1, 2450)))
    order_id = tell("record", {**bought, "result": tell("purchase", bought)})["order_id"]
    for number, wish in enumerate(({"amount_minor": 1000}, {"lines": [{"sku": "MUG", "quantity": 1}]})):
        given_back = world.message(refund_of(order_id, f"r-{number}", **wish))
        tell("record", {**given_back, "result": tell("refund", given_back)})
    over = world.message(refund_of(order_id, "over", amount_minor=9999))
    tell("record", {**over, "result": tell("refund", over)})
    tables = {name: world.dynamodb.scan(TableName=name)["Items"] for name in ("orders", "gateway")}
    objects = {key: body.decode() for key, body in world.audit_objects().items()}
    return {"order_id": order_id, "messages": messages, "items": tables, "objects": objects}


if __name__ == "__main__" and not (RECORDED / f"schema_{ENTRY_SCHEMA}.json").exists():
    recorded = json.dumps(_record_history(), indent=1, sort_keys=True) + "\n"
    (RECORDED / f"schema_{ENTRY_SCHEMA}.json").write_text(recorded)
