"""Condition keys of requests, as our patches compute them, match AWS's documentation of each operation."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance
from local.instance.condition_keys import item_context, put_context, transaction_items

KEY = {"pk": {"S": "SKU#MUG"}}
ALIASES = {"#n0": "available", "#n1": "price_minor", "#n2": "requests", "#n3": "answer"}


@pytest.mark.parametrize(
    ("request_", "attributes"),
    [
        ({"Key": KEY}, ["pk"]),
        ({"Item": {**KEY, "available": {"N": "1"}}}, ["available", "pk"]),
        ({"Key": KEY, "UpdateExpression": "SET #n0 = #n0 - :v0"}, ["available", "pk"]),
        ({"Key": KEY, "UpdateExpression": "set available=:a, #n1 = :p"}, ["available", "pk", "price_minor"]),
        ({"Key": KEY, "ConditionExpression": "#n1 = :p AND #n0 >= :n"}, ["available", "pk", "price_minor"]),
        (
            {"Key": KEY, "ConditionExpression": "NOT attribute_exists(#n0) OR size ( note ) > :n"},
            ["available", "note", "pk"],
        ),
        (
            {"Key": KEY, "UpdateExpression": "SET #n2.#n3 = :v, lines[0].sku = :s REMOVE #n0"},
            ["available", "lines", "pk", "requests"],
        ),
        (
            {"Key": KEY, "UpdateExpression": "SET ledger = list_append(if_not_exists(ledger, :e), :v0)"},
            ["ledger", "pk"],
        ),
        ({"Key": KEY, "ProjectionExpression": "#n0, lines[1]"}, ["available", "lines", "pk"]),
    ],
)
def test_the_context_contains_every_attribute_of_a_request(request_: dict[str, Any], attributes: list[str]) -> None:
    context = item_context({"ExpressionAttributeNames": ALIASES, **request_}, "pk")
    assert context["dynamodb:Attributes"] == attributes
    assert context["dynamodb:LeadingKeys"] == ["SKU#MUG"]


def test_the_leading_key_of_a_query_is_the_value_of_its_hash_key() -> None:
    query = {
        "KeyConditionExpression": "#day = :day AND #moment >= :since",
        "ExpressionAttributeNames": {"#day": "changed_day", "#moment": "changed_at"},
        "ExpressionAttributeValues": {":day": {"S": "2026-01-31#0"}, ":since": {"S": "0"}},
    }
    assert item_context(query, "changed_day") == {
        "dynamodb:LeadingKeys": ["2026-01-31#0"],
        "dynamodb:Attributes": ["changed_at", "changed_day"],
    }


def test_transaction_items_are_listed_with_their_kinds() -> None:
    items = [{"Put": {"TableName": "t", "Item": KEY}}, {"ConditionCheck": {"TableName": "t", "Key": KEY}}]
    found = list(transaction_items(json.dumps({"TransactItems": items}).encode()))
    assert [kind for kind, _ in found] == ["Put", "ConditionCheck"]


@pytest.mark.parametrize(
    ("headers", "query", "context"),
    [
        ({}, {}, {"s3:ObjectCreationOperation": "true"}),
        ({"if-none-match": "*"}, {}, {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}),
        ({}, {"partNumber": ["1"], "uploadId": ["u"]}, {"s3:ObjectCreationOperation": "false"}),
        ({}, {"uploads": [""]}, {"s3:ObjectCreationOperation": "false"}),
        ({}, {"uploadId": ["u"]}, {"s3:ObjectCreationOperation": "true"}),
    ],
)
def test_the_context_of_a_put_contains_its_operation_and_precondition(
    headers: dict[str, str], query: dict[str, list[str]], context: dict[str, str]
) -> None:
    assert put_context(headers, query) == context


@pytest.fixture(scope="module")
def aws(embedded_aws: Instance) -> Instance:
    """Return an instance with a table and a bucket that the role `narrow` may use only under conditions."""
    embedded_aws.client("dynamodb").create_table(
        TableName="narrow",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    embedded_aws.client("s3").create_bucket(Bucket="narrow")
    statements = [
        _allow(["dynamodb:PutItem"], {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ORDER#*"]}}),
        _allow(
            ["dynamodb:UpdateItem"],
            {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SKU#*"]},
                "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "available"]},
            },
        ),
        _allow(
            ["s3:PutObject"],
            {"Null": {"s3:if-none-match": "false"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
        ),
    ]
    iam, document = embedded_aws.client("iam"), {"Version": "2012-10-17", "Statement": statements}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    iam.create_role(
        RoleName="narrow", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    iam.put_role_policy(RoleName="narrow", PolicyName="narrow", PolicyDocument=json.dumps(document))
    return embedded_aws


def _allow(actions: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition}


def _narrow(aws: Instance, service: str) -> Any:
    return aws.client(service, aws.client("iam").get_role(RoleName="narrow")["Role"]["Arn"])


def _put(pk: str) -> dict[str, Any]:
    return {"Put": {"TableName": "narrow", "Item": {"pk": {"S": pk}}}}


def _update(pk: str, attribute: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": "narrow",
            "Key": {"pk": {"S": pk}},
            "UpdateExpression": "SET #a = :v",
            "ExpressionAttributeNames": {"#a": attribute},
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        }
    }


@pytest.mark.parametrize(
    ("items", "allowed"),
    [
        ([_put("ORDER#1"), _update("SKU#1", "available")], True),
        ([_put("SKU#1")], False),
        ([_put("ORDER#2"), _update("SKU#1", "price_minor")], False),
        ([_put("ORDER#3"), _update("ORDER#1", "available")], False),
    ],
)
def test_the_embedded_aws_authorizes_each_item_of_a_transaction(aws: Instance, items: list[Any], allowed: bool) -> None:
    call = _narrow(aws, "dynamodb").transact_write_items
    assert _is_allowed(lambda: call(TransactItems=items)) is allowed


@pytest.mark.parametrize(("attribute", "allowed"), [("available", True), ("price_minor", False)])
def test_the_embedded_aws_authorizes_the_attributes_of_an_update(aws: Instance, attribute: str, allowed: bool) -> None:
    call = _narrow(aws, "dynamodb").update_item
    assert _is_allowed(lambda: call(**_update("SKU#1", attribute)["Update"])) is allowed


def test_the_embedded_aws_authorizes_the_precondition_of_a_put(aws: Instance) -> None:
    put = _narrow(aws, "s3").put_object
    assert not _is_allowed(lambda: put(Bucket="narrow", Key="x", Body=b"1"))
    assert _is_allowed(lambda: put(Bucket="narrow", Key="x", Body=b"1", IfNoneMatch="*"))


def test_a_key_policy_matches_the_role_of_a_session(aws: Instance) -> None:
    role = aws.client("iam").get_role(RoleName="narrow")["Role"]["Arn"]
    kms = aws.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    for signer, allowed in ((role, True), (f"{role}-other", False)):
        condition = {"ArnEquals": {"aws:PrincipalArn": signer}}
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:Sign",
            "Resource": "*",
            "Condition": condition,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
        sign = _narrow(aws, "kms").sign
        request = {"KeyId": key, "Message": b"\0" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
        assert _is_allowed(lambda: sign(**request)) is allowed, signer  # noqa: B023 - called at once


def _is_allowed(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        return False
    return True
