"""Each function works under its own role, and is denied everything else that was tried."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.pytest_plugin import DeployedStack

FUNCTIONS = ("purchase", "refund", "record", "reconcile")


def as_function(shop: DeployedStack, function: str, service: str) -> Any:
    """A client with the credentials that a function has."""
    config = shop.client("lambda").get_function_configuration(FunctionName=shop.outputs[f"{function}Function"])
    return shop.client(service, config["Role"])


def refused(shop: DeployedStack, function: str, service: str, verb: str, **request: Any) -> None:
    """The call is denied to this function, and for that reason."""
    with pytest.raises(ClientError) as failure:
        getattr(as_function(shop, function, service), verb)(**request)
    assert failure.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), failure.value


@pytest.fixture(scope="module")
def other_table(shop: DeployedStack) -> str:
    """A table of somebody else's."""
    shop.client("dynamodb").create_table(
        TableName="somebody-elses",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "somebody-elses"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_reads_or_writes_another_table(shop: DeployedStack, other_table: str, function: str) -> None:
    """Grants name their table."""
    key = {"pk": {"S": "x"}}
    refused(shop, function, "dynamodb", "get_item", TableName=other_table, Key=key)
    refused(shop, function, "dynamodb", "put_item", TableName=other_table, Item=key)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_deletes_or_scans(shop: DeployedStack, function: str) -> None:
    """An order is never removed, and nobody reads all of them."""
    table = shop.outputs["ordersTable"]
    refused(shop, function, "dynamodb", "delete_item", TableName=table, Key={"pk": {"S": "ORDER#x"}})
    refused(shop, function, "dynamodb", "scan", TableName=table)
    refused(shop, function, "dynamodb", "delete_table", TableName=table)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_deletes_audit_objects_or_writes_beside_the_prefixes(shop: DeployedStack, function: str) -> None:
    """Record and reconcile put outcomes and refusals; nobody anything else."""
    bucket = shop.outputs["auditBucket"]
    refused(shop, function, "s3", "put_object", Bucket=bucket, Key="elsewhere/x.json", Body=b"{}")
    refused(shop, function, "s3", "delete_object", Bucket=bucket, Key="outcomes/x.json")
    refused(shop, function, "s3", "get_object", Bucket=bucket, Key="elsewhere/x.json")


@pytest.mark.parametrize("function", ["purchase", "refund"])
def test_functions_that_move_money_do_not_touch_the_audit_trail(shop: DeployedStack, function: str) -> None:
    """What they did is recorded by another."""
    bucket = shop.outputs["auditBucket"]
    refused(shop, function, "s3", "put_object", Bucket=bucket, Key="outcomes/x.json", Body=b"{}")
    refused(shop, function, "s3", "get_object", Bucket=bucket, Key="outcomes/x.json")


def test_the_function_that_records_does_not_touch_money_or_orders(shop: DeployedStack) -> None:
    """It reads the order and writes the trail."""
    key = {"pk": {"S": "x"}}
    refused(shop, "record", "dynamodb", "put_item", TableName=shop.outputs["ordersTable"], Item=key)
    refused(shop, "record", "dynamodb", "get_item", TableName=shop.outputs["gatewayTable"], Key=key)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_starts_machines_or_invokes_functions(shop: DeployedStack, function: str) -> None:
    """Only the machine calls, and only callers start it."""
    refused(
        shop,
        function,
        "stepfunctions",
        "start_execution",
        stateMachineArn=shop.outputs["stateMachineArn"],
        input=json.dumps({}),
    )
    refused(shop, function, "lambda", "invoke", FunctionName=shop.outputs["reconcileFunction"], Payload=b"{}")


@pytest.mark.parametrize("function", ["purchase", "refund", "record"])
def test_only_reconcile_drains_the_parking_queue(shop: DeployedStack, function: str) -> None:
    """A parked outcome is taken up by nobody else."""
    refused(shop, function, "sqs", "receive_message", QueueUrl=shop.outputs["parkingQueueUrl"])
