"""The role of each function and of the machine is denied every call that it does not need.

The calls that it needs are also made, so that the denials prove something.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.pytest_plugin import DeployedStack
from workflow import permissions

ROLES = ("purchase", "refund", "record", "reconcile", "seal", "machine")
DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")
KEY = {"pk": {"S": "ORDER#x"}}
ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
StageResources = Mapping[str, str]
Call = tuple[str, str, Callable[[StageResources], dict[str, Any]]]


def _put_with_encryption(**encryption: str) -> Call:
    """Return a put with another encryption, and with a wrong checksum, so that it never takes effect."""
    put = {"Key": "outcomes/none", "Body": b"{}", "IfNoneMatch": "*"}
    wrong = {"ChecksumSHA256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}
    return ("s3", "put_object", lambda at: {"Bucket": at["audit"], **put, **wrong, **encryption})


DENIED_CALLS: list[Call] = [
    ("dynamodb", "scan", lambda at: {"TableName": at["orders"]}),
    ("dynamodb", "delete_item", lambda at: {"TableName": at["orders"], "Key": KEY}),
    ("dynamodb", "delete_item", lambda at: {"TableName": at["gateway"], "Key": KEY}),
    ("dynamodb", "delete_table", lambda at: {"TableName": at["orders"]}),
    ("dynamodb", "update_table", lambda at: {"TableName": at["orders"], "DeletionProtectionEnabled": False}),
    ("dynamodb", "batch_write_item", lambda at: {"RequestItems": {at["orders"]: [{"DeleteRequest": {"Key": KEY}}]}}),
    ("dynamodb", "get_item", lambda at: {"TableName": at["other table"], "Key": KEY}),
    ("dynamodb", "put_item", lambda at: {"TableName": at["other table"], "Item": KEY}),
    ("s3", "get_object", lambda at: {"Bucket": at["audit"], "Key": "elsewhere/x"}),
    ("s3", "put_object", lambda at: {"Bucket": at["audit"], "Key": "elsewhere/x", "Body": b"{}"}),
    ("s3", "put_object", lambda at: {"Bucket": at["audit"], "Key": "outcomesx", "Body": b"{}"}),
    _put_with_encryption(ServerSideEncryption="AES256"),
    _put_with_encryption(ServerSideEncryption="aws:kms"),  # without a key, S3 would use aws/s3
    _put_with_encryption(ServerSideEncryption="aws:kms", SSEKMSKeyId="arn:aws:kms:us-east-1:000000000000:key/another"),
    ("s3", "delete_object", lambda at: {"Bucket": at["audit"], "Key": "outcomes/x"}),
    ("s3", "list_object_versions", lambda at: {"Bucket": at["audit"]}),
    ("s3", "put_bucket_policy", lambda at: {"Bucket": at["audit"], "Policy": ANYTHING}),
    ("s3", "delete_bucket", lambda at: {"Bucket": at["audit"]}),
    ("s3", "put_object", lambda at: {"Bucket": at["other bucket"], "Key": "outcomes/x", "Body": b"{}"}),
    ("stepfunctions", "start_execution", lambda at: {"stateMachineArn": at["machine"], "input": "{}"}),
    ("stepfunctions", "delete_state_machine", lambda at: {"stateMachineArn": at["machine"]}),
    ("lambda", "invoke", lambda at: {"FunctionName": at["reconcile"], "Payload": b"{}"}),
    ("lambda", "update_function_configuration", lambda at: {"FunctionName": at["purchase"], "Timeout": 900}),
    ("sqs", "purge_queue", lambda at: {"QueueUrl": at["parking"]}),
    ("sqs", "send_message", lambda at: {"QueueUrl": at["other queue"], "MessageBody": "x"}),
    ("sns", "publish", lambda at: {"TopicArn": at["topic"], "Message": "x"}),
    ("iam", "put_role_policy", lambda at: {"RoleName": at["role"], "PolicyName": "x", "PolicyDocument": ANYTHING}),
    ("iam", "list_roles", lambda _: {}),
    ("kms", "list_keys", lambda _: {}),
    ("cloudwatch", "put_metric_data", lambda _: {"Namespace": "Booking", "MetricData": [{"MetricName": "x"}]}),
]


@pytest.fixture(scope="module")
def stage_resources(shop: DeployedStack) -> Iterator[dict[str, str]]:
    """Yield the resources for the calls: the stage's own and another team's."""
    shop.client("dynamodb").create_table(
        TableName="not-ours",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    shop.client("s3").create_bucket(Bucket="not-ours")
    functions = {name: shop.outputs[f"{name}Function"] for name in ROLES if f"{name}Function" in shop.outputs}
    yield functions | {
        "orders": shop.outputs["ordersTable"],
        "gateway": shop.outputs["gatewayTable"],
        "audit": shop.outputs["auditBucket"],
        "machine": shop.outputs["stateMachineArn"],
        "parking": shop.outputs["parkingQueueUrl"],
        "topic": shop.outputs["alertTopicArn"],
        "other table": "not-ours",
        "other bucket": "not-ours",
        "other queue": shop.client("sqs").create_queue(QueueName="not-ours")["QueueUrl"],
        "role": role_of(shop, "purchase").rpartition("/")[2],
        "sealing key": shop.outputs["sealKeyArn"],
    }
    shop.client("sqs").purge_queue(QueueUrl=shop.outputs["parkingQueueUrl"])


def role_of(shop: DeployedStack, role_name: str) -> str:
    """Return the ARN of a role that the test can assume: a function's, or one with the machine's policy."""
    if role_name == "machine":
        return _ensure_twin(shop)
    functions = shop.client("lambda")
    return str(functions.get_function_configuration(FunctionName=shop.outputs[f"{role_name}Function"])["Role"])


def machine_policy(shop: DeployedStack) -> str:
    """Return the one policy document of the machine's role."""
    machine = shop.client("stepfunctions").describe_state_machine(stateMachineArn=shop.outputs["stateMachineArn"])
    iam, role = shop.client("iam"), machine["roleArn"].rpartition("/")[2]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])


