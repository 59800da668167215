"""Definitions with one defect each, with the code that `check` reports for it and the JSON pointer.

Each is a small machine that is valid except for the defect that its name describes.
"""

import json
from dataclasses import dataclass
from typing import Any

LAMBDA = "arn:aws:states:::lambda:invoke"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:work"


@dataclass(frozen=True)
class Defect:
    name: str
    code: str
    pointer: str
    text: str
    express: bool = False
    severity: str = "error"


def machine(states: dict[str, Any], **top: Any) -> dict[str, Any]:
    """Return a machine that starts with its first state."""
    return {"StartAt": next(iter(states)), "States": states, **top}


def jsonata(states: dict[str, Any], **top: Any) -> dict[str, Any]:
    return machine(states, QueryLanguage="JSONata", **top)


def ends(**fields: Any) -> dict[str, Any]:
    """Return a Pass that ends its scope."""
    return {"Type": "Pass", "End": True, **fields}


def task(**fields: Any) -> dict[str, Any]:
    """Return a Task that ends its scope."""
    return {"Type": "Task", "Resource": FUNCTION, "End": True, **fields}


def calls(action: str, **fields: Any) -> dict[str, Any]:
    """Return a Task that calls an integration and ends its scope."""
    return {"Type": "Task", "Resource": f"arn:aws:states:::{action}", "End": True, **fields}


def rule(**fields: Any) -> dict[str, Any]:
    """Return a machine with one JSONPath choice rule."""
    return machine({"A": {"Type": "Choice", "Choices": [fields], "Default": "B"}, "B": {"Type": "Succeed"}})


def condition(text: Any) -> dict[str, Any]:
    """Return a machine with one JSONata condition."""
    choice = {"Type": "Choice", "Choices": [{"Condition": text, "Next": "B"}], "Default": "B"}
    return jsonata({"A": choice, "B": {"Type": "Succeed"}})


def machine_with_retry(*retriers: Any, **fields: Any) -> dict[str, Any]:
    return machine({"A": task(Retry=list(retriers), **fields)})


def machine_with_catch(*catchers: Any, language: str = "JSONPath") -> dict[str, Any]:
    return machine({"A": task(Catch=list(catchers)), "B": {"Type": "Fail"}}, QueryLanguage=language)


