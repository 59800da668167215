"""The AWS calls that the functions of an instance made, and the permissions that these need.

instance.start(record_calls=True)
...                                       # deploy, run executions
for call in recorded_calls(instance): print(call.function, call.actions)
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ..provider.aws import ACCOUNT, REGION
from ..provider.property_values import ReadonlyValues
from .embedded_aws import Instance

_ACTIONS = {
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
}
"""Operations whose permission has another name. https://docs.aws.amazon.com/service-authorization/"""
_TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_ACTION_PREFIXES = {"stepfunctions": "states"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call of a function's to AWS."""

    function: str
    service: str
    operation: str
    parameters: ReadonlyValues

    @property
    def actions(self) -> frozenset[str]:
        """The IAM actions that it needs; a transaction needs one per kind of item."""
        return frozenset(action for action, _ in self.permissions)

    @property
    def permissions(self) -> frozenset[tuple[str, str]]:
        """The IAM actions that it needs, each with the ARN of what it acts on."""
        prefix = _ACTION_PREFIXES.get(self.service, self.service)
        if self.operation in ("TransactWriteItems", "TransactGetItems"):
            items = [(kind, what) for item in self.parameters["TransactItems"] for kind, what in item.items()]
            return frozenset(
                (f"{prefix}:{_TRANSACTION_ACTIONS.get(kind, 'GetItem')}", _table_arn(what)) for kind, what in items
            )
        if self.operation == "PutEvents":
            buses = {str(entry.get("EventBusName", "default")) for entry in self.parameters["Entries"]}
            return frozenset((f"{prefix}:PutEvents", _bus_arn(bus)) for bus in buses)
        if self.operation in ("BatchGetItem", "BatchWriteItem"):
            tables = ({"TableName": name} for name in self.parameters["RequestItems"])
            return frozenset((f"{prefix}:{self.operation}", _table_arn(each)) for each in tables)
        action = _ACTIONS.get((self.service, self.operation), f"{prefix}:{self.operation}")
        return frozenset({(action, _resource_arn(self.service, self.parameters))})


def recorded_calls(instance: Instance) -> Iterator[RecordedCall]:
    """Every call so far, in the order of time; none where the instance was started without `record_calls`."""
    file = instance.calls_file
    for line in file.read_text().splitlines() if file.exists() else ():
        yield RecordedCall(**json.loads(line))


def actions_by_function(instance: Instance) -> dict[str, frozenset[str]]:
    """Function → the IAM actions that it was seen to need. (Not seen: keys that AWS uses on its behalf, and logs.)"""
    needs = permissions_by_function(instance)
    return {function: frozenset(action for action, _ in needed) for function, needed in needs.items()}


def permissions_by_function(instance: Instance) -> dict[str, frozenset[tuple[str, str]]]:
    """Function → the IAM actions that it was seen to need, each with the ARN of what it acted on."""
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for call in recorded_calls(instance):
        found[call.function] = found.get(call.function, frozenset()) | call.permissions
    return found


def _resource_arn(service: str, parameters: ReadonlyValues) -> str:
    """The ARN that a policy would have to name; `*` where the call names nothing, or is of another service."""
    if service == "dynamodb" and "TableName" in parameters:
        return _table_arn(parameters)
    if service == "s3" and "Bucket" in parameters:
        return f"arn:aws:s3:::{parameters['Bucket']}" + (f"/{parameters['Key']}" if "Key" in parameters else "")
    if service == "kms" and str(parameters.get("KeyId", "")).startswith("arn:"):
        return str(parameters["KeyId"])
    if service == "sqs" and "QueueUrl" in parameters:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{parameters['QueueUrl'].rpartition('/')[2]}"
    if service == "stepfunctions":
        return str(parameters.get("stateMachineArn") or parameters.get("executionArn") or "*")
    return "*"


def _bus_arn(bus: str) -> str:
    return bus if bus.startswith("arn:") else f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"


def _table_arn(parameters: ReadonlyValues) -> str:
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{parameters['TableName']}{index}"