def _ensure_twin(shop: DeployedStack) -> str:
    """Create a role with the machine's policy, because the machine's own role trusts only Step Functions."""
    iam = shop.client("iam")
    with suppress(ClientError):  # it exists already
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName="twin", AssumeRolePolicyDocument=document)
        iam.put_role_policy(RoleName="twin", PolicyName="same", PolicyDocument=machine_policy(shop))
    return str(iam.get_role(RoleName="twin")["Role"]["Arn"])


def call_as(shop: DeployedStack, role_name: str, call: Call, stage_resources: StageResources) -> str:
    """Make a call under a role, and return `done` or the code of AWS's error."""
    service, verb, request = call
    try:
        getattr(shop.client(service, role_of(shop, role_name)), verb)(**request(stage_resources))
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


@pytest.mark.parametrize("role_name", ROLES)
def test_every_role_is_denied_the_calls_that_no_role_needs(
    shop: DeployedStack, stage_resources: StageResources, role_name: str
) -> None:
    """Examples are other teams' resources, other prefixes, deletions, settings and permissions."""
    answers = {
        f"{call[0]}:{call[1]} {number}": call_as(shop, role_name, call, stage_resources)
        for number, call in enumerate(DENIED_CALLS)
    }
    assert {call: code for call, code in answers.items() if code not in DENIED} == {}


READ: Call = ("dynamodb", "get_item", lambda at: {"TableName": at["orders"], "Key": KEY})
FIND: Call = (
    "dynamodb",
    "query",
    lambda at: {
        "TableName": at["orders"],
        "IndexName": "attention",
        "KeyConditionExpression": "#a = :a",
        "ExpressionAttributeNames": {"#a": "attention"},
        "ExpressionAttributeValues": {":a": {"S": "x"}},
    },
)
WRITE: Call = (
    "dynamodb",
    "update_item",
    lambda at: {"TableName": at["orders"], "Key": KEY, "ConditionExpression": "attribute_exists(pk)"},
)
PLACE: Call = (
    "dynamodb",
    "put_item",
    lambda at: {"TableName": at["orders"], "Item": KEY, "ConditionExpression": "attribute_exists(pk)"},
)
PAY: Call = ("dynamodb", "get_item", lambda at: {"TableName": at["gateway"], "Key": {"pk": {"S": "ord_x"}}})
LIST: Call = ("s3", "list_objects_v2", lambda at: {"Bucket": at["audit"], "Prefix": "outcomes/"})
LOOK: Call = ("s3", "get_object", lambda at: {"Bucket": at["audit"], "Key": "outcomes/none"})
KEEP: Call = (
    "s3",
    "put_object",
    lambda at: {
        "Bucket": at["audit"],
        "Key": "outcomes/none",
        "Body": b"{}",
        "IfNoneMatch": "*",
        "ChecksumSHA256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",  # of an empty body; fails even for writers
    },
)
TAKE: Call = ("sqs", "receive_message", lambda at: {"QueueUrl": at["parking"]})
PARK: Call = ("sqs", "send_message", lambda at: {"QueueUrl": at["parking"], "MessageBody": "x"})


def _update(pk: str, attribute: str) -> Call:
    """Return an update of one attribute of an item that does not exist, so that it never takes effect."""
    return (
        "dynamodb",
        "update_item",
        lambda at: {
            "TableName": at["orders"],
            "Key": {"pk": {"S": pk}},
            "UpdateExpression": "SET #a = :v",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": {"#a": attribute},
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        },
    )


def _pay(pk: str, *attributes: str) -> Call:
    """Return a put into the sandbox gateway's table that never takes effect."""
    item = {"pk": {"S": pk}, **{name: {"N": "1"} for name in attributes}}
    return (
        "dynamodb",
        "put_item",
        lambda at: {"TableName": at["gateway"], "Item": item, "ConditionExpression": "attribute_exists(pk)"},
    )


