"""Every resource type is read as it was created, takes changes in place, and is gone once deleted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.instance import Instance
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider
from local.provider.registry import resource_types
from tests.local.inputs import INPUTS, Prerequisites, urn_of

NEVER_GONE = {
    "aws:kms/keyPolicy:KeyPolicy": "a key always has a policy",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "the lock stays with its bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "always some",
    "aws:s3/bucketVersioning:BucketVersioning": "versioning is only ever suspended",
    "aws:signer/signingJob:SigningJob": "AWS keeps what was signed for two years",
    "aws:sns/topicPolicy:TopicPolicy": "every topic has a policy",
}
"""Types that AWS never removes: deleting a setting restores its default, and a record stays."""

MUST_BE_WRITTEN = {
    "aws:lambda/function:Function": "its code",
    "aws:s3/bucketObjectv2:BucketObjectv2": "its source",
    "aws:signer/signingJob:SigningJob": "where to put what is signed",
    "aws:signer/signingProfile:SigningProfile": "how to name it",
}
"""Inputs that an import cannot read from AWS, so that the program must state them."""


@pytest.fixture(scope="module")
def world(embedded_aws: Instance, tmp_path_factory: pytest.TempPathFactory) -> Prerequisites:
    folder = tmp_path_factory.mktemp("world")
    return Prerequisites.create(EmbeddedProvider(embedded_aws.aws(), Journal(folder / "journal.jsonl")), folder)


def test_every_resource_type_has_generated_inputs() -> None:
    assert sorted(INPUTS) == list(resource_types())


@pytest.mark.parametrize("token", resource_types())
@settings(max_examples=3)  # an example is a life of a resource, a dozen AWS calls; the types are what varies
@given(data=st.data())
def test_a_resource_is_read_as_created_and_as_updated(token: str, data: st.DataObject, world: Prerequisites) -> None:
    """Create, read, diff is empty; update, read, diff is empty; delete, and it is gone."""
    provider, urn = world.provider, urn_of(token, "subject")
    first, second = (_checked(provider, urn, token, data.draw(INPUTS[token](world))) for _ in range(2))
    made = provider.create(urn, token, first)
    try:
        _assert_settled(provider, urn, token, made.id, first)
        changed = _in_place(provider, urn, token, made.id, first, second)
        provider.update(urn, token, made.id, first, changed, made.outputs)
        _assert_settled(provider, urn, token, made.id, changed)
    finally:
        provider.delete(urn, token, made.id, made.outputs)
    assert token in NEVER_GONE or provider.read(urn, token, made.id, first) is None
    provider.delete(urn, token, made.id, made.outputs)  # what is gone already need not be deleted


def _checked(provider: EmbeddedProvider, urn: str, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    checked = provider.check(urn, token, inputs)
    assert checked.faults == ()
    return checked.inputs


def _in_place(
    provider: EmbeddedProvider, urn: str, token: str, id_: str, first: dict[str, Any], second: dict[str, Any]
) -> dict[str, Any]:
    """The second inputs as far as they can be had without a new resource."""
    fixed = provider.diff(urn, token, id_, first, second).replacing_properties
    kept = {name: first[name] for name in fixed if name in first}
    changed = {name: value for name, value in second.items() if name not in fixed} | kept
    if token == "aws:dynamodb/table:Table":  # its attributes are those that keys use
        return changed | {"attributes": second["attributes"]}
    return changed


def _assert_settled(provider: EmbeddedProvider, urn: str, token: str, id_: str, inputs: dict[str, Any]) -> None:
    found = provider.read(urn, token, id_, inputs)
    assert found is not None
    assert provider.diff(urn, token, id_, found.inputs, inputs).changes == ()
    assert provider.diff(urn, token, id_, inputs, found.inputs).changes == ()
    imported = provider.read(urn, token, id_)
    assert imported is not None
    assert provider.check(urn, token, imported.inputs).faults == () or token in MUST_BE_WRITTEN
