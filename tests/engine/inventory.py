"""The inventory of an account (kind → names), read from AWS and not through the provider."""

from collections.abc import Iterator, Mapping

from local.engine import PulumiEngine
from local.instance import Instance

Inventory = Mapping[str, list[str]]
_TYPES = {
    "aws:dynamodb/table:Table": "table",
    "aws:kms/key:Key": "key",
    "aws:kms/alias:Alias": "alias",
    "aws:sns/topic:Topic": "topic",
    "aws:sqs/queue:Queue": "queue",
    "aws:iam/role:Role": "role",
    "aws:lambda/function:Function": "function",
    "aws:cloudwatch/logGroup:LogGroup": "log group",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:sfn/stateMachine:StateMachine": "machine",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
    "aws:cloudwatch/eventRule:EventRule": "rule",
}


def account_inventory(aws: Instance) -> Inventory:
    """List all resources of the kinds that the tests create, without keys that are pending deletion."""
    return {kind: sorted(names) for kind, names in _list_resources(aws).items()}


def state_inventory(*engines: PulumiEngine) -> Inventory:
    """List the same resources from the engine's state; a published function also has its version 1."""
    found: dict[str, list[str]] = {kind: [] for kind in [*_TYPES.values(), "version"]}
    for engine in engines:
        for resource in engine.state.resources():
            kind = _TYPES.get(resource["type"])
            if kind:
                found[kind].append(resource["id"])
            if kind == "function" and resource["inputs"].get("publish"):
                found["version"].append(f"{resource['id']}:{resource['outputs']['version']}")
    return {kind: sorted(names) for kind, names in found.items()}


def _list_resources(aws: Instance) -> dict[str, list[str]]:
    functions = [item["FunctionName"] for item in _pages(aws, "lambda", "list_functions", "Functions")]
    return {
        "table": list(_pages(aws, "dynamodb", "list_tables", "TableNames")),
        "key": list(_live_keys(aws)),
        "alias": [
            a["AliasName"] for a in _pages(aws, "kms", "list_aliases", "Aliases") if "/aws/" not in a["AliasName"]
        ],
        "topic": [topic["TopicArn"] for topic in _pages(aws, "sns", "list_topics", "Topics")],
        "queue": list(_pages(aws, "sqs", "list_queues", "QueueUrls")),
        "role": [
            role["RoleName"] for role in _pages(aws, "iam", "list_roles", "Roles") if "/aws-service" not in role["Path"]
        ],
        "function": functions,
        "version": [version for name in functions for version in _versions(aws, name)],
        "log group": [group["logGroupName"] for group in _pages(aws, "logs", "describe_log_groups", "logGroups")],
        "bucket": [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]],
        "machine": [m["stateMachineArn"] for m in _pages(aws, "stepfunctions", "list_state_machines", "stateMachines")],
        "alarm": [alarm["AlarmName"] for alarm in _pages(aws, "cloudwatch", "describe_alarms", "MetricAlarms")],
        "rule": [rule["Name"] for rule in aws.client("events").list_rules()["Rules"]],
    }


def _live_keys(aws: Instance) -> Iterator[str]:
    kms = aws.client("kms")
    for key in _pages(aws, "kms", "list_keys", "Keys"):
        facts = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if facts["KeyState"] == "Enabled" and facts["KeyManager"] == "CUSTOMER":
            yield key["KeyId"]


def _versions(aws: Instance, function: str) -> Iterator[str]:
    versions = aws.client("lambda").list_versions_by_function(FunctionName=function)["Versions"]
    return (f"{function}:{item['Version']}" for item in versions if item["Version"] != "$LATEST")


def _pages(aws: Instance, service: str, operation: str, key: str) -> Iterator[object]:
    for page in aws.client(service).get_paginator(operation).paginate():
        yield from page.get(key, [])
