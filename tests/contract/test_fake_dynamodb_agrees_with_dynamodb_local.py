"""The fake DynamoDB agrees with AWS's own DynamoDB Local on thousands of generated operations."""

import itertools
import json
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contract.operations import TABLE, Operation, on_table, operations
from tests.environment import THOROUGH
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.dynamodb.parser import RESERVED_WORDS

pytestmark = pytest.mark.outside

SEQUENCES = 450 if THOROUGH else 40
_tables = itertools.count(1)


def plain(value: Any) -> Any:
    """Return a response without differences that two correct servers may have: metadata, and the order of sets."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("N"), str):
            return {"N": str(Decimal(value["N"]).normalize())}  # Local leaves numbers inside documents as sent
        if len(value) == 1 and next(iter(value)) in ("SS", "NS", "BS"):
            return {tag: sorted(members) for tag, members in value.items()}
        return {name: plain(member) for name, member in sorted(value.items()) if name not in _IGNORED}
    return [plain(member) for member in value] if isinstance(value, list) else value


_IGNORED = {"ResponseMetadata", "ConsumedCapacity", "Message", "message"}


def answer(client: Any, operation: Operation) -> Any:
    """Return a client's answer to an operation: its response, or its error with all details."""
    method, request = operation
    try:
        response = plain(getattr(client, method)(**request))
    except ParamValidationError:
        return "refused by botocore"
    except ClientError as error:
        if "'ValidationError'" in str(error.response):  # AWS names the part, DynamoDB Local only the whole transaction
            return ["refused", {"Error": {"Code": "ValidationException"}}]
        return ["refused", plain(error.response)]
    if method in ("query", "scan"):
        response["Items"].sort(key=lambda item: item["pk"]["S"])
    return response


def contents(client: Any, table: str) -> Any:
    return sorted((plain(item) for item in client.scan(TableName=table, ConsistentRead=True)["Items"]), key=str)


def test_generated_operations_have_the_same_answers_and_effects(dynamodb_local: Any) -> None:
    """Error codes, cancellation reasons, ALL_OLD, returned attributes and final contents agree."""
    seen = {"operations": 0, "refused": 0, "cancelled": 0, "condition": 0}
    # Without shrinking: a message names the operation, and on a server every step of a shrink is slow.
    enough = settings(max_examples=SEQUENCES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

    @enough
    @given(st.lists(operations(), min_size=12, max_size=25))
    def agree(sequence: list[Operation]) -> None:
        _run_on_both(sequence, dynamodb_local, seen)

    agree()
    print(f"agreed with DynamoDB Local on {seen}")
    assert seen["operations"] >= 12 * SEQUENCES, seen
    assert all(seen.values()), f"an outcome never occurred: {seen}"


def _run_on_both(sequence: list[Operation], judge: Any, seen: dict[str, int]) -> None:
    table, fake = f"differential-{next(_tables)}", FakeDynamoDB()
    for client in (fake, judge):
        client.create_table(TableName=table, **TABLE)
    for operation in sequence:
        called = on_table(operation, table)
        expected, actual = answer(judge, called), answer(fake, called)
        assert expected == actual, json.dumps(operation, default=str, ensure_ascii=False)
        seen["operations"] += 1
        seen["refused"] += isinstance(expected, list)
        seen["cancelled"] += "TransactionCanceled" in str(expected)
        seen["condition"] += "ConditionalCheckFailedException" in str(expected)
    assert contents(judge, table) == contents(fake, table)
    judge.delete_table(TableName=table)


def _item_of(size: int) -> dict[str, Any]:
    """Return an item of exactly this size by AWS's rules, which count names and values."""
    return {"pk": {"S": "a"}, "blob": {"S": "x" * (size - len("pk") - len("a") - len("blob"))}}


EXAMPLES: dict[str, list[Operation]] = {
    "an item of exactly 400 KB is taken": [("put_item", {"Item": _item_of(400 * 1024)})],
    "an item of one byte more is refused": [("put_item", {"Item": _item_of(400 * 1024 + 1)})],
    "an update past 400 KB is refused": [
        ("put_item", {"Item": _item_of(400 * 1024 - 20)}),
        (
            "update_item",
            {
                "Key": {"pk": {"S": "a"}},
                "UpdateExpression": "SET more = :more",
                "ExpressionAttributeValues": {":more": {"S": "x" * 17}},
            },
        ),
        ("get_item", {"Key": {"pk": {"S": "a"}}, "ProjectionExpression": "more"}),
    ],
    "a key may not be empty": [("put_item", {"Item": {"pk": {"S": ""}}})],
    "a key has its declared type": [("get_item", {"Key": {"pk": {"N": "1"}}})],
    "an index key may not be empty": [("put_item", {"Item": {"pk": {"S": "a"}, "flag": {"S": ""}}})],
    "a page says where the next begins": [
        *(("put_item", {"Item": {"pk": {"S": key}, "flag": {"S": "1"}, "since": {"N": key}}}) for key in "123"),
        (
            "query",
            {
                "IndexName": "flagged",
                "KeyConditionExpression": "flag = :flag",
                "ExpressionAttributeValues": {":flag": {"S": "1"}},
                "Limit": 2,
            },
        ),
        (
            "query",
            {
                "IndexName": "flagged",
                "KeyConditionExpression": "flag = :flag",
                "ExpressionAttributeValues": {":flag": {"S": "1"}},
                "ExclusiveStartKey": {"pk": {"S": "2"}, "flag": {"S": "1"}, "since": {"N": "2"}},
            },
        ),
    ],
}


@pytest.mark.parametrize("title", EXAMPLES)
def test_limits_and_pages_agree(title: str, dynamodb_local: Any) -> None:
    """Cases that generated operations seldom reach: sizes at the limit, invalid keys, the key at the end of a page."""
    _run_on_both(EXAMPLES[title], dynamodb_local, {"operations": 0, "refused": 0, "cancelled": 0, "condition": 0})


@pytest.mark.parametrize("word", sorted(RESERVED_WORDS)[::20])
def test_reserved_words_are_refused_by_both(word: str, dynamodb_local: Any) -> None:
    """Also in lower case."""
    condition = {"ConditionExpression": f"attribute_not_exists({word.lower()})"}
    _run_on_both(
        [("put_item", {"Item": {"pk": {"S": "a"}}, **condition})],
        dynamodb_local,
        {"operations": 0, "refused": 0, "cancelled": 0, "condition": 0},
    )


def test_a_transaction_that_names_an_item_twice_is_refused() -> None:
    """AWS refuses the whole request; DynamoDB Local checks the conditions first, so only the fake is tested."""
    fake = FakeDynamoDB()
    fake.create_table(TableName="orders", **TABLE)
    part = {"Put": {"TableName": "orders", "Item": {"pk": {"S": "a"}}}}
    with pytest.raises(ClientError, match="multiple operations on one item"):
        fake.transact_write_items(TransactItems=[part, part])
