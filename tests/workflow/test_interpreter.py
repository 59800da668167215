"""`run` behaves like Step Functions: data flow, retries and limits on a virtual clock, tokens, branches, items."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.workflow.defects import branches, calls, distributed_map, ends, jsonata, machine, map_machine, nest, task
from workflow import run
from workflow.interpreter import CannotRun
from workflow.interpreter.calls import NoFunction, StillWaiting, TaskCall
from workflow.testing import Fault, TaskFailed

ALL = ["States.ALL"]
WAITS = "lambda:invoke.waitForTaskToken"


def seconds(run_of: Any) -> float:
    return float(run_of.duration.total_seconds())


# Data flow


def test_jsonpath_fields_apply_in_their_order() -> None:
    """Order: InputPath, Parameters, the call, ResultSelector, ResultPath, OutputPath. Assign sees the raw result."""
    work = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:work",
        "InputPath": "$.order",
        "Parameters": {"id.$": "$.id", "name.$": "$$.State.Name", "fixed": 1},
        "ResultSelector": {"got.$": "$.total"},
        "ResultPath": "$.out.result",
        "Assign": {"raw.$": "$.hidden"},
        "OutputPath": "$.out",
        "Next": "B",
    }
    asl = machine({"A": work, "B": ends(Parameters={"raw.$": "$raw", "in.$": "$"})})
    seen: list[Any] = []
    ended = run(asl, {"order": {"id": 7}}, {"work": lambda event: seen.append(event) or {"total": 3, "hidden": "h"}})
    assert seen == [{"id": 7, "name": "A", "fixed": 1}]
    assert ended.output == {"raw": "h", "in": {"result": {"got": 3}}}


def test_null_paths_discard_data() -> None:
    """A null InputPath or OutputPath gives {}, and a null ResultPath keeps the input."""
    states = {
        "A": {"Type": "Pass", "InputPath": None, "Parameters": {"seen.$": "$"}, "ResultPath": "$.a", "Next": "B"},
        "B": {"Type": "Pass", "Result": 3, "ResultPath": None, "Next": "C"},
        "C": {"Type": "Succeed", "OutputPath": None},
    }
    ended = run(machine(states), {"x": 1})
    assert [visit.output for visit in ended.visits] == [{"x": 1, "a": {"seen": {}}}] * 2 + [{}]


def test_assignments_see_the_old_values() -> None:
    """The expressions of Assign and Output see the variables as they were before the state."""
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Output": "{% $x %}", "Next": "C"},
        "C": ends(Output="{% [$x, $y, $states.input] %}"),
    }
    ended = run(jsonata(states))
    assert (ended.output, ended.variables) == ([2, 1, 1], {"x": 2, "y": 1})


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"QueryLanguage": "JSONata", "Output": "{% $string($states.input) %}"}, '{"ä":["ü",1,null]}'),
        ({"QueryLanguage": "JSONata", "Output": "{% $states.input ~> $string(true) %}"}, None),
        ({"Parameters": {"as.$": "States.JsonToString($)"}, "OutputPath": "$.as"}, '{"ä":["ü",1,null]}'),
    ],
)
def test_json_strings_keep_non_ascii_characters(state: Any, text: str | None) -> None:
    """Non-ASCII characters are not escaped, as in JSON.stringify, which JSONata's `$string` uses."""
    given = {"ä": ["ü", 1, None]}
    written = run({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True, **state}}}, given).output
    assert written == (text or json.dumps(given, indent=2, ensure_ascii=False))


def test_inner_scopes_read_outer_variables_and_keep_their_own() -> None:
    """A branch's own variables are not visible after it."""
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
        "B": {"Type": "Parallel", "Branches": [machine({"I": ends(Assign={"y": 2}, Output="{% $x %}")})], "Next": "C"},
        "C": ends(Output="{% {'x': $x, 'y': $exists($y), 'out': $states.input} %}"),
    }
    assert run(jsonata(states)).output == {"x": 1, "y": False, "out": [1]}


