"""`check` follows variables along every path, and warns where one of them does not assign what is read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.defects import FUNCTION, branches, calls, ends, jsonata, machine, map_machine
from workflow import check

READS = ends(Output="{% $v %}")


def choice(condition: str = "{% $states.input.x %}", then: str = "B", otherwise: str = "C") -> dict[str, Any]:
    return {"Type": "Choice", "Choices": [{"Condition": condition, "Next": then}], "Default": otherwise}


def assigns(following: str, **variables: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Assign": variables or {"v": 1}, "Next": following}


def findings_of(asl: Any, **options: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.pointer) for finding in check(asl, **options)]


MAYBE = "POSSIBLY_UNDEFINED_VARIABLE"
CAUGHT = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
INSIDE = {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $v %}", "End": True}
UNSURE = {
    "a branch of a Choice": ({"A": choice(), "B": assigns("C"), "C": READS}, "/States/C/Output"),
    "a catcher without Assign": (
        {"A": {"Type": "Task", "Resource": FUNCTION, "Assign": {"v": 1}, "Catch": CAUGHT, "Next": "C"}, "C": READS},
        "/States/C/Output",
    ),
    "a loop that may not run": (
        {"A": choice(then="B", otherwise="C"), "B": assigns("A"), "C": READS},
        "/States/C/Output",
    ),
    "a branch of a Parallel": (
        {"A": choice(), "B": assigns("C"), "C": branches(machine({"I": INSIDE}))["States"]["A"]},
        "/States/C/Branches/0/States/I/Output",
    ),
    "the processor of a Map": (
        {"A": choice(), "B": assigns("C"), "C": map_machine(machine({"I": INSIDE}))["States"]["A"]},
        "/States/C/ItemProcessor/States/I/Output",
    ),
    "an Assign that reads it": (
        {"A": choice(), "B": assigns("C"), "C": ends(Assign={"w": "{% $v + 1 %}"})},
        "/States/C/Assign/w",
    ),
}


@pytest.mark.parametrize(("states", "pointer"), UNSURE.values(), ids=list(UNSURE))
def test_a_variable_that_some_path_does_not_assign_is_reported(states: Any, pointer: str) -> None:
    assert findings_of(jsonata(states)) == [(MAYBE, pointer)]


SURE = {
    "both branches assign it": {
        "A": choice(),
        "B": assigns("D"),
        "C": assigns("D"),
        "D": READS,
    },
    "the rules of a Choice assign it": {
        "A": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.x %}", "Assign": {"v": 1}, "Next": "C"}],
            "Assign": {"v": 2},
            "Default": "C",
        },
        "C": READS,
    },
    "the catcher assigns it too": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Arguments": {"QueueUrl": "q", "MessageBody": "m"},
            "Assign": {"v": 1},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"v": 2}, "Next": "C"}],
            "Next": "C",
        },
        "C": READS,
    },
    "it is assigned before a loop": {"S": assigns("A"), "A": choice(otherwise="C"), "B": assigns("A"), "C": READS},
    "the expression tests it": {"A": choice(), "B": assigns("C"), "C": ends(Output="{% $exists($v) ? $v : 0 %}")},
    "a Choice tests it": {
        "A": choice(),
        "B": assigns("C"),
        "C": choice("{% $exists($v) %}", "D", "E"),
        "D": READS,
        "E": ends(),
    },
    "a branch reads what was assigned around it": {
        "A": assigns("C"),
        "C": branches(machine({"I": INSIDE}))["States"]["A"],
    },
}


@pytest.mark.parametrize("states", SURE.values(), ids=list(SURE))
def test_a_variable_that_every_path_assigns_is_not_reported(states: Any) -> None:
    assert findings_of(jsonata(states)) == []


def test_a_jsonpath_choice_can_test_a_variable() -> None:
    rules = [{"Variable": "$v", "IsPresent": False, "Next": "E"}, {"Variable": "$v", "NumericEquals": 1, "Next": "D"}]
    first = {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "B"}], "Default": "C"}
    states = {
        "A": first,
        "B": assigns("C"),
        "C": {"Type": "Choice", "Choices": rules, "Default": "D"},
        "D": ends(Parameters={"v.$": "$v"}),
        "E": ends(),
    }
    assert findings_of(machine(states)) == []


def test_variables_given_to_check_count_as_assigned() -> None:
    assert findings_of(jsonata({"C": READS}), variables=["v"]) == []
    assert findings_of(jsonata({"C": READS})) == [("UNDEFINED_VARIABLE", "/States/C/Output")]


# Task tokens in unfilled templates

WAITS = {"TopicArn": "${Topic}"}
TOKENS = [
    ({**WAITS, "Message.$": "States.Format('${Url}?t={}', $$.Task.Token)"}, []),
    ({**WAITS, "Message": {"t.$": "States.Array('#{Name}', $$.Task.Token)"}}, []),
    ({**WAITS, "Message.$": "${Path}"}, []),
    ({**WAITS, "Message.$": "States.Format('${Url}?t={}', $.id)"}, [("MISSING_TASK_TOKEN", "/States/A/Parameters")]),
    ({**WAITS, "Message": "${Text}"}, [("MISSING_TASK_TOKEN", "/States/A/Parameters")]),
]


@pytest.mark.parametrize(("parameters", "findings"), TOKENS)
def test_a_task_token_beside_a_placeholder_is_recognised(parameters: Any, findings: Any) -> None:
    assert findings_of(machine({"A": calls("sns:publish.waitForTaskToken", Parameters=parameters)})) == findings
