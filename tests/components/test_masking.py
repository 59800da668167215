"""The policy that masks the log of executions, tried with Python's `re` on events as Step Functions writes them."""

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
OPERATORS_NEED = {"action", "request_id", "order_id", "subject", "outcome", "currency", "capture", "sku"}
"""Texts of a request that stay readable: by them an execution is found again."""

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
    """A line of the log, as the developer guide shows it: data are JSON texts inside, of variables one each."""
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
    """Everywhere in an execution's log that its request is in."""
    told = {"execution": EXECUTION, "requested_at": "2026-11-24T03:00:00Z", "request": request}
    report = {"schema": 1, **told, "result": {"status": "succeeded", "request_id": request["request_id"]}}
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:refund:7"
    queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/parking"
    return [
        event("ExecutionStarted", input=request, roleArn="arn:aws:iam::123456789012:role/booking"),
        event("ExecutionStarted", input=json.dumps(request, indent=2), roleArn="role"),
        event("ExecutionStarted", input=json.dumps(request, separators=(",", ":"), ensure_ascii=False)),
        event("ChoiceStateEntered", input=request, name="route"),
        event("TaskScheduled", parameters={"FunctionName": arn, "Payload": told}, resource="invoke"),
        event("TaskStateExited", output=told, variables={"report": report}),
        event("TaskScheduled", parameters={"QueueUrl": queue, "MessageBody": report}, resource="sendMessage"),
    ]


def expressions(graph: Graph) -> list[str]:
    """The regular expressions of the policy that the program registers."""
    [policy] = graph.of_type(POLICY)
    return [
        each["Regex"] for each in json.loads(policy.inputs["policyDocument"])["Configuration"]["CustomDataIdentifier"]
    ]


def masked(line: str) -> str:
    """The line as somebody without logs:Unmask sees it."""
    for each in expressions(synth("prod")):
        line = re.sub(each, lambda found: "*" * len(found[0]), line)
    return line


def test_every_expression_is_in_the_alphabet_of_cloudwatch() -> None:
    """CloudWatch's alphabet has no quotes, colons or parentheses."""
    found = [*expressions(synth("prod")), expression("x" * 40)]
    assert [each for each in found if not re.fullmatch(ALPHABET, each)] == []


def test_every_text_of_a_request_is_masked_or_needed() -> None:
    """A new field of the contract must be one or the other."""
    texts = {
        name
        for model in (PurchaseRequest, RefundRequest, ResolutionRequest)
        for name, field in model.model_fields.items()
        if field.annotation is str or any(isinstance(value, str) for value in get_args(field.annotation))
    }
    elsewhere = {"sku", "sub", "gateway_customer"}  # of a line, of the API's caller, and optional
    assert texts | elsewhere == OPERATORS_NEED | set(PERSONAL)


@pytest.mark.parametrize("request_", [PURCHASE, REFUND], ids=["purchase", "refund"])
def test_what_is_personal_is_masked_and_nothing_else(request_: dict[str, Any]) -> None:
    """In every event; the event stays findable by its ids, whatever order the caller wrote the fields in."""
    for fields in (request_, dict(reversed(request_.items()))):
        for line in events(fields):
            seen = masked(line)
            assert "SECRET" not in seen
            kept = [fields["request_id"], fields.get("order_id", "mug"), EXECUTION, fields["action"]]
            assert [each for each in kept if each not in seen] == []


@given(pieces=PIECES, field=st.sampled_from(PERSONAL))
def test_nothing_that_a_caller_writes_gets_around_the_mask(pieces: list[str], field: str) -> None:
    """Quotes, braces and backslashes in a text hide more, never less; what stands before it stays readable."""
    request = {"action": "refund", "request_id": "req-77", "order_id": "ord_0011223344", field: "".join(pieces)}
    for line in events(request):
        seen = masked(line)
        assert "SECRET" not in seen
        assert [each for each in ("req-77", "ord_0011223344", EXECUTION) if each not in seen] == []


@given(pieces=PIECES, field=st.sampled_from(PERSONAL))
def test_data_within_data_are_masked_too(pieces: list[str], field: str) -> None:
    """Such as a message that a machine sends as text: from the field on, all that is left of it."""
    message = json.dumps({"order_id": "ord_0011223344", field: "".join(pieces), "request_id": "req-77"})
    seen = masked(event("TaskScheduled", parameters={"QueueUrl": "https://sqs", "MessageBody": message}))
    assert "SECRET" not in seen
    assert [each for each in ("ord_0011223344", EXECUTION) if each not in seen] == []


@given(pieces=PIECES, cut=st.integers(1, 60))
def test_a_text_that_the_log_cuts_off_is_masked_too(pieces: list[str], cut: int) -> None:
    """Step Functions truncates data of more than 248 KB wherever that is."""
    text = json.dumps({"reason": "SECRET" + "".join(pieces)})
    seen = masked(event("ExecutionStarted", input=text[: max(len(text) - cut, 12)]))
    assert "SECRET" not in seen
    assert EXECUTION in seen


def test_a_machine_of_another_workflow_logs_data_once_it_is_said_what_is_personal() -> None:
    """Until then its personal fields are undeclared."""
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    silent = record(lambda: BookingStateMachine("other", {"definition": definition}))
    telling = record(lambda: BookingStateMachine("other", {"definition": definition, "masked": ["patient"]}))
    told = [
        graph.named("other-standard").inputs["loggingConfiguration"]["includeExecutionData"]
        for graph in (silent, telling)
    ]
    assert told == [False, True]
    assert expressions(telling) == [expression("patient")]


@pytest.mark.parametrize("wrong", ["reason", [], ["a.b"], ["x" * 41], [f"f{n}" for n in range(11)]])
def test_fields_that_no_policy_can_name_are_refused(wrong: object) -> None:
    """Ten at most, each short enough for the 200 characters of an expression."""
    with pytest.raises(InvalidArguments, match=r"masked must be a list of 1–10 field names .*, got "):
        record(lambda: BookingStateMachine("other", {"definition": "{}", "masked": wrong}))  # type: ignore[typeddict-item]
