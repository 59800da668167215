"""Every resource type can be created, read, updated in place, and deleted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.instance import Instance
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider
from local.provider.registry import resource_types
from tests.local.inputs import INPUTS, Prerequisites, urn_of

NEVER_DELETED = {
    "aws:kms/keyPolicy:KeyPolicy": "a key always has a policy",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "the lock stays with its bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "always encrypted",
    "aws:s3/bucketVersioning:BucketVersioning": "versioning is only ever suspended",
    "aws:signer/signingJob:SigningJob": "AWS keeps signing jobs for two years",
    "aws:sns/topicPolicy:TopicPolicy": "every topic has a policy",
}
"""Types that AWS never deletes: deleting a setting restores its default, and signing jobs remain."""

NOT_READABLE = {
    "aws:lambda/function:Function": "its code",
    "aws:s3/bucketObjectv2:BucketObjectv2": "its source",
    "aws:signer/signingJob:SigningJob": "its destination",
    "aws:signer/signingProfile:SigningProfile": "its name prefix",
}
"""Inputs that an import cannot read from AWS, so that the program must state them."""


@pytest.fixture(scope="module")
def world(embedded_aws: Instance, tmp_path_factory: pytest.TempPathFactory) -> Prerequisites:
    folder = tmp_path_factory.mktemp("world")
    return Prerequisites.create(EmbeddedProvider(embedded_aws.aws(), Journal(folder / "journal.jsonl")), folder)


def test_every_resource_type_has_generated_inputs() -> None:
    assert sorted(INPUTS) == list(resource_types())


@pytest.mark.parametrize("token", resource_types())
@settings(
    max_examples=3
)  # an example is a resource's life cycle of a dozen AWS calls; more types matter than more examples
@given(data=st.data())
def test_a_resource_is_read_as_created_and_as_updated(token: str, data: st.DataObject, world: Prerequisites) -> None:
    """The diff is empty after creation and after the update, and the resource is gone after its deletion."""
    provider, urn = world.provider, urn_of(token, "subject")
    first, second = (_check(provider, urn, token, data.draw(INPUTS[token](world))) for _ in range(2))
    created = provider.create(urn, token, first)
    try:
        _assert_no_diff(provider, urn, token, created.id, first)
        changed = _without_replacing_changes(provider, urn, token, created.id, first, second)
        provider.update(urn, token, created.id, first, changed, created.outputs)
        _assert_no_diff(provider, urn, token, created.id, changed)
    finally:
        provider.delete(urn, token, created.id, created.outputs)
    assert token in NEVER_DELETED or provider.read(urn, token, created.id, first) is None
    provider.delete(urn, token, created.id, created.outputs)  # deleting it again is not an error


def _check(provider: EmbeddedProvider, urn: str, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    checked = provider.check(urn, token, inputs)
    assert checked.faults == ()
    return checked.inputs


def _without_replacing_changes(
    provider: EmbeddedProvider, urn: str, token: str, id_: str, first: dict[str, Any], second: dict[str, Any]
) -> dict[str, Any]:
    """Return the second inputs, without changes that would replace the resource."""
    fixed = provider.diff(urn, token, id_, first, second).replacing_properties
    unchanged = {name: first[name] for name in fixed if name in first}
    changed = {name: value for name, value in second.items() if name not in fixed} | unchanged
    if token == "aws:dynamodb/table:Table":  # its attributes must be those that its keys use
        return changed | {"attributes": second["attributes"]}
    return changed


def _assert_no_diff(provider: EmbeddedProvider, urn: str, token: str, id_: str, inputs: dict[str, Any]) -> None:
    found = provider.read(urn, token, id_, inputs)
    assert found is not None
    assert provider.diff(urn, token, id_, found.inputs, inputs).changes == ()
    assert provider.diff(urn, token, id_, inputs, found.inputs).changes == ()
    imported = provider.read(urn, token, id_)
    assert imported is not None
    assert provider.check(urn, token, imported.inputs).faults == () or token in NOT_READABLE
