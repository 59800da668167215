"""Unsupported types, functions and properties are rejected by name before AWS is called."""

from pathlib import Path

import pytest

from local.errors import InvalidFunctionArguments, UnsupportedFunction, UnsupportedType, name_of
from local.provider.aws import Aws
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider
from tests.local.inputs import urn_of


@pytest.fixture
def offline(tmp_path: Path) -> EmbeddedProvider:
    """Return a provider that fails if it calls AWS."""

    def refuse(service: str) -> None:
        raise AssertionError(f"{service} was called")

    return EmbeddedProvider(Aws(connect=refuse, folder=tmp_path), Journal(tmp_path / "journal.jsonl"))


def test_an_unknown_type_is_reported_with_similar_ones(offline: EmbeddedProvider) -> None:
    token = "aws:sqs/queues:Queues"
    with pytest.raises(UnsupportedType, match=r"queues:Queues is not supported .*; did you mean aws:sqs/queue:Queue"):
        offline.check(urn_of(token, "a"), token, {})


def test_an_unknown_function_is_reported_with_the_supported_ones(offline: EmbeddedProvider) -> None:
    with pytest.raises(
        UnsupportedFunction, match=r"getAmi:getAmi is not supported .*: aws:index/getCallerIdentity:getCallerIdentity, "
    ):
        offline.invoke("aws:ec2/getAmi:getAmi", {})


def test_a_function_refuses_another_region(offline: EmbeddedProvider) -> None:
    with pytest.raises(InvalidFunctionArguments, match="region='eu-west-1', which the embedded AWS does not support"):
        offline.invoke("aws:index/getRegion:getRegion", {"region": "eu-west-1"})


def test_a_resource_of_another_region_is_refused(offline: EmbeddedProvider) -> None:
    """Otherwise it would be created in the only region, and the error would go unnoticed."""
    token = "aws:sqs/queue:Queue"
    [sentence] = offline.check(urn_of(token, "a"), token, {"region": "eu-west-1"}).messages()
    assert sentence == "region: 'eu-west-1' is not here, the embedded AWS has one region: us-east-1"
    assert offline.check(urn_of(token, "a"), token, {"region": "us-east-1"}).faults == ()


def test_all_faults_of_a_resource_are_reported_at_once(offline: EmbeddedProvider) -> None:
    token = "aws:dynamodb/table:Table"
    checked = offline.check(urn_of(token, "a"), token, {"hashKey": 1, "replicas": [], "tableClass": "COLD"})
    assert [sentence.split(":")[0] for sentence in checked.messages()] == [
        "hashKey",
        "replicas",
        "tableClass",
        "attributes",
    ]


def test_an_attribute_that_no_key_uses_is_refused(offline: EmbeddedProvider) -> None:
    token = "aws:dynamodb/table:Table"
    attributes = [{"name": name, "type": "S"} for name in ("pk", "idle")]
    checked = offline.check(urn_of(token, "a"), token, {"hashKey": "pk", "attributes": attributes})
    assert checked.messages() == ["attributes: must be exactly the attributes used as keys (pk)"]


def test_repeated_checks_keep_the_generated_name(offline: EmbeddedProvider) -> None:
    token = "aws:sqs/queue:Queue"
    first = offline.check(urn_of(token, "a"), token, {}).inputs
    again = offline.check(urn_of(token, "a"), token, {}, old_inputs=first).inputs
    assert again == first
    assert offline.check(urn_of(token, "a"), token, {}).inputs != first


def test_a_generated_fifo_queue_name_ends_in_fifo(offline: EmbeddedProvider) -> None:
    token = "aws:sqs/queue:Queue"
    assert offline.check(urn_of(token, "a"), token, {"fifoQueue": True}).inputs["name"].endswith(".fifo")


def test_an_error_message_names_a_resource_by_type_and_name() -> None:
    urn = "urn:pulumi:dev::booking::booking:index:OrderStore$aws:dynamodb/table:Table::orders-table"
    assert name_of(urn) == "aws:dynamodb/table:Table orders-table"