@pytest.mark.parametrize(
    ("states", "error"),
    [
        (jsonata({"A": ends(Output="{% $states.input.nope %}")}), "States.QueryEvaluationError"),
        (jsonata({"A": ends(Output="{% 1 + 'a' %}")}), "States.QueryEvaluationError"),
        (jsonata({"A": ends(Output="{% function($x){$x} %}")}), "States.QueryEvaluationError"),
        (machine({"A": ends(Parameters={"x.$": "$.nope"})}), "States.Runtime"),
        (machine({"A": ends(Parameters={"x.$": "States.StringToJson('{')"})}), "States.IntrinsicFailure"),
        (machine({"A": ends(Result=1, ResultPath="$.a[3]")}), "States.ReferencePathConflict"),
        (machine({"A": ends(InputPath="$.nope")}), "States.Runtime"),
        (machine({"A": ends(Result="x" * 262_145)}), "States.DataLimitExceeded"),
        (machine({"A": {"Type": "Choice", "Choices": []}}), "States.Runtime"),
    ],
)
def test_errors_have_aws_names(states: Any, error: str) -> None:
    """Without a catcher, the execution fails with AWS's name for the error."""
    ended = run(states, {"a": []})
    assert (ended.status, ended.error) == ("FAILED", error)


# Retry and catch


def test_backoff_grows_up_to_its_cap() -> None:
    """The waits are 1, 2, 4, and then always 5 seconds."""
    retry = {"ErrorEquals": ["E"], "MaxAttempts": 5, "MaxDelaySeconds": 5}
    ended = run(machine({"A": task(Retry=[retry])}), {}, {"A": lambda _: 1}, faults={"A": ["E"] * 5})
    assert (ended.output, ended.attempts, seconds(ended)) == (1, {"A": 6}, 1 + 2 + 4 + 5 + 5)


def test_full_jitter_stays_below_the_delay() -> None:
    """Each wait is at most the delay, and differs by seed."""
    retry = {"ErrorEquals": ALL, "IntervalSeconds": 10, "MaxAttempts": 1, "JitterStrategy": "FULL"}
    waits = {
        seconds(run(machine({"A": task(Retry=[retry])}), {}, {"A": lambda _: 1}, faults={"A": ["E"]}, seed=seed))
        for seed in range(20)
    }
    assert len(waits) == 20
    assert all(0 <= wait <= 10 for wait in waits)


def test_each_retrier_counts_its_own_attempts() -> None:
    """Two retries of E and one of F are followed by the catcher."""
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 2}, {"ErrorEquals": ["F"], "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["F"], "Next": "B", "ResultPath": "$.error"}]
    asl = machine({"A": task(Retry=retry, Catch=catch), "B": ends()})
    ended = run(asl, {"x": 1}, {}, faults={"A": ["E", "F", "E", Fault(error="F", cause="why")]})
    assert (ended.path, ended.attempts) == (("A", "B"), {"A": 4})
    assert ended.output == {"x": 1, "error": {"Error": "F", "Cause": "why"}}


@pytest.mark.parametrize(
    ("error", "names", "caught"),
    [
        ("E", ["States.TaskFailed"], True),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ALL, True),
        ("States.HeartbeatTimeout", ["States.Timeout"], True),
        ("States.Runtime", ALL, False),
        ("States.Runtime", ["States.Runtime"], False),
        ("States.DataLimitExceeded", ALL, True),
        ("States.DataLimitExceeded", ["States.TaskFailed"], False),
        ("States.DataLimitExceeded", ["States.DataLimitExceeded"], True),
    ],
)
def test_reserved_error_names_match_as_recorded(error: str, names: list[str], caught: bool) -> None:
    asl = machine({"A": task(Catch=[{"ErrorEquals": names, "Next": "B"}]), "B": ends()})
    assert (run(asl, {}, {}, faults={"A": [error]}).status == "SUCCEEDED") is caught


