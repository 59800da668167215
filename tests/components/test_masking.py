"""The masking policy of the execution log, tested with Python's `re` on events as Step Functions writes them."""

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.masking import PERSONAL, expression
from components.base import InvalidArguments
from components.booking_state_machine import BookingStateMachine
from handlers.contracts.messages import PurchaseRequest, RefundRequest, ResolutionRequest
from tests.components.synth import Graph, record, synth

POLICY = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
ALPHABET = r"[A-Za-z0-9_#=@/;, ^$?\[\]{}|\\*+.-]{1,200}"  # CloudWatch Logs user guide, "Custom data identifiers"
EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:booking:refund-req-77-1a2b"
READABLE_FIELDS = {"action", "request_id", "order_id", "subject", "outcome", "currency", "capture", "sku"}
"""String fields of a request that stay readable, so that operators can find an execution."""

PURCHASE = {
    "action": "purchase",
    "request_id": "req-76",
    "customer_id": "cus_SECRET",
    "currency": "EUR",
    "lines": [{"sku": "mug", "quantity": 2, "unit_price_minor": 500}],
    "payment_method": "pm_SECRET",
}
REFUND = {
    "action": "refund",
    "request_id": "req-77",
    "order_id": "ord_0011223344",
    "requested_by": "agent-SECRET",
    "reason": "SECRET: the mug broke",
    "amount_minor": 500,
}
PIECES = st.lists(
    st.sampled_from(["SECRET", '"', "\\", "}", "{", ",", ":", "\n", " ", "é", "reason", '"}', '\\"', '",']), min_size=1
)


def event(kind: str, *, variables: dict[str, Any] | None = None, **details: Any) -> str:
    """Return a log line as in the developer guide: data are JSON strings inside it, one for each variable."""
    texts: dict[str, Any] = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in details.items()
    }
    if variables:
        texts["assignedVariables"] = {name: json.dumps(value) for name, value in variables.items()}
    return json.dumps(
        {
            "id": "2",
            "type": kind,
            "details": {**texts, "inputDetails": {"truncated": False}},
            "previous_event_id": "1",
            "event_timestamp": "1764000000000",
            "execution_arn": EXECUTION,
        }
    )


def events(request: dict[str, Any]) -> list[str]:
    """Return every log line of an execution that contains its request."""
    envelope = {"execution": EXECUTION, "requested_at": "2026-11-24T03:00:00Z", "request": request}
    report = {"schema": 1, **envelope, "result": {"status": "succeeded", "request_id": request["request_id"]}}
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:refund:7"
    queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/parking"
    return [
        event("ExecutionStarted", input=request, roleArn="arn:aws:iam::123456789012:role/booking"),
        event("ExecutionStarted", input=json.dumps(request, indent=2), roleArn="role"),
        event("ExecutionStarted", input=json.dumps(request, separators=(",", ":"), ensure_ascii=False)),
        event("ChoiceStateEntered", input=request, name="route"),
        event("TaskScheduled", parameters={"FunctionName": arn, "Payload": envelope}, resource="invoke"),
        event("TaskStateExited", output=envelope, variables={"report": report}),
        event("TaskScheduled", parameters={"QueueUrl": queue, "MessageBody": report}, resource="sendMessage"),
    ]


def expressions(graph: Graph) -> list[str]:
    """Return the regular expressions of the policy that the program registers."""
    [policy] = graph.of_type(POLICY)
    return [
        each["Regex"] for each in json.loads(policy.inputs["policyDocument"])["Configuration"]["CustomDataIdentifier"]
    ]


def mask(line: str) -> str:
    """Return the line as seen without the permission logs:Unmask."""
    for each in expressions(synth("prod")):
        line = re.sub(each, lambda found: "*" * len(found[0]), line)
    return line


def test_expressions_use_only_characters_that_cloudwatch_allows() -> None:
    """CloudWatch's alphabet has no quotes, colons or parentheses."""
    found = [*expressions(synth("prod")), expression("x" * 40)]
    assert [each for each in found if not re.fullmatch(ALPHABET, each)] == []


