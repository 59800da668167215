"""`booking parking redrive` moves messages back from the dead-letter queue, and reconcile records them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.command_errors import CommandFailed
from cli.parking import dead_letter_queue, move_all
from local.pytest_plugin import DeployedStack
from tests.fakes.sqs import FakeSQS
from tests.integration.shop import erase

from .conftest import Shell
from .test_verbs import buy_mugs

SOURCE, DESTINATION = "https://sqs.test/000000000000/dead", "https://sqs.test/000000000000/parking"


class RefusingSQS(FakeSQS):
    """A queue service that rejects messages with a certain body."""

    refused = ""

    def send_message(self, **request: Any) -> dict[str, Any]:
        if request["MessageBody"] == self.refused:
            raise ClientError({"Error": {"Code": "KmsThrottled", "Message": "slow down"}}, "SendMessage")
        return super().send_message(**request)


def queue_messages(count: int) -> RefusingSQS:
    sqs = RefusingSQS()
    for number in range(count):
        sqs.send_message(QueueUrl=SOURCE, MessageBody=f"result {number}")
    return sqs


def bodies(sqs: FakeSQS, url: str) -> list[str]:
    return sorted(sqs.queues.get(url, {}).values())


def test_every_message_is_moved() -> None:
    sqs = queue_messages(23)
    before = bodies(sqs, SOURCE)
    assert move_all(sqs, source=SOURCE, destination=DESTINATION) == 23
    assert (bodies(sqs, SOURCE), bodies(sqs, DESTINATION)) == ([], before)


def test_a_refused_message_stays_and_a_second_run_moves_it() -> None:
    sqs = queue_messages(3)
    sqs.refused = "result 1"
    with pytest.raises(CommandFailed, match=r"after 1 had been moved: .*slow down.* No message was lost"):
        move_all(sqs, source=SOURCE, destination=DESTINATION)
    assert bodies(sqs, SOURCE) == ["result 1", "result 2"]
    sqs.refused = ""
    assert move_all(sqs, source=SOURCE, destination=DESTINATION) == 2
    assert bodies(sqs, DESTINATION) == ["result 0", "result 1", "result 2"]


def test_results_that_reconcile_gave_up_on_are_recorded_after_a_redrive(
    shell: Shell, booking_stack: DeployedStack
) -> None:
    """Issue 14, F3: the audit object was lost, and its parked result had ended in the dead-letter queue."""
    bought = buy_mugs(shell)
    key = shell("show", str(bought["order_id"]), "--json").document["audit_objects"][0]
    history = booking_stack.client("stepfunctions").describe_execution(executionArn=bought["execution"])
    parked = {
        "schema": 1,
        "request": json.loads(history["input"]),
        "result": None,
        "execution": bought["execution"],
        "requested_at": history["startDate"].strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    sqs = booking_stack.client("sqs")
    erase(booking_stack, key)
    dead = dead_letter_queue(sqs, booking_stack.outputs["parkingQueueUrl"])
    sqs.send_message(QueueUrl=dead, MessageBody=json.dumps(parked))
    result = shell("parking", "redrive", "--json")
    assert (result.exit_code, result.document) == (0, {"moved": 1})
    assert f"{bought['order_id']}/2" in shell("reconcile", "--json").document["restored"]
    assert shell("audit", "verify").exit_code == 0
    assert "Moved 0 message(s)" in shell("parking", "redrive").stdout
