"""The embedded AWS's DynamoDB and S3 answer as our fakes do, except for the listed differences."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contract.known_differences import CHECKS_LESS, DIFFERENCES, MISSING_EQUALS_MISSING, Difference
from tests.contract.operations import TABLE, Operation, on_table, operations
from tests.contract.test_fake_dynamodb_agrees_with_dynamodb_local import answer
from tests.environment import THOROUGH
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.s3 import FakeS3

Clients = Callable[[str], Any]
_numbers = itertools.count(1)
_PATH_WITH_PATH = re.compile(r"(?:=|<>|<|>|BETWEEN|AND|IN \(|,)\s*(?!attribute_|begins_|contains|size|NOT)[#a-z]")


def _find_known_difference(operation: Operation, by_aws: Any) -> Difference | None:
    """Return the listed difference that an operation may show, if any."""
    if by_aws == ["refused", {"Error": {"Code": "ValidationException"}}]:
        return CHECKS_LESS
    conditions = re.findall(r'"(?:Condition|Filter)Expression": "([^"]*)"', json.dumps(operation, default=str))
    return MISSING_EQUALS_MISSING if any(map(_PATH_WITH_PATH.search, conditions)) else None


def test_generated_operations_agree_except_for_the_listed_differences(ministack: Clients) -> None:
    """Covers conditions, transactions and their reasons, ALL_OLD and indexes, on which our writes rely."""
    client, counted = ministack("dynamodb"), {"agreed": 0, "aside": 0}

    @settings(max_examples=300 if THOROUGH else 20, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(operations(), min_size=12, max_size=25))
    def agree(sequence: list[Operation]) -> None:
        table, fake = f"differential-{next(_numbers)}", FakeDynamoDB()
        for each in (fake, client):
            each.create_table(TableName=table, **TABLE)
        for operation in sequence:
            called = on_table(operation, table)
            expected = answer(fake, called)
            if _find_known_difference(operation, expected):
                counted["aside"] += 1
                _copy_rows(fake, client, table)
                continue
            assert expected == answer(client, called), json.dumps(operation, default=str, ensure_ascii=False)
            counted["agreed"] += 1

    agree()
    assert all(counted.values()), f"an outcome never occurred: {counted}"


def _copy_rows(fake: FakeDynamoDB, client: Any, table: str) -> None:
    """Copy the fake's rows to MiniStack, after an operation that only the fake got."""
    for item in client.scan(TableName=table)["Items"]:
        client.delete_item(TableName=table, Key={"pk": item["pk"]})
    for item in fake.scan(TableName=table)["Items"]:
        client.put_item(TableName=table, Item=item)


_SHOWN: dict[Difference, dict[str, Any]] = {
    CHECKS_LESS: {
        "ConditionExpression": "attribute_not_exists(pk) OR since < :v",
        "ExpressionAttributeValues": {":v": {"BOOL": True}},
    },
    MISSING_EQUALS_MISSING: {"ConditionExpression": "m = l"},
}


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.subject)
def test_a_listed_difference_still_exists(difference: Difference, ministack: Clients) -> None:
    """An outdated list is worse than no list."""
    table, fake, client = f"difference-{next(_numbers)}", FakeDynamoDB(), ministack("dynamodb")
    for each in (fake, client):
        each.create_table(TableName=table, **TABLE)
    put = ("put_item", {"TableName": table, "Item": {"pk": {"S": "a"}}, **_SHOWN[difference]})
    assert answer(fake, put) != answer(client, put)


def _s3_answer(client: Any, method: str, **arguments: Any) -> Any:
    try:
        response = getattr(client, method)(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if method == "get_object":
        return response["Body"].read()
    return [each["Key"] for each in response.get("Contents", ())] if method == "list_objects_v2" else "done"


def test_conditional_puts_to_s3_agree(ministack: Clients) -> None:
    """With If-None-Match only the first write succeeds; a wrong checksum is refused; pages are consecutive."""
    bucket, fake, client = f"conditional-{next(_numbers)}", FakeS3(), ministack("s3")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    wrong = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # of an empty body
    calls: list[tuple[str, dict[str, Any]]] = [
        ("put_object", {"Key": "a/1", "Body": b"one", "IfNoneMatch": "*"}),
        ("put_object", {"Key": "a/1", "Body": b"two", "IfNoneMatch": "*"}),
        ("get_object", {"Key": "a/1"}),
        ("put_object", {"Key": "a/1", "Body": b"three"}),
        ("get_object", {"Key": "a/1"}),
        ("get_object", {"Key": "none"}),
        ("put_object", {"Key": "a/2", "Body": b"x", "ChecksumSHA256": wrong}),
        ("put_object", {"Key": "a/3", "Body": b"x", "IfNoneMatch": "*"}),
        ("list_objects_v2", {"Prefix": "a/"}),
        ("list_objects_v2", {"Prefix": "a/", "StartAfter": "a/1", "MaxKeys": 1}),
        ("list_objects_v2", {"Prefix": "b/"}),
    ]
    for method, arguments in calls:
        expected = _s3_answer(fake, method, Bucket=bucket, **arguments)
        assert expected == _s3_answer(client, method, Bucket=bucket, **arguments), (method, arguments)


def test_the_fidelity_page_lists_every_difference() -> None:
    """Users of the embedded AWS look there."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "fidelity.md").read_text(encoding="utf-8")
    for difference in DIFFERENCES:
        assert f"{difference.subject}: {difference.aws}; here {difference.ministack} | {difference.matters}" in page
