"""Errors of expressions and paths in a run have AWS's error names and wording, and name the field."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.interpreter import Run, run

QUERY = "States.QueryEvaluationError"


def only(language: str = "JSONata", **state: Any) -> dict[str, Any]:
    """Return a machine of one state A, and a final state B if A is a Choice."""
    state = {"Type": "Pass", **state}
    ends = {} if state["Type"] in ("Choice", "Fail", "Succeed") else {"End": True}
    states = (
        {"A": {**state, **ends}, "B": {"Type": "Succeed"}} if state["Type"] == "Choice" else {"A": {**state, **ends}}
    )
    return {"QueryLanguage": language, "StartAt": "A", "States": states}


def error_and_cause(ended: Run) -> tuple[str | None, str | None]:
    return ended.error, ended.cause


NOPE = "{% $states.input.nope %}"
INNER = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
NOTHING = [
    ({"Output": NOPE}, "Output"),
    ({"Output": {"a": {"b": [1, NOPE]}}}, "Output/a/b[1]"),
    ({"Assign": {"x": NOPE}}, "Assign/x"),
    ({"Type": "Wait", "Seconds": NOPE}, "Seconds"),
    ({"Type": "Fail", "Error": NOPE}, "Error"),
    ({"Type": "Map", "Items": NOPE, "ItemProcessor": INNER}, "Items"),
    ({"Type": "Map", "Items": [1], "ItemSelector": {"x": NOPE}, "ItemProcessor": INNER}, "ItemSelector/x"),
    (
        {"Type": "Choice", "Choices": [
            {"Condition": "{% false %}", "Next": "B"}, {"Condition": NOPE, "Next": "B"}
        ]},
        "Choices[1]/Condition",
    ),
    (
        {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "B", "Assign": {"x": NOPE}}]},
        "Choices[0]/Assign/x",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("state", "field"), NOTHING, ids=[field for _, field in NOTHING])
def test_an_undefined_result_is_reported_with_its_field(state: dict[str, Any], field: str) -> None:
    """The cause has the wording of Step Functions."""
    cause = (
        f"The JSONata expression '$states.input.nope' specified for the field '{field}' returned nothing (undefined)."
    )
    assert error_and_cause(run(only(**state), {})) == (QUERY, cause)


def test_an_undefined_catcher_output_is_reported_with_its_location() -> None:
    """The cause names the second catcher's Output if the first catcher does not match."""
    catchers = [
        {"ErrorEquals": ["Other"], "Next": "B"},
        {"ErrorEquals": ["E"], "Output": NOPE, "Next": "B"},
    ]
    asl = only(Type="Task", Resource="arn:aws:states:::sqs:sendMessage", Arguments={}, Catch=catchers)
    asl["States"]["B"] = {"Type": "Succeed"}
    ended = run(asl, {}, {"A": lambda _: 1}, faults={"A": ["E"]})
    assert (ended.error, "'Catch[1]/Output'" in str(ended.cause)) == (QUERY, True)


UNUSABLE = [
    ({"Type": "Wait", "Seconds": "{% 'a' %}"}, "Expected 'number', but was 'string' for value: \"a\""),
    ({"Type": "Wait", "Seconds": "{% true %}"}, "Expected 'number', but was 'boolean' for value: true"),
    ({"Type": "Wait", "Seconds": "{% -1 %}"}, "out of range. Expected 0 or more, but was -1"),
    (
        {"Type": "Wait", "Timestamp": "{% 'soon' %}"},
        'Expected a timestamp such as 2026-01-31T12:00:00Z, but was "soon"',
    ),
    ({"Type": "Fail", "Cause": "{% {'a': 1} %}"}, "Expected 'string', but was 'object' for value: {\"a\":1}"),
    ({"Type": "Map", "Items": "{% 1 %}", "ItemProcessor": INNER}, "Expected 'array', but was 'number' for value: 1"),
    (
        {"Type": "Map", "Items": [], "MaxConcurrency": "{% -1 %}", "ItemProcessor": INNER},
        "'MaxConcurrency' returned a value that is out of range",
    ),
    (
        {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "B"}], "Default": "B"},
        "Expected 'boolean', but was 'number' for value: 1",
    ),
    (
        {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSeconds": "{% 0 %}"},
        "'TimeoutSeconds' returned a value that is out of range. Expected 1 or more, but was 0",
    ),
]


@pytest.mark.parametrize(("state", "words"), UNUSABLE)
def test_an_unusable_value_is_a_query_evaluation_error(state: dict[str, Any], words: str) -> None:
    """Type errors and values out of range have an error name that Retry and Catch can match."""
    functions = {"A": lambda _: 1} if state.get("Type") == "Task" else {}
    ended = run(only(**state), {}, functions)
    assert (ended.error, words in str(ended.cause)) == (QUERY, True), ended.cause