def map_machine(processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    inside = processor if processor is not None else machine({"I": ends()})
    return machine({"A": {"Type": "Map", "ItemProcessor": inside, "End": True, **fields}})


def without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


def distributed_map(execution: str = "STANDARD", states: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    inside = machine(states or {"I": ends()}, ProcessorConfig={"Mode": "DISTRIBUTED", "ExecutionType": execution})
    return map_machine(inside, **fields)


def branches(*scopes: Any, **fields: Any) -> dict[str, Any]:
    return machine({"A": {"Type": "Parallel", "Branches": list(scopes), "End": True, **fields}})


def nest(levels: int, innermost: dict[str, Any]) -> dict[str, Any]:
    """Return a machine of nested Parallel states with the given number of levels."""
    scope = machine({f"S{levels}": innermost})
    for level in reversed(range(levels)):
        scope = machine({f"S{level}": {"Type": "Parallel", "Branches": [scope], "End": True}})
    return scope


_END = {"End": True}
_ITEM = {"ErrorEquals": ["States.ALL"], "Next": "B"}
_WAITS = "lambda:invoke.waitForTaskToken"

_TABLE: list[tuple[str, str, str, Any]] = [
    # the document
    ("is not JSON", "INVALID_JSON_DESCRIPTION", "", "{'StartAt': 1}"),
    ("is empty", "MISSING_DESCRIPTION", "", "  "),
    ("has NaN", "INVALID_JSON_DESCRIPTION", "", '{"StartAt": "A", "TimeoutSeconds": NaN}'),
    ("is a list", "WRONG_TYPE", "", []),
    (
        "has a key twice",
        "DUPLICATE_KEY",
        "/States/A/End",
        '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "End": true}}}',
    ),
    ("has a lone surrogate", "INVALID_JSON_DESCRIPTION", "/Comment", machine({"A": ends()}, Comment="\ud800")),
    ("is larger than 1 MB", "DEFINITION_TOO_LARGE", "", machine({"A": ends(Comment="x" * 1_048_576)})),
    # the machine
    ("has an unknown field", "UNKNOWN_FIELD", "/Timeout", machine({"A": ends()}, Timeout=3)),
    ("has a field that only states have", "UNSUPPORTED_FIELD", "/Next", machine({"A": ends()}, Next="A")),
    ("has another version", "INVALID_VALUE", "/Version", machine({"A": ends()}, Version="2.0")),
    ("has another language", "INVALID_VALUE", "/QueryLanguage", machine({"A": ends()}, QueryLanguage="Jsonata")),
    ("has a string as its timeout", "WRONG_TYPE", "/TimeoutSeconds", machine({"A": ends()}, TimeoutSeconds="60")),
    ("has a timeout of 0", "INVALID_VALUE", "/TimeoutSeconds", machine({"A": ends()}, TimeoutSeconds=0)),
    ("has no StartAt", "MISSING_REQUIRED_FIELD", "", {"States": {"A": ends()}}),
    ("starts at a missing state", "MISSING_TRANSITION_TARGET", "/StartAt", {"StartAt": "a", "States": {"A": ends()}}),
    ("has no states", "MISSING_REQUIRED_FIELD", "", {"StartAt": "A"}),
    ("has an empty list of states", "EMPTY_LIST", "/States", {"StartAt": "A", "States": {}}),
    ("has a state that is not an object", "WRONG_TYPE", "/States/B", machine({"A": ends(), "B": 3})),
    # a misspelled name, so that a field is missing
    ("has startAt instead of StartAt", "UNKNOWN_FIELD", "/startAt", {"startAt": "A", "States": {"A": ends()}}),
    ("has states instead of States", "UNKNOWN_FIELD", "/states", {"StartAt": "A", "states": {"A": ends()}}),
    ("has type instead of Type", "UNKNOWN_FIELD", "/States/A/type", machine({"A": {"type": "Pass", "End": True}})),
    (
        "has next instead of Next",
        "UNKNOWN_FIELD",
        "/States/A/next",
        machine({"A": {"Type": "Pass", "next": "B"}, "B": ends()}),
    ),
    (
        "has seconds instead of Seconds",
        "UNKNOWN_FIELD",
        "/States/A/seconds",
        machine({"A": {"Type": "Wait", "seconds": 1} | _END}),
    ),
    (
        "has Resourse instead of Resource",
        "UNKNOWN_FIELD",
        "/States/A/Resourse",
        machine({"A": {"Type": "Task", "Resourse": FUNCTION} | _END}),
    ),
    (
        "has Branch instead of Branches",
        "UNKNOWN_FIELD",
        "/States/A/Branch",
        machine({"A": {"Type": "Parallel", "Branch": [machine({"I": ends()})]} | _END}),
    ),
    (
        "has Processor instead of ItemProcessor",
        "UNKNOWN_FIELD",
        "/States/A/Processor",
        machine({"A": {"Type": "Map", "Processor": machine({"I": ends()})} | _END}),
    ),
    (
        "has ErrorEqual in a retrier",
        "UNKNOWN_FIELD",
        "/States/A/Retry/0/ErrorEqual",
        machine_with_retry({"ErrorEqual": ["E"]}),
    ),
    (
        "has next in a catcher",
        "UNKNOWN_FIELD",
        "/States/A/Catch/0/next",
        machine_with_catch({"ErrorEquals": ["E"], "next": "B"}),
    ),
    (
        "compares a variable",
        "UNKNOWN_OPERATOR",
        "/States/A/Choices/0/variable",
        rule(variable="$.x", IsNull=True, Next="B"),
    ),
    (
        "has RoleARN in its credentials",
        "UNKNOWN_FIELD",
        "/States/A/Credentials/RoleARN",
        machine({"A": task(Credentials={"RoleARN": "arn:aws:iam::123456789012:role/r"})}),
    ),
    (
        "misspells a limit of batches",
        "UNKNOWN_FIELD",
        "/States/A/ItemBatcher/MaxInputBytePerBatch",
        distributed_map(ItemBatcher={"MaxInputBytePerBatch": 9}),
    ),
    (
        "has QueueURL instead of QueueUrl",
        "MISSING_ARGUMENT",
        "/States/A/Parameters",
        machine({"A": calls("sqs:sendMessage", Parameters={"QueueURL": "q", "MessageBody": "m"})}),
    ),
    (
        "has queryLanguage instead of QueryLanguage",
        "UNKNOWN_FIELD",
        "/queryLanguage",
        machine({"A": ends(Output=1)}, queryLanguage="JSONata"),
    ),
    (
        "has Language in a state",
        "UNKNOWN_FIELD",
        "/States/A/Language",
        machine({"A": ends(Language="JSONata", Output="{% $states.input.id %}")}),
    ),
    (
        "has mode instead of Mode in its ProcessorConfig",
        "UNKNOWN_FIELD",
        "/States/A/ItemProcessor/ProcessorConfig/mode",
        map_machine(
            machine({"I": ends()}, ProcessorConfig={"mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}),
            ItemBatcher={"MaxItemsPerBatch": 3},
        ),
    ),
    (
        "has Tablename instead of TableName",
        "MISSING_ARGUMENT",
        "/States/A/Parameters",
        machine({"A": calls("aws-sdk:dynamodb:query", Parameters={"Tablename": "t"})}),
    ),
    # fields in the wrong place
    ("has a ProcessorConfig", "UNSUPPORTED_FIELD", "/ProcessorConfig", machine({"A": ends()}, ProcessorConfig={})),
    (
        "has MaxAttempts in a catcher",
        "UNSUPPORTED_FIELD",
        "/States/A/Catch/0/MaxAttempts",
        machine_with_catch({**_ITEM, "MaxAttempts": 3}),
    ),
    # comments and configurations of wrong types
    (
        "has a number as comment of a retrier",
        "WRONG_TYPE",
        "/States/A/Retry/0/Comment",
        machine_with_retry({"ErrorEquals": ["E"], "Comment": 3}),
    ),
    (
        "has a number as comment of a catcher",
        "WRONG_TYPE",
        "/States/A/Catch/0/Comment",
        machine_with_catch({**_ITEM, "Comment": 3}),
    ),
    (
        "has a number as comment of a nested rule",
        "WRONG_TYPE",
        "/States/A/Choices/0/Not/Comment",
        rule(Not={"Variable": "$.x", "IsNull": True, "Comment": 3}, Next="B"),
    ),
    (
        "has null as its ProcessorConfig",
        "WRONG_TYPE",
        "/States/A/ItemProcessor/ProcessorConfig",
        map_machine(machine({"I": ends()}, ProcessorConfig=None)),
    ),
    (
        "is Distributed",
        "INVALID_VALUE",
        "/States/A/ItemProcessor/ProcessorConfig/Mode",
        map_machine(
            machine({"I": ends()}, ProcessorConfig={"Mode": "Distributed", "ExecutionType": "STANDARD"}), Label="batch"
        ),
    ),
    # transitions
    ("has neither Next nor End", "MISSING_TRANSITION", "/States/A", machine({"A": {"Type": "Pass"}})),
    ("has both Next and End", "CONFLICTING_FIELDS", "/States/A/End", machine({"A": ends(Next="B"), "B": ends()})),
    (
        "has a missing state as Next",
        "MISSING_TRANSITION_TARGET",
        "/States/A/Next",
        machine({"A": {"Type": "Pass", "Next": "C"}, "B": ends()}),
    ),
    ("has a Next that is not a string", "WRONG_TYPE", "/States/A/Next", machine({"A": {"Type": "Pass", "Next": 3}})),
    ("has a string as End", "WRONG_TYPE", "/States/A/End", machine({"A": {"Type": "Pass", "End": "true"}})),
    (
        "has a missing state as Default",
        "MISSING_TRANSITION_TARGET",
        "/States/A/Default",
        machine(
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}], "Default": "C"},
                "B": ends(),
            }
        ),
    ),
    (
        "has a catcher with a missing state as Next",
        "MISSING_TRANSITION_TARGET",
        "/States/A/Catch/0/Next",
        machine({"A": task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}])}),
    ),
    (
        "never ends",
        "MISSING_END_STATE",
        "/States",
        machine({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}),
    ),
    ("has an unreachable state", "UNREACHABLE_STATE", "/States/B", machine({"A": ends(), "B": ends()})),
    (
        "has an island",
        "UNREACHABLE_STATE",
        "/States/B",
        machine({"A": ends(), "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}}),
    ),
    ("has a name of 81 characters", "INVALID_STATE_NAME", f"/States/{'n' * 81}", machine({"n" * 81: ends()})),
    (
        "has the same state name in two branches",
        "DUPLICATE_STATE_NAME",
        "/States/A/Branches/1/States/I",
        branches(machine({"I": ends()}), machine({"I": ends()})),
    ),
    (
        "has the same state name inside and outside a branch",
        "DUPLICATE_STATE_NAME",
        "/States/A/ItemProcessor/States/A",
        map_machine(machine({"A": ends()})),
    ),
    (
        "has a transition out of a branch",
        "TRANSITION_LEAVES_SCOPE",
        "/States/A/Branches/0/States/I/Next",
        machine(
            {
                "A": {"Type": "Parallel", "Branches": [machine({"I": {"Type": "Pass", "Next": "B"}})], "Next": "B"},
                "B": ends(),
            }
        ),
    ),
    (
        "has a transition into a Map",
        "TRANSITION_LEAVES_SCOPE",
        "/States/A/Next",
        machine(
            {
                "A": {"Type": "Pass", "Next": "I"},
                "M": {"Type": "Map", "ItemProcessor": machine({"I": ends()}), "End": True},
            }
        ),
    ),
    (
        "has a defect 60 levels deep",
        "MISSING_TRANSITION_TARGET",
        "".join(f"/States/S{level}/Branches/0" for level in range(60)) + "/States/S60/Next",
        nest(60, {"Type": "Pass", "Next": "Nowhere"}),
    ),
    # types and fields of states
    ("has no type", "MISSING_REQUIRED_FIELD", "/States/A", machine({"A": {"End": True}})),
    ("has an unknown type", "UNKNOWN_TYPE", "/States/A/Type", machine({"A": {"Type": "pass", "End": True}})),
    ("misspells a field", "UNKNOWN_FIELD", "/States/A/ResultPaht", machine({"A": task(ResultPaht="$.x")})),
    ("has a field of another type", "UNSUPPORTED_FIELD", "/States/A/Retry", machine({"A": ends(Retry=[])})),
    (
        "has End in a Succeed state",
        "UNSUPPORTED_FIELD",
        "/States/A/End",
        machine({"A": {"Type": "Succeed", "End": True}}),
    ),
    ("has a Comment that is not a string", "WRONG_TYPE", "/States/A/Comment", machine({"A": ends(Comment=3)})),
    # the other query language
    ("uses Output in JSONPath", "WRONG_QUERY_LANGUAGE", "/States/A/Output", machine({"A": ends(Output={"a": 1})})),
    (
        "uses Parameters in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Parameters",
        jsonata({"A": task(Parameters={"a": 1})}),
    ),
    (
        "passes its task token by Parameters in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Parameters",
        jsonata(
            {
                "A": task(
                    Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                    Parameters={"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
                )
            }
        ),
    ),
    (
        "uses SecondsPath in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/SecondsPath",
        jsonata({"A": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}),
    ),
    (
        "uses ResultPath in a catcher in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Catch/0/ResultPath",
        machine_with_catch({**_ITEM, "ResultPath": "$.e"}, language="JSONata"),
    ),
    (
        "uses Variable in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Choices/0/Variable",
        jsonata(
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}], "Default": "B"},
                "B": ends(),
            }
        ),
    ),
    (
        "uses Condition in JSONPath",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Choices/0/Condition",
        rule(Condition="{% true %}", Next="B"),
    ),
    (
        "has a key that ends in .$ in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Arguments/MessageBody.$",
        jsonata({"A": calls("sqs:sendMessage", Arguments={"QueueUrl": "q", "MessageBody.$": "$.id"})}),
    ),
    (
        "has a JSONPath state in a JSONata machine",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/QueryLanguage",
        jsonata({"A": ends(QueryLanguage="JSONPath")}),
    ),
    # choices
    (
        "has a Choice without rules",
        "EMPTY_LIST",
        "/States/A/Choices",
        machine({"A": {"Type": "Choice", "Choices": [], "Default": "B"}, "B": ends()}),
    ),
    (
        "has a Choice without Choices",
        "MISSING_REQUIRED_FIELD",
        "/States/A",
        machine({"A": {"Type": "Choice", "Default": "B"}, "B": ends()}),
    ),
    ("has a rule without Next", "MISSING_REQUIRED_FIELD", "/States/A/Choices/0", rule(Variable="$.x", IsNull=True)),
    ("has a rule without operator", "MISSING_REQUIRED_FIELD", "/States/A/Choices/0", rule(Variable="$.x", Next="B")),
    ("has a rule without Variable", "MISSING_REQUIRED_FIELD", "/States/A/Choices/0", rule(IsNull=True, Next="B")),
    (
        "misspells an operator",
        "UNKNOWN_OPERATOR",
        "/States/A/Choices/0/StringEqual",
        rule(Variable="$.x", StringEqual="a", Next="B"),
    ),
    (
        "has two operators",
        "CONFLICTING_FIELDS",
        "/States/A/Choices/0/IsString",
        rule(Variable="$.x", IsNull=True, IsString=True, Next="B"),
    ),
    (
        "compares a string with a number",
        "WRONG_TYPE",
        "/States/A/Choices/0/StringEquals",
        rule(Variable="$.x", StringEquals=3, Next="B"),
    ),
    (
        "compares a number with a boolean",
        "WRONG_TYPE",
        "/States/A/Choices/0/NumericEquals",
        rule(Variable="$.x", NumericEquals=True, Next="B"),
    ),
    (
        "compares a timestamp with an invalid one",
        "WRONG_TYPE",
        "/States/A/Choices/0/TimestampLessThan",
        rule(Variable="$.x", TimestampLessThan="tomorrow", Next="B"),
    ),
    (
        "compares by an invalid path",
        "INVALID_JSONPATH",
        "/States/A/Choices/0/StringEqualsPath",
        rule(Variable="$.x", StringEqualsPath="y", Next="B"),
    ),
    (
        "has Next in a nested rule",
        "UNSUPPORTED_FIELD",
        "/States/A/Choices/0/Not/Next",
        rule(Not={"Variable": "$.x", "IsNull": True, "Next": "B"}, Next="B"),
    ),
    (
        "has Default in a rule",
        "UNSUPPORTED_FIELD",
        "/States/A/Choices/0/Default",
        rule(Variable="$.x", IsNull=True, Next="B", Default="B"),
    ),
    (
        "misspells an operator inside And",
        "UNKNOWN_OPERATOR",
        "/States/A/Choices/0/And/1/Or/0/IsNul",
        rule(And=[{"Variable": "$.x", "IsNull": True}, {"Or": [{"Variable": "$.y", "IsNul": True}]}], Next="B"),
    ),
    (
        "has an And that is not an array",
        "WRONG_TYPE",
        "/States/A/Choices/0/And",
        rule(And={"Variable": "$.x", "IsNull": True}, Next="B"),
    ),
    ("has a condition without delimiters", "WRONG_TYPE", "/States/A/Choices/0/Condition", condition("$states.input.x")),
    ("has a condition that yields a string", "WRONG_TYPE", "/States/A/Choices/0/Condition", condition("{% 'yes' %}")),
    ("has a condition that yields a number", "WRONG_TYPE", "/States/A/Choices/0/Condition", condition("{% 1 + 2 %}")),
    # JSONPath
    (
        "has an InputPath that is not a path",
        "INVALID_JSONPATH",
        "/States/A/InputPath",
        machine({"A": ends(InputPath="order.id")}),
    ),
    (
        "has a path that ends in a dot",
        "INVALID_JSONPATH",
        "/States/A/OutputPath",
        machine({"A": ends(OutputPath="$.order.")}),
    ),
    (
        "has a bracket that is not closed",
        "INVALID_JSONPATH",
        "/States/A/Parameters/x.$",
        machine({"A": ends(Parameters={"x.$": "$.a[0"})}),
    ),
    (
        "has a ResultPath with a wildcard",
        "INVALID_JSONPATH",
        "/States/A/ResultPath",
        machine({"A": ends(ResultPath="$.a[*]")}),
    ),
    (
        "has a ResultPath into the context object",
        "INVALID_JSONPATH",
        "/States/A/ResultPath",
        machine({"A": ends(ResultPath="$$.a")}),
    ),
    (
        "has a number instead of a path",
        "WRONG_TYPE",
        "/States/A/Parameters/x.$",
        machine({"A": ends(Parameters={"x.$": 3})}),
    ),
    (
        "misspells an intrinsic function",
        "INVALID_INTRINSIC_FUNCTION",
        "/States/A/Parameters/x.$",
        machine({"A": ends(Parameters={"x.$": "States.Formatt('{}', $.a)"})}),
    ),
    (
        "calls an intrinsic with too few values",
        "INVALID_INTRINSIC_FUNCTION",
        "/States/A/Parameters/x.$",
        machine({"A": ends(Parameters={"x.$": "States.Format('{} {}', $.a)"})}),
    ),
    (
        "has an unnecessary escape in an intrinsic",
        "INVALID_INTRINSIC_FUNCTION",
        "/States/A/Parameters/x.$",
        machine({"A": ends(Parameters={"x.$": r"States.Format('a\n{}', $.a)"})}),
    ),
    (
        "lets a harness wait for a token",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine(
            {
                "A": task(
                    Resource="arn:aws:states:::bedrockagentcore:invokeHarness.waitForTaskToken",
                    Parameters={"HarnessArn": "h", "Messages.$": "$$.Task.Token"},
                )
            }
        ),
    ),
    (
        "does not close an intrinsic",
        "INVALID_INTRINSIC_FUNCTION",
        "/States/A/Parameters/x.$",
        machine({"A": ends(Parameters={"x.$": "States.Array(1, 2"})}),
    ),
    # JSONata
    (
        "has JSONata that does not parse",
        "INVALID_JSONATA_EXPRESSION",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $states.input.( %}")}),
    ),
    (
        "does not close JSONata",
        "INVALID_JSONATA_EXPRESSION",
        "/States/A/Output/x",
        jsonata({"A": ends(Output={"x": "{% $states.input.x"})}),
    ),
    (
        "has a bare name",
        "UNSUPPORTED_JSONATA_EXPRESSION",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% order.id %}")}),
    ),
    ("uses $$", "UNSUPPORTED_JSONATA_EXPRESSION", "/States/A/Output", jsonata({"A": ends(Output="{% $$.order %}")})),
    (
        "uses $eval",
        "UNSUPPORTED_JSONATA_EXPRESSION",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $eval('1') %}")}),
    ),
    (
        "misspells a function",
        "UNDEFINED_FUNCTION",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $uppercas('a') %}")}),
    ),
    (
        "reads an unknown field of $states",
        "UNDEFINED_STATES_FIELD",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $states.inputs.a %}")}),
    ),
    (
        "uses the result in the arguments",
        "RESULT_NOT_AVAILABLE",
        "/States/A/Arguments/x",
        jsonata({"A": task(Arguments={"x": "{% $states.result.x %}"})}),
    ),
    (
        "uses a result in a state without one",
        "RESULT_NOT_AVAILABLE",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $states.result %}")}),
    ),
    (
        "uses the result in a catcher",
        "RESULT_NOT_AVAILABLE",
        "/States/A/Catch/0/Output",
        machine_with_catch({**_ITEM, "Output": "{% $states.result %}"}, language="JSONata"),
    ),
    (
        "uses errorOutput outside a catcher",
        "ERROR_OUTPUT_NOT_AVAILABLE",
        "/States/A/Output",
        jsonata({"A": task(Output="{% $states.errorOutput %}")}),
    ),
    # variables
    (
        "reads a variable that no state assigns",
        "UNDEFINED_VARIABLE",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $total %}")}),
    ),
    (
        "reads a variable that is assigned later",
        "UNDEFINED_VARIABLE",
        "/States/A/Output",
        jsonata({"A": {"Type": "Pass", "Output": "{% $total %}", "Next": "B"}, "B": ends(Assign={"total": 1})}),
    ),
    (
        "reads an undefined variable by JSONPath",
        "UNDEFINED_VARIABLE",
        "/States/A/Parameters/x.$",
        machine({"A": ends(Parameters={"x.$": "$total.sum"})}),
    ),
    (
        "reads a variable of an inner scope",
        "UNDEFINED_VARIABLE",
        "/States/B/Output",
        jsonata(
            {
                "A": {"Type": "Parallel", "Branches": [machine({"I": ends(Assign={"x": 1})})], "Next": "B"},
                "B": ends(Output="{% $x %}"),
            }
        ),
    ),
    (
        "reads an outer variable in a distributed Map",
        "UNDEFINED_VARIABLE",
        "/States/B/ItemProcessor/States/I/Output",
        jsonata(
            {
                "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
                "B": {
                    "Type": "Map",
                    "ItemProcessor": machine(
                        {"I": ends(Output="{% $x %}")},
                        ProcessorConfig={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    ),
                    "End": True,
                },
            }
        ),
    ),
    ("assigns $states", "RESERVED_VARIABLE", "/States/A/Assign/states", jsonata({"A": ends(Assign={"states": 1})})),
    (
        "assigns a name that starts with _",
        "INVALID_VARIABLE_NAME",
        "/States/A/Assign/_x",
        jsonata({"A": ends(Assign={"_x": 1})}),
    ),
    (
        "assigns a name with a dash",
        "INVALID_VARIABLE_NAME",
        "/States/A/Assign/a-b",
        jsonata({"A": ends(Assign={"a-b": 1})}),
    ),
    (
        "assigns an outer variable inside a distributed Map",
        "DUPLICATE_VARIABLE_NAME",
        "/States/B/ItemProcessor/States/I/Assign/x",
        jsonata(
            {
                "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
                "B": distributed_map(states={"I": ends(Assign={"x": 2})})["States"]["A"],
            }
        ),
    ),
    (
        "calls the SDK without Arguments",
        "MISSING_REQUIRED_FIELD",
        "/States/A",
        jsonata({"A": calls("aws-sdk:s3:listBuckets")}),
    ),
    (
        "calls an unsupported SDK action",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": calls("aws-sdk:sts:assumeRole", Parameters={"RoleArn": "r", "RoleSessionName": "s"})}),
    ),
    (
        "passes a number to a Lambda function",
        "WRONG_TYPE",
        "/States/A/Parameters/Payload",
        machine({"A": calls("lambda:invoke", Parameters={"FunctionName": "f", "Payload": 3})}),
    ),
    (
        "iterates an object in an inline Map",
        "WRONG_TYPE",
        "/States/A/Items",
        jsonata({"A": {"Type": "Map", "Items": {"a": 1}, "ItemProcessor": machine({"I": ends()}), "End": True}}),
    ),
    (
        "assigns an outer variable inside",
        "DUPLICATE_VARIABLE_NAME",
        "/States/B/Branches/0/States/I/Assign/x",
        jsonata(
            {
                "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
                "B": {"Type": "Parallel", "Branches": [machine({"I": ends(Assign={"x": 2})})], "End": True},
            }
        ),
    ),
    # retriers and catchers
    (
        "has a retrier without errors",
        "MISSING_REQUIRED_FIELD",
        "/States/A/Retry/0",
        machine_with_retry({"MaxAttempts": 1}),
    ),
    (
        "has a retrier for no error",
        "EMPTY_LIST",
        "/States/A/Retry/0/ErrorEquals",
        machine_with_retry({"ErrorEquals": []}),
    ),
    (
        "has States.ALL among others",
        "STATES_ALL_NOT_ALONE",
        "/States/A/Retry/0/ErrorEquals/0",
        machine_with_retry({"ErrorEquals": ["States.ALL", "E"]}),
    ),
    (
        "has a retrier after States.ALL",
        "STATES_ALL_NOT_LAST",
        "/States/A/Retry/0/ErrorEquals/0",
        machine_with_retry({"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}),
    ),
    (
        "has a catcher after States.ALL",
        "STATES_ALL_NOT_LAST",
        "/States/A/Catch/0/ErrorEquals/0",
        machine_with_catch(_ITEM, {"ErrorEquals": ["E"], "Next": "B"}),
    ),
    (
        "waits less than a second",
        "INVALID_VALUE",
        "/States/A/Retry/0/IntervalSeconds",
        machine_with_retry({"ErrorEquals": ["E"], "IntervalSeconds": 0}),
    ),
    (
        "backs off by less than 1",
        "INVALID_VALUE",
        "/States/A/Retry/0/BackoffRate",
        machine_with_retry({"ErrorEquals": ["E"], "BackoffRate": 0.5}),
    ),
    (
        "has a string as number of attempts",
        "WRONG_TYPE",
        "/States/A/Retry/0/MaxAttempts",
        machine_with_retry({"ErrorEquals": ["E"], "MaxAttempts": "3"}),
    ),
    (
        "caps the delay below the interval",
        "INVALID_VALUE",
        "/States/A/Retry/0/MaxDelaySeconds",
        machine_with_retry({"ErrorEquals": ["E"], "IntervalSeconds": 5, "MaxDelaySeconds": 3}),
    ),
    (
        "has an unknown jitter",
        "INVALID_VALUE",
        "/States/A/Retry/0/JitterStrategy",
        machine_with_retry({"ErrorEquals": ["E"], "JitterStrategy": "SOME"}),
    ),
    (
        "misspells a field of a retrier",
        "UNKNOWN_FIELD",
        "/States/A/Retry/0/MaxAttempt",
        machine_with_retry({"ErrorEquals": ["E"], "MaxAttempt": 3}),
    ),
    (
        "has a catcher without Next",
        "MISSING_REQUIRED_FIELD",
        "/States/A/Catch/0",
        machine({"A": task(Catch=[{"ErrorEquals": ["States.ALL"]}])}),
    ),
    (
        "has a Retry that is not an array",
        "WRONG_TYPE",
        "/States/A/Retry",
        machine({"A": task(Retry={"ErrorEquals": ["E"]})}),
    ),
    # timeouts
    (
        "has a heartbeat longer than its timeout",
        "IMPOSSIBLE_TIMEOUT",
        "/States/A/HeartbeatSeconds",
        machine({"A": task(TimeoutSeconds=30, HeartbeatSeconds=30)}),
    ),
    (
        "has a timeout of 0 in a task",
        "INVALID_VALUE",
        "/States/A/TimeoutSeconds",
        machine({"A": task(TimeoutSeconds=0)}),
    ),
    (
        "has two timeouts",
        "CONFLICTING_FIELDS",
        "/States/A/TimeoutSecondsPath",
        machine({"A": task(TimeoutSeconds=3, TimeoutSecondsPath="$.t")}),
    ),
    # Wait and Fail
    ("waits without a duration", "MISSING_REQUIRED_FIELD", "/States/A", machine({"A": {"Type": "Wait", "End": True}})),
    (
        "waits for two durations",
        "CONFLICTING_FIELDS",
        "/States/A/SecondsPath",
        machine({"A": {"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": True}}),
    ),
    (
        "waits for a string",
        "WRONG_TYPE",
        "/States/A/Seconds",
        machine({"A": {"Type": "Wait", "Seconds": "10", "End": True}}),
    ),
    (
        "waits for a negative time",
        "INVALID_VALUE",
        "/States/A/Seconds",
        machine({"A": {"Type": "Wait", "Seconds": -1, "End": True}}),
    ),
    (
        "waits until an invalid timestamp",
        "INVALID_VALUE",
        "/States/A/Timestamp",
        machine({"A": {"Type": "Wait", "Timestamp": "2026-13-01", "End": True}}),
    ),
    ("fails with a number", "WRONG_TYPE", "/States/A/Error", machine({"A": {"Type": "Fail", "Error": 404}})),
    (
        "fails with both Cause and CausePath",
        "CONFLICTING_FIELDS",
        "/States/A/CausePath",
        machine({"A": {"Type": "Fail", "Cause": "c", "CausePath": "$.c"}}),
    ),
    (
        "fails with a list as cause",
        "INVALID_INTRINSIC_FUNCTION",
        "/States/A/CausePath",
        machine({"A": {"Type": "Fail", "CausePath": "States.Array($.c)"}}),
    ),
    # integrations
    ("has no Resource", "MISSING_REQUIRED_FIELD", "/States/A", machine({"A": {"Type": "Task", "End": True}})),
    (
        "has a Resource that is not an ARN",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": task(Resource="work")}),
    ),
    (
        "calls an unknown integration",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": calls("lamda:invoke")}),
    ),
    (
        "calls an unknown action",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": calls("sqs:sendMessages", Parameters={})}),
    ),
    (
        "waits for a job of an action without one",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": calls("lambda:invoke.sync", Parameters={"FunctionName": "f"})}),
    ),
    (
        "calls an unknown SDK action",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": calls("aws-sdk:s3:getObjekt", Parameters={})}),
    ),
    (
        "spells an SDK action with a capital",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": calls("aws-sdk:s3:GetObject", Parameters={})}),
    ),
    (
        "lacks an argument",
        "MISSING_ARGUMENT",
        "/States/A/Parameters",
        machine({"A": calls("sqs:sendMessage", Parameters={"QueueUrl": "q"})}),
    ),
    (
        "lacks an argument of an SDK action",
        "MISSING_ARGUMENT",
        "/States/A/Parameters",
        machine({"A": calls("aws-sdk:s3:getObject", Parameters={"Bucket": "b"})}),
    ),
    (
        "does not pass on its task token",
        "MISSING_TASK_TOKEN",
        "/States/A/Parameters",
        machine({"A": calls(_WAITS, Parameters={"FunctionName": "f"})}),
    ),
    (
        "does not pass on its task token in JSONata",
        "MISSING_TASK_TOKEN",
        "/States/A/Arguments",
        jsonata({"A": calls(_WAITS, Arguments={"FunctionName": "f"})}),
    ),
    # Parallel and Map
    ("has no branches", "MISSING_REQUIRED_FIELD", "/States/A", machine({"A": {"Type": "Parallel", "End": True}})),
    ("has an empty list of branches", "EMPTY_LIST", "/States/A/Branches", branches()),
    (
        "has a branch without start",
        "MISSING_REQUIRED_FIELD",
        "/States/A/Branches/0",
        branches({"States": {"I": ends()}}),
    ),
    (
        "has a branch with a query language",
        "UNSUPPORTED_FIELD",
        "/States/A/Branches/0/QueryLanguage",
        branches(machine({"I": ends()}, QueryLanguage="JSONata")),
    ),
    ("has no processor", "MISSING_REQUIRED_FIELD", "/States/A", machine({"A": {"Type": "Map", "End": True}})),
    ("has two processors", "CONFLICTING_FIELDS", "/States/A/Iterator", map_machine(Iterator=machine({"J": ends()}))),
    (
        "reads items in an inline Map",
        "UNSUPPORTED_FIELD",
        "/States/A/ItemReader",
        map_machine(ItemReader={"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}),
    ),
    (
        "has no execution type",
        "MISSING_REQUIRED_FIELD",
        "/States/A/ItemProcessor/ProcessorConfig",
        map_machine(machine({"I": ends()}, ProcessorConfig={"Mode": "DISTRIBUTED"})),
    ),
    (
        "has an unknown mode",
        "INVALID_VALUE",
        "/States/A/ItemProcessor/ProcessorConfig/Mode",
        map_machine(machine({"I": ends()}, ProcessorConfig={"Mode": "Distributed"})),
    ),
    (
        "tolerates more than 100 percent",
        "INVALID_VALUE",
        "/States/A/ToleratedFailurePercentage",
        distributed_map(ToleratedFailurePercentage=101),
    ),
    ("has a label with a space", "INVALID_LABEL_NAME", "/States/A/Label", distributed_map(Label="my map")),
    (
        "reads from a queue",
        "INVALID_RESOURCE",
        "/States/A/ItemReader/Resource",
        distributed_map(ItemReader={"Resource": "arn:aws:states:::sqs:receive"}),
    ),
    (
        "reads CSV without headers",
        "MISSING_REQUIRED_FIELD",
        "/States/A/ItemReader/ReaderConfig",
        distributed_map(
            ItemReader={
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV"},
                "Parameters": {"Bucket": "b", "Key": "k"},
            }
        ),
    ),
    ("batches without a size", "MISSING_REQUIRED_FIELD", "/States/A/ItemBatcher", distributed_map(ItemBatcher={})),
    (
        "has the same label twice",
        "DUPLICATE_LABEL_NAME",
        "/States/B/Label",
        machine(
            {
                "A": {**without(distributed_map(Label="x")["States"]["A"], "End"), "Next": "B"},
                "B": distributed_map(states={"J": ends()}, Label="x")["States"]["A"],
            }
        ),
    ),
    ("has a string as its concurrency", "WRONG_TYPE", "/States/A/MaxConcurrency", map_machine(MaxConcurrency="many")),
    (
        "waits for a token in an EXPRESS child",
        "EXPRESS_NOT_SUPPORTED",
        "/States/A/ItemProcessor/States/I/Resource",
        distributed_map(
            "EXPRESS", {"I": calls(_WAITS, Parameters={"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}})}
        ),
    ),
]

_EXPRESS: list[tuple[str, str, str, Any]] = [
    (
        "waits for a job",
        "EXPRESS_NOT_SUPPORTED",
        "/States/A/Resource",
        machine({"A": calls("ecs:runTask.sync", Parameters={"TaskDefinition": "t"})}),
    ),
    (
        "waits for an activity",
        "EXPRESS_NOT_SUPPORTED",
        "/States/A/Resource",
        machine({"A": task(Resource="arn:aws:states:eu-central-1:123456789012:activity:a")}),
    ),
    (
        "has a distributed Map",
        "EXPRESS_NOT_SUPPORTED",
        "/States/A/ItemProcessor/ProcessorConfig/Mode",
        distributed_map(),
    ),
]

_WARNINGS: list[tuple[str, str, str, Any]] = [
    (
        "has a result above 256 KiB",
        "PAYLOAD_TOO_LARGE",
        "/States/A/Result",
        machine({"A": ends(Result="x" * 262_143)}),
    ),
    (
        "has a result above 256 KiB in a Map",
        "PAYLOAD_TOO_LARGE",
        "/States/A/ItemProcessor/States/I/Result",
        map_machine(machine({"I": ends(Result=["x" * 131_072] * 2)})),
    ),
    (
        "has a path under a key without .$",
        "NO_DOLLAR",
        "/States/A/Parameters/x",
        machine({"A": ends(Parameters={"x": "$.order.id"})}),
    ),
    (
        "puts a path into a fixed Result",
        "PASS_RESULT_IS_STATIC",
        "/States/A/Result/x.$",
        machine({"A": ends(Result={"x.$": "$.a"})}),
    ),
    (
        "compares with the text of a path",
        "NO_PATH",
        "/States/A/Choices/0/StringEquals",
        rule(Variable="$.x", StringEquals="$.y", Next="B"),
    ),
    (
        "waits longer than an EXPRESS child can run",
        "EXPRESS_TIMEOUT",
        "/States/A/ItemProcessor/States/I/Seconds",
        distributed_map("EXPRESS", {"I": {"Type": "Wait", "Seconds": 301, "End": True}}),
    ),
    (
        "catches an error that cannot be caught",
        "UNREACHABLE_CATCHER",
        "/States/A/Catch/0/ErrorEquals/0",
        machine_with_catch({"ErrorEquals": ["States.Runtime"], "Next": "B"}),
    ),
    (
        "misspells an argument",
        "UNKNOWN_FIELD",
        "/States/A/Parameters/Paylod.$",
        machine({"A": calls("lambda:invoke", Parameters={"FunctionName": "f", "Paylod.$": "$"})}),
    ),
    (
        "repeats an error in a catcher",
        "UNREACHABLE_CATCHER",
        "/States/A/Catch/1/ErrorEquals/0",
        machine_with_catch({"ErrorEquals": ["E"], "Next": "B"}, {"ErrorEquals": ["E"], "Next": "B"}),
    ),
    (
        "calls an unknown service",
        "UNKNOWN_SERVICE",
        "/States/A/Resource",
        machine({"A": calls("aws-sdk:brandnewservice:doIt", Parameters={})}),
    ),
    (
        "has End set to false",
        "INVALID_VALUE",
        "/States/A/End",
        machine({"A": {"Type": "Pass", "End": False, "Next": "B"}, "B": ends()}),
    ),
    (
        "names an error that only AWS could raise",
        "UNKNOWN_ERROR_NAME",
        "/States/A/Catch/0/ErrorEquals/0",
        machine_with_catch({"ErrorEquals": ["States.Oops"], "Next": "B"}),
    ),
    (
        "writes text around JSONata",
        "NOT_EVALUATED",
        "/States/A/Output",
        jsonata({"A": ends(Output="Hello {% $states.input.name %}!")}),
    ),
    *(
        (
            f"writes {text!r} as plain text",
            "NOT_EVALUATED",
            "/States/A/Output",
            jsonata({"A": ends(Output=text)}),
        )
        for text in (" {% 1", "1 %} ", " {% 1 %} ", "\n{% 1 %}\n")
    ),
    (
        "repeats an error",
        "UNREACHABLE_RETRIER",
        "/States/A/Retry/1/ErrorEquals/0",
        machine_with_retry({"ErrorEquals": ["E"]}, {"ErrorEquals": ["E"]}),
    ),
    (
        "names an unknown error",
        "UNKNOWN_ERROR_NAME",
        "/States/A/Retry/0/ErrorEquals/0",
        machine_with_retry({"ErrorEquals": ["States.TaskFail"]}),
    ),
    (
        "passes a token without waiting for it",
        "UNUSED_TASK_TOKEN",
        "/States/A/Parameters",
        machine({"A": calls("lambda:invoke", Parameters={"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}})}),
    ),
    (
        "has an expression without delimiters",
        "NOT_EVALUATED",
        "/States/A/Output/id",
        jsonata({"A": ends(Output={"id": "$states.input.id"})}),
    ),
    (
        "passes an unknown argument",
        "UNKNOWN_FIELD",
        "/States/A/Parameters/Color",
        machine({"A": calls("sqs:sendMessage", Parameters={"QueueUrl": "q", "MessageBody": "m", "Color": 1})}),
    ),
    (
        "has a payload with a key that ends in .$ in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Arguments/id.$",
        jsonata({"A": task(Arguments={"id.$": "$.id"})}),
    ),
    (
        "has a JSONata variable under a key that ends in .$",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Output/x.$",
        jsonata({"A": ends(Output={"x.$": "$states.input"})}),
    ),
    (
        "reads a variable that some path does not assign",
        "POSSIBLY_UNDEFINED_VARIABLE",
        "/States/C/Output",
        jsonata(
            {
                "A": {
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% $states.input.x %}", "Next": "B"}],
                    "Default": "C",
                },
                "B": {"Type": "Pass", "Assign": {"v": 1}, "Next": "C"},
                "C": ends(Output="{% $v %}"),
            }
        ),
    ),
    (
        "tolerates failures in an inline Map",
        "UNSUPPORTED_FIELD",
        "/States/A/ToleratedFailurePercentage",
        map_machine(ToleratedFailurePercentage=1),
    ),
    (
        "has a path that ends in a blank",
        "INVALID_JSONPATH",
        "/States/A/Parameters/a.$",
        machine({"A": ends(Parameters={"a.$": "$$.Execution.Name "})}),
    ),
    (
        "has a string as ResultSelector",
        "WRONG_TYPE",
        "/States/A/ResultSelector",
        machine({"A": task(ResultSelector="$.Payload")}),
    ),
    (
        "fails with an unknown States error",
        "UNKNOWN_ERROR_NAME",
        "/States/A/Error",
        machine({"A": {"Type": "Fail", "Error": "States.Mine"}}),
    ),
    (
        "has a JSONata expression in a JSONPath state",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Parameters/x",
        machine({"A": ends(Parameters={"x": "{% $states.input %}"})}),
    ),
    (
        "reads an unknown field of the context object",
        "UNKNOWN_CONTEXT_FIELD",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $states.context.Exec.Id %}")}),
    ),
    (
        "tests a variable that no state assigns",
        "UNDEFINED_VARIABLE",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $exists($x) ? $x : 0 %}")}),
    ),
    (
        "reads an unknown field of a Map item",
        "UNKNOWN_CONTEXT_FIELD",
        "/States/A/ItemSelector/v.$",
        map_machine(ItemSelector={"v.$": "$$.Map.Item.Valu"}),
    ),
    (
        "reads a Map item outside a Map",
        "UNKNOWN_CONTEXT_FIELD",
        "/States/A/Parameters/v.$",
        machine({"A": ends(Parameters={"v.$": "$$.Map.Item.Value"})}),
    ),
    (
        "reads a task token outside a Task",
        "UNKNOWN_CONTEXT_FIELD",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $states.context.Task.Token %}")}),
    ),
    (
        "has an endless loop",
        "ENDLESS_LOOP",
        "/States/B",
        machine(
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}], "Default": "C"},
                "B": {"Type": "Pass", "Next": "B"},
                "C": ends(),
            }
        ),
    ),
]


_WAITING = calls("sqs:sendMessage.waitForTaskToken")
_CONFUSED: list[tuple[str, str, str, Any]] = [
    *(
        (
            f"delimits {text!r} improperly",
            "INVALID_JSONATA_EXPRESSION",
            "/States/A/Output",
            jsonata({"A": ends(Output=text)}),
        )
        for text in ("{% 1", "1 %}", " {% 1 %}", "{% 1 %} ")
    ),
    *(
        (
            f"calculates {text}",
            "EXPRESSION_ALWAYS_FAILS",
            "/States/A/Output",
            jsonata({"A": ends(Output=f"{{% {text} %}}")}),
        )
        for text in (
            "'hello world'/42",
            "$states.input.x * 'a'",
            "1 < true",
            "$states.input.n + $number('abc')",
            "$uppercase(5)",
            "{'a': [1, -'x']}",
            "$lookup({'a': 1}, 'b')",
        )
    ),
    (
        "has a JSONPath operator in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Choices/0/Variable",
        {**rule(Variable="$.x", StringEquals="a", Next="B"), "QueryLanguage": "JSONata"},
    ),
    (
        "assigns a JSONPath in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/Assign/x.$",
        jsonata({"A": ends(Assign={"x.$": "$.x"})}),
    ),
    (
        "reads by Parameters in JSONata",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/ItemReader/Parameters",
        distributed_map(ItemReader={"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}})
        | {"QueryLanguage": "JSONata"},
    ),
    (
        "reads by Arguments in JSONPath",
        "WRONG_QUERY_LANGUAGE",
        "/States/A/ItemReader/Arguments",
        distributed_map(ItemReader={"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "b"}}),
    ),
    (
        "calls a method",
        "UNDEFINED_FUNCTION",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% $states.input.name.toUpperCase() %}")}),
    ),
    (
        "calls a function without $",
        "UNDEFINED_FUNCTION",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% uppercase('a') %}")}),
    ),
    (
        "calls an intrinsic function in JSONata",
        "UNDEFINED_FUNCTION",
        "/States/A/Output",
        jsonata({"A": ends(Output="{% States.Format('{}', 1) %}")}),
    ),
    (
        "has States.ALL in two retriers",
        "STATES_ALL_NOT_LAST",
        "/States/A/Retry/0/ErrorEquals/0",
        machine_with_retry({"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["States.ALL"]}),
    ),
    (
        "passes the path of its token as a plain string",
        "MISSING_TASK_TOKEN",
        "/States/A/Parameters/MessageBody/t",
        machine({"A": _WAITING | {"Parameters": {"QueueUrl": "q", "MessageBody": {"t": "$$.Task.Token"}}}}),
    ),
    (
        "passes a misspelled token",
        "MISSING_TASK_TOKEN",
        "/States/A/Parameters/MessageBody/t.$",
        machine({"A": _WAITING | {"Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.token"}}}}),
    ),
    (
        "reads its token from the input",
        "MISSING_TASK_TOKEN",
        "/States/A/Parameters/MessageBody.$",
        machine({"A": _WAITING | {"Parameters": {"QueueUrl": "q", "MessageBody.$": "$.Task.Token"}}}),
    ),
    ("waits for its token and sends nothing", "MISSING_TASK_TOKEN", "/States/A", machine({"A": _WAITING})),
    (
        "has fields of a distributed Map in an inline one",
        "UNSUPPORTED_FIELD",
        "/States/A/Label",
        map_machine(Label="batch", ItemBatcher={"MaxItemsPerBatch": 3}, ToleratedFailureCount=1),
    ),
    (
        "uses its token after the call",
        "MISSING_TASK_TOKEN",
        "/States/A/Parameters",
        machine(
            {
                "A": _WAITING
                | {"Parameters": {"QueueUrl": "q", "MessageBody": "m"}, "ResultSelector": {"t.$": "$$.Task.Token"}}
            }
        ),
    ),
    (
        "passes its token as a JSONPath in JSONata",
        "MISSING_TASK_TOKEN",
        "/States/A/Arguments/MessageBody/t.$",
        jsonata({"A": _WAITING | {"Arguments": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}}}),
    ),
    (
        "passes a string as arguments of a service",
        "WRONG_TYPE",
        "/States/A/Arguments",
        jsonata({"A": calls("sqs:sendMessage", Arguments="hello")}),
    ),
    (
        "has an argument with a small letter that could be left out",
        "UNKNOWN_FIELD",
        "/States/A/Parameters/limit",
        machine({"A": calls("aws-sdk:dynamodb:query", Parameters={"TableName": "t", "limit": 3})}),
    ),
    (
        "reads below a prefix with a small letter",
        "UNKNOWN_FIELD",
        "/States/A/ItemReader/Parameters/prefix",
        distributed_map(
            ItemReader={
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Parameters": {"Bucket": "b", "prefix": "p"},
            }
        ),
    ),
    (
        "has an unknown partition in its Resource",
        "INVALID_RESOURCE",
        "/States/A/Resource",
        machine({"A": task(Resource="arn:awz:states:::lambda:invoke", Parameters={"FunctionName": "f"})}),
    ),
    (
        "has a role name instead of an ARN",
        "INVALID_VALUE",
        "/States/A/Credentials/RoleArn",
        machine({"A": task(Credentials={"RoleArn": "worker"})}),
    ),
    (
        "has a path as a number",
        "WRONG_TYPE",
        "/States/A/Seconds",
        machine({"A": {"Type": "Wait", "Seconds": "$.s"} | _END}),
    ),
]
"""Definitions with fields of the other query language, of other languages and of other objects."""


def text_of(document: Any) -> str:
    """Return a document as JSON text; a string is returned unchanged."""
    return document if isinstance(document, str) else json.dumps(document)


DEFECTS = (
    *(Defect(name, code, pointer, text_of(document)) for name, code, pointer, document in (*_TABLE, *_CONFUSED)),
    *(Defect(f"EXPRESS: {name}", code, pointer, text_of(doc), express=True) for name, code, pointer, doc in _EXPRESS),
    *(Defect(name, code, pointer, text_of(doc), severity="warning") for name, code, pointer, doc in _WARNINGS),
)
