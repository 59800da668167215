"""A diff is correct, complete and readable: every change is reported at its location, also beside others."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from workflow.asl.json_values import walk
from workflow.changes import diff

CAUGHT = [{"ErrorEquals": ["E1"], "Next": "L", "ResultPath": "$.err"}, {"ErrorEquals": ["States.ALL"], "Next": "F"}]
RETRIED = [
    {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 2, "IntervalSeconds": 1},
    {"ErrorEquals": ["States.ALL"], "MaxAttempts": 3},
]
EACH = {
    "ProcessorConfig": {"Mode": "INLINE"},
    "StartAt": "N",
    "States": {"N": {"Type": "Pass", "Result": {"k": [1, 2]}, "Next": "O"}, "O": {"Type": "Succeed"}},
}
OLD: dict[str, Any] = {
    "Comment": "c",
    "StartAt": "V",
    "TimeoutSeconds": 60,
    "States": {
        "V": {"Type": "Task", "Resource": "arn:r", "Next": "Q", "Retry": RETRIED, "Catch": CAUGHT},
        "Q": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.a", "StringEquals": "x", "Next": "M"},
                {"Variable": "$.a", "StringEquals": "y", "Next": "P"},
            ],
            "Default": "F",
        },
        "M": {"Type": "Map", "ItemsPath": "$.i", "ItemProcessor": EACH, "Next": "L"},
        "P": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "B1", "States": {"B1": {"Type": "Pass", "End": True}}},
                {"StartAt": "B2", "States": {"B2": {"Type": "Wait", "Seconds": 3, "End": True}}},
            ],
            "ResultSelector": {"a.$": "$[0]"},
            "Next": "L",
        },
        "L": {"Type": "Succeed"},
        "F": {"Type": "Fail", "Error": "E", "Cause": "c"},
    },
}
Edit = Callable[[Any, Any], object]
IF_X = '{"Variable":"$.a","StringEquals":"x"}'
IF_Y = '{"Variable":"$.a","StringEquals":"y"}'


def rename_state(old: str, new: str) -> Any:
    return json.loads(json.dumps(OLD).replace(f'"{old}"', f'"{new}"'))


def describe(edit: Edit) -> list[str]:
    new = copy.deepcopy(OLD)
    edit(new, new["States"])
    return [str(change) for change in diff(OLD, new)]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            lambda _, s: s["Q"]["Choices"].reverse(),
            [
                f"Q: the choice rule for {IF_Y} is now number 1 of Choices; it was number 2.",
                f"Q: the choice rule for {IF_X} is now number 2 of Choices; it was number 1.",
            ],
        ),
        (
            lambda _, s: s["Q"]["Choices"][0].update(StringEquals="z"),
            [
                "Q: the condition of the choice rule with Next M changed from "
                f'{IF_X} to {{"Variable":"$.a","StringEquals":"z"}}.'
            ],
        ),
        (
            lambda _, s: s["Q"]["Choices"].append({**s["Q"]["Choices"][0], "Next": "F"}),
            [f"Q: a choice rule for {IF_X} was added with Next F."],
        ),
        (lambda _, s: s["Q"]["Choices"].pop(), [f"Q: the choice rule for {IF_Y} with Next P was removed."]),
        (lambda _, s: s["V"]["Retry"].pop(), ["V: the retrier for States.ALL was removed."]),
        (
            lambda _, s: s["V"]["Retry"][0]["ErrorEquals"].append("X"),
            ["V: ErrorEquals of the retrier changed from States.Timeout to States.Timeout, X."],
        ),
        (
            lambda _, s: s["V"]["Retry"][0].update(Comment="q"),
            ["V, retrier for States.Timeout: Comment was added: q."],
        ),
        (lambda _, s: s["V"]["Catch"][0].update(Next="F"), ["V, catcher for E1: Next changed from L to F."]),
        (
            lambda _, s: s["M"]["ItemProcessor"]["ProcessorConfig"].update(Mode="DISTRIBUTED"),
            ["the processor of M: ProcessorConfig.Mode changed from INLINE to DISTRIBUTED."],
        ),
        (
            lambda _, s: s["M"].update(Iterator=s["M"].pop("ItemProcessor")),
            ["M: its states were moved from ItemProcessor to Iterator."],
        ),
        (
            lambda _, s: s["P"]["Branches"][0].update(Comment="b"),
            ["branch 1 of P: Comment was added: b."],
        ),
        (
            lambda _, s: s["P"]["Branches"].append({"StartAt": "B3", "States": {"B3": {"Type": "Succeed"}}}),
            ["branch 3 of P was added.", "B3 was added: a Succeed state."],
        ),
        (
            lambda _, s: s["P"]["Branches"][0]["States"].update(O=s["M"]["ItemProcessor"]["States"].pop("O")),
            ["O was moved from the processor of M to branch 1 of P."],
        ),
        (lambda _, s: s["F"].update(Cause=""), ['F: Cause changed from c to "".']),
        (lambda _, s: s.update(W=5), ["the state machine, States: W was added: 5."]),
        (
            lambda d, _: d.update(TimeoutSeconds=60.0),
            ["the state machine: TimeoutSeconds changed from 60 s to 60.0 s."],
        ),
    ],
)
def test_each_change_is_described_in_plain_words(edit: Edit, expected: list[str]) -> None:
    assert describe(edit) == expected


@pytest.mark.parametrize(("old", "new"), [("L", "Done"), ("V", "Validate"), ("N", "Nested")])
def test_renaming_a_state_is_reported_as_one_change(old: str, new: str) -> None:
    """The transitions and StartAt that follow the rename are not reported."""
    assert [str(change) for change in diff(OLD, rename_state(old, new))] == [f"{old} was renamed to {new}."]


def test_key_order_makes_no_difference() -> None:
    reordered = {**OLD, "States": dict(reversed(OLD["States"].items()))}
    assert diff(OLD, dict(reversed(reordered.items()))) == []


def test_states_with_the_same_name_in_two_branches_are_compared_separately() -> None:
    def twins(result: int) -> Any:
        new = copy.deepcopy(OLD)
        new["States"]["P"]["Branches"] = [
            {"StartAt": "B", "States": {"B": {"Type": "Pass", "Result": number, "End": True}}} for number in (result, 2)
        ]
        return new

    (change,) = diff(twins(1), twins(3))
    assert (change.pointer, str(change)) == (
        "/States/P/Branches/0/States/B/Result",
        "B: Result changed from 1 to 3.",
    )


@pytest.mark.parametrize("field", ["Cause", "Comment"])
def test_long_strings_are_shown_where_they_differ(field: str) -> None:
    """Showing only the common beginning would make both values look the same."""
    causes = (f"{'same ' * 40}{end}" for end in ("one", "two"))
    old, new = ({"StartAt": "F", "States": {"F": {"Type": "Fail", field: text}}} for text in causes)
    (change,) = diff(old, new)
    assert "one to …" in str(change)
    assert str(change).endswith("two.")


VALUES: tuple[Any, ...] = (None, 5, "x", "L", [], {}, True, [1], [{}], {"a": 1}, {"Type": "Pass"})


def set_value(definition: Any, pointer: str, value: Any) -> Any:
    """Return a copy with another value at a JSON pointer."""
    new = copy.deepcopy(definition)
    holder = new
    *above, last = pointer.split("/")[1:]
    for key in above:
        holder = holder[int(key) if isinstance(holder, list) else key]
    holder[int(last) if isinstance(holder, list) else last] = value
    return new


def touches(one: str, other: str) -> bool:
    """Return whether one of two JSON pointers contains the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def test_any_changed_value_is_reported_at_its_location() -> None:
    unreported = [
        (pointer, value)
        for (pointer, now), value in itertools.product(walk(OLD), VALUES)
        if pointer and json.dumps(now) != json.dumps(value)
        if not any(touches(change.pointer, pointer) for change in diff(OLD, set_value(OLD, pointer, value)))
    ]
    assert unreported == []


def test_two_changes_are_both_reported() -> None:
    """No change hides another."""
    locations = [pointer for pointer, value in walk(OLD) if pointer and not isinstance(value, dict | list)]
    for one, other in itertools.combinations(locations, 2):
        changes = diff(OLD, set_value(set_value(OLD, one, "else"), other, "other"))
        for location in (one, other):
            assert any(touches(change.pointer, location) for change in changes), (one, other)