def test_the_class_of_an_exception_is_the_error_name() -> None:
    """This is as in Lambda; TaskFailed can give any name."""

    def refuse(_: Any) -> None:
        raise PermissionError("not you")

    def fail(_: Any) -> None:
        raise TaskFailed("Sqs.SqsException", "gone")

    ended = run(machine({"A": task()}), {}, {"A": refuse})
    assert (ended.error, '"errorMessage": "not you"' in str(ended.cause)) == ("PermissionError", True)
    assert isinstance(ended.origin, PermissionError)
    assert run(machine({"A": task()}), {}, {"A": fail}).error == "Sqs.SqsException"


def test_a_function_cannot_change_the_input_of_its_state() -> None:
    """A function receives a copy of the input, like a Lambda function."""

    def modify(event: Any) -> None:
        event["x"] = 2

    ended = run(machine({"A": task(ResultPath=None)}), {"x": 1}, {"A": modify})
    assert (ended.output, ended.visits[0].input) == ({"x": 1}, {"x": 1})


def test_a_lost_reply_fails_the_task_after_its_function_ran() -> None:
    """The callable had run before its reply was lost, and the retry calls it again."""
    calls_seen: list[Any] = []
    asl = machine({"A": task(Retry=[{"ErrorEquals": ALL}])})
    run(asl, {}, {"A": calls_seen.append}, faults={"A": [Fault(error="Lost", lost_reply=True)]})
    assert len(calls_seen) == 2


# Time