JSONPATH = [
    ({"Parameters": {"a": {"b.$": "$.x"}}},
     "The JSONPath '$.x' specified for the field 'b.$' could not be found in the input '{\"y\":1}'"),
    ({"Type": "Wait", "SecondsPath": "$.y.z"},
     "The SecondsPath parameter does not reference an input value: $.y.z"),
    ({"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}]},
     "Invalid path '$.x': The choice state's condition path references an invalid value."),
    ({"Type": "Map", "ItemsPath": "$.y", "ItemProcessor": INNER},
     "The ItemsPath parameter does not reference an array: $.y == 1"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "cause"), JSONPATH)
def test_a_path_without_a_match_is_reported_in_the_wording_of_aws(state: dict[str, Any], cause: str) -> None:
    """AWS's wording lets a search for the message find what others have written about it."""
    assert run(only("JSONPath", **state), {"y": 1}).cause == cause


FUNCTIONS = [
    ("$partition([1, 2, 3], 2.9)", [[1, 2], [3]]),
    ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
    ("$range(3, 1, -1)", [3, 2, 1]),
    ("$range(1, 1, 1)", 1),
    ("$count($range(1, 360145, 1))", 360_145),
    ("$string(1e20)", "100000000000000000000"),
    ("$string(1e21)", "1e+21"),
    ("$string(-3)", "-3"),
    ("$random(42)", 0.7275636800328681),
    ("$count([1..873782])", 873_782),
    ("[1/0]", ["Infinity"]),
]


@pytest.mark.parametrize(("expression", "value"), FUNCTIONS)
def test_functions_truncate_numbers_as_measured_on_step_functions(expression: str, value: object) -> None:
    """Numbers are truncated towards zero, and a range of one number is that number."""
    assert run(only(Output=f"{{% {expression} %}}"), {}).output == value


FAILING = [
    ("$range(1, 2)", "returned nothing (undefined)."),
    ("$range(5, 1, 1)", "returned nothing (undefined)."),
    ("$range(1, 5, 0)", "returned nothing (undefined)."),
    ("$partition([], 2)", "returned nothing (undefined)."),
    ("$partition([1], 0)", "returned nothing (undefined)."),
    ("$hash('a')", "returned nothing (undefined)."),
    ("$hash('a', 'CRC')", "MD5, SHA-1, SHA-256, SHA-384, SHA-512"),
    ("$eval('1')", ". T1006: Attempted to invoke a non-function"),
    ("$range(1, 1000000000000, 1)", "Expression evaluation memory limit exceeded"),
    ("$count([1..873783])", "Expression evaluation memory limit exceeded"),
    ("($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('x', 31))", "memory limit exceeded"),
    pytest.param("($f := function() { $f() }; $f())", "Check for infinite loop", marks=pytest.mark.nightly),
    (
        "($f := function($n) { 1 + $f($n) }; $f(1))",
        ": Stack overflow error: Check for non-terminating recursive function",
    ),
]


@pytest.mark.parametrize(("expression", "words"), FAILING)
def test_a_failing_or_endless_expression_fails_its_state(expression: str, words: str) -> None:
    """The error has a name that Retry and Catch can match, and always occurs at the same step."""
    ended = run(only(Output=f"{{% {expression} %}}"), {})
    assert (ended.error, words in str(ended.cause)) == (QUERY, True), ended.cause


HOSTILE = [
    "$pad('x', 1000000000)",
    "$pad('x', -1000000000, 'ab')",
    "$join($map([1..10000], function($x) { $pad('a', 1000) }))",
    "[1..100000000]",
    "$count([1..10000000])",
    "$range(1, 1000000000, 1)",
    "$reduce([1..40], function($a, $b) { $a & $a }, 'xx')",
]


@pytest.mark.parametrize("expression", HOSTILE)
def test_an_expression_with_a_huge_result_fails(expression: str) -> None:
    """The expression fails before it uses the memory, as on Step Functions."""
    ended = run(only(Output=f"{{% {expression} %}}"))
    assert (ended.error, "memory limit exceeded" in str(ended.cause)) == (QUERY, True)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("$pad('foo', 5)", "foo  "),
        ("$pad('foo', -5, '#')", "##foo"),
        ("$pad('foo', 8, '-+')", "foo-+-+-"),
        ("$pad('foo', 2)", "foo"),
        ("$pad('foo', 5, '')", "foo  "),
        ("$join(['a', 'b'], ', ')", "a, b"),
        ("$join('a')", "a"),
        ("$join([])", ""),
    ],
)
def test_strings_are_padded_and_joined(expression: str, result: str) -> None:
    assert run(only(Output=f"{{% {expression} %}}")).output == result


A_S = "a" * 40 + "!"
ENDLESS = [
    only("JSONPath", Parameters={"v.$": "$[?(@.a =~ /(a+)+$/)]"}),
    only(Output="{% $match($states.input[0].a, /^(a+)+$/) %}"),
    only(Output="{% $contains($pad('', 3000, 'a'), /a*a*a*a*b/) %}"),
]


@pytest.mark.parametrize("machine", ENDLESS)
def test_a_pattern_that_backtracks_endlessly_fails(machine: Any) -> None:
    """Nested and adjacent repetitions fail, in JSONPath filters and in JSONata."""
    assert "takes more than 1 second" in str(run(machine, [{"a": A_S}]).cause)


@pytest.mark.parametrize(
    "expression",
    [
        "$count($map([1..1000], function($x) { [1..870000] }))",
        "$reduce([1..60], function($a, $b) { $append($a, $a) }, [1])",
        "$count([1..800000].[1..1000])",
        "($long := $pad('', 4000000, 'a'); $count($map([1..100000], function($x) { $contains($long, 'b') })))",
    ],
)
def test_an_expression_that_processes_too_much_data_fails(expression: str) -> None:
    assert "took too long: Check for excessive data" in str(run(only(Output=f"{{% {expression} %}}")).cause)


def test_efficient_patterns_match_long_strings() -> None:
    words = only(Output="{% $contains($states.input, /^([a-z]+-)*[a-z]+$/) %}")
    assert run(words, "one-two-three-four-five-six").output is True
    long = only(Output="{% $contains($pad('', 20000, 'a') & 'b', /a+b/) %}")
    assert run(long).output is True
