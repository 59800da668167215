"""`check` reports nothing about a definition that runs on AWS, and raises for no input whatsoever."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.workflow.defects import DEFECTS, ends, machine, nest, task
from tests.workflow.sound_documents import SOUND
from workflow import check, parse, run
from workflow.asl.definition import Definition
from workflow.asl.fields import ALL_FIELDS, OPERATORS, TYPES

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
words = st.sampled_from(
    sorted({*ALL_FIELDS, *OPERATORS, *TYPES, "StartAt", "States", "ErrorEquals", "Condition", "A", "B", "And", "Not"})
)
texts = words | st.sampled_from(
    ["$.a", "$$", "{% $x %}", "{% ( %}", "States.Format('{}')", "$.a[?(@.b", "${x}", "\ud800"]
)
machine_like = st.recursive(
    texts | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
    max_leaves=25,
)


@pytest.mark.parametrize("name", SOUND)
def test_valid_definitions_have_no_findings(name: str) -> None:
    """There are neither errors nor warnings."""
    assert [str(finding) for finding in check(SOUND[name])] == []


@pytest.mark.parametrize("name", SOUND)
def test_valid_definitions_round_trip(name: str) -> None:
    """Parsing preserves all values and the order of keys."""
    asl = SOUND[name]
    text = json.dumps(asl)
    assert json.dumps(parse(asl).asl()) == json.dumps(parse(text).asl()) == text


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"a machine {defect.name}")
def test_defective_definitions_round_trip(defect: Any) -> None:
    """Parsing preserves any JSON, valid as a definition or not."""
    try:
        value = json.loads(defect.text)
    except ValueError:
        return
    if defect.code != "INVALID_JSON_DESCRIPTION":
        assert json.dumps(parse(value).asl()) == json.dumps(value)


@given(text=st.text(max_size=200) | st.binary(max_size=200))
@example(text="[" * 100_000)
@example(text='{"a":' * 100_000)
@example(text="1e999")
@example(text='{"StartAt": "\\ud800"}')
@example(text="9" * 5000)
def test_check_never_raises_for_any_text(text: str | bytes) -> None:
    """Strings and bytes that are not a definition give findings."""
    assert all(finding.code for finding in check(text))


@pytest.mark.parametrize("wrap", [lambda inner: inner, lambda inner: (inner, float("nan"))])
def test_a_cyclic_value_is_a_finding(wrap: Any) -> None:
    """A cyclic value gives a finding, neither an exception nor an endless copy."""
    value: dict[str, Any] = {"StartAt": "A", "States": {}}
    value["States"]["A"] = wrap(value)
    (finding,) = check(value)
    assert finding.code == "INVALID_JSON_DESCRIPTION"


@given(value=json_values | machine_like)
def test_findings_about_any_value_can_be_printed_and_located(value: Any) -> None:
    """Every finding can be printed, and its pointer refers to an existing value or to the object that lacks one."""
    for kind in ("STANDARD", "EXPRESS"):
        for finding in check(value, type=kind):
            str(finding).encode()
            if "\\ud800" not in finding.pointer:
                Definition(value).at(finding.pointer)


@given(state=machine_like, name=texts)
@example(state={"A": None, "And": None}, name="\ud800")
def test_findings_about_any_state_are_in_document_order(state: Any, name: str) -> None:
    """Arbitrary JSON as a state raises nothing, and its findings are in document order."""
    asl = {
        "StartAt": name,
        "QueryLanguage": "JSONata",
        "States": {name: state, "A": ends(), "M": {"Type": "Map", "ItemProcessor": state}},
    }
    for language in ("JSONata", "JSONPath"):
        found = check({**asl, "QueryLanguage": language})
        positions = [_position(asl, finding.pointer) for finding in found]
        assert positions == sorted(positions)


def test_an_unfilled_template_is_checked_with_one_warning() -> None:
    """An unquoted `${name}` gives one warning, because it is not JSON; the rest is checked as usual."""
    text = json.dumps(machine({"A": task(TimeoutSeconds="?", Comment="a: ${b}, c")})).replace('"?"', "${Limit}")
    assert [finding.code for finding in check(text)] == ["OPEN_TEMPLATE"]
    assert [finding.code for finding in check(text.replace("Comment", "Coment"))] == ["OPEN_TEMPLATE", "UNKNOWN_FIELD"]


@pytest.mark.parametrize("value", ["a string", 3, None, True, ["a", {"b.$": "$.b"}], {}])
def test_parameters_can_be_any_value(value: Any) -> None:
    """AWS's own schema and statelint accept any Parameters; only an integration needs an object."""
    each = {"StartAt": "B", "States": {"B": ends()}}
    for state in (
        ends(Parameters=value),
        task(Parameters=value),
        {"Type": "Parallel", "Branches": [each], "Parameters": value, "End": True},
        {"Type": "Map", "ItemProcessor": each, "Parameters": value, "End": True},
        {"Type": "Map", "ItemProcessor": each, "ItemSelector": value, "End": True},
    ):
        assert [str(finding) for finding in check(machine({"A": state}))] == []
    for state in (ends(Parameters=value), task(Parameters=value)):
        functions = {"A": lambda event: event} if state["Type"] == "Task" else {}
        ended = run(machine({"A": state}), {"b": 1}, functions)
        assert ended.output == (["a", {"b": 1}] if isinstance(value, list) else value)


@pytest.mark.parametrize("text", ["$.a + $.b", "$.c * 2", "$.price each", "$"])
def test_a_string_that_only_begins_like_a_path_is_not_reported(text: str) -> None:
    """CDK's EvaluateExpression passes such formulas."""
    assert [str(finding) for finding in check(machine({"A": ends(Parameters={"expression": text})}))] == []


def test_two_hundred_levels_of_nesting_are_checked() -> None:
    """Parsing, checking and writing do not recurse, so nesting cannot exhaust the stack."""
    deep = nest(200, ends())
    assert [str(finding) for finding in check(parse(parse(deep).json(indent=None)))] == []


def test_definitions_are_limited_to_one_megabyte() -> None:
    """A document at the limit has no findings, and one byte more gives exactly one."""
    empty = len(json.dumps(machine({"A": ends(Comment="")})))
    limit = 1_048_576
    fits, exceeds = (json.dumps(machine({"A": ends(Comment="x" * (limit - empty + n))})) for n in (0, 1))
    assert (
        [finding.code for finding in check(fits)],
        [finding.code for finding in check(exceeds)],
    ) == ([], ["DEFINITION_TOO_LARGE"])


def _position(value: Any, pointer: str) -> list[int]:
    """Return the index of each step of a pointer, in which lone surrogates are escaped."""
    indexes: list[int] = []
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            keys = [each.encode("utf-8", "backslashreplace").decode() for each in value]
            if key in keys:
                indexes.append(keys.index(key))
                value = list(value.values())[indexes[-1]]
        elif isinstance(value, list):
            indexes.append(int(key))
            value = value[int(key)]
    return indexes