def test_waits_take_virtual_time_only() -> None:
    """A wait of a year returns at once, and a timestamp in the past takes no virtual time."""
    states = {
        "A": {"Type": "Wait", "Seconds": 31_536_000, "Next": "B"},
        "B": {"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "Next": "C"},
        "C": {"Type": "Wait", "TimestampPath": "$.when", "End": True},
    }
    assert run(machine(states), {"when": "2027-01-02T00:00:00Z"}).duration == timedelta(days=366)


def slow(given: Any, call: TaskCall) -> Any:
    for _ in range(5):
        call.wait(timedelta(seconds=4))
        if given.get("beats"):
            call.heartbeat()
    return "done"


@pytest.mark.parametrize(
    ("fields", "given", "outcome"),
    [
        ({"TimeoutSeconds": 10}, {}, ("States.Timeout", 10)),
        ({"TimeoutSeconds": 30}, {}, (None, 20)),
        ({"TimeoutSeconds": 30, "HeartbeatSeconds": 5}, {}, ("States.Timeout", 5)),
        ({"TimeoutSeconds": 30, "HeartbeatSeconds": 5}, {"beats": True}, (None, 20)),
        ({"TimeoutSecondsPath": "$.limit"}, {"limit": 7}, ("States.Timeout", 7)),
    ],
)
def test_tasks_time_out(fields: Any, given: Any, outcome: Any) -> None:
    """A task ends at TimeoutSeconds, or earlier without heartbeats."""
    ended = run(machine({"A": task(**fields)}), given, {"A": slow})
    assert (ended.error, seconds(ended)) == outcome


def test_executions_time_out() -> None:
    """The machine's TimeoutSeconds ends the execution with States.Timeout."""
    asl = machine({"A": {"Type": "Wait", "Seconds": 61, "End": True}}, TimeoutSeconds=60)
    ended = run(asl)
    assert (ended.status, ended.error, seconds(ended)) == ("TIMED_OUT", "States.Timeout", 60)


def test_task_tokens_can_succeed_fail_or_time_out() -> None:
    """A token ends by success, failure or timeout; an unanswered one without a time limit raises StillWaiting."""
    given = {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}

    def answer(event: Any, call: TaskCall) -> None:
        assert event["token"] == call.token
        call.succeed({"ok": True}, after=timedelta(seconds=50))

    def refuse(_: Any, call: TaskCall) -> None:
        call.fail("Refused", "no")

    asl = machine({"A": calls(WAITS, Parameters=given, TimeoutSeconds=60)})
    assert (run(asl, {}, {"f": answer}).output, seconds(run(asl, {}, {"f": answer}))) == ({"ok": True}, 50)
    assert run(asl, {}, {"f": refuse}).error == "Refused"
    assert run(asl, {}, {"f": lambda _: None}).error == "States.Timeout"
    with pytest.raises(StillWaiting, match="'A' waits forever for its task token"):
        run(machine({"A": calls(WAITS, Parameters=given)}), {}, {"f": lambda _: None})


# Branches and items


def test_branches_run_in_parallel() -> None:
    """Branches take as long as the longest; the earliest failure wins and stops the others."""
    waits = [machine({f"W{n}": {"Type": "Wait", "Seconds": n, "Next": f"P{n}"}, f"P{n}": ends()}) for n in (5, 9)]
    assert seconds(run(branches(*waits))) == 9
    failing = machine({"W": {"Type": "Wait", "Seconds": 3, "Next": "F"}, "F": {"Type": "Fail", "Error": "Early"}})
    ended = run(branches(*waits, failing))
    assert (ended.error, seconds(ended), [visit.state for visit in ended.visits if visit.type == "Pass"]) == (
        "Early",
        3,
        [],
    )


def test_max_concurrency_limits_the_items_at_once() -> None:
    """Seven items of two seconds take six, three at a time."""
    wait = machine({"W": {"Type": "Wait", "Seconds": 2, "End": True}})
    asl = map_machine(wait, ItemsPath="$.items", MaxConcurrency=3)
    ended = run(asl, {"items": [*range(7)]})
    assert (ended.output, seconds(ended)) == ([*range(7)], 6)


def test_an_inline_map_runs_at_most_forty_items_at_once() -> None:
    """An inline Map has AWS's documented limit of 40; a distributed one runs all 100 items here at once."""
    waits = {"W": {"Type": "Wait", "Seconds": 2, "End": True}}
    items = {"items": [*range(100)]}
    for limit in ({}, {"MaxConcurrency": 0}, {"MaxConcurrency": 70}):
        assert seconds(run(map_machine(machine(waits), ItemsPath="$.items", **limit), items)) == 6
    assert seconds(run(distributed_map(states=waits, ItemsPath="$.items"), items)) == 2


def test_items_can_read_their_index() -> None:
    """ItemSelector and the processor read an item's index from the context object."""
    inside = machine({"I": ends(Parameters={"i.$": "$$.Map.Item.Index", "v.$": "$.v"})})
    asl = map_machine(inside, ItemSelector={"v.$": "$$.Map.Item.Value", "all.$": "$.n"})
    asl["States"]["A"]["ItemsPath"] = "$.items"
    assert run(asl, {"items": ["a", "b"], "n": 2}).output == [{"i": 0, "v": "a"}, {"i": 1, "v": "b"}]


def test_a_nested_map_sees_its_outer_item_again_after_selecting_items() -> None:
    """The inner Map's ItemSelector sees the inner item; its ResultSelector, and a retry, see the outer item again."""
    seen = {"outer.$": "$$.Map.Item.Index", "items.$": "$"}
    selector = {"v.$": "$$.Map.Item.Value"}
    inner = map_machine(machine({"I": ends()}), ItemsPath="$.n", ItemSelector=selector, ResultSelector=seen)
    asl = map_machine(inner, ItemsPath="$.o")
    assert run(asl, {"o": [{"n": ["a"]}, {"n": []}]}).output == [
        {"outer": 0, "items": [{"v": "a"}]},
        {"outer": 1, "items": []},
    ]


def test_a_distributed_map_reads_batches_writes_and_tolerates_failures() -> None:
    """CSV rows run in batches of two, one of three batches may fail, and the results are written to a bucket."""
    work = {"Type": "Task", "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:work", "End": True}
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 5},
        "Parameters": {"Bucket": "b", "Key": "items.csv"},
    }
    asl = distributed_map(
        states={"I": work},
        ItemReader=reader,
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"shared.$": "$.shared"}},
        ToleratedFailureCount=1,
        ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "p"}},
    )

    def work_on(batch: Any) -> Any:
        assert batch["BatchInput"] == {"shared": 1}
        if any(item["id"] == "3" for item in batch["Items"]):
            raise ValueError("three")
        return [item["id"] for item in batch["Items"]]

    rows = {"s3://b/items.csv": "id,name\n1,a\n2,b\n3,c\n4,d\n5,e\n6,f\n"}
    ended = run(asl, {"shared": 1}, {"work": work_on}, objects=rows)
    done, failed = ended.written.values()
    assert [(record["Status"], json.loads(record["Output"])) for record in done] == [
        ("SUCCEEDED", ["1", "2"]),
        ("SUCCEEDED", ["5"]),
    ]
    assert [(record["Status"], record["Error"], json.loads(record["Cause"])["errorMessage"]) for record in failed] == [
        ("FAILED", "ValueError", "three")
    ]
    assert ended.output["ResultWriterDetails"]["Bucket"] == "out"
    strict = {**asl["States"]["A"], "ToleratedFailureCount": 0}
    failed = run(machine({"A": strict}), {"shared": 1}, {"work": work_on}, objects=rows)
    assert failed.error == "States.ExceedToleratedFailureThreshold"


