"""The language of properties: what is wrong is named at its place, and what means the same is the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.provider.diff import Kind, diff_of
from local.provider.naming import AutoName, Naming, auto_name
from local.provider.normal import UNKNOWN, Archive, has_unknown, spelled, whole_numbers
from local.provider.shapes import (
    CHOSEN_BY_AWS,
    File,
    Flag,
    JsonText,
    KeyName,
    ListOf,
    MapOf,
    Number,
    Object,
    Property,
    SetOf,
    Text,
    canonical_of,
    faults_of,
    written_part,
)

TABLE = {
    "name": Property(shape=Text(), required=True, replaces=True),
    "size": Property(shape=Number(1, 9), default=3),
    "on": Property(shape=Flag(), default=False),
    "kind": Property(shape=Text(("a", "b")), default=CHOSEN_BY_AWS),
    "parts": Property(
        shape=SetOf(Object({"id": Property(shape=Text(), required=True), "n": Property(shape=Number())}))
    ),
    "order": Property(shape=ListOf(Text())),
    "tags": Property(shape=MapOf(Text())),
    "policy": Property(shape=JsonText(policy=True)),
    "key": Property(shape=KeyName()),
    "code": Property(shape=File(), write_only=True),
    "arn": Property(shape=Text(), computed=True),
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
def test_nothing_is_wrong_with_what_is_right(values: dict[str, object]) -> None:
    assert list(faults_of(TABLE, values)) == []


@given(VALUES)
def test_nothing_differs_from_itself(values: dict[str, object]) -> None:
    assert diff_of(TABLE, values, dict(values)).empty


@given(VALUES, VALUES)
def test_what_differs_differs_both_ways(one: dict[str, object], other: dict[str, object]) -> None:
    assert diff_of(TABLE, one, other).empty == diff_of(TABLE, other, one).empty


@given(VALUES, VALUES)
def test_a_program_that_wrote_what_is_there_has_no_diff(actual: dict[str, object], written: dict[str, object]) -> None:
    """Read's law: its inputs are the actual state, seen with the program's eyes."""
    inputs = written_part(TABLE, actual, written)
    seen = {name: value for name, value in actual.items() if name != "kind" or "kind" in written}
    assert canonical_of(TABLE, inputs) == canonical_of(TABLE, seen)


@given(VALUES)
def test_what_aws_adds_by_itself_is_not_taken_for_drift(written: dict[str, object]) -> None:
    actual = {"size": 3, "on": False, "kind": "a", "tags": {}, **written}
    inputs = written_part(TABLE, actual, written)
    assert diff_of(TABLE, inputs, written).empty


def test_drift_of_a_property_that_the_program_never_wrote_is_seen() -> None:
    inputs = written_part(TABLE, {"name": "a", "on": True}, {"name": "a"})
    assert [(change.spelled, change.kind) for change in diff_of(TABLE, inputs, {"name": "a"}).changes] == [
        ("on", Kind.UPDATE)
    ]


def test_what_cannot_be_read_back_is_what_was_written_last() -> None:
    code = Archive(hash="1")
    assert written_part(TABLE, {"name": "a"}, {"name": "a", "code": code})["code"] == code


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "name: required and missing"),
        ({"name": 1}, "name: expected text, got a number"),
        ({"name": "a", "size": 10}, "size: expected 1 to 9, got 10"),
        ({"name": "a", "size": True}, "size: expected a number, got true or false"),
        ({"name": "a", "on": "yes"}, "on: expected true or false, got text"),
        ({"name": "a", "kind": "c"}, "kind: expected one of a, b, got 'c'"),
        ({"name": "a", "parts": [{"id": "x", "m": 1}]}, "parts[0].m: not supported in the embedded AWS"),
        ({"name": "a", "parts": [{}]}, "parts[0].id: required and missing"),
        ({"name": "a", "tags": {"x.y": 1}}, 'tags["x.y"]: expected text, got a number'),
        ({"name": "a", "policy": "{"}, "policy: expected a JSON document as text"),
        ({"name": "a", "code": "zip"}, "code: expected an archive, got text"),
        ({"name": "a", "arn": "b"}, "arn: not supported in the embedded AWS"),
        ({"name": "a", "colour": "b"}, "colour: not supported in the embedded AWS; supported here: code, key, kind,"),
    ],
)
def test_a_fault_is_named_at_its_place(values: dict[str, object], sentence: str) -> None:
    said = [f"{spelled(fault.path)}: {fault.reason}" for fault in faults_of(TABLE, values)]
    assert len(said) == 1
    assert said[0].startswith(sentence)


def test_an_unknown_is_right_wherever_it_stands_and_differs_from_everything() -> None:
    values = {"name": "a", "parts": [{"id": UNKNOWN}], "tags": {"x": UNKNOWN}, "policy": UNKNOWN}
    assert list(faults_of(TABLE, values)) == []
    assert has_unknown(values)
    assert diff_of(TABLE, {"name": "a", "policy": "{}"}, {"name": "a", "policy": UNKNOWN}).changed == ("policy",)


def test_a_change_is_told_per_property_and_key() -> None:
    old = {"name": "a", "tags": {"x": "1", "y": "1"}, "order": ["a", "b"], "parts": [{"id": "p"}]}
    new = {"name": "b", "tags": {"x": "2", "z": "1"}, "order": ["a", "c"], "parts": [{"id": "q"}], "on": True}
    told = {change.spelled: (change.kind.value, change.replaces) for change in diff_of(TABLE, old, new).changes}
    assert told == {
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
    assert JsonText(policy=True).canonical(one) == JsonText(policy=True).canonical(list_of_one)
    assert JsonText().canonical(one) != JsonText().canonical(list_of_one)


def test_whole_numbers_come_whole_from_a_wire_that_knows_only_floats() -> None:
    assert json.dumps(whole_numbers({"a": [1.0, 2.5, True]})) == '{"a": [1, 2.5, true]}'


@given(st.text(min_size=1, max_size=80), st.integers(20, 80), st.booleans())
def test_a_name_fits_and_the_same_seed_gives_the_same(logical: str, most: int, lower: bool) -> None:
    rule = AutoName(most=most, lower=lower, dots=False)
    urn = f"urn:pulumi:dev::booking::aws:sqs/queue:Queue::{logical}"
    name = auto_name(rule, urn, Naming(seed=b"1"))
    assert name == auto_name(rule, urn, Naming(seed=b"1"))
    assert name != auto_name(rule, urn, Naming(seed=b"2"))
    assert len(name) <= most
    assert name.startswith("booking-dev"[: most - 8])
    assert name == name.lower() or not lower


def test_a_name_that_the_engine_proposes_is_taken() -> None:
    urn = "urn:pulumi:dev::booking::aws:kms/alias:Alias::keys"
    assert auto_name(AutoName(prefix="alias/"), urn, Naming(proposed="mine")) == "alias/mine"