def test_every_string_field_of_a_request_is_either_masked_or_readable() -> None:
    """A new field of the contract must be added to one of the two."""
    texts = {
        name
        for model in (PurchaseRequest, RefundRequest, ResolutionRequest)
        for name, field in model.model_fields.items()
        if field.annotation is str or any(isinstance(value, str) for value in get_args(field.annotation))
    }
    elsewhere = {
        "sku",
        "sub",
        "gateway_customer",
    }  # a field of a line, a field of the API's caller, and an optional field
    assert texts | elsewhere == READABLE_FIELDS | set(PERSONAL)


@pytest.mark.parametrize("request_", [PURCHASE, REFUND], ids=["purchase", "refund"])
def test_personal_fields_are_masked_and_ids_stay_readable(request_: dict[str, Any]) -> None:
    """This holds in every event and for any order of the fields."""
    for fields in (request_, dict(reversed(request_.items()))):
        for line in events(fields):
            visible = mask(line)
            assert "SECRET" not in visible
            readable = [fields["request_id"], fields.get("order_id", "mug"), EXECUTION, fields["action"]]
            assert [each for each in readable if each not in visible] == []


@given(pieces=PIECES, field=st.sampled_from(PERSONAL))
def test_no_input_of_a_caller_evades_the_mask(pieces: list[str], field: str) -> None:
    """Quotes, braces and backslashes mask more, never less. Data before the field stay readable."""
    request = {"action": "refund", "request_id": "req-77", "order_id": "ord_0011223344", field: "".join(pieces)}
    for line in events(request):
        visible = mask(line)
        assert "SECRET" not in visible
        assert [each for each in ("req-77", "ord_0011223344", EXECUTION) if each not in visible] == []


@given(pieces=PIECES, field=st.sampled_from(PERSONAL))
def test_personal_fields_in_nested_json_are_masked(pieces: list[str], field: str) -> None:
    """An example is a message that a machine sends as a string. All of it from the field on is masked."""
    message = json.dumps({"order_id": "ord_0011223344", field: "".join(pieces), "request_id": "req-77"})
    visible = mask(event("TaskScheduled", parameters={"QueueUrl": "https://sqs", "MessageBody": message}))
    assert "SECRET" not in visible
    assert [each for each in ("ord_0011223344", EXECUTION) if each not in visible] == []


@given(pieces=PIECES, cut=st.integers(1, 60))
def test_truncated_personal_fields_are_masked(pieces: list[str], cut: int) -> None:
    """Step Functions truncates data of more than 248 KB at any position."""
    text = json.dumps({"reason": "SECRET" + "".join(pieces)})
    visible = mask(event("ExecutionStarted", input=text[: max(len(text) - cut, 12)]))
    assert "SECRET" not in visible
    assert EXECUTION in visible


def test_a_custom_workflow_logs_data_only_if_its_masked_fields_are_declared() -> None:
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    undeclared = record(lambda: BookingStateMachine("other", {"definition": definition}))
    declared = record(lambda: BookingStateMachine("other", {"definition": definition, "masked": ["patient"]}))
    logs_data = [
        graph.find_resource("other-standard").inputs["loggingConfiguration"]["includeExecutionData"]
        for graph in (undeclared, declared)
    ]
    assert logs_data == [False, True]
    assert expressions(declared) == [expression("patient")]


@pytest.mark.parametrize("invalid", ["reason", [], ["a.b"], ["x" * 41], [f"f{n}" for n in range(11)]])
def test_invalid_masked_fields_are_rejected(invalid: object) -> None:
    """At most ten are allowed, each short enough for an expression of 200 characters."""
    with pytest.raises(InvalidArguments, match=r"masked must be a list of 1–10 field names .*, got "):
        record(lambda: BookingStateMachine("other", {"definition": "{}", "masked": invalid}))  # type: ignore[typeddict-item]
