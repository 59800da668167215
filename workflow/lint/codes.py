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
        "error", "There is nothing to check.", "Write a state machine.", "", aws="MISSING_DESCRIPTION"
    ),
    "INVALID_JSON_DESCRIPTION": Explanation(
        "error",
        "The string is not valid JSON. YAML, comments, trailing commas, NaN and half surrogate pairs are not.",
        "Mend the JSON at the line and column that are named.",
        '{"StartAt": "A",}',
        aws="INVALID_JSON_DESCRIPTION",
    ),
    "DUPLICATE_KEY": Explanation(
        "error",
        "An object has a key twice, of which readers keep one or the other; as a warning: `x` and `x.$` make "
        "one field.",
        "Keep one of them.",
        '{"StartAt": "A", "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
    ),
    "DEFINITION_TOO_LARGE": Explanation(
        "error",
        "A definition has at most 1 MB (1,048,576 bytes).",
        "Move parts of it into state machines of their own, which a Task starts.",
        _machine({"A": _END}, Comment="x" * MAX_DEFINITION_BYTES),
    ),
    "PAYLOAD_TOO_LARGE": Explanation(
        "warning",
        "A state passes on at most 256 KiB (262,144 bytes), and what is written here is larger "
        "(States.DataLimitExceeded).",
        "Keep the data in S3, and pass on where they are.",
        _pass(Result="x" * MAX_PAYLOAD_BYTES),
    ),
    "OPEN_TEMPLATE": Explanation(
        "warning",
        "The text is JSON only when something fills in its `${places}`; all else is checked.",
        "Check it again when they are filled in.",
        '{"StartAt": "A", "TimeoutSeconds": ${Limit}, "States": {"A": {"Type": "Pass", "End": true}}}',
    ),
    # fields and their values
    "UNKNOWN_FIELD": Explanation(
        "error",
        "There is no field of this name in the States Language.",
        "Correct its spelling, or remove it; notes go into Comment.",
        _pass(Coment="why"),
        aws=_SCHEMA,
    ),
    "UNSUPPORTED_FIELD": Explanation(
        "error",
        "The field exists, and does not belong to this type of state or to this object.",
        "Remove it, or move it to where it belongs.",
        _pass(TimeoutSeconds=3),
        aws=_SCHEMA,
    ),
    "MISSING_REQUIRED_FIELD": Explanation(
        "error",
        "A field without which the object says nothing is missing.",
        "Add it.",
        json.dumps({"States": {"A": _END}}),
        aws=_SCHEMA,
    ),
    "WRONG_TYPE": Explanation(
        "error",
        "The value has not the type of its field: a number as text, an object as list, an expression that "
        "yields another type.",
        "Write a value of the type that is named.",
        _task(TimeoutSeconds="30"),
        aws=_SCHEMA,
    ),
    "INVALID_VALUE": Explanation(
        "error",
        "The value has the right type but is out of range or not one of the values that the field allows.",
        "Write a value that is allowed.",
        _task(Retry=[{"ErrorEquals": ["States.ALL"], "BackoffRate": 0.5}]),
        aws=_SCHEMA,
    ),
    "CONFLICTING_FIELDS": Explanation(
        "error",
        "Two fields stand side by side of which an object has one: Next and End, a number and its path, two operators.",
        "Remove one of them.",
        _machine({"A": {"Type": "Pass", "Next": "B", "End": True}, "B": _END}),
        aws=_SCHEMA,
    ),
    "EMPTY_LIST": Explanation(
        "error",
        "A list that needs an entry is empty: States, Branches, Choices, ErrorEquals, And, Or.",
        "Add an entry, or remove what holds the list.",
        _task(Retry=[{"ErrorEquals": []}]),
        aws=_SCHEMA,
    ),
    "WRONG_QUERY_LANGUAGE": Explanation(
        "error",
        "A field of JSONPath in a state that speaks JSONata, or the other way round; as a warning: a string "
        "that looks like one.",
        "Use the counterpart that is named, or set QueryLanguage. Inside a Map or a branch the machine's "
        "language counts.",
        _jsonata(InputPath="$.order"),
        aws=_SCHEMA,
    ),
    # states and transitions
    "UNKNOWN_TYPE": Explanation(
        "error",
        "There are eight types of states: Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map.",
        "Write one of them, with its capital letter.",
        _machine({"A": {"Type": "task", "End": True}}),
        aws=_SCHEMA,
    ),
    "INVALID_STATE_NAME": Explanation(
        "error",
        f"A state's name must have 1 to {MAX_STATE_NAME_LENGTH} characters.",
        "Choose a shorter name; what it explains goes into Comment.",
        _machine({"n" * 81: _END}),
        aws="INVALID_STATE_NAME",
    ),
    "DUPLICATE_STATE_NAME": Explanation(
        "error",
        "Two states have one name. Names are unique in the whole machine, also across branches and Maps.",
        "Rename one of them.",
        _machine({"A": {"Type": "Parallel", "Branches": [_branch(B=_END), _branch(B=_END)], "End": True}}),
        aws="DUPLICATE_STATE_NAME",
    ),
    "MISSING_TRANSITION": Explanation(
        "error",
        "The state says neither what comes next nor that it ends.",
        "Add Next, or End.",
        _machine({"A": {"Type": "Pass"}}),
        aws=_SCHEMA,
    ),
    "MISSING_TRANSITION_TARGET": Explanation(
        "error",
        "StartAt, Next or Default names a state that is not there.",
        "Correct the name, whose case counts, or add the state.",
        _machine({"A": {"Type": "Pass", "Next": "b"}, "B": _END}),
        aws="MISSING_TRANSITION_TARGET",
    ),
    "TRANSITION_LEAVES_SCOPE": Explanation(
        "error",
        "The state that is named stands in another branch or Map, or around this one; no transition leads in or out.",
        "End the scope, and go on from the Parallel or the Map.",
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
        "No way leads from the start to the state; states that only lead to one another are such an island too.",
        "Lead a transition to it, or remove it.",
        _machine({"A": _END, "B": _END}),
        aws="MISSING_TRANSITION_TARGET",
    ),
    "MISSING_END_STATE": Explanation(
        "error",
        "No state ends the machine, the branch or the Map.",
        "Add End to the last state, or a Succeed or Fail.",
        _machine({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}),
        aws="MISSING_END_STATE",
    ),
    "ENDLESS_LOOP": Explanation(
        "warning",
        "From this state no way leads to an end, though other states end.",
        "Lead a transition out of the loop.",
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
        "A rule of a Choice has a field other than the 39 comparison operators, And, Or and Not.",
        "Correct its spelling.",
        _choice(Variable="$.x", StringEqual="a"),
        aws=_SCHEMA,
    ),
    # errors and time
    "STATES_ALL_NOT_ALONE": Explanation(
        "error",
        "States.ALL stands for every error, and stands alone in its ErrorEquals.",
        "Remove the other names.",
        _task(Retry=[{"ErrorEquals": ["States.ALL", "Stock.Gone"]}]),
    ),
    "STATES_ALL_NOT_LAST": Explanation(
        "error",
        "Retriers and catchers after one for States.ALL can never match.",
        "Move the one for States.ALL to the end.",
        _task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["Stock.Gone"]}]),
    ),
    "UNREACHABLE_RETRIER": Explanation(
        "warning",
        "An earlier retrier takes this error already.",
        "Remove it, or put the more special one first.",
        _task(Retry=[{"ErrorEquals": ["Stock.Gone"]}, {"ErrorEquals": ["Stock.Gone"]}]),
    ),
    "UNREACHABLE_CATCHER": Explanation(
        "warning",
        "An earlier catcher takes this error already.",
        "Remove it, or put the more special one first.",
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
        "The name starts with `States.`, as only AWS's own errors do, and AWS has none of this name.",
        "Correct its spelling, or give your own error another name.",
        _task(Retry=[{"ErrorEquals": ["States.TimeOut"]}]),
    ),
    "IMPOSSIBLE_TIMEOUT": Explanation(
        "error",
        "A task must send heartbeats within a time that is not smaller than its time limit.",
        "Make HeartbeatSeconds smaller than TimeoutSeconds.",
        _task(TimeoutSeconds=30, HeartbeatSeconds=60),
    ),
    "EXPRESS_TIMEOUT": Explanation(
        "warning",
        "An EXPRESS workflow ends after 5 minutes, whatever is written.",
        "Make the time shorter, or use a STANDARD workflow.",
        _machine({"A": {"Type": "Wait", "Seconds": 3600, "End": True}}),
        express=True,
    ),
    # integrations
    "INVALID_RESOURCE": Explanation(
        "error",
        "The Resource is not the ARN of something that a Task can call, or names a service, an action or a pattern "
        "that does not exist.",
        "Correct it; the word that was probably meant is named.",
        _call("lamda:invoke"),
        aws="INVALID_RESOURCE",
    ),
    "UNKNOWN_SERVICE": Explanation(
        "warning",
        "No service of this name is known here; AWS may have added it since.",
        "Look the name up among AWS's integrations.",
        _call("aws-sdk:brandnewservice:doIt", Parameters={}),
    ),
    "MISSING_ARGUMENT": Explanation(
        "error",
        "The call lacks an argument that it cannot do without. Names start with a capital letter.",
        "Add it to Parameters (JSONPath) or Arguments (JSONata).",
        _call("sqs:sendMessage", Parameters={"QueueUrl": "https://queue"}),
        aws=_SCHEMA,
    ),
    "MISSING_TASK_TOKEN": Explanation(
        "error",
        "The task waits until its token comes back, and passes the token to nobody.",
        "Pass `$$.Task.Token` (JSONPath) or `$states.context.Task.Token` (JSONata).",
        _call("lambda:invoke.waitForTaskToken", Parameters={"FunctionName": "work"}),
    ),
    "UNUSED_TASK_TOKEN": Explanation(
        "warning",
        "A task passes its token and does not wait for it to come back.",
        "End the Resource with `.waitForTaskToken`, or do not pass the token.",
        _call("lambda:invoke", Parameters={"FunctionName": "work", "Payload": {"token.$": "$$.Task.Token"}}),
    ),
    "EXPRESS_NOT_SUPPORTED": Explanation(
        "error",
        "EXPRESS workflows, and EXPRESS children of a Map, know neither `.sync` nor `.waitForTaskToken`, "
        "activities or distributed Maps.",
        "Use a STANDARD workflow, or request and response.",
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
        "Two distributed Maps have one Label.",
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
        "The string is not a path, or it is a path that may name several places where one is needed.",
        "Write a path such as `$.order.id`; only names and indexes lead to one place.",
        _pass(InputPath="order.id"),
        aws=_SCHEMA,
    ),
    "INVALID_INTRINSIC_FUNCTION": Explanation(
        "error",
        "The call of an intrinsic function does not parse, names none of the 18, or has arguments with which "
        "it can never work.",
        "Mend the call; texts stand in single quotes.",
        _pass(Parameters={"id.$": "States.Uuid()"}),
        aws=_SCHEMA,
    ),
    "NO_DOLLAR": Explanation(
        "warning",
        "A value looks like a path or an intrinsic function, and is passed on as plain text.",
        "End the field's name with `.$` to have it evaluated.",
        _pass(Parameters={"id": "$.order.id"}),
        aws="NO_DOLLAR",
    ),
    "NO_PATH": Explanation(
        "warning",
        "A value looks like a path, and its field takes plain text.",
        "Use the field whose name ends in Path.",
        _choice(Variable="$.x", StringEquals="$.y"),
        aws="NO_PATH",
    ),
    "PASS_RESULT_IS_STATIC": Explanation(
        "warning",
        "The Result of a Pass is taken as it is, keys with `.$` included.",
        "Use Parameters instead of Result.",
        _pass(Result={"id.$": "$.order.id"}),
        aws="PASS_RESULT_IS_STATIC",
    ),
    # data in JSONata
    "INVALID_JSONATA_EXPRESSION": Explanation(
        "error",
        "The expression between `{%` and `%}` does not parse, or is not closed.",
        "Mend it at the character that is named.",
        _jsonata(Output="{% $states.input.( %}"),
        aws="INVALID_JSONATA_EXPRESSION",
    ),
    "UNSUPPORTED_JSONATA_EXPRESSION": Explanation(
        "error",
        "A name, `$` or `$$` stands where JSONata would take it from its input, and Step Functions gives it "
        "none; nor is there `$eval`.",
        "Start from `$states.input`, or from a variable.",
        _jsonata(Output="{% order.id %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    "EXPRESSION_ALWAYS_FAILS": Explanation(
        "error",
        "The expression, or a part of it that is always evaluated, fails whatever the data are: it calculates with a "
        "string, or calls a function with constants that it does not take.",
        "Correct the constants.",
        _jsonata(Output="{% 'hello world'/42 %}"),
    ),
    "NOT_EVALUATED": Explanation(
        "warning",
        "A string has `{% … %}` in it, and is evaluated only where it starts and ends with them.",
        "Make the whole text one expression.",
        _jsonata(Output="Hello {% $states.input.name %}!"),
    ),
    "UNDEFINED_FUNCTION": Explanation(
        "error",
        "Neither JSONata nor the expression defines this function.",
        "Correct its spelling, whose case counts.",
        _jsonata(Output="{% $uppercas('a') %}"),
    ),
    "UNDEFINED_STATES_FIELD": Explanation(
        "error",
        "`$states` has input, result, errorOutput and context, and nothing else.",
        "Use one of them.",
        _jsonata(Output="{% $states.inputs.id %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    "RESULT_NOT_AVAILABLE": Explanation(
        "error",
        "`$states.result` is there when a Task, a Parallel or a Map has done its work: in Output and Assign.",
        "Use `$states.input`, or `$states.errorOutput` in a catcher.",
        _jsonata(Output="{% $states.result %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    "ERROR_OUTPUT_NOT_AVAILABLE": Explanation(
        "error",
        "`$states.errorOutput` is there in Output and Assign of a catcher only.",
        "Move it into the catcher, and keep what is needed later in a variable.",
        _jsonata(Output="{% $states.errorOutput %}"),
        aws="UNSUPPORTED_JSONATA_EXPRESSION",
    ),
    # variables and the context object
    "UNDEFINED_VARIABLE": Explanation(
        "error",
        "No state assigns the variable on any way that leads here; a scope sees those around it, a "
        "distributed Map none.",
        "Assign it in an earlier state. What a state assigns is there for the next one.",
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
        "A variable's name must be a letter and then letters, digits and _, at most "
        f"{MAX_VARIABLE_NAME_LENGTH} characters.",
        "Choose another name; there is no `$` where it is assigned.",
        _jsonata(Assign={"order-id": 1}),
    ),
    "RESERVED_VARIABLE": Explanation(
        "error", "`$states` is Step Functions' own.", "Choose another name.", _jsonata(Assign={"states": 1})
    ),
    "DUPLICATE_VARIABLE_NAME": Explanation(
        "error",
        "A branch or a Map assigns a variable that was assigned around it before; an inner scope cannot set such, a "
        "distributed Map neither. What is assigned only after the Map or the Parallel is free.",
        "Choose another name, or hand the value out as the scope's output.",
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
        "The context object is not known to have this field, or not here: Task is there in a Task only, Map in a Map "
        "and in the states inside it.",
        "It has Execution, State, StateMachine, Task and Map.",
        _pass(Parameters={"id.$": "$$.Exec.Id"}),
    ),
}


def explanation_of(code: str) -> Explanation | None:
    """Return the explanation of a code, or None if there is no such code."""
    return next((explained for known, explained in EXPLANATIONS.items() if known == code.upper()), None)
