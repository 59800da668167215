"""The explanations of the codes that `check` reports, each with a minimal definition as an example.

docs/reference/workflow/codes.md and `booking workflow explain CODE` are generated from this table; `check` itself does
not import it.
Longer than 250 lines because it is a table.
Source of AWS's own codes: the API reference of ValidateStateMachineDefinition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..asl.limits import (
    MAX_DEFINITION_BYTES,
    MAX_LABEL_LENGTH,
    MAX_PAYLOAD_BYTES,
    MAX_STATE_NAME_LENGTH,
    MAX_VARIABLE_NAME_LENGTH,
)
from ..asl.records import Record
from .lint_findings import Code, Severity

_MAX_SHOWN_LENGTH: Final = 1_000
_SCHEMA: Final = "SCHEMA_VALIDATION_FAILED"
_FUNCTION: Final = "arn:aws:lambda:eu-central-1:123456789012:function:work"
_END: Final = {"Type": "Pass", "End": True}


class Explanation(Record):
    """The general explanation of a code, to which each finding adds the details of one location."""

    severity: Severity
    """The usual severity; a doubtful case of an error may be reported as a warning."""
    meaning: str
    remedy: str
    example: str
    """The JSON text of a definition with this fault and no other."""
    aws: str = ""
    """AWS's equivalent code, or empty if none is known."""
    express: bool = False
    """True if the example must be checked as an EXPRESS workflow."""

    @property
    def can_be_shown(self) -> bool:
        """True unless the example is empty, or too long because its length is the problem."""
        return 0 < len(self.example) < _MAX_SHOWN_LENGTH


def _machine(states: Mapping[str, Any], **top: Any) -> str:
    return json.dumps({"StartAt": next(iter(states), "A"), **top, "States": states}, ensure_ascii=False)


def _pass(**fields: Any) -> str:
    return _machine({"A": {"Type": "Pass", **fields, "End": True}})


def _jsonata(**fields: Any) -> str:
    return _machine({"A": {"Type": "Pass", **fields, "End": True}}, QueryLanguage="JSONata")


def _task(**fields: Any) -> str:
    return _machine({"A": {"Type": "Task", "Resource": _FUNCTION, **fields, "End": True}})


def _call(action: str, **fields: Any) -> str:
    return _task(Resource=f"arn:aws:states:::{action}", **fields)


def _choice(**rule: Any) -> str:
    return _machine({"A": {"Type": "Choice", "Choices": [{**rule, "Next": "B"}]}, "B": _END})


