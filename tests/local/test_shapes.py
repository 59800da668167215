"""Property schemas report faults with their paths, and compare values by their meaning."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.provider.diff import ChangeKind, compare_inputs
from local.provider.property_schema import (
    CHOSEN_BY_AWS,
    Boolean,
    FileContent,
    JsonString,
    KmsKeyId,
    ListOf,
    MapOf,
    Number,
    Object,
    Property,
    SetOf,
    String,
    canonical_values,
    find_faults,
    inputs_from_actual,
)
from local.provider.property_values import UNKNOWN, FileArchive, format_path, has_unknown, integral_to_int
from local.provider.registry import resource_type
from local.provider.resource import AutoName, NameMissing, NameProposal, generate_name

TABLE = {
    "name": Property(schema=String(), required=True, replaces=True),
    "size": Property(schema=Number(1, 9), default=3),
    "on": Property(schema=Boolean(), default=False),
    "kind": Property(schema=String(("a", "b")), default=CHOSEN_BY_AWS),
    "parts": Property(
        schema=SetOf(Object({"id": Property(schema=String(), required=True), "n": Property(schema=Number())}))
    ),
    "order": Property(schema=ListOf(String())),
    "tags": Property(schema=MapOf(String())),
    "policy": Property(schema=JsonString(policy=True)),
    "key": Property(schema=KmsKeyId()),
    "code": Property(schema=FileContent(), write_only=True),
    "arn": Property(schema=String(), computed=True),
}

WORDS = st.text("abc", min_size=1, max_size=3)
VALUES = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "size": st.integers(1, 9),
        "on": st.booleans(),
        "kind": st.sampled_from("ab"),
        "parts": st.lists(st.fixed_dictionaries({"id": WORDS}, optional={"n": st.integers(0, 3)}), max_size=3),
        "order": st.lists(WORDS, max_size=3),
        "tags": st.dictionaries(WORDS, WORDS, max_size=3),
        "policy": st.lists(WORDS, min_size=1, max_size=3).map(lambda words: json.dumps({"Action": words})),
        "key": st.sampled_from(["1234", "arn:aws:kms:r:a:key/1234", "arn:aws:kms:r:a:key/5678"]),
    },
)


@given(VALUES)
def test_generated_inputs_have_no_faults(values: dict[str, object]) -> None:
    assert list(find_faults(TABLE, values)) == []


@given(VALUES)
def test_inputs_do_not_differ_from_themselves(values: dict[str, object]) -> None:
    assert compare_inputs(TABLE, values, dict(values)).is_empty


@given(VALUES, VALUES)
def test_differences_are_symmetric(one: dict[str, object], other: dict[str, object]) -> None:
    assert compare_inputs(TABLE, one, other).is_empty == compare_inputs(TABLE, other, one).is_empty


@given(VALUES, VALUES)
def test_inputs_that_match_aws_have_no_diff(actual: dict[str, object], written: dict[str, object]) -> None:
    """Inputs that Read returns are the actual state, without values that the program leaves to AWS."""
    inputs = inputs_from_actual(TABLE, actual, written)
    visible = {name: value for name, value in actual.items() if name != "kind" or "kind" in written}
    assert canonical_values(TABLE, inputs) == canonical_values(TABLE, visible)


@given(VALUES)
def test_values_that_aws_adds_are_not_drift(written: dict[str, object]) -> None:
    actual = {"size": 3, "on": False, "kind": "a", "tags": {}, **written}
    inputs = inputs_from_actual(TABLE, actual, written)
    assert compare_inputs(TABLE, inputs, written).is_empty


def test_drift_of_a_property_that_the_program_never_wrote_is_detected() -> None:
    inputs = inputs_from_actual(TABLE, {"name": "a", "on": True}, {"name": "a"})
    assert [(change.property_path, change.kind) for change in compare_inputs(TABLE, inputs, {"name": "a"}).changes] == [
        ("on", ChangeKind.UPDATE)
    ]


def test_unreadable_properties_keep_the_last_written_value() -> None:
    code = FileArchive(hash="1")
    assert inputs_from_actual(TABLE, {"name": "a"}, {"name": "a", "code": code})["code"] == code


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "name: required and missing"),
        ({"name": 1}, "name: expected a string, got a number"),
        ({"name": "a", "size": 10}, "size: expected 1 to 9, got 10"),
        ({"name": "a", "size": True}, "size: expected a number, got true or false"),
        ({"name": "a", "on": "yes"}, "on: expected true or false, got a string"),
        ({"name": "a", "kind": "c"}, "kind: expected one of a, b, got 'c'"),
        ({"name": "a", "parts": [{"id": "x", "m": 1}]}, "parts[0].m: not supported in the embedded AWS"),
        ({"name": "a", "parts": [{}]}, "parts[0].id: required and missing"),
        ({"name": "a", "tags": {"x.y": 1}}, 'tags["x.y"]: expected a string, got a number'),
        ({"name": "a", "policy": "{"}, "policy: expected a JSON document as a string"),
        ({"name": "a", "code": "zip"}, "code: expected an archive, got a string"),
        ({"name": "a", "arn": "b"}, "arn: not supported in the embedded AWS"),
        ({"name": "a", "colour": "b"}, "colour: not supported in the embedded AWS; supported here: code, key, kind,"),
    ],
)
def test_a_fault_names_its_path(values: dict[str, object], sentence: str) -> None:
    messages = [f"{format_path(fault.path)}: {fault.reason}" for fault in find_faults(TABLE, values)]
    assert len(messages) == 1
    assert messages[0].startswith(sentence)


def test_an_unknown_is_valid_everywhere_and_differs_from_every_value() -> None:
    values = {"name": "a", "parts": [{"id": UNKNOWN}], "tags": {"x": UNKNOWN}, "policy": UNKNOWN}
    assert list(find_faults(TABLE, values)) == []
    assert has_unknown(values)
    assert compare_inputs(
        TABLE, {"name": "a", "policy": "{}"}, {"name": "a", "policy": UNKNOWN}
    ).changed_properties == ("policy",)


def test_changes_are_reported_per_property_and_key() -> None:
    old = {"name": "a", "tags": {"x": "1", "y": "1"}, "order": ["a", "b"], "parts": [{"id": "p"}]}
    new = {"name": "b", "tags": {"x": "2", "z": "1"}, "order": ["a", "c"], "parts": [{"id": "q"}], "on": True}
    reported = {
        change.property_path: (change.kind.value, change.replaces) for change in compare_inputs(TABLE, old, new).changes
    }
    assert reported == {
        "name": ("update", True),
        "on": ("update", False),
        "parts": ("update", False),
        "order[1]": ("update", False),
        "tags.x": ("update", False),
        "tags.y": ("delete", False),
        "tags.z": ("add", False),
    }


def test_policies_are_compared_by_meaning_and_definitions_by_value() -> None:
    one, list_of_one = '{"Action": "a"}', '{ "Action": ["a"] }'
    assert JsonString(policy=True).canonical(one) == JsonString(policy=True).canonical(list_of_one)
    assert JsonString().canonical(one) != JsonString().canonical(list_of_one)


def test_integral_floats_become_integers() -> None:
    assert json.dumps(integral_to_int({"a": [1.0, 2.5, True]})) == '{"a": [1, 2.5, true]}'


@given(st.text(min_size=1, max_size=72), st.booleans())
def test_an_automatic_name_is_the_logical_name_with_seven_hex_digits(logical: str, lower: bool) -> None:
    rule = AutoName(max_length=80, lowercase=lower)
    urn = f"urn:pulumi:dev::booking::aws:sqs/queue:Queue::{logical.replace(':', '')}"
    name = generate_name(rule, urn, NameProposal(seed=b"1"))
    assert name == generate_name(rule, urn, NameProposal(seed=b"1"))
    assert name != generate_name(rule, urn, NameProposal(seed=b"2"))
    expected = urn.split("::")[-1]
    assert name[:-8] == (expected.lower() if lower else expected)
    assert re.fullmatch("-[0-9a-f]{7}", name[-8:])


@pytest.mark.parametrize(
    ("token", "property_", "max_length", "pattern"),
    [
        ("aws:cloudwatch/eventArchive:EventArchive", "name", 48, "My.Name_1-#"),
        ("aws:cloudwatch/eventBus:EventBus", "name", 256, "My.Name_1-#"),
        ("aws:cloudwatch/eventRule:EventRule", "name", 64, "My.Name_1-#"),
        ("aws:cloudwatch/eventTarget:EventTarget", "targetId", 255, "My.Name_1-#"),
        ("aws:cloudwatch/logGroup:LogGroup", "name", 255, "My.Name_1-#"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "name", 255, "My.Name_1-#"),
        ("aws:dynamodb/table:Table", "name", 255, "My.Name_1-#"),
        ("aws:iam/role:Role", "name", 64, "My.Name_1-#"),
        ("aws:iam/rolePolicy:RolePolicy", "name", 255, "My.Name_1-#"),
        ("aws:kms/alias:Alias", "name", 238, "alias/My.Name_1-#"),
        ("aws:lambda/function:Function", "name", 64, "My.Name_1-#"),
        ("aws:lambda/permission:Permission", "statementId", 100, "My.Name_1-#"),
        ("aws:s3/bucket:Bucket", "bucket", 63, "my.name_1-#"),
        ("aws:sfn/stateMachine:StateMachine", "name", 255, "My.Name_1-#"),
        ("aws:sns/topic:Topic", "name", 80, "My.Name_1-#"),
        ("aws:sqs/queue:Queue", "name", 80, "My.Name_1-#"),
    ],
)
def test_automatic_names_follow_pulumi_aws(token: str, property_: str, max_length: int, pattern: str) -> None:
    rule = resource_type(token).auto_name
    assert rule is not None
    urn = f"urn:pulumi:dev::booking::{token}::My.Name_1"
    assert (rule.property, rule.max_length) == (property_, max_length)
    assert re.sub("-[0-9a-f]{7}$", "-#", generate_name(rule, urn, NameProposal())) == pattern


def test_a_logical_name_that_is_too_long_is_rejected() -> None:
    urn = f"urn:pulumi:dev::booking::aws:iam/role:Role::{'r' * 57}"
    with pytest.raises(
        NameMissing, match=r"logical name must have at most 56 characters: .* would have 65, and 64 are"
    ):
        generate_name(AutoName(max_length=64), urn, NameProposal())


def test_a_name_proposed_by_the_engine_is_used() -> None:
    urn = "urn:pulumi:dev::booking::aws:kms/alias:Alias::keys"
    assert generate_name(AutoName(prefix="alias/"), urn, NameProposal(name="mine")) == "alias/mine"
    assert generate_name(AutoName(prefix="alias/"), urn, NameProposal(name="alias/mine")) == "alias/mine"
