"""The AWS calls that an instance's functions made, and the permissions that they need.

Example:

    instance.start(record_calls=True)
    ...                                      # deploy, run executions
    for call in recorded_calls(instance):
        print(call.function, call.actions)
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
"""Operations whose permission has a different name. https://docs.aws.amazon.com/service-authorization/"""
_TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_ACTION_PREFIXES = {"stepfunctions": "states"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call of a function to AWS."""

    function: str
    service: str
    operation: str
    parameters: ReadonlyValues

    @property
    def actions(self) -> frozenset[str]:
        """The IAM actions that the call needs; a transaction needs one per kind of item."""
        return frozenset(action for action, _ in self.permissions)

    @property
    def permissions(self) -> frozenset[tuple[str, str]]:
        """The IAM actions that the call needs, each with the ARN of its resource."""
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
    """Return every call so far, in order of time; none if the instance was started without `record_calls`."""
    file = instance.calls_file
    for line in file.read_text().splitlines() if file.exists() else ():
        yield RecordedCall(**json.loads(line))


def actions_by_function(instance: Instance) -> dict[str, frozenset[str]]:
    """Return the IAM actions that each function used, without logs and keys that AWS uses on its behalf."""
    needs = permissions_by_function(instance)
    return {function: frozenset(action for action, _ in needed) for function, needed in needs.items()}


def permissions_by_function(instance: Instance) -> dict[str, frozenset[tuple[str, str]]]:
    """Return the IAM actions that each function used, each with the ARN of its resource."""
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for call in recorded_calls(instance):
        found[call.function] = found.get(call.function, frozenset()) | call.permissions
    return found


def _resource_arn(service: str, parameters: ReadonlyValues) -> str:
    """Return the ARN that a policy would have to name; `*` if the call names none or belongs to another service."""
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
