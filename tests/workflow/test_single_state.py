"""`run_state` returns the fields of AWS's TestState API, as the API's model in botocore names them."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import botocore
import pytest

from tests.workflow.defects import branches, calls, distributed_map, ends, jsonata, machine, map_machine
from workflow import run_state
from workflow.interpreter import CannotRun
from workflow.testing import Fault

INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f", "Payload.$": "$.x"},
    "ResultSelector": {"r.$": "$.Payload"},
    "ResultPath": "$.out",
    "Retry": [
        {"ErrorEquals": ["Other"], "IntervalSeconds": 9},
        {"ErrorEquals": ["Slow"], "MaxAttempts": 2, "IntervalSeconds": 3},
    ],
    "Catch": [
        {"ErrorEquals": ["Unlikely"], "Next": "Nowhere"},
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.problem", "Next": "Repair"},
    ],
    "Next": "Ship",
}
PAYLOAD = {"Payload": 5}


def test_a_mocked_result_passes_through_every_step() -> None:
    ran = run_state(INVOKE, {"x": 1}, result=PAYLOAD)
    assert (ran.status, ran.output, ran.next_state) == ("SUCCEEDED", {"x": 1, "out": {"r": 5}}, "Ship")
    assert ran.inspection == {
        "input": {"x": 1},
        "afterInputPath": {"x": 1},
        "afterParameters": {"FunctionName": "f", "Payload": 1},
        "result": PAYLOAD,
        "afterResultSelector": {"r": 5},
        "afterResultPath": {"x": 1, "out": {"r": 5}},
        "variables": {},
    }


@pytest.mark.parametrize(("count", "seconds"), [(0, 3), (1, 6)])
def test_an_error_that_a_retrier_matches_is_retriable(count: int, seconds: float) -> None:
    ran = run_state(INVOKE, {"x": 1}, fault=Fault(error="Slow", cause="busy"), retry_count=count)
    assert (ran.status, ran.error, ran.cause, ran.next_state) == ("RETRIABLE", "Slow", "busy", None)
    assert ran.inspection["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": seconds}


def test_an_error_without_retries_left_is_caught() -> None:
    ran = run_state(INVOKE, {"x": 1}, fault=Fault(error="Slow", cause="busy"), retry_count=2)
    assert (ran.status, ran.next_state, ran.error) == ("CAUGHT_ERROR", "Repair", "Slow")
    assert ran.output == {"x": 1, "problem": {"Error": "Slow", "Cause": "busy"}}
    assert ran.inspection["errorDetails"] == {"catchIndex": 1}


def test_an_error_that_nothing_matches_fails_the_state() -> None:
    ran = run_state({**INVOKE, "Retry": [], "Catch": []}, {"x": 1}, fault="Slow")
    assert (ran.status, ran.error, ran.output, ran.next_state) == ("FAILED", "Slow", None, None)
    missing = run_state(INVOKE, {}, result=PAYLOAD)
    assert (missing.status, missing.error) == ("FAILED", "States.Runtime")


def test_a_state_of_a_machine_is_found_by_name_or_pointer() -> None:
    asl = machine({"A": ends(Result=1), "M": {"Type": "Map", "ItemProcessor": machine({"I": ends()}), "Next": "A"}})
    assert run_state(asl, 7, state="I").output == 7
    assert run_state(asl, 7, state="/States/A").output == 1
    for name, part in (("Ax", "There is no state 'Ax'."), (None, "Name the state")):
        with pytest.raises(CannotRun, match=part):
            run_state(asl, 7, state=name)


def test_variables_are_read_and_assigned() -> None:
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $n + 1 %}", "Assign": {"m": "{% $n * 2 %}"}}
    ran = run_state({**state, "End": True}, variables={"n": 4})
    assert (ran.output, ran.variables, ran.next_state) == (5, {"n": 4, "m": 8}, None)


def test_the_context_object_can_be_replaced_in_part() -> None:
    output = "{% $states.context.Execution.Name & $states.context.State.Name & $states.context.Task.Token %}"
    task = calls("sqs:sendMessage.waitForTaskToken", Arguments={"MessageBody": "{% $states.context.Task.Token %}"})
    asl = jsonata({"A": {**task, "Output": output}})
    ran = run_state(asl, {}, state="A", result={}, context={"Execution": {"Name": "n"}, "Task": {"Token": "t"}})
    assert (ran.output, ran.inspection["afterArguments"]) == ("nAt", {"MessageBody": "t"})


def test_the_retry_count_is_in_the_context_object() -> None:
    count = "{% $states.context.State.RetryCount %}"
    asl = jsonata({"A": calls("lambda:invoke", Arguments={"FunctionName": "f"}, Output=count)})
    assert run_state(asl, {}, state="A", result={}, retry_count=3).output == 3


@pytest.mark.parametrize(("value", "status", "taken"), [(1, "SUCCEEDED", "One"), (2, "SUCCEEDED", "Other")])
def test_a_choice_names_the_next_state(value: int, status: str, taken: str) -> None:
    rule = {"Variable": "$.n", "NumericEquals": 1, "Next": "One"}
    ran = run_state({"Type": "Choice", "Choices": [rule], "Default": "Other"}, {"n": value})
    assert (ran.status, ran.next_state) == (status, taken)


def test_a_wait_ends_at_once_and_a_fail_state_fails() -> None:
    assert run_state({"Type": "Wait", "Seconds": 86_400, "Next": "B"}).next_state == "B"
    assert run_state({"Type": "Fail", "Error": "E", "Cause": "c"}).status == "FAILED"


def test_a_task_without_a_mock_calls_its_function() -> None:
    assert run_state(INVOKE, {"x": 4}, functions={"f": lambda event: event + 1}).output["out"] == {"r": 5}


def test_branches_run_or_are_mocked() -> None:
    asl = branches(machine({"I": ends(Result=1)}), machine({"J": ends(Result=2)}))
    assert run_state(asl, state="A").output == [1, 2]
    assert run_state(asl, state="A", result=["a", "b"]).output == ["a", "b"]
    with pytest.raises(CannotRun, match="must be a list of 2"):
        run_state(asl, state="A", result=["a"])


def test_the_items_of_a_map_are_inspected() -> None:
    asl = map_machine(machine({"I": ends()}), ItemSelector={"v.$": "$$.Map.Item.Value"}, MaxConcurrency=3)
    ran = run_state(asl, [1, 2], state="A", result=[7, 8])
    assert (ran.output, ran.inspection["maxConcurrency"]) == ([7, 8], 3)
    assert ran.inspection["afterItemSelector"] == [{"v": 1}, {"v": 2}]
    assert ran.inspection["afterItemsPath"] == [1, 2]


@pytest.mark.parametrize(("failed", "status"), [(1, "SUCCEEDED"), (2, "FAILED")])
def test_failed_items_count_against_the_tolerance(failed: int, status: str) -> None:
    asl = distributed_map(states={"P": ends()}, ToleratedFailureCount=1)
    ran = run_state(asl, [1, 2, 3], state="A", result=[1], failed_items=failed)
    assert (ran.status, ran.inspection["toleratedFailureCount"]) == (status, 1)
    assert ran.error == (None if status == "SUCCEEDED" else "States.ExceedToleratedFailureThreshold")


def test_an_http_task_shows_request_and_response() -> None:
    arguments = {"Method": "GET", "ApiEndpoint": "https://example.com", "InvocationConfig": {"ConnectionArn": "c"}}
    asl = jsonata({"A": calls("http:invoke", Arguments=arguments)})
    ran = run_state(asl, {}, state="A", result={"StatusCode": 200, "StatusText": "OK", "ResponseBody": {"a": 1}})
    assert ran.inspection["request"] == {"protocol": "https", "method": "GET", "url": "https://example.com"}
    response = {"protocol": "https", "statusCode": 200, "statusMessage": "OK", "body": {"a": 1}}
    assert ran.inspection["response"] == response


MISFITTING: list[tuple[Any, dict[str, Any], str]] = [
    (ends(), {"result": 1}, "only a Task, Parallel or Map can have a mock"),
    (INVOKE, {"result": 1, "fault": "E"}, "either a result or a fault"),
    (INVOKE, {"failed_items": 1}, "unless the state is a Map"),
    (INVOKE, {"retry_count": -1}, "retry_count must be 0 or more, got -1"),
    ({"Type": "Map", "ItemProcessor": machine({"I": ends()}), "End": True}, {"result": 1}, "must be a list"),
]


@pytest.mark.parametrize(("state", "arguments", "message"), MISFITTING)
def test_arguments_that_do_not_fit_the_state_are_rejected(state: Any, arguments: Any, message: str) -> None:
    with pytest.raises(CannotRun, match=message):
        run_state(state, {"x": 1}, **arguments)


def test_names_match_the_api() -> None:
    """Field names and statuses are those of the API's model in botocore."""
    path = next((Path(botocore.__file__).parent / "data/stepfunctions/2016-11-23").glob("service-2.json*"))
    shapes = json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())["shapes"]
    known = set(shapes["InspectionData"]["members"])
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a"},
              "Parameters": {"Bucket": "b", "Key": "k"}}  # fmt: skip
    batched = distributed_map(states={"P": ends()}, ItemReader=reader, ItemBatcher={"MaxItemsPerBatch": 1},
                          ToleratedFailurePercentage=10)  # fmt: skip
    shown = [
        run_state(INVOKE, {"x": 1}, result=PAYLOAD).inspection,
        run_state(INVOKE, {"x": 1}, fault="Slow").inspection,
        run_state(batched, {}, state="A", result=[1], objects={"s3://b/k": '{"a": [1]}'}).inspection,
    ]
    assert set().union(*shown) <= known
    assert set(shown[1]["errorDetails"]) <= set(shapes["InspectionErrorDetails"]["members"])
    assert {"SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"} == set(shapes["TestExecutionStatus"]["enum"])


def test_running_a_single_state_takes_no_time() -> None:
    waits = calls("sqs:sendMessage.waitForTaskToken", Arguments={"QueueUrl": "q", "MessageBody": "m"})
    ran = run_state(jsonata({"A": waits}), {}, state="A", fault=Fault(error="States.Timeout", after=timedelta(hours=9)))
    assert (ran.status, ran.error) == ("FAILED", "States.Timeout")
