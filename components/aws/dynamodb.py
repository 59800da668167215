"""DynamoDB tables: on demand, encrypted with a customer-managed key, restorable and protected from deletion."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from handlers.contracts.storage import IndexSchema, TableSchema

from ..base import Shared
from .alarms import Alarm, Metric
from .backup import BackupPolicy
from .deployment_context import DeploymentContext
from .iam import Condition, join, statement

# Called by the functions, and by the command, which lists and rebuilds the tables.
_OPERATIONS = ("GetItem", "PutItem", "Query", "Scan", "TransactWriteItems", "UpdateItem")
# A caller needs these for a table whose key is customer-managed.
# Source: DynamoDB developer guide, "Encryption at rest: How it works", and the grants of the CDK's Table.
_READ_ACTIONS = ["kms:Decrypt", "kms:DescribeKey"]
_WRITE_ACTIONS = [*_READ_ACTIONS, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]


def create_table(
    name: str, schema: TableSchema, shared: Shared, policy: BackupPolicy, *, protect: bool, stream: bool = False
) -> aws.dynamodb.Table:
    """Create a table with the key and the indexes of `schema`; with `protect`, Pulumi refuses to delete it.

    With `stream`, AWS keeps the old and new image of each changed item for 24 hours.
    """
    return aws.dynamodb.Table(
        name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=schema.hash_key,
        attributes=[aws.dynamodb.TableAttributeArgs(name=each, type="S") for each in schema.key_attributes()],
        global_secondary_indexes=[_index(index) for index in schema.indexes],
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=shared.key),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(
            enabled=True, recovery_period_in_days=policy.point_in_time_days
        ),
        deletion_protection_enabled=policy.deletion_protection,
        stream_enabled=stream or None,
        stream_view_type="NEW_AND_OLD_IMAGES" if stream else None,
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent, protect=protect or None),
    )


def table_metric(table_name: pulumi.Output[str], name: str) -> Metric:
    """Return one of DynamoDB's metrics for a table."""
    return Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": table_name})


def operation_metrics(table_name: pulumi.Output[str], name: str) -> list[Metric]:
    """Return the sum of a metric that DynamoDB provides only per operation on a table.

    Source: DynamoDB developer guide, "DynamoDB metrics and dimensions": `ThrottledRequests`, `SystemErrors`.
    """
    return [
        Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": table_name, "Operation": operation})
        for operation in _OPERATIONS
    ]


def table_alarms(table_name: pulumi.Output[str]) -> list[Alarm]:
    """Return alarms on requests that DynamoDB throttled or failed to answer."""
    throttled, *others_throttled = operation_metrics(table_name, "ThrottledRequests")
    failed, *others_failed = operation_metrics(table_name, "SystemErrors")
    return [
        Alarm(
            slug="table-throttles",
            meaning="DynamoDB throttled reads or writes of the table.",
            metric=throttled,
            added=others_throttled,
            threshold=0,
        ),
        Alarm(
            slug="table-system-errors",
            meaning="DynamoDB failed to answer requests on the table because of an error of its own.",
            metric=failed,
            added=others_failed,
            threshold=0,
        ),
    ]


def _index(index: IndexSchema) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    keys = {"HASH": index.hash_key, "RANGE": index.range_key}
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(
        name=index.name,
        projection_type=index.projection,
        key_schemas=[
            aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=name, key_type=kind)
            for kind, name in keys.items()
        ],
    )


def table_grant(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    key: pulumi.Input[str],
    parent: pulumi.Resource,
    items: Sequence[str] = (),
    attributes: Sequence[str] = (),
) -> pulumi.Output[str]:
    """Allow `actions` on tables or indexes, and the use of their key through DynamoDB only.

    `items` are patterns of primary keys, and `attributes` names that a request may mention, in its condition too; empty
    for all. Source: DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control".
    """
    reads_only = all(action.split(":")[1] in ("GetItem", "Query", "Scan", "BatchGetItem") for action in actions)
    via = {"StringEquals": {"kms:ViaService": DeploymentContext.of(parent).via("dynamodb")}}
    return join(
        statement(sid, actions, resources, when=_fine_grained_condition(items, attributes)),
        statement(f"{sid}Key", _READ_ACTIONS if reads_only else _WRITE_ACTIONS, [key], when=via),
    )


def stream_grant(table: pulumi.Input[str], *, key: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """Allow reading the streams of a table (an ARN), which Lambda does on behalf of the function.

    Source: DynamoDB developer guide, "IAM policy to allow an AWS Lambda function to access DynamoDB stream records".
    """
    actions = [f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator")]
    via = {"StringEquals": {"kms:ViaService": DeploymentContext.of(parent).via("dynamodb")}}
    return join(
        statement("ReadStream", actions, [pulumi.Output.concat(table, "/stream/*")]),
        statement(
            "ListStreams",
            ["dynamodb:ListStreams"],
            ["*"],
            wildcard_reason="Lambda lists streams to find the table's, and the action has no resource-level scope",
        ),
        statement("ReadStreamKey", _READ_ACTIONS, [key], when=via),
    )


def _fine_grained_condition(items: Sequence[str], attributes: Sequence[str]) -> Condition | None:
    when: dict[str, dict[str, list[str]]] = {}
    if items:
        when["ForAllValues:StringLike"] = {"dynamodb:LeadingKeys": list(items)}
    if attributes:
        when["ForAllValues:StringEquals"] = {"dynamodb:Attributes": list(attributes)}
    return when or None
