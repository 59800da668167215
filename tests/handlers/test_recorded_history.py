"""Messages and items of earlier schemas stay readable in every release.

`recorded/schema_<n>.json` was written when ledger entries had schema n. Never change one; add a file for a new schema.
`python -m tests.handlers.test_recorded_history` writes the file of the current schema if it is missing.
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


def _restore(recording: dict[str, Any], *, future: bool = False) -> World:
    """Return the recorded world, optionally with attributes of a later version."""
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


def test_stored_orders_of_every_schema_pass_verification(recording: dict[str, Any]) -> None:
    """Law 22 (append-only), law 23 (audit completeness): stored orders outlive every version."""
    assert _restore(recording).findings() == ()


def test_messages_of_every_schema_get_their_recorded_answers(recording: dict[str, Any]) -> None:
    """Law 13 (no expiry): redelivery weeks later, after a redeploy."""
    world = _restore(recording)
    functions = {"purchase": purchase, "refund": refund, "record": record}
    for sample in recording["messages"]:
        for more in ({}, FUTURE):
            answer = functions[sample["function"]]({**sample["message"], **more}, world.dependencies())
            expected = {**sample["answer"], "replayed": answer["replayed"]}
            if expected["status"] == "rejected" and expected["code"] not in LEDGER_CODES:
                del expected["message"]  # a refusal is not stored, so a release may reword it
            assert {key: answer[key] for key in expected} == expected
    assert world.findings() == ()


def test_attributes_stored_by_a_later_version_survive_a_write(recording: dict[str, Any]) -> None:
    """During a deployment, old functions handle items written by new ones."""
    world = _restore(recording, future=True)
    order_id = recording["order_id"]
    assert world.book(refund_of(order_id, "r-new", amount_minor=7))["status"] == "succeeded"
    row = world.dynamodb.get_item(TableName="orders", Key={"pk": {"S": f"ORDER#{order_id}"}})["Item"]
    assert row["from_the_future"] == {"S": "x"}


def test_a_ledger_of_any_schema_continues_under_the_current_one(recording: dict[str, Any]) -> None:
    """Law 22 (append-only), law 40 (no closed day): one chain, whose earlier entries stay as they were written."""
    world = _restore(recording)
    before = world.order(recording["order_id"]).ledger
    world.book(refund_of(recording["order_id"], "r-new", amount_minor=7))
    after = world.order(recording["order_id"]).ledger
    assert after[: len(before)] == before
    assert {entry.schema for entry in after[len(before) :]} == {ENTRY_SCHEMA}
    assert world.findings() == ()


def test_the_current_schema_has_a_recording() -> None:
    """Law 22 (append-only): every later release must read what this one writes."""
    assert (RECORDED / f"schema_{ENTRY_SCHEMA}.json").exists()


def test_an_execution_started_before_a_redeploy_completes_after_it(recording: dict[str, Any]) -> None:
    """The state machine's definition is the old one, its functions are new."""
    world = _restore(recording)
    (sample, *_) = [each for each in recording["messages"] if each["function"] == "refund"]
    message = {**sample["message"], "error": {"Error": "States.TaskFailed", "Cause": "redeployed"}, **FUTURE}
    assert record(message, world.dependencies())["status"] == "succeeded"


def _record_history() -> dict[str, Any]:
    world, messages = World(), []
    world.stock(MUG=(800, 20), POT=(2450, 5))

    def send(function: str, message: dict[str, Any]) -> dict[str, Any]:
        functions = {"purchase": purchase, "refund": refund, "record": record}
        answer = functions[function](message, world.dependencies())
        messages.append({"function": function, "message": message, "answer": answer})
        return answer

    bought = world.message(purchase_of(MUG=(2, 800), POT=(1, 2450)))
    order_id = send("record", {**bought, "result": send("purchase", bought)})["order_id"]
    for number, fields in enumerate(({"amount_minor": 1000}, {"lines": [{"sku": "MUG", "quantity": 1}]})):
        refund_message = world.message(refund_of(order_id, f"r-{number}", **fields))
        send("record", {**refund_message, "result": send("refund", refund_message)})
    over = world.message(refund_of(order_id, "over", amount_minor=9999))
    send("record", {**over, "result": send("refund", over)})
    tables = {name: world.dynamodb.scan(TableName=name)["Items"] for name in ("orders", "gateway")}
    objects = {key: body.decode() for key, body in world.audit_objects().items()}
    return {"order_id": order_id, "messages": messages, "items": tables, "objects": objects}


if __name__ == "__main__" and not (RECORDED / f"schema_{ENTRY_SCHEMA}.json").exists():
    recorded = json.dumps(_record_history(), indent=1, sort_keys=True) + "\n"
    (RECORDED / f"schema_{ENTRY_SCHEMA}.json").write_text(recorded)
