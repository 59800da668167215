"""Functions of the language give the same results in JSONata and JSONPath, even where the two languages differ."""

from __future__ import annotations

import types
from itertools import pairwise
from typing import Any, TypedDict

import pytest

from workflow import END, Choice, Pass, Succeed, Workflow, context, input_of, output_of, run, variable
from workflow.failures import NotPortable
from workflow.fn import (
    array,
    before,
    chunks,
    from_json,
    item_at,
    merged,
    seen_as,
    span,
    split,
    to_json,
    unique,
)
from workflow.lint import check


class Given(TypedDict):
    """The input of the workflows below."""

    word: str
    items: list[object]
    anything: object


given = input_of(Given)


def workflow_with_output(value: object) -> type[Workflow[Given, Any]]:
    """Return a workflow whose output contains this value."""

    def body(space: dict[str, Any]) -> None:
        only = Pass({"value": value})
        space.update(given=given, only=only, start=only, flow=(only >> END,))

    return types.new_class("WithOutput", (Workflow[Given, Any],), {}, body)


word, items, anything = given["word"], given["items"], given["anything"]
ITEMS: list[Any] = [1, "two", [3, 4], {"five": 6}, None]
SAME = [
    (array(items, word), [ITEMS, "a,,b"]),
    (array(items), [ITEMS]),
    (array(word), ["a,,b"]),
    (array(anything), [[7, 8]]),
    (array(anything, word, items), [[7, 8], "a,,b", ITEMS]),
    (array(array(anything), array(word, items)), [[[7, 8]], ["a,,b", ITEMS]]),
    (to_json(array(anything, items)), '[[7,8],[1,"two",[3,4],{"five":6},null]]'),
    (to_json(word), '"a,,b"'),
    (to_json(from_json('"x"', object)), '"x"'),
    (to_json(from_json("[1,2]", object)), "[1,2]"),
    (to_json(from_json('"[\\"q\\"]"', object)), '"[\\"q\\"]"'),
    (chunks(items, 2), [ITEMS[:2], ITEMS[2:4], ITEMS[4:]]),
    (chunks(items, 9), [ITEMS]),
    (chunks(split("", ","), 2), []),
    (span(1, 1), [1]),
    (span(2, 1), []),
    (span(5, 1, -2), [5, 3, 1]),
    (split(word, ","), ["a", "b"]),
    (split(",", ","), []),
    (split("one", ","), ["one"]),
    (item_at(chunks(items, 2), 1), [[3, 4], {"five": 6}]),
    (unique(array(word, word)), ["a,,b"]),
    ([{"a": word}, {"b": [{"c": items}]}, 1], [{"a": "a,,b"}, {"b": [{"c": ITEMS}]}, 1]),
    ([word, [items, "x"]], ["a,,b", [ITEMS, "x"]]),
]


@pytest.mark.parametrize(("value", "expected"), SAME, ids=[repr(value) for value, _ in SAME])
@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_functions_return_the_same_in_both_query_languages(language: Any, value: object, expected: object) -> None:
    """Arrays are not flattened, one item stays in an array, no items give an empty one, and JSON strings are quoted."""
    ended = run(
        workflow_with_output(value).asl(language=language), {"word": "a,,b", "items": ITEMS, "anything": [7, 8]}
    )
    assert (ended.output, ended.cause) == ({"value": expected}, None)


@pytest.mark.parametrize("kind", ["text", 1, None, {"a": 1}, [], [[]]])
def test_an_untyped_value_becomes_one_array_item(kind: Any) -> None:
    """This holds alone and beside other items, in both query languages."""
    for language in ("JSONata", "JSONPath"):
        for value, expected in ((array(anything), [kind]), (array(anything, anything), [kind, kind])):
            ended = run(workflow_with_output(value).asl(language=language), {"word": "", "items": [], "anything": kind})  # type: ignore[arg-type]
            assert ended.output == {"value": expected}, language