READ = [
    ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, 'x,y\n1\n\n"a,b","say ""so"""\na\\,b,2,3\n',
     [{"x": "1", "y": ""}, {"x": "a,b", "y": 'say "so"'}, {"x": "a,b", "y": "2"}]),
    ({"InputType": "JSON", "ItemsPointer": "/a/0/b c~1"}, {"a": [{"b c/": [1, 2]}]}, [1, 2]),
    ({"InputType": "JSONL"}, '{"a": 1}\n\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
]  # fmt: skip


@pytest.mark.parametrize(("config", "content", "items"), READ)
def test_an_item_reader_reads_as_documented(config: Any, content: object, items: list[Any]) -> None:
    """CSV rows have every column, blank lines are skipped, and ItemsPointer can refer to any nested value."""
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": config,
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    assert run(distributed_map(states={"I": ends()}, ItemReader=reader), objects={"s3://b/k": content}).output == items


def test_a_listing_describes_objects_like_s3() -> None:
    """Objects are listed by key with sizes in bytes, and the context object contains their bucket."""
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "p/"}}
    selector = {"object.$": "$$.Map.Item.Value", "source.$": "$$.Map.Item.Source"}
    asl = distributed_map(states={"I": ends()}, ItemReader=reader, ItemSelector=selector)
    second, first = run(asl, objects={"s3://b/p/2": "ü", "s3://b/q": "", "s3://b/p/1": ""}).output[::-1]
    assert [first["object"]["Key"], second["object"]["Key"]] == ["p/1", "p/2"]
    assert second == {
        "object": {
            "Etag": '"c03410a5204b21cd8229ff754688d743"',
            "Key": "p/2",
            "LastModified": 1767225600.0,
            "Size": 2,
            "StorageClass": "STANDARD",
        },
        "source": "S3://b",
    }


def test_only_distributed_maps_iterate_objects_and_report_the_source() -> None:
    """An inline Map accepts only arrays, and its context object has neither Key nor Source."""
    selector = {"item.$": "$$.Map.Item"}
    asl = distributed_map(states={"I": ends()}, ItemsPath="$.o", ItemSelector=selector)
    assert run(asl, {"o": {"k": 1}}).output == [{"item": {"Index": 0, "Key": "k", "Value": 1, "Source": "STATE_DATA"}}]
    inline = map_machine(ItemsPath="$.o", ItemSelector=selector)
    assert run(inline, {"o": [1]}).output == [{"item": {"Index": 0, "Value": 1}}]
    assert run(inline, {"o": {"k": 1}}).error == "States.Runtime"


def test_a_result_that_is_too_large_can_be_caught_by_name() -> None:
    """The size of the result counts, even if the state discards it."""
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "B"}]
    asl = machine({"A": task(ResultPath=None, Catch=catch), "B": ends()})
    assert run(asl, {}, {"A": lambda _: "x" * 262_145}).path == ("A", "B")


