"""`run` behaves like executions recorded on AWS, even where the documentation differs.

Sources of the recordings: LocalStack's snapshots (tests/aws/services/stepfunctions), Floci's issues 2521, 2870, 3199.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.defects import calls, distributed_map, ends, jsonata, machine, map_machine, task
from workflow.interpreter import Run, run
from workflow.lint import check

ALL = ["States.ALL"]
RUNTIME = "States.Runtime"
INNER = machine({"P": ends()})
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"


def catching(names: list[str], **fields: Any) -> dict[str, Any]:
    """Return a machine with a Task that catches these errors and continues with B."""
    work = {"Type": "Task", "Resource": LAMBDA, "Catch": [{"ErrorEquals": names, "Next": "B"}], "End": True}
    return machine({"A": {**work, **fields}, "B": ends()})


def outcome(ended: Run) -> tuple[str | None, str | None]:
    return ended.error, ended.cause


def echo(event: Any) -> Any:
    return event


def missing(field: str, path: str = "$.no", source: str = "{}") -> str:
    return f"The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{source}'"


# Paths that match nothing raise States.Runtime, which cannot be caught

NO_INPUT = "Invalid path '$.no' : No results for path: $['no']"
NO_MATCH = [
    ({"OutputPath": "$.no"}, NO_INPUT),
    ({"InputPath": "$.no"}, NO_INPUT),
    ({"InputPath": "$.no.deep[0]"}, "Invalid path '$.no.deep[0]' : Missing property in path $['no']"),
    ({"TimeoutSecondsPath": "$.no"}, NO_INPUT),
    ({"HeartbeatSecondsPath": "$.no"}, NO_INPUT),
    ({"Parameters": {"a.$": "$.no"}}, missing("a.$")),
    ({"Parameters": {"a.$": "$$.no.deep"}}, None),
    ({"Parameters": {"a.$": "$v"}}, missing("a.$", "$v")),
    ({"ResultSelector": {"b": [{"a.$": "$.no"}]}}, missing("a.$")),
    ({"Assign": {"v.$": "$.no"}}, missing("v.$")),
    ({"Credentials": {}, "Parameters": {"a.$": "States.Format('{}', States.Array($.no))"}},
     "The function 'States.Format('{}', States.Array($.no))' had the following error: "
     "The JsonPath argument for the field '$.no' could not be found in the input '{}'"),
]  # fmt: skip


@pytest.mark.parametrize("names", [ALL, ["States.TaskFailed"], [RUNTIME], ["States.ParameterPathFailure"]])
@pytest.mark.parametrize(("fields", "cause"), NO_MATCH)
def test_a_path_that_matches_nothing_cannot_be_caught(fields: Any, cause: str | None, names: list[str]) -> None:
    ended = run(catching(names, **fields), {}, {"f": echo})
    assert (ended.error, ended.path) == (RUNTIME, ("A",))
    assert cause is None or ended.cause == cause


@pytest.mark.parametrize("field", ["ErrorPath", "CausePath"])
def test_a_fail_state_whose_path_matches_nothing_raises_states_runtime(field: str) -> None:
    ended = run(machine({"F": {"Type": "Fail", field: "$.no"}}))
    assert outcome(ended) == (RUNTIME, missing(field))


@pytest.mark.parametrize("field", ["SecondsPath", "TimestampPath"])
def test_a_wait_whose_path_matches_nothing_raises_states_runtime(field: str) -> None:
    ended = run(machine({"W": {"Type": "Wait", field: "$.no", "End": True}}))
    assert outcome(ended) == (RUNTIME, f"The {field} parameter does not reference an input value: $.no")


@pytest.mark.parametrize("retry", [ALL, [RUNTIME]])
def test_states_runtime_is_never_retried(retry: list[str]) -> None:
    ended = run(machine({"A": task(Parameters={"a.$": "$.no"}, Retry=[{"ErrorEquals": retry}])}), {}, {"A": echo})
    assert (ended.error, ended.attempts) == (RUNTIME, {"A": 1})


def test_a_catcher_whose_own_paths_match_nothing_fails_the_execution() -> None:
    catch = [{"ErrorEquals": ["E"], "Assign": {"v.$": "$.no"}, "Next": "B"}]
    ended = run(machine({"A": task(Catch=catch), "B": ends()}), {}, {"A": echo}, faults={"A": ["E"]})
    assert (ended.error, ended.path) == (RUNTIME, ("A",))


def test_an_index_past_the_end_gives_null_in_a_template_and_fails_elsewhere() -> None:
    """Floci measured this on AWS for its issues 2870 and 3199."""
    assert run(machine({"A": ends(Parameters={"v.$": "$.n[5]"})}), {"n": [1]}).output == {"v": None}
    for template in ("$.n[5].x", "$.o[0]", "States.Array($.n[5])"):
        assert run(machine({"A": ends(Parameters={"v.$": template})}), {"n": [1], "o": {}}).error == RUNTIME
    assert run(machine({"A": ends(InputPath="$.n[5]")}), {"n": [1]}).error == RUNTIME


@pytest.mark.parametrize("fields", [{"Result": 1, "ResultPath": "$.a.b"}, {"Result": 1, "ResultPath": "$.b"}])
def test_a_result_path_that_does_not_fit_its_input_is_a_reference_path_conflict(fields: Any) -> None:
    ended = run(machine({"A": ends(**fields)}), ["x"])
    assert ended.error == "States.ReferencePathConflict"
    assert "to input" in str(ended.cause)


def test_an_items_path_that_matches_nothing_is_a_reference_path_conflict() -> None:
    assert outcome(run(map_machine(INNER, ItemsPath="$.jobs"), {"x": 1})) == (
        "States.ReferencePathConflict",
        'Unable to apply step "jobs" to input {"x":1}',
    )


# Values that a field cannot use

NOT_A_LONG = "The SecondsPath parameter cannot be parsed as a long value: $.v == "
SECONDS = {"Type": "Wait", "SecondsPath": "$.v"}
UNUSABLE = [
    (SECONDS, 1.5, NOT_A_LONG + "1.5"),
    (SECONDS, "1", NOT_A_LONG + "1"),
    (SECONDS, True, NOT_A_LONG + "true"),
    (SECONDS, None, NOT_A_LONG + "null"),
    (SECONDS, -1, "The SecondsPath parameter references a negative value: $.v == -1"),
    ({"Type": "Wait", "TimestampPath": "$.v"}, "2026-01-01T00:00:00",
     "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
     "$.v == 2026-01-01T00:00:00"),
    ({"Type": "Wait", "TimestampPath": "$.v"}, "2200-01-01T00:00:00Z", "Wait state delay is too long."),
    (SECONDS, 2**31, "Wait state delay is too long."),
    ({"Type": "Task", "Resource": LAMBDA, "TimeoutSecondsPath": "$.v"}, 1.5,
     "The TimeoutSecondsPath parameter cannot be parsed as a long value: $.v == 1.5"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "value", "cause"), UNUSABLE)
def test_a_value_that_a_path_cannot_use_raises_states_runtime(state: Any, value: Any, cause: str) -> None:
    ended = run(machine({"A": {**state, "End": True}}), {"v": value}, {"f": echo} if state["Type"] == "Task" else {})
    assert outcome(ended) == (RUNTIME, cause)


@pytest.mark.parametrize("days", [1, 24_855])
def test_a_wait_can_take_up_to_24855_days(days: int) -> None:
    ended = run(machine({"A": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}), {"s": days * 86_400})
    assert (ended.succeeded, ended.duration.days) == (True, days)


@pytest.mark.parametrize("field", ["ErrorPath", "CausePath"])
@pytest.mark.parametrize("value", [None, 1, {"a": 1}])
def test_an_error_or_cause_from_data_must_be_a_string(field: str, value: Any) -> None:
    ended = run(machine({"F": {"Type": "Fail", field: "$.v"}}), {"v": value})
    assert (ended.error, f"The {field} parameter does not reference a string" in str(ended.cause)) == (RUNTIME, True)


# Numbers of Maps


def run_with_number(field: str, value: Any) -> Run:
    """Run a distributed Map that takes one of its numeric fields from data."""
    options: dict[str, Any] = {field: "$.v"}
    if field == "MaxItemsPath":
        config = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", field: "$.v"}
        options = {"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
                                 "Parameters": {"Bucket": "b", "Key": "k"}}}  # fmt: skip
    elif "PerBatch" in field:
        options = {"ItemBatcher": {field: "$.v"}, "ItemsPath": "$.items"}
    else:
        options["ItemsPath"] = "$.items"
    objects = {"s3://b/k": "a\n1\n2\n"} if field == "MaxItemsPath" else {}
    return run(distributed_map(states={"P": ends()}, **options), {"v": value, "items": [1, 2]}, objects=objects)


FIELDS = [
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "MaxItemsPath",
    "MaxItemsPerBatchPath",
    "MaxInputBytesPerBatchPath",
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [1, "1"])
def test_the_numbers_of_a_map_can_be_strings(field: str, value: Any) -> None:
    assert run_with_number(field, value).succeeded


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["one", "", {}, True, None])
def test_other_values_for_the_numbers_of_a_map_raise_states_runtime(field: str, value: Any) -> None:
    ended = run_with_number(field, value)
    assert (ended.error, f"The {field} field refers to value" in str(ended.cause)) == (RUNTIME, True)


BOUNDS = [
    ("MaxConcurrencyPath", -1, (RUNTIME, "Expected non-negative integer for MaxConcurrency, got '-1' instead.")),
    ("MaxConcurrencyPath", 1.5,
     (RUNTIME, 'The MaxConcurrencyPath field refers to value "1.5" which is not a valid integer: $.v')),
    ("ToleratedFailureCountPath", -1, (RUNTIME, "ToleratedFailureCount cannot be negative.")),
    ("ToleratedFailurePercentagePath", -1.1, (RUNTIME, "ToleratedFailurePercentage must be between 0 and 100.")),
    ("ToleratedFailurePercentagePath", 100.1, (RUNTIME, "ToleratedFailurePercentage must be between 0 and 100.")),
    ("ToleratedFailurePercentagePath", 1.1, (None, None)),
    ("MaxItemsPath", -1, ("States.ItemReaderFailed", "field MaxItems must be positive")),
    ("MaxItemsPath", 1.5, (RUNTIME, 'The MaxItemsPath field refers to value "1.5" which is not a valid integer: $.v')),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "expected"), BOUNDS)
def test_numbers_of_a_map_have_bounds(field: str, value: Any, expected: Any) -> None:
    assert outcome(run_with_number(field, value)) == expected


@pytest.mark.parametrize(("given", "shown"), [(1, "1"), (True, "true"), (None, "null"), ({"a": 1}, '{"a":1}')])
def test_a_map_over_an_input_that_is_not_an_array_fails_with_a_catchable_error(given: Any, shown: str) -> None:
    each = {"Type": "Map", "ItemProcessor": INNER, "End": True}
    query = "States.QueryEvaluationError"
    assert outcome(run(jsonata({"A": each}), given)) == (query, f"Map state input must be an array but was: {shown}")
    caught = {**each, "Catch": [{"ErrorEquals": [query], "Next": "B"}]}
    assert run(jsonata({"A": caught, "B": ends()}), given).path == ("A", "B")


# Item readers


def read(content: Any, **config: Any) -> Run:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": config,
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    return run(distributed_map(states={"P": ends()}, ItemReader=reader), objects={"s3://b/k": content})


@pytest.mark.parametrize(
    ("content", "config"),
    [
        ("1,2\n", {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["H1", "H1"]}),
        ("a,b,a\n1,2,3\n", {"CSVHeaderLocation": "FIRST_ROW"}),
    ],
)
def test_csv_headers_must_be_unique(content: str, config: Any) -> None:
    expected = ("States.ItemReaderFailed", "CSV headers cannot contain duplicates.")
    assert outcome(read(content, InputType="CSV", **config)) == expected


@pytest.mark.parametrize(
    ("content", "config"), [('{"a": 1}', {}), ('"x"', {}), ('{"a": {"b": 1}}', {"ItemsPointer": "/a"})]
)
def test_an_item_reader_needs_an_array(content: str, config: Any) -> None:
    expected = ("States.ItemReaderFailed", "Attempting to map over non-iterable node.")
    assert outcome(read(content, InputType="JSON", **config)) == expected


# Tasks


@pytest.mark.parametrize("suffix", [".sync", ".sync:2", ".waitForTaskToken"])
def test_tasks_that_wait_have_a_token(suffix: str) -> None:
    arguments = {"StateMachineArn": "m", "Input": {"t.$": "$$.Task.Token"}}
    asl = machine({"A": calls(f"states:startExecution{suffix}", Parameters=arguments, TimeoutSeconds=9)})
    seen: list[Any] = []
    run(asl, {}, {"A": lambda event: seen.append(event["Input"]["t"])})
    assert len(seen[0]) == 36


def test_tasks_that_do_not_wait_have_no_token() -> None:
    asl = machine({"A": calls("sqs:sendMessage", Parameters={"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"})})
    assert run(asl, {}, {"A": echo}).error == RUNTIME


TIMEOUTS = [
    {"TimeoutSeconds": 600, "HeartbeatSeconds": 5},
    {"TimeoutSeconds": 5, "HeartbeatSeconds": 5},
    {"TimeoutSeconds": 5},
]


@pytest.mark.parametrize("limits", TIMEOUTS)
def test_a_missed_heartbeat_is_a_timeout_without_a_cause(limits: Any) -> None:
    arguments = {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}
    waits = calls("sqs:sendMessage.waitForTaskToken", Parameters=arguments, **limits)
    ended = run(machine({"A": waits}), {}, {"A": lambda _: None})
    assert (outcome(ended), ended.duration.total_seconds()) == (("States.Timeout", None), 5)
    for name, caught in (("States.HeartbeatTimeout", False), ("States.Timeout", True)):
        catch = [{"ErrorEquals": [name], "Next": "B"}]
        asl = machine({"A": {**waits, "Catch": catch}, "B": ends()})
        assert run(asl, {}, {"A": lambda _: None}).succeeded is caught


def test_states_all_catches_an_answer_that_is_too_large() -> None:
    assert run(catching(ALL), {}, {"f": lambda _: "x" * 262_145}).path == ("A", "B")
    assert run(catching(["States.TaskFailed"]), {}, {"f": lambda _: "x" * 262_145}).path == ("A",)


# Intrinsic functions and paths

YIELDS = [
    ("States.StringToJson('')", None),
    ("States.StringToJson(' \n\t')", None),
    ("States.StringToJson($.blank)", None),
    ("States.Format('{}', $.o)", "{A=1, B=[], C={D=null}}"),
    ("States.Format('{}{}', $.list, true)", '[a, 1.5, {x=y "z"}]true'),
    ("$.n ", 1),
    ("$.n\t\n", 1),
    ("$['Te\\\"st']", 2),
    ("$['back\\slash']", 3),
    ("$['it\\'s']", 4),
    ('$["it\'s"]', 4),
    ("$['q\"q']", 5),
]
DATA = {
    "o": {"A": 1, "B": [], "C": {"D": None}},
    "list": ["a", 1.5, {"x": 'y "z"'}],
    "n": 1,
    'Te\\"st': 2,
    "back\\slash": 3,
    "it's": 4,
    'q"q': 5,
    "blank": "  ",
}


@pytest.mark.parametrize(("text", "value"), YIELDS)
def test_expressions_yield_the_recorded_values(text: str, value: Any) -> None:
    assert run(machine({"A": ends(Parameters={"v.$": text})}), DATA).output == {"v": value}


def test_a_path_into_null_input_raises_states_runtime() -> None:
    assert run(machine({"A": ends(Parameters={"v.$": "$.x"})}), None).error == RUNTIME


# JSONata expressions, as others measured them with TestState (floci-io/floci issues 2668, 2736, 2737)

THROWN = [
    ('$abs("a")', '. T0410: Argument 1 of function "abs" does not match function signature'),
    ('$sum(["a"])', '. T0412: Argument 1 of function "sum" must be an array of "numbers"'),
    ('$eval("1+1")', ". T1006: Attempted to invoke a non-function"),
    ('$number("x")', '. D3030: Unable to cast value to a number: "x"'),
    ('$replace("a", "", "b")', ". D3010: Second argument of replace function cannot be an empty string"),
    ('$error("boom")', ". D3137: boom"),
    ("[1..900000] ~> $count()", ": Expression evaluation memory limit exceeded: Check for excessive memory usage"),
    (
        "+".join(["1"] * 200),
        ": Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
    ),
]


@pytest.mark.parametrize(("expression", "cause"), THROWN)
def test_a_throwing_expression_is_reported_in_the_wording_of_aws(expression: str, cause: str) -> None:
    ended = run(jsonata({"A": ends(Output=f"{{% {expression} %}}")}))
    message = f"The JSONata expression '{expression}' specified for the field 'Output' threw an error during evaluation"
    assert outcome(ended) == ("States.QueryEvaluationError", message + cause)


@pytest.mark.parametrize(("terms", "works"), [(99, True), (102, False)])
def test_an_expression_nests_about_100_levels(terms: int, works: bool) -> None:
    assert run(jsonata({"A": ends(Output="{% " + "+".join(["1"] * terms) + " %}")})).succeeded is works


LITERALS: dict[str, Any] = {
    "not_jsonata": " {% states.input %} ",
    "states": "$states.input",
    "variable": "$no.such.var.path",
    "path": "$.input_value",
    "root": "$",
    "root.$": "$",
    "context": "$$",
    "intrinsic": "States.Format('Format:{}', 101)",
    "list": [None, 0, 0.1, True, [], {"constant": 0}, " {% states.input %} ", "$states.input", "$no.such.var.path"],
}


def test_strings_that_only_resemble_expressions_stay_unchanged() -> None:
    """LocalStack recorded this on AWS for its test of literal outputs."""
    asl = jsonata({"A": ends(Output=LITERALS)})
    assert run(asl).output == LITERALS
    assert [str(each) for each in check(asl) if each.severity == "error"] == []


@pytest.mark.parametrize("text", ["1 %}", " {% 1 %}", "{% 1 %} ", "{% 1", "{% 1 %}."])
def test_an_unpaired_delimiter_is_rejected(text: str) -> None:
    found = check(jsonata({"A": ends(Output=text)}))
    assert [(each.code, each.severity) for each in found] == [("INVALID_JSONATA_EXPRESSION", "error")]


# Limits that end an execution (floci-io/floci issue 2734 and its sources)


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_a_choice_without_a_matching_rule_raises_states_runtime(language: str) -> None:
    rule: dict[str, Any] = {"Variable": "$.x", "IsPresent": True, "Next": "B"}
    if language == "JSONata":
        rule = {"Condition": "{% false %}", "Next": "B"}
    asl = machine({"A": {"Type": "Choice", "Choices": [rule]}, "B": ends()}) | {"QueryLanguage": language}
    message = "Failed to transition out of the state. The state does not point to a next state."
    assert outcome(run(asl)) == (RUNTIME, message)
    assert run(asl, documented=True).error == "States.NoChoiceMatched"


def test_an_execution_ends_at_its_25000th_event() -> None:
    """The events are ExecutionStarted, two for each state, and the failure in place of the next one."""
    ended = run(machine({"L": {"Type": "Pass", "Next": "L"}}))
    assert outcome(ended) == (RUNTIME, "The execution reached the maximum number of history events (25000).")
    assert len(ended.visits) == 12_499


def test_children_of_a_distributed_map_have_their_own_histories() -> None:
    """Each child has 6 events, and 5,000 of them would fill the history of an inline Map."""
    each = {"P": {"Type": "Pass", "Next": "Q"}, "Q": ends()}
    assert run(distributed_map(states=each, MaxConcurrency=1), [1] * 5_000).succeeded
    ended = run(map_machine(machine(each)), [1] * 5_000)
    assert outcome(ended) == (RUNTIME, "The execution reached the maximum number of history events (25000).")


# The documented behaviour


def test_documented_behaviour_is_an_option() -> None:
    """With `documented=True`, errors have their documented names, and catchers match them as documented."""
    arguments = {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}
    silent = calls("sqs:sendMessage.waitForTaskToken", Parameters=arguments, TimeoutSeconds=9, HeartbeatSeconds=5)
    cases: list[tuple[Any, Any, str]] = [
        (machine({"A": task(Parameters={"a.$": "$.no"})}), {}, "States.ParameterPathFailure"),
        (machine({"A": {"Type": "Fail", "ErrorPath": "$.no"}}), {}, "States.ParameterPathFailure"),
        (machine({"A": ends(Result=1, ResultPath="$.b")}), [], "States.ResultPathMatchFailure"),
        (map_machine(INNER, ItemsPath="$.jobs"), {}, "States.ParameterPathFailure"),
        (machine({"A": silent}), {}, "States.HeartbeatTimeout"),
        (machine({"A": ends(Parameters={"v.$": "$[5]"})}), [], "States.ParameterPathFailure"),
    ]
    for asl, given, error in cases:
        functions: dict[str, Any] = {"A": lambda _: None} if asl["States"]["A"]["Type"] == "Task" else {}
        assert run(asl, given, functions, documented=True).error == error
    assert run(catching(ALL, Parameters={"a.$": "$.no"}), {}, {"f": echo}, documented=True).path == ("A", "B")
    assert run(catching(ALL), {}, {"f": lambda _: "x" * 262_145}, documented=True).path == ("A",)
    assert run(catching([RUNTIME], OutputPath="$.no"), {}, {"f": echo}, documented=True).path == ("A", "B")