def _put(key: str, **condition: str) -> Call:
    """Return a put whose checksum is wrong, so that it never takes effect."""
    checksum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    body = {"Body": b"{}", "ChecksumSHA256": checksum, **condition}
    return ("s3", "put_object", lambda at: {"Bucket": at["audit"], "Key": key, **body})


SIGN: Call = (
    "kms",
    "sign",
    lambda at: {
        "KeyId": at["sealing key"],
        "Message": bytes(32),
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    },
)
FORGERIES: dict[str, Call] = {
    "append to an order": _update("ORDER#x", "ledger"),
    "change what was ordered": _update("ORDER#x", "lines"),
    "change the stock": _update("SKU#x", "available"),
    "change a price": _update("SKU#x", "price_minor"),
    "invent a charge at the sandbox gateway": _pay("ord_x", "token"),
    "invent a refund at the sandbox gateway": _pay("ref_x", "token"),
    "forge the end of a payment at the sandbox gateway": _pay("ord_x", "heard"),
    "add an audit object": KEEP,
    "overwrite an audit object": _put("outcomes/none"),
    "delete an audit object": ("s3", "delete_object", lambda at: {"Bucket": at["audit"], "Key": "outcomes/none"}),
    "add a seal": _put("seals/none", IfNoneMatch="*"),
    "overwrite a seal": _put("seals/none"),
    "sign a seal": SIGN,
}
"""Attacks with a function's own credentials; docs/explanation/audit.md lists them with the check that finds them."""

BY_NAME = {"READ": READ, "FIND": FIND, "WRITE": WRITE, "PLACE": PLACE, "PAY": PAY, "LIST": LIST, "LOOK": LOOK} | {
    "TAKE": TAKE,
    "PARK": PARK,
    **FORGERIES,
}
ALLOWED_CALLS = {
    "purchase": {"PLACE", "READ", "WRITE", "PAY"}
    | {"append to an order", "change the stock", "change a price"}
    | {"invent a charge at the sandbox gateway", "forge the end of a payment at the sandbox gateway"},
    "refund": {"READ", "WRITE", "PAY"}
    | {"append to an order", "change the stock", "invent a refund at the sandbox gateway"},
    "record": {"READ", "LIST", "LOOK", "add an audit object"},
    "reconcile": {"READ", "WRITE", "FIND", "PAY", "LIST", "LOOK", "TAKE"}
    | {"append to an order", "change the stock", "forge the end of a payment at the sandbox gateway"}
    | {"add an audit object"},
    "seal": {"LIST", "LOOK", "add a seal", "sign a seal"},
    "machine": {"PARK"},  # and invoke its functions, which test_journeys.py covers
}


@pytest.mark.parametrize("role_name", ROLES)
def test_each_role_may_make_only_its_own_calls(
    shop: DeployedStack, stage_resources: StageResources, role_name: str
) -> None:
    """Every combination of role and call is tested."""
    may = {name for name, call in BY_NAME.items() if call_as(shop, role_name, call, stage_resources) not in DENIED}
    assert ALLOWED_CALLS[role_name] == may


def test_the_page_lists_the_roles_that_can_attempt_each_forgery() -> None:
    """docs/explanation/audit.md has a row for each forgery."""
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "audit.md").read_text()
    for forgery in FORGERIES:
        roles = [role for role in ROLES if forgery in ALLOWED_CALLS[role]]
        assert f"\n| {forgery} | {', '.join(roles) or 'no role'} |" in page, (forgery, roles)


def test_the_machines_role_allows_exactly_what_its_definition_calls(shop: DeployedStack) -> None:
    """Keys, logs and traces are excluded, because Step Functions uses them on the machine's behalf."""
    machine = shop.client("stepfunctions").describe_state_machine(stateMachineArn=shop.outputs["stateMachineArn"])
    needed = {
        (action, arn)
        for each in permissions(json.loads(machine["definition"]))
        for action in each.actions
        for arn in each.resources
    }
    statements = json.loads(machine_policy(shop))["Statement"]
    allowed = {(action, arn) for each in statements for action in each["Action"] for arn in each["Resource"]}
    own = {each for each in allowed if not each[0].startswith(("kms:", "logs:", "xray:"))}
    assert [each for each in own if not any(_is_same_permission(each, other) for other in needed)] == []
    assert [each for each in needed if not any(_is_same_permission(other, each) for other in own)] == []


def _is_same_permission(allowed: tuple[str, str], needed: tuple[str, str]) -> bool:
    """Compare a grant with a need; grants on functions include every version, for executions that started earlier."""
    versions, version = allowed[1].removesuffix(":*"), ":".join(needed[1].split(":")[:7])
    return allowed[0] == needed[0] and (fnmatchcase(allowed[1], needed[1]) or versions == version)