@pytest.mark.parametrize(
    ("config", "results"),
    [
        (None, [[1, 2], 3]),
        ("COMPACT", [[1, 2], 3]),
        ("FLATTEN", [1, 2, 3]),
        ("NONE", ["SUCCEEDED", "SUCCEEDED"]),
    ],
)
def test_results_of_a_distributed_map_are_transformed(config: str | None, results: list[Any]) -> None:
    """WriterConfig's transformation applies to the output and to the results written to S3."""
    shape = {} if config is None else {"WriterConfig": {"Transformation": config, "OutputType": "JSON"}}
    asl = distributed_map(states={"I": ends()}, **({"ResultWriter": shape} if shape else {}))
    given = run(asl, [[1, 2], 3]).output
    assert [item["Status"] for item in given] == results if config == "NONE" else given == results
    if shape:
        target = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out"}}
        (wrote,) = run(
            distributed_map(states={"I": ends()}, ResultWriter={**target, **shape}), [[1, 2], 3]
        ).written.values()
        assert [item["Status"] for item in wrote] == results if config == "NONE" else wrote == results


def test_a_child_of_a_distributed_map_is_a_separate_execution() -> None:
    """The input of a child execution is its item, and its variables are its own."""
    asl = distributed_map(states={"I": ends(Parameters={"x.$": "$$.Execution.Input.x"})}, ItemsPath="$.items")
    assert run(asl, {"items": [{"x": 1}, {"x": 2}]}).output == [{"x": 1}, {"x": 2}]


def test_two_hundred_levels_of_nesting_run() -> None:
    """Nested scopes do not use Python's stack."""
    output = run(nest(200, ends(Result="deep"))).output
    for _ in range(200):
        output = output[0]
    assert output == "deep"


# Other behaviour


def test_a_missing_function_raises_with_the_name_to_pass() -> None:
    """A missing function is a mistake of the caller and raises, instead of failing the execution."""
    with pytest.raises(NoFunction, match="There is no function for the task 'A': pass one to run\\(\\) as 'A'"):
        run(machine({"A": task()}))


def test_an_endless_loop_is_stopped() -> None:
    """A limit of transitions ends the loop with States.Runtime, as AWS's limit of history events does."""
    ended = run(machine({"A": {"Type": "Pass", "Next": "A"}}), max_transitions=500)
    assert (ended.error, len(ended.visits)) == ("States.Runtime", 500)


def test_the_same_arguments_give_the_same_run() -> None:
    """Random values depend on the seed only, and time is virtual."""
    asl = jsonata({"A": ends(Output="{% [$uuid(), $random(), $now()] %}")})
    assert run(asl, seed=3).output == run(asl, seed=3).output != run(asl, seed=4).output
    assert run(asl).output[2] == "2026-01-01T00:00:00.000Z"


def test_a_fail_state_can_omit_error_and_cause() -> None:
    """The run fails with neither an error nor a cause, as on AWS."""
    ended = run(machine({"F": {"Type": "Fail"}}))
    assert (ended.status, ended.error, ended.cause, ended.visits[0].error) == ("FAILED", None, None, None)


def test_null_input_differs_from_missing_input() -> None:
    """Null is passed on, while a missing input is an empty object, as in StartExecution."""
    echo = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    assert run(echo).output == {}
    assert run(echo, None).output is None


def test_functions_are_found_by_the_called_machine_or_queue() -> None:
    """A function is found by the late-bound name of the called machine or queue, or by its ARN or URL."""
    sends = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "QueryLanguage": "JSONata", "Next": "B"}
    starts = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "QueryLanguage": "JSONata"}
    states = {
        "A": {**sends, "Arguments": {"QueueUrl": "https://queue", "MessageBody": "m"}},
        "B": {**starts, "Arguments": {"StateMachineArn": "${child}"}, "End": True},
    }
    messages: list[Any] = []
    ended = run(machine(states), {}, {"https://queue": messages.append, "child": lambda _: {"Output": 3}})
    assert ended.output == {"Output": 3}
    assert messages == [{"QueueUrl": "https://queue", "MessageBody": "m"}]