@pytest.mark.parametrize("separator", ["", ", ", word])
def test_jsonpath_requires_a_separator_of_one_character(separator: Any) -> None:
    """States.StringSplit takes each character of the separator as a separator, so JSONPath is rejected."""
    with pytest.raises(NotPortable, match="requires a separator of one character"):
        workflow_with_output(split(word, separator)).asl(language="JSONPath")


def test_jsonata_splits_by_separators_of_several_characters() -> None:
    assert run(
        workflow_with_output(split(word, ",,")).asl(), {"word": "a,,b,c", "items": [], "anything": 0}
    ).output == {"value": ["a", "b,c"]}


def test_merged_objects_take_the_last_value_of_a_key() -> None:
    """The merge is shallow, as in States.JsonMerge."""
    value = merged({"a": word, "b": {"c": 1}}, {"b": anything})
    ended = run(workflow_with_output(value).asl(), {"word": "w", "items": [], "anything": {"d": 2}})
    assert ended.output == {"value": {"a": "w", "b": {"d": 2}}}


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_fields_are_not_looked_up_in_the_items_of_an_array(language: Any) -> None:
    """Plain JSONata would look up the field in each item of the array."""
    given_word, found, left = input_of(Given)["word"], Succeed(), Succeed()
    route = Choice(input_of(Given))

    def body(space: dict[str, Any]) -> None:
        space.update(found=found, left=left, route=route, start=route)
        space["flow"] = (route.when(given_word == "w") >> found, route.otherwise >> left)

    asl = types.new_class("Routing", (Workflow[Given, Any],), {}, body).asl(language=language)
    assert run(asl, {"word": "w"}).path == ("route", "found")
    assert run(asl, [{"word": "w"}]).path == ("route", "left")


def test_generated_variables_have_unique_names() -> None:
    """They differ from each other and from variables that the author named, and are valid."""
    state_names: tuple[str, ...] = ("1st step!", "1st step?", "_", "step", "s" * 80)
    states = [Pass({"n": number}, name=name) for number, name in enumerate(state_names)]
    step_output = variable(str, name="step_output")
    states[3].assign(step_output, "mine")

    def body(space: dict[str, Any]) -> None:
        space.update({f"state{number}": state for number, state in enumerate(states)}, step_output=step_output)
        space["last"] = Pass({"all": [output_of(state)["n"] for state in states], "mine": step_output})
        space["start"] = states[0]
        joined = [*states, space["last"]]
        space["flow"] = (*(one >> other for one, other in pairwise(joined)), space["last"] >> END)

    capturing: Any = types.new_class("Capturing", (Workflow[Any, Any],), {}, body)
    assert not check(capturing)
    assert run(capturing).output == {"all": [0, 1, 2, 3, 4], "mine": "mine"}


def test_type_guards_occur_once_and_never_for_context_times() -> None:
    work, done = Pass({"word": given["word"], "count": 3}), Succeed()
    known = seen_as(output_of(work), dict[str, int])
    look = Choice(known)

    class Guarded(Workflow[Given, Any]):
        works, looks, ends = work, look, done
        start = work
        flow = (
            work >> look,
            look.when((known["count"] > 1) & (known["count"] < 9)) >> done,
            look.when(before(context.State.EnteredTime, context.Execution.StartTime)) >> done,
            look.otherwise >> done,
        )

    assert [rule["Condition"] for rule in Guarded.asl()["States"]["looks"]["Choices"]] == [
        '{% $type($states.input) = "object" and $type($states.input.count) = "number" and $states.input.count > 1 and '
        "$states.input.count < 9 %}",
        "{% $toMillis($states.context.State.EnteredTime) < $toMillis($states.context.Execution.StartTime) %}",
    ]
    jsonpath = Guarded.asl(language="JSONPath")["States"]["looks"]["Choices"]
    assert jsonpath[1]["And"] == [
        {"Variable": "$$.State.EnteredTime", "TimestampLessThanPath": "$$.Execution.StartTime"}
    ]
    assert not check(Guarded.asl(language="JSONPath"))
