"""Definitions with one wrong value each: for every field, values that it cannot have.

`defects.py` has one example of each class of defect; here each class is gone through value by value.
Long, for it is a table.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from tests.workflow.defects import (
    FUNCTION,
    Defect,
    branches,
    calls,
    caught,
    distributed,
    ends,
    jsonata,
    machine,
    mapped,
    retried,
    rule,
    task,
    text_of,
)

_A: Final = "/States/A"
_READER: Final = {
    "Resource": "arn:aws:states:::s3:getObject",
    "Parameters": {"Bucket": "b", "Key": "k"},
}
_WRITER: Final = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}
_NO_PATHS: Final = ("", " $.a", "$.a ", "a.b", ".a", "@.a", "$.", "$..", "$.a..", "$$$", "$a b", "$.a b", "$.a,b")
_NO_BRACKETS: Final = ("$.a[", "$.a]", "$.a[]", "$.a[b]", "$.a['b", "$['a'", "$.a.[", "$[a]", "$.a[1:2:3:4]", "$.a{b}")
_NO_FILTERS: Final = ("$.a[?]", "$.a[?(@.b]", "$.a[?(@.b==)]", "$.a[?(@.b = 1)]", '$.a[?(@.b == "x)]', "$.a.b()")
_NOT_ONE_PLACE: Final = ("$.a[*]", "$..a", "$.a[?(@.b)]", "$.a[0:2]", "$.a[0,1]", "$.*", "$['a','b']", "$.a.length()")
_NO_TIMES: Final = (
    "2024-01-01",
    "tomorrow",
    "2024-01-01T00:00:00",
    "2024-01-01 00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-01-01T25:00:00Z",
    1_700_000_000,
    None,
)
_NO_WHOLE_NUMBERS: Final = ("3", 1.5, True, None, [])
_NO_INTRINSICS: Final = (
    "States.Foo($.x)",
    "States.format('x')",
    "States.Format()",
    "States.Format('{}')",
    "States.Format('{}', $.a, $.b)",
    'States.Format("{}", $.a)',
    "States.Format('x'",
    "States.Format('x",
    "States.Format('{}', a)",
    "States.Format('{}', $.a) x",
    "States.Format('{}', $.a[)",
    "States.Format('{}', States.Format('{} {}', 1))",
    "States.Array(1,)",
    "States.UUID(1)",
    "States.UUID",
    "States.MathAdd(1)",
    "States.MathAdd('a', 1)",
    "States.MathRandom(1)",
    "States.Hash('a')",
    "States.Hash('a', 'SHA-3')",
    "States.StringToJson()",
    "States.StringSplit(1, ',')",
    "States.JsonMerge($.a, $.b)",
    "States.JsonMerge($.a, $.b, true)",
    "States.ArrayLength('abc')",
    "States.ArrayPartition($.a)",
    "States.ArrayPartition($.a, 0)",
    "States.ArrayRange(1, 2)",
    "States.ArrayRange(1, 5, 0)",
    "States.ArrayGetItem($.a, -1)",
    "States.ArrayLength(States.ArrayUnique(3))",
    "States.Base64Encode(5)",
    "States.Array(" * 11 + ")" * 11,
)
_NO_JSONATA: Final = (
    "",
    "$states.input.",
    "$sum(1,",
    '"abc',
    "1 +",
    '{"a":}',
    "$x :=",
    "/abc",
    "[1,2",
    "a[1,2)",
    "phone %.other",
    "1 2",
    "?",
    "function($x) $x",
    "5 := 3",
    "1 %}{% 2",
    "$states.input.a ?? 1",
    "$states.input.a ?: 1",
)
_NOTHING_TO_TAKE_IT_FROM: Final = ("$", "$.a", "$$.a", "a", "a.b[c]", "*", "**", "$map([1], function($x){ b })")


def _with_default(value: Any) -> Any:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}], "Default": value}
    return machine({"A": choice, "B": ends()})


_Made = Callable[[Any], Any]
_TABLE: list[tuple[str, str, str, _Made, Iterable[Any]]] = [
    # field, code, pointer, the machine, values
    ("StartAt", "WRONG_TYPE", "/StartAt", lambda v: {"StartAt": v, "States": {"A": ends()}}, (3, None, ["A"], {})),
    ("States", "WRONG_TYPE", "/States", lambda v: {"StartAt": "A", "States": v}, ([ends()], None, "A", 3)),
    ("a state", "WRONG_TYPE", _A, lambda v: machine({"A": v}), (None, [], "Pass", 3, True)),
    ("Type", "WRONG_TYPE", f"{_A}/Type", lambda v: machine({"A": ends(Type=v)}), (3, None, [])),
    ("Type", "UNKNOWN_TYPE", f"{_A}/Type", lambda v: machine({"A": ends(Type=v)}), ("task", "", "Lambda", "Pass ")),
    ("Version", "INVALID_VALUE", "/Version", lambda v: machine({"A": ends()}, Version=v), ("1.1", "")),
    ("Version", "WRONG_TYPE", "/Version", lambda v: machine({"A": ends()}, Version=v), (1.0, None)),
    (
        "the timeout",
        "WRONG_TYPE",
        "/TimeoutSeconds",
        lambda v: machine({"A": ends()}, TimeoutSeconds=v),
        ("3", 1.5, True, None),
    ),
    (
        "the timeout",
        "INVALID_VALUE",
        "/TimeoutSeconds",
        lambda v: machine({"A": ends()}, TimeoutSeconds=v),
        (-1, 0, 10**8),
    ),
    ("Next", "WRONG_TYPE", f"{_A}/Next", lambda v: machine({"A": {"Type": "Pass", "Next": v}}), (3, None, ["A"], {})),
    (
        "Next",
        "MISSING_TRANSITION_TARGET",
        f"{_A}/Next",
        lambda v: machine({"A": {"Type": "Pass", "Next": v}}),
        ("", "a", " A"),
    ),
    ("End", "WRONG_TYPE", f"{_A}/End", lambda v: machine({"A": {"Type": "Pass", "End": v}}), ("true", 1, None)),
    (
        "QueryLanguage",
        "INVALID_VALUE",
        f"{_A}/QueryLanguage",
        lambda v: machine({"A": ends(QueryLanguage=v)}),
        ("jsonata", "jsonpath", ""),
    ),
    ("QueryLanguage", "WRONG_TYPE", f"{_A}/QueryLanguage", lambda v: machine({"A": ends(QueryLanguage=v)}), (3, [])),
    # data by JSONPath
    (
        "InputPath",
        "INVALID_JSONPATH",
        f"{_A}/InputPath",
        lambda v: machine({"A": ends(InputPath=v)}),
        (*_NO_PATHS, *_NO_BRACKETS, *_NO_FILTERS, "States.UUID()"),
    ),
    ("InputPath", "WRONG_TYPE", f"{_A}/InputPath", lambda v: machine({"A": ends(InputPath=v)}), (3, True, {}, [])),
    (
        "ResultPath",
        "INVALID_JSONPATH",
        f"{_A}/ResultPath",
        lambda v: machine({"A": ends(ResultPath=v)}),
        (*_NOT_ONE_PLACE, "a", "$$.Execution", "$x.a", "States.UUID()"),
    ),
    ("ResultPath", "WRONG_TYPE", f"{_A}/ResultPath", lambda v: machine({"A": ends(ResultPath=v)}), (3, {})),
    (
        "a key with .$",
        "INVALID_JSONPATH",
        f"{_A}/Parameters/x.$",
        lambda v: machine({"A": ends(Parameters={"x.$": v})}),
        ("plain", "{% 1 %}", ""),
    ),
    (
        "a key with .$",
        "WRONG_TYPE",
        f"{_A}/Parameters/x.$",
        lambda v: machine({"A": ends(Parameters={"x.$": v})}),
        (3, None, True, [], {}),
    ),
    (
        "a key with .$",
        "INVALID_INTRINSIC_FUNCTION",
        f"{_A}/Parameters/x.$",
        lambda v: machine({"A": ends(Parameters={"x.$": v})}),
        _NO_INTRINSICS,
    ),
    (
        "Parameters of an integration",
        "WRONG_TYPE",
        f"{_A}/Parameters",
        lambda v: machine({"A": calls("sqs:sendMessage", Parameters=v)}),
        ("$.x", 3, None, []),
    ),
    (
        "ResultSelector",
        "WRONG_TYPE",
        f"{_A}/ResultSelector",
        lambda v: machine({"A": task(ResultSelector=v)}),
        ("$.x", 3, None, []),
    ),
    # data by JSONata
    (
        "an expression",
        "INVALID_JSONATA_EXPRESSION",
        f"{_A}/Output/x",
        lambda v: jsonata({"A": ends(Output={"x": f"{{% {v} %}}"})}),
        _NO_JSONATA,
    ),
    (
        "an expression",
        "UNSUPPORTED_JSONATA_EXPRESSION",
        f"{_A}/Output/x",
        lambda v: jsonata({"A": ends(Output={"x": f"{{% {v} %}}"})}),
        _NOTHING_TO_TAKE_IT_FROM,
    ),
    ("Arguments", "WRONG_TYPE", f"{_A}/Arguments", lambda v: jsonata({"A": task(Arguments=v)}), ([1], 3, None)),
    (
        "Items",
        "WRONG_TYPE",
        f"{_A}/Items",
        lambda v: jsonata({"A": {"Type": "Map", "Items": v, "ItemProcessor": machine({"I": ends()}), "End": True}}),
        (3, "x", None, "{% 'x' %}", "{% 3 %}"),
    ),
    ("Assign", "WRONG_TYPE", f"{_A}/Assign", lambda v: jsonata({"A": ends(Assign=v)}), ("x", [], None, 3)),
    # Choice
    (
        "Choices",
        "WRONG_TYPE",
        f"{_A}/Choices",
        lambda v: machine({"A": {"Type": "Choice", "Choices": v, "Default": "B"}, "B": ends()}),
        ({}, "x", None),
    ),
    (
        "a rule",
        "WRONG_TYPE",
        f"{_A}/Choices/0",
        lambda v: machine({"A": {"Type": "Choice", "Choices": [v], "Default": "B"}, "B": ends()}),
        (None, "x", []),
    ),
    ("Default", "WRONG_TYPE", f"{_A}/Default", _with_default, (3, None)),
    (
        "Variable",
        "INVALID_JSONPATH",
        f"{_A}/Choices/0/Variable",
        lambda v: rule(Variable=v, IsNull=True, Next="B"),
        ("x", "States.ArrayLength($.x)"),
    ),
    (
        "Variable",
        "WRONG_TYPE",
        f"{_A}/Choices/0/Variable",
        lambda v: rule(Variable=v, IsNull=True, Next="B"),
        (3, None),
    ),
    (
        "a Variable beside And",
        "CONFLICTING_FIELDS",
        f"{_A}/Choices/0/Variable",
        lambda v: rule(Variable=v, And=[{"Variable": "$.x", "IsNull": True}], Next="B"),
        ("$.x",),
    ),
    (
        "StringEquals",
        "WRONG_TYPE",
        f"{_A}/Choices/0/StringEquals",
        lambda v: rule(Variable="$.x", StringEquals=v, Next="B"),
        (None, 3, True, []),
    ),
    (
        "NumericLessThan",
        "WRONG_TYPE",
        f"{_A}/Choices/0/NumericLessThan",
        lambda v: rule(Variable="$.x", NumericLessThan=v, Next="B"),
        (None, "3", True),
    ),
    (
        "BooleanEquals",
        "WRONG_TYPE",
        f"{_A}/Choices/0/BooleanEquals",
        lambda v: rule(Variable="$.x", BooleanEquals=v, Next="B"),
        (None, "true", 1),
    ),
    (
        "IsPresent",
        "WRONG_TYPE",
        f"{_A}/Choices/0/IsPresent",
        lambda v: rule(Variable="$.x", IsPresent=v, Next="B"),
        (None, "true", 1),
    ),
    (
        "TimestampEquals",
        "WRONG_TYPE",
        f"{_A}/Choices/0/TimestampEquals",
        lambda v: rule(Variable="$.x", TimestampEquals=v, Next="B"),
        _NO_TIMES,
    ),
    ("Or", "WRONG_TYPE", f"{_A}/Choices/0/Or", lambda v: rule(Or=v, Next="B"), ({}, None, "x")),
    ("Not", "WRONG_TYPE", f"{_A}/Choices/0/Not", lambda v: rule(Not=v, Next="B"), ([], None, "x")),
    # Wait and Fail
    (
        "Seconds",
        "WRONG_TYPE",
        f"{_A}/Seconds",
        lambda v: machine({"A": {"Type": "Wait", "Seconds": v, "End": True}}),
        (*_NO_WHOLE_NUMBERS, "{% 1 %}"),
    ),
    (
        "Seconds",
        "INVALID_VALUE",
        f"{_A}/Seconds",
        lambda v: machine({"A": {"Type": "Wait", "Seconds": v, "End": True}}),
        (-1, 10**8),
    ),
    (
        "Timestamp",
        "INVALID_VALUE",
        f"{_A}/Timestamp",
        lambda v: machine({"A": {"Type": "Wait", "Timestamp": v, "End": True}}),
        (*(value for value in _NO_TIMES if isinstance(value, str)), "$.t"),
    ),
    (
        "Timestamp",
        "WRONG_TYPE",
        f"{_A}/Timestamp",
        lambda v: machine({"A": {"Type": "Wait", "Timestamp": v, "End": True}}),
        (1_700_000_000, None),
    ),
    (
        "SecondsPath",
        "INVALID_JSONPATH",
        f"{_A}/SecondsPath",
        lambda v: machine({"A": {"Type": "Wait", "SecondsPath": v, "End": True}}),
        (*_NOT_ONE_PLACE, "x"),
    ),
    (
        "SecondsPath",
        "WRONG_TYPE",
        f"{_A}/SecondsPath",
        lambda v: machine({"A": {"Type": "Wait", "SecondsPath": v, "End": True}}),
        (3, None),
    ),
    ("Cause", "WRONG_TYPE", f"{_A}/Cause", lambda v: machine({"A": {"Type": "Fail", "Cause": v}}), (3, None, {}, [])),
    ("Error", "WRONG_TYPE", f"{_A}/Error", lambda v: jsonata({"A": {"Type": "Fail", "Error": v}}), ("{% 404 %}", 404)),
    # Task
    (
        "what it calls",
        "INVALID_RESOURCE",
        f"{_A}/Resource",
        lambda v: machine({"A": task(Resource=f"arn:aws:states:{v}", Parameters={})}),
        (
            "eu-central-1:123456789012:activity:",
            "::aws-sdk::getObject",
            "::aws-sdk:s3:getobject",
            "::aws-sdk:S-3:getObject",
            "::aws-sdk:cloudwatch:putMetricdata",
        ),
    ),
    ("Resource", "WRONG_TYPE", f"{_A}/Resource", lambda v: machine({"A": task(Resource=v)}), (None, 3, {}, {"a": 1})),
    (
        "Resource",
        "INVALID_RESOURCE",
        f"{_A}/Resource",
        lambda v: machine({"A": task(Resource=v)}),
        (
            "",
            "$.fn",
            "arn:aws:s3:::b",
            FUNCTION.replace("function", "layer"),
            "arn:aws:states:eu-central-1:123456789012:stateMachine:x",
        ),
    ),
    (
        "an integration",
        "INVALID_RESOURCE",
        f"{_A}/Resource",
        lambda v: machine({"A": calls(v)}),
        (
            "Lambda:invoke",
            "lambda:invoke.waitForToken",
            "states:startExecution.sync:3",
            "dynamodb:getItem.sync",
            "aws-sdk:ecs:runTask.sync",
            "aws-sdk:s3",
            "dynamodb:query",
        ),
    ),
    (
        "the timeout of a Task",
        "WRONG_TYPE",
        f"{_A}/TimeoutSeconds",
        lambda v: machine({"A": task(TimeoutSeconds=v)}),
        _NO_WHOLE_NUMBERS,
    ),
    (
        "the timeout of a Task",
        "INVALID_VALUE",
        f"{_A}/TimeoutSeconds",
        lambda v: machine({"A": task(TimeoutSeconds=v)}),
        (-1, 0, 10**8),
    ),
    (
        "TimeoutSecondsPath",
        "INVALID_JSONPATH",
        f"{_A}/TimeoutSecondsPath",
        lambda v: machine({"A": task(TimeoutSecondsPath=v)}),
        ("x", "$.a[*]"),
    ),
    (
        "TimeoutSecondsPath",
        "WRONG_TYPE",
        f"{_A}/TimeoutSecondsPath",
        lambda v: machine({"A": task(TimeoutSecondsPath=v)}),
        (3, None),
    ),
    (
        "Credentials",
        "WRONG_TYPE",
        f"{_A}/Credentials",
        lambda v: machine({"A": task(Credentials=v)}),
        ("arn", None, []),
    ),
    (
        "arguments with a small letter",
        "MISSING_ARGUMENT",
        f"{_A}/Parameters",
        lambda v: machine({"A": calls("sqs:sendMessage", Parameters={"QueueUrl": "q", v: "m"})}),
        ("messageBody", "Body"),
    ),
    # retriers and catchers
    (
        "IntervalSeconds",
        "WRONG_TYPE",
        f"{_A}/Retry/0/IntervalSeconds",
        lambda v: retried({"ErrorEquals": ["E"], "IntervalSeconds": v}),
        _NO_WHOLE_NUMBERS,
    ),
    (
        "MaxAttempts",
        "INVALID_VALUE",
        f"{_A}/Retry/0/MaxAttempts",
        lambda v: retried({"ErrorEquals": ["E"], "MaxAttempts": v}),
        (-1, 10**8),
    ),
    (
        "BackoffRate",
        "WRONG_TYPE",
        f"{_A}/Retry/0/BackoffRate",
        lambda v: retried({"ErrorEquals": ["E"], "BackoffRate": v}),
        ("2", True, None),
    ),
    (
        "BackoffRate",
        "INVALID_VALUE",
        f"{_A}/Retry/0/BackoffRate",
        lambda v: retried({"ErrorEquals": ["E"], "BackoffRate": v}),
        (0, 0.99, -2),
    ),
    (
        "MaxDelaySeconds",
        "INVALID_VALUE",
        f"{_A}/Retry/0/MaxDelaySeconds",
        lambda v: retried({"ErrorEquals": ["E"], "IntervalSeconds": 2, "MaxDelaySeconds": v}),
        (0, 1, 2, 31_622_400),
    ),
    ("ErrorEquals", "WRONG_TYPE", f"{_A}/Retry/0/ErrorEquals", lambda v: retried({"ErrorEquals": v}), ("E", None, {})),
    ("a retrier", "WRONG_TYPE", f"{_A}/Retry/0", retried, ("E", None, [])),
    ("a catcher", "WRONG_TYPE", f"{_A}/Catch/0", caught, ("E", None, [])),
    (
        "ResultPath of a catcher",
        "INVALID_JSONPATH",
        f"{_A}/Catch/0/ResultPath",
        lambda v: caught({"ErrorEquals": ["E"], "Next": "B", "ResultPath": v}),
        (*_NOT_ONE_PLACE, "x", "$$.a"),
    ),
    (
        "ResultPath of a catcher",
        "WRONG_TYPE",
        f"{_A}/Catch/0/ResultPath",
        lambda v: caught({"ErrorEquals": ["E"], "Next": "B", "ResultPath": v}),
        (3, {}),
    ),
    # Parallel and Map
    ("a branch", "WRONG_TYPE", f"{_A}/Branches/0", branches, (None, "x", [])),
    (
        "Branches",
        "WRONG_TYPE",
        f"{_A}/Branches",
        lambda v: machine({"A": {"Type": "Parallel", "Branches": v, "End": True}}),
        ({}, None, "x"),
    ),
    (
        "ItemProcessor",
        "WRONG_TYPE",
        f"{_A}/ItemProcessor",
        lambda v: machine({"A": {"Type": "Map", "ItemProcessor": v, "End": True}}),
        (None, "x", []),
    ),
    ("MaxConcurrency", "INVALID_VALUE", f"{_A}/MaxConcurrency", lambda v: mapped(MaxConcurrency=v), (-1,)),
    (
        "MaxConcurrencyPath",
        "INVALID_JSONPATH",
        f"{_A}/MaxConcurrencyPath",
        lambda v: mapped(MaxConcurrencyPath=v),
        (*_NOT_ONE_PLACE, "x"),
    ),
    (
        "MaxConcurrencyPath",
        "WRONG_TYPE",
        f"{_A}/MaxConcurrencyPath",
        lambda v: mapped(MaxConcurrencyPath=v),
        (3, None),
    ),
    (
        "ItemsPath",
        "INVALID_JSONPATH",
        f"{_A}/ItemsPath",
        lambda v: mapped(ItemsPath=v),
        ("x", "States.Array(1)"),
    ),
    (
        "ItemsPath",
        "WRONG_TYPE",
        f"{_A}/ItemsPath",
        lambda v: mapped(ItemsPath=v),
        (3, None),
    ),
    (
        "a percentage",
        "INVALID_VALUE",
        f"{_A}/ToleratedFailurePercentage",
        lambda v: distributed(ToleratedFailurePercentage=v),
        (-1, 100.5),
    ),
    (
        "a percentage",
        "WRONG_TYPE",
        f"{_A}/ToleratedFailurePercentage",
        lambda v: distributed(ToleratedFailurePercentage=v),
        ("5", True, None),
    ),
    ("Label", "INVALID_LABEL_NAME", f"{_A}/Label", lambda v: distributed(Label=v), ("", "a" * 41, "a*b", "a b")),
    ("ItemReader", "WRONG_TYPE", f"{_A}/ItemReader", lambda v: distributed(ItemReader=v), ("x", None, [])),
    (
        "what is read",
        "INVALID_RESOURCE",
        f"{_A}/ItemReader/Resource",
        lambda v: distributed(ItemReader={**_READER, "Resource": f"arn:aws:states:::{v}"}),
        ("s3:putObject", "s3:getobject", "lambda:invoke"),
    ),
    (
        "where it is read",
        "MISSING_ARGUMENT",
        f"{_A}/ItemReader/Parameters",
        lambda v: distributed(ItemReader={**_READER, "Parameters": v}),
        ({"Bucket": "b"}, {"Key.$": "$.k"}),
    ),
    (
        "Parameters of a reader",
        "WRONG_TYPE",
        f"{_A}/ItemReader/Parameters",
        lambda v: distributed(ItemReader={**_READER, "Parameters": v}),
        ("$.x", None, []),
    ),
    (
        "the comment of a branch",
        "WRONG_TYPE",
        f"{_A}/Branches/0/Comment",
        lambda v: branches(machine({"I": ends()}, Comment=v)),
        (3, None, ["a"]),
    ),
    (
        "InputType",
        "INVALID_VALUE",
        f"{_A}/ItemReader/ReaderConfig/InputType",
        lambda v: distributed(ItemReader={**_READER, "ReaderConfig": {"InputType": v}}),
        ("XML", "csv"),
    ),
    (
        "CSVHeaders",
        "WRONG_TYPE",
        f"{_A}/ItemReader/ReaderConfig/CSVHeaders",
        lambda v: distributed(
            ItemReader={**_READER, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": v}}
        ),
        ("a,b", [1], {}),
    ),
    (
        "a number and its path",
        "CONFLICTING_FIELDS",
        f"{_A}/ItemReader/ReaderConfig/MaxItemsPath",
        lambda v: distributed(
            ItemReader={**_READER, "ReaderConfig": {"InputType": "JSON", "MaxItems": v, "MaxItemsPath": "$.n"}}
        ),
        (3,),
    ),
    (
        "ResultWriter",
        "MISSING_REQUIRED_FIELD",
        f"{_A}/ResultWriter",
        lambda v: distributed(ResultWriter=v),
        ({}, {"Resource": _WRITER["Resource"]}, {"Parameters": {"Bucket": "b"}}),
    ),
    (
        "what is written",
        "INVALID_RESOURCE",
        f"{_A}/ResultWriter/Resource",
        lambda v: distributed(ResultWriter={**_WRITER, "Resource": f"arn:aws:states:::{v}"}),
        ("s3:getObject", "sqs:sendMessage"),
    ),
    (
        "OutputType",
        "INVALID_VALUE",
        f"{_A}/ResultWriter/WriterConfig/OutputType",
        lambda v: distributed(ResultWriter={**_WRITER, "WriterConfig": {"OutputType": v}}),
        ("CSV", ""),
    ),
    (
        "ItemBatcher",
        "INVALID_VALUE",
        f"{_A}/ItemBatcher/MaxInputBytesPerBatch",
        lambda v: distributed(ItemBatcher={"MaxInputBytesPerBatch": v}),
        (0, 262_145),
    ),
]


def _wrong_values() -> Iterator[Defect]:
    for name, code, pointer, made, values in _TABLE:
        for value in values:
            yield Defect(f"has {value!r} as {name}", code, pointer, text_of(made(value)))


WRONG_VALUES: Final = tuple(_wrong_values())