# EXPRESS workflows


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ({"A": calls("sqs:sendMessage.waitForTaskToken")}, "waits for a job or a task token"),
        ({"A": calls("states:startExecution.sync:2")}, "waits for a job or a task token"),
        ({"A": task(Resource="arn:aws:states:us-east-1:123456789012:activity:a")}, "waits for an activity"),
        (distributed_map(states={"P": ends()})["States"], "is a distributed Map"),
    ],
)
def test_an_express_workflow_rejects_unsupported_states(states: Any, reason: str) -> None:
    with pytest.raises(CannotRun, match=f"'A' cannot run in an EXPRESS workflow: it {reason}"):
        run(machine(states), type="EXPRESS")


def test_an_express_workflow_ends_after_five_minutes() -> None:
    waits = {"Type": "Wait", "Seconds": 301, "End": True}
    ended = run(machine({"A": waits}), type="EXPRESS")
    assert (ended.status, ended.error, seconds(ended)) == ("TIMED_OUT", "States.Timeout", 300)
    assert run(machine({"A": {**waits, "Seconds": 300}}), type="EXPRESS").succeeded
    assert seconds(run(machine({"A": waits}, TimeoutSeconds=7), type="EXPRESS")) == 7
    assert run(machine({"A": waits})).succeeded


def test_an_express_execution_has_an_express_arn() -> None:
    asl = machine({"A": ends(Parameters={"id.$": "$$.Execution.Id"})})
    assert ":express:machine:n:" in run(asl, type="EXPRESS", name="n").output["id"]
    assert ":execution:machine:n" in run(asl, name="n").output["id"]


@pytest.mark.parametrize(("kind", "error"), [("EXPRESS", "States.ExceedToleratedFailureThreshold"), ("STANDARD", None)])
def test_a_child_of_a_map_has_the_time_limit_of_its_type(kind: str, error: str | None) -> None:
    """An item whose child exceeds the limit fails, and a catcher inside the child does not match that."""
    steps = {
        "I": {"Type": "Parallel", "Branches": [machine({"W": {"Type": "Wait", "SecondsPath": "$.s", "End": True}})],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}], "End": True},
        "C": ends(),
    }  # fmt: skip
    asl = distributed_map(states=steps)
    asl["States"]["A"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = kind
    asl["States"]["A"]["ItemProcessor"]["StartAt"] = "I"
    ended = run(asl, [{"s": 1}, {"s": 400}])
    assert (ended.error, seconds(ended)) == (error, 300 if kind == "EXPRESS" else 400)
    assert kind == "STANDARD" or "States.Timeout" in str(ended.cause)


def test_an_unknown_type_is_rejected() -> None:
    with pytest.raises(CannotRun, match="type must be STANDARD or EXPRESS, got 'express'"):
        run(machine({"A": ends()}), type="express")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_faults_can_be_injected_into_parallel_and_map_states(kind: str) -> None:
    asl = branches(machine({"I": ends()})) if kind == "Parallel" else map_machine()
    assert run(asl, [], faults={"A": ["E"]}).error == "E"


# Hostile definitions


@pytest.mark.parametrize(
    ("pattern", "value", "holds"),
    [
        ("*a" * 30 + "b", "a" * 200, False),
        ("*a" * 30 + "*", "a" * 200, True),
        ("a*b", "ab", True),
        ("a*a", "a", False),
        ("*", "", True),
        ("a\\*c", "a*c", True),
        ("a\\*c", "abc", False),
        ("a\\\\*", "a\\b", True),
        ("x*yz*z", "xyzz", True),
        ("x*yz*z", "xyz", False),
    ],
)
def test_wildcards_match_in_linear_time(pattern: str, value: str, holds: bool) -> None:
    rule = {"Variable": "$", "StringMatches": pattern, "Next": "Yes"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "No"}
    ended = run(machine({"A": choice, "Yes": {"Type": "Succeed"}, "No": {"Type": "Succeed"}}), value)
    assert ended.path == ("A", "Yes" if holds else "No")


def test_endless_retries_are_stopped() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 99_999_999}]
    ended = run(machine({"A": task(Retry=retry)}), {}, {"A": lambda _: 1 / 0}, max_transitions=200)
    assert (ended.error, ended.attempts["A"]) == ("States.Runtime", 201)
