"""Batches of a table's stream fail as in AWS: in part, with retries, and finally into a queue."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.drivers.in_process import deploy
from local.instance import Instance
from local.pytest_plugin import DeployedStack

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def table(name, **more):
    key = {"hash_key": "pk", "attributes": [{"name": "pk", "type": "S"}], "billing_mode": "PAY_PER_REQUEST"}
    return aws.dynamodb.Table(name, **key, **more)


source = table("source", stream_enabled=True, stream_view_type="NEW_IMAGE")
processed = table("processed")
failed = aws.sqs.Queue("failed")
trust = document({"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
role = aws.iam.Role("reader", assume_role_policy=trust)
aws.iam.RolePolicy(
    "reader",
    role=role.name,
    policy=processed.arn.apply(lambda arn: document({"Action": "dynamodb:PutItem", "Resource": arn})),
)
reader = aws.lambda_.Function(
    "reader", code=pulumi.FileArchive("code"), handler="reader.handler", runtime="python3.13", role=role.arn,
    publish=True, timeout=30, environment={"variables": {"PROCESSED": processed.name}},
)
orders = json.dumps({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "ORDER#"}]}}}})
aws.lambda_.EventSourceMapping(
    "reader", function_name=reader.qualified_arn, event_source_arn=source.stream_arn, starting_position="TRIM_HORIZON",
    bisect_batch_on_function_error=True, maximum_retry_attempts=1, function_response_types=["ReportBatchItemFailures"],
    destination_config={"on_failure": {"destination_arn": failed.arn}},
    filter_criteria={"filters": [{"pattern": orders}]},
)
pulumi.export("source", source.name)
pulumi.export("processed", processed.name)
pulumi.export("failed", failed.url)
"""

FUNCTION = """
import os

import boto3


def handler(event, context):
    done = boto3.client("dynamodb")
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["pk"]["S"]
        if "crash" in key:
            raise RuntimeError(key)
        if "poison" in key:
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        done.put_item(TableName=os.environ["PROCESSED"], Item={"pk": {"S": key}})
    return {"batchItemFailures": []}
"""


def test_records_that_always_fail_go_to_the_queue_and_the_others_are_processed(
    embedded_aws: Instance, tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "reader.py").write_text(FUNCTION)
    (tmp_path / "program.py").write_text(PROGRAM)
    stack = DeployedStack(instance=embedded_aws, outputs=deploy(embedded_aws, tmp_path / "program.py", stage="dev"))
    names = ("ORDER#a", "ORDER#poison", "ORDER#b", "SKU#crash", "ORDER#crash", "ORDER#c")
    for name in names:
        stack.client("dynamodb").put_item(TableName=stack.outputs["source"], Item={"pk": {"S": name}})
    keys = next(each for each in _poll(lambda: _read_keys(stack)) if "ORDER#c" in each)
    assert keys == {"ORDER#a", "ORDER#b", "ORDER#c"}
    dead = stack.client("sqs").receive_message(QueueUrl=stack.outputs["failed"], MaxNumberOfMessages=10)["Messages"]
    failures = [json.loads(message["Body"]) for message in dead]
    assert [each["requestContext"]["condition"] for each in failures] == ["RetryAttemptsExhausted"] * 2
    assert [each["DDBStreamBatchInfo"]["batchSize"] for each in failures] == [1, 1]


def _read_keys(stack: DeployedStack) -> set[str]:
    items = stack.client("dynamodb").scan(TableName=stack.outputs["processed"])["Items"]
    return {item["pk"]["S"] for item in items}


def _poll(read: Any) -> Iterator[Any]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        yield read()
        time.sleep(0.1)
    raise TimeoutError("the records were not processed")