def _map(mode: str, execution: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    processor = {"ProcessorConfig": {"Mode": mode, "ExecutionType": execution}, "StartAt": "I", "States": {"I": _END}}
    return {"Type": "Map", "ItemProcessor": processor, **fields, "End": True}


def _branch(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


EXPLANATIONS: Final[Mapping[Code, Explanation]] = {
    # the document
    "MISSING_DESCRIPTION": Explanation(
        "error", "The definition is empty.", "Provide a state machine.", "", aws="MISSING_DESCRIPTION"
    ),
    "INVALID_JSON_DESCRIPTION": Explanation(
        "error",
        "The definition is not valid JSON. JSON has no comments, trailing commas, NaN or half surrogate pairs, "
        "and YAML is not JSON.",
        "Correct the JSON at the reported line and column.",
        '{"StartAt": "A",}',
        aws="INVALID_JSON_DESCRIPTION",
    ),
    "DUPLICATE_KEY": Explanation(
        "error",
        "An object has the same key twice, and JSON parsers differ in which one they keep. As a warning: `x` and `x.$` "
        "define the same field.",
        "Keep one of them.",
        '{"StartAt": "A", "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
    ),
    "DEFINITION_TOO_LARGE": Explanation(
        "error",
        "A definition must have at most 1 MB (1,048,576 bytes).",
        "Move parts of it into separate state machines, which a Task starts.",
        _machine({"A": _END}, Comment="x" * MAX_DEFINITION_BYTES),
    ),
    "PAYLOAD_TOO_LARGE": Explanation(
        "warning",
        "The payload of a state must have at most 256 KiB (262,144 bytes), and this value alone is larger "
        "(States.DataLimitExceeded).",
        "Store the data in S3, and pass its location.",
        _pass(Result="x" * MAX_PAYLOAD_BYTES),
    ),
    "OPEN_TEMPLATE": Explanation(
        "warning",
        "The definition is a template: it is valid JSON only after its `${placeholders}` are replaced. The rest is "
        "checked.",
        "Check it again after they are replaced.",
        '{"StartAt": "A", "TimeoutSeconds": ${Limit}, "States": {"A": {"Type": "Pass", "End": true}}}',
    ),
    # fields and their values
    "UNKNOWN_FIELD": Explanation(
        "error",
        "The Amazon States Language has no field of this name.",
        "Correct its spelling, or remove it. Write notes in Comment.",
        _pass(Coment="why"),
        aws=_SCHEMA,
    ),
    "UNSUPPORTED_FIELD": Explanation(
        "error",
        "The field exists, but this type of state or this object does not support it.",
        "Remove it, or move it to the object that supports it.",
        _pass(TimeoutSeconds=3),
        aws=_SCHEMA,
    ),
    "MISSING_REQUIRED_FIELD": Explanation(
        "error",
        "A required field is missing.",
        "Add the field.",
        json.dumps({"States": {"A": _END}}),
        aws=_SCHEMA,
    ),
    "WRONG_TYPE": Explanation(
        "error",
        "The value does not have the type of its field: a number in quotes, a list instead of an object, an expression "
        "that yields another type.",
        "Write a value of the required type.",
        _task(TimeoutSeconds="30"),
        aws=_SCHEMA,
    ),
    "INVALID_VALUE": Explanation(
        "error",
        "The value has the right type but is out of range or not one of the values that the field allows.",
        "Write an allowed value.",
        _task(Retry=[{"ErrorEquals": ["States.ALL"], "BackoffRate": 0.5}]),
        aws=_SCHEMA,
    ),
    "CONFLICTING_FIELDS": Explanation(
        "error",
        "Two fields of the object cannot be used together: Next and End, a number and its JSONPath, or two operators.",
        "Remove one of them.",
        _machine({"A": {"Type": "Pass", "Next": "B", "End": True}, "B": _END}),
        aws=_SCHEMA,
    ),
    "EMPTY_LIST": Explanation(
        "error",
        "A list that must contain at least one entry is empty: States, Branches, Choices, ErrorEquals, And, Or.",
        "Add an entry, or remove the object that contains the list.",
        _task(Retry=[{"ErrorEquals": []}]),
        aws=_SCHEMA,
    ),
    "WRONG_QUERY_LANGUAGE": Explanation(
        "error",
        "A field belongs to JSONPath, but the state uses JSONata, or the reverse. As a warning: a string looks like "
        "the other query language.",
        "Use the equivalent field, or set QueryLanguage. A state inside a Map or a branch inherits the query language "
        "of the machine.",
        _jsonata(InputPath="$.order"),
        aws=_SCHEMA,
    ),
    # states and transitions
    "UNKNOWN_TYPE": Explanation(
        "error",
        "There are eight types of states: Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map.",
        "Write one of these types, with a capital letter.",
        _machine({"A": {"Type": "task", "End": True}}),
        aws=_SCHEMA,
    ),
    "INVALID_STATE_NAME": Explanation(
        "error",
        f"A state name must have 1 to {MAX_STATE_NAME_LENGTH} characters.",
        "Choose a shorter name, and move explanations into Comment.",
        _machine({"n" * 81: _END}),
        aws="INVALID_STATE_NAME",
    ),
    "DUPLICATE_STATE_NAME": Explanation(
        "error",
        "Two states have the same name. State names must be unique in the whole machine, including its branches and "
        "Maps.",
        "Rename one of them.",
        _machine({"A": {"Type": "Parallel", "Branches": [_branch(B=_END), _branch(B=_END)], "End": True}}),
        aws="DUPLICATE_STATE_NAME",
    ),
    "MISSING_TRANSITION": Explanation(
        "error",
        "The state has neither Next nor End.",
        "Add Next, or End.",
        _machine({"A": {"Type": "Pass"}}),
        aws=_SCHEMA,
    ),
    "MISSING_TRANSITION_TARGET": Explanation(
        "error",
        "StartAt, Next or Default names a state that does not exist.",
        "Correct the name, which is case-sensitive, or add the state.",
        _machine({"A": {"Type": "Pass", "Next": "b"}, "B": _END}),
        aws="MISSING_TRANSITION_TARGET",
    ),
    "TRANSITION_LEAVES_SCOPE": Explanation(
        "error",
        "The target state is in another branch or Map, or in an enclosing scope. A transition cannot enter or leave a "
        "scope.",
        "End the branch or Map here, and continue from its Parallel or Map state.",
        _machine(
            {
                "A": {"Type": "Parallel", "Branches": [_branch(I={"Type": "Pass", "Next": "B"})], "Next": "B"},
                "B": _END,
            }
        ),
        aws="MISSING_TRANSITION_TARGET",
    ),
    "UNREACHABLE_STATE": Explanation(
        "error",
        "No path leads from StartAt to the state. This includes states that lead only to one another.",
        "Add a transition to this state, or remove it.",
        _machine({"A": _END, "B": _END}),
        aws="MISSING_TRANSITION_TARGET",
    ),
    "MISSING_END_STATE": Explanation(
        "error",
        "No state ends the machine, the branch or the Map.",
        "Add End to the last state, or add a Succeed or Fail state.",
        _machine({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}),
        aws="MISSING_END_STATE",
    ),
    "ENDLESS_LOOP": Explanation(
        "warning",
        "No path leads from this state to an end, although other states end.",
        "Add a transition out of the loop.",
        _machine(
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}], "Default": "C"},
                "B": {"Type": "Pass", "Next": "B"},
                "C": _END,
            }
        ),
    ),
    "UNKNOWN_OPERATOR": Explanation(
        "error",
        "A choice rule has a field that is neither one of the 39 comparison operators nor And, Or or Not.",
        "Correct its spelling.",
        _choice(Variable="$.x", StringEqual="a"),
        aws=_SCHEMA,
    ),
    # errors and time
    "STATES_ALL_NOT_ALONE": Explanation(
        "error",
        "States.ALL matches every error, so it must be the only name in its ErrorEquals.",
        "Remove the other names.",
        _task(Retry=[{"ErrorEquals": ["States.ALL", "Stock.Gone"]}]),
    ),
    "STATES_ALL_NOT_LAST": Explanation(
        "error",
        "A retrier or catcher after the one for States.ALL can never match.",
        "Move the one for States.ALL to the end.",
        _task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["Stock.Gone"]}]),
    ),
    "UNREACHABLE_RETRIER": Explanation(
        "warning",
        "An earlier retrier already matches this error.",
        "Remove it, or put the more specific one first.",
        _task(Retry=[{"ErrorEquals": ["Stock.Gone"]}, {"ErrorEquals": ["Stock.Gone"]}]),
    ),
    "UNREACHABLE_CATCHER": Explanation(
        "warning",
        "An earlier catcher already matches this error.",
        "Remove it, or put the more specific one first.",
        _machine(
            {
                "A": {
                    "Type": "Task",
                    "Resource": _FUNCTION,
                    "Catch": [
                        {"ErrorEquals": ["Stock.Gone"], "Next": "B"},
                        {"ErrorEquals": ["Stock.Gone"], "Next": "B"},
                    ],
                    "Next": "B",
                },
                "B": _END,
            }
        ),
    ),
    "UNKNOWN_ERROR_NAME": Explanation(
        "warning",
        "The prefix `States.` is reserved for errors of Step Functions, which has no error of this name.",
        "Correct its spelling, or choose another prefix for a custom error.",
        _task(Retry=[{"ErrorEquals": ["States.TimeOut"]}]),
    ),
    "IMPOSSIBLE_TIMEOUT": Explanation(
        "error",
        "The heartbeat interval of a task must be smaller than its timeout.",
        "Make HeartbeatSeconds smaller than TimeoutSeconds.",
        _task(TimeoutSeconds=30, HeartbeatSeconds=60),
    ),
    "EXPRESS_TIMEOUT": Explanation(
        "warning",
        "An EXPRESS workflow runs for at most 5 minutes, so a longer time has no effect.",
        "Reduce the time, or use a STANDARD workflow.",
        _machine({"A": {"Type": "Wait", "Seconds": 3600, "End": True}}),
        express=True,
    ),
    # integrations
    "INVALID_RESOURCE": Explanation(
        "error",
        "The Resource is not an ARN that a Task can call, or it names a service, an action or an integration pattern "
        "that does not exist.",
        "Correct the ARN.",
        _call("lamda:invoke"),
        aws="INVALID_RESOURCE",
    ),
    "UNKNOWN_SERVICE": Explanation(
        "warning",
        "The linter does not know a service of this name. AWS may have added it since.",
        "Check the name in AWS's list of service integrations.",
        _call("aws-sdk:brandnewservice:doIt", Parameters={}),
    ),
    "MISSING_ARGUMENT": Explanation(
        "error",
        "The call lacks a required argument. Argument names start with a capital letter.",
        "Add it to Parameters (JSONPath) or Arguments (JSONata).",
        _call("sqs:sendMessage", Parameters={"QueueUrl": "https://queue"}),
        aws=_SCHEMA,
    ),
    "MISSING_TASK_TOKEN": Explanation(
        "error",
        "The task waits for its task token, but does not pass the token to the service that it calls.",
        "Pass `$$.Task.Token` (JSONPath) or `$states.context.Task.Token` (JSONata).",
        _call("lambda:invoke.waitForTaskToken", Parameters={"FunctionName": "work"}),
    ),
    "UNUSED_TASK_TOKEN": Explanation(
        "warning",
        "The task passes its task token but does not wait for it.",
        "Add `.waitForTaskToken` to the Resource, or do not pass the token.",
        _call("lambda:invoke", Parameters={"FunctionName": "work", "Payload": {"token.$": "$$.Task.Token"}}),
    ),
    "EXPRESS_NOT_SUPPORTED": Explanation(
        "error",
        "EXPRESS workflows, and EXPRESS child workflows of a Map, do not support `.sync`, `.waitForTaskToken`, "
        "activities or distributed Maps.",
        "Use a STANDARD workflow, or the request-response pattern.",
        _call("ecs:runTask.sync", Parameters={"TaskDefinition": "work"}),
        express=True,
    ),
    "INVALID_LABEL_NAME": Explanation(
        "error",
        f"The Label of a distributed Map must have 1 to {MAX_LABEL_LENGTH} characters, without spaces, wildcards, "
        "brackets or special characters.",
        "Choose another label.",
        _machine({"A": _map("DISTRIBUTED", Label="my map")}),
        aws="INVALID_LABEL_NAME",
    ),
    "DUPLICATE_LABEL_NAME": Explanation(
        "error",
        "Two distributed Maps have the same Label.",
        "Choose another label for one of them.",
        _machine(
            {
                "A": {
                    **_map("DISTRIBUTED", Label="items"),
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        **_branch(B=_map("DISTRIBUTED", Label="items")),
                    },
                }
            }
        ),
        aws="DUPLICATE_LABEL_NAME",
    ),
    # data in JSONPath
    "INVALID_JSONPATH": Explanation(
        "error",
        "The string is not a valid JSONPath, or it may select several values where a single value is required.",
        "Write a JSONPath such as `$.order.id`. A reference path has only field names and indexes.",
        _pass(InputPath="order.id"),
        aws=_SCHEMA,
    ),
    "INVALID_INTRINSIC_FUNCTION": Explanation(
        "error",
        "The call of an intrinsic function has a syntax error, names none of the 18 functions, or has arguments with "
        "which it always fails.",
        "Correct the call. Strings are written in single quotes.",
        _pass(Parameters={"id.$": "States.Uuid()"}),
        aws=_SCHEMA,
    ),
    "NO_DOLLAR": Explanation(
        "warning",
        "A value looks like a JSONPath or an intrinsic function but is passed on as a literal string.",
        "Add `.$` to the field name to have the value evaluated.",
        _pass(Parameters={"id": "$.order.id"}),
        aws="NO_DOLLAR",
    ),
    "NO_PATH": Explanation(
        "warning",
        "A value looks like a JSONPath, but its field takes a literal string.",
        "Use the field whose name ends in Path.",
        _choice(Variable="$.x", StringEquals="$.y"),
        aws="NO_PATH",
    ),
    "PASS_RESULT_IS_STATIC": Explanation(
        "warning",
        "The Result of a Pass state is static: its keys that end in `.$` are not evaluated.",
        "Use Parameters instead of Result.",
        _pass(Result={"id.$": "$.order.id"}),
        aws="PASS_RESULT_IS_STATIC",
    ),
    # data in JSONata
    "INVALID_JSONATA_EXPRESSION": Explanation(
        "error",
        "The expression between `{%` and `%}` has a syntax error, or `%}` is missing.",
        "Correct the expression at the reported character.",
        _jsonata(Output="{% $states.input.( %}"),
        aws="INVALID_JSONATA_EXPRESSION",
    ),
    "UNSUPPORTED_JSONATA_EXPRESSION": Explanation(
        "error",
        "A name, `$` or `$$` refers to the input of the expression, but Step Functions gives expressions no input. "
        "`$eval` is not supported either.",
        "Start from `$states.input`, or from a variable.",
        _jsonata(Output="{% order.id %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    "EXPRESSION_ALWAYS_FAILS": Explanation(
        "error",
        "The expression, or a part of it that is always evaluated, fails for any data: it calculates with a string, or "
        "passes a function constants that it does not accept.",
        "Correct the constants in the expression.",
        _jsonata(Output="{% 'hello world'/42 %}"),
    ),
    "NOT_EVALUATED": Explanation(
        "warning",
        "The string contains `{% … %}`, but only a string that starts with `{%` and ends with `%}` is evaluated.",
        "Make the whole string one expression.",
        _jsonata(Output="Hello {% $states.input.name %}!"),
    ),
    "UNDEFINED_FUNCTION": Explanation(
        "error",
        "Neither JSONata nor the expression defines this function.",
        "Correct its name, which is case-sensitive.",
        _jsonata(Output="{% $uppercas('a') %}"),
    ),
    "UNDEFINED_STATES_FIELD": Explanation(
        "error",
        "The only fields of `$states` are input, result, errorOutput and context.",
        "Use one of these fields.",
        _jsonata(Output="{% $states.inputs.id %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    "RESULT_NOT_AVAILABLE": Explanation(
        "error",
        "`$states.result` exists only in Output and Assign of a Task, a Parallel or a Map.",
        "Use `$states.input`, or `$states.errorOutput` in a catcher.",
        _jsonata(Output="{% $states.result %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    "ERROR_OUTPUT_NOT_AVAILABLE": Explanation(
        "error",
        "`$states.errorOutput` exists only in Output and Assign of a catcher.",
        "Move the expression into a catcher, and assign data that later states need to a variable.",
        _jsonata(Output="{% $states.errorOutput %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    # variables and the context object
    "UNDEFINED_VARIABLE": Explanation(
        "error",
        "No state assigns the variable on any path to this state. A scope can read the variables of its enclosing "
        "scopes, except in a distributed Map.",
        "Assign it in an earlier state: the variables that a state assigns are available from the next state on.",
        _jsonata(Output="{% $total %}"),
    ),
    "POSSIBLY_UNDEFINED_VARIABLE": Explanation(
        "warning",
        "Some path to this state does not assign the variable, and the state fails when that path is taken.",
        "Assign it on every path, or test for it: with `$exists`, or with IsPresent in a Choice.",
        _machine(
            {
                "A": {
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% $states.input.x %}", "Next": "B"}],
                    "Default": "C",
                },
                "B": {"Type": "Pass", "Assign": {"total": 1}, "Next": "C"},
                "C": {"Type": "Pass", "Output": "{% $total %}", "End": True},
            },
            QueryLanguage="JSONata",
        ),
    ),
    "INVALID_VARIABLE_NAME": Explanation(
        "error",
        "A variable name must be a letter followed by letters, digits and _, at most "
        f"{MAX_VARIABLE_NAME_LENGTH} characters.",
        "Choose another name, and omit the `$` in Assign.",
        _jsonata(Assign={"order-id": 1}),
    ),
    "RESERVED_VARIABLE": Explanation(
        "error", "`$states` is reserved by Step Functions.", "Choose another name.", _jsonata(Assign={"states": 1})
    ),
    "DUPLICATE_VARIABLE_NAME": Explanation(
        "error",
        "A branch or a Map assigns a variable that an enclosing scope has already assigned. An inner scope cannot "
        "assign it, not even in a distributed Map. Names assigned only after the Parallel or the Map are allowed.",
        "Choose another name, or return the value as the output of the scope.",
        _machine(
            {
                "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
                "B": {
                    "Type": "Parallel",
                    "Branches": [_branch(I={"Type": "Pass", "Assign": {"x": 2}, "End": True})],
                    "End": True,
                },
            }
        ),
        aws="DUPLICATE_VARIABLE_NAME",
    ),
    "UNKNOWN_CONTEXT_FIELD": Explanation(
        "warning",
        "The context object has no such field, or not in this state: Task exists only in a Task state, and Map only in "
        "a Map state and the states inside it.",
        "Its fields are Execution, State, StateMachine, Task and Map.",
        _pass(Parameters={"id.$": "$$.Exec.Id"}),
    ),
}


def explanation_of(code: str) -> Explanation | None:
    """Return the explanation of a code, or None if there is no such code."""
    return next((explained for known, explained in EXPLANATIONS.items() if known == code.upper()), None)
