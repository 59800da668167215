"""DynamoDB tables as all of ours are: on demand, encrypted with a customer-managed key, restorable, hard to delete."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from handlers.contracts.storage import IndexSchema, TableSchema

from .alarms import Alarm, Metric
from .deployment_context import Surroundings
from .iam import joined, statement

# What is done to our tables: by the functions, and by the command that lists and rebuilds them.
_OPERATIONS = ("GetItem", "PutItem", "Query", "Scan", "TransactWriteItems", "UpdateItem")
# What DynamoDB asks of a caller for a table whose key is customer-managed.
# Source: DynamoDB developer guide, "Encryption at rest: How it works", and the grants of the CDK's Table.
_TO_READ = ["kms:Decrypt", "kms:DescribeKey"]
_TO_WRITE = [*_TO_READ, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]


def table(
    name: str,
    schema: TableSchema,
    *,
    key: pulumi.Input[str],
    point_in_time_days: int,
    deletion_protection: bool,
    protect: bool,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
) -> aws.dynamodb.Table:
    """A table with the key and the indexes of `schema`."""
    return aws.dynamodb.Table(
        name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=schema.hash_key,
        attributes=[aws.dynamodb.TableAttributeArgs(name=each, type="S") for each in schema.key_attributes()],
        global_secondary_indexes=[_index(index) for index in schema.indexes],
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=key),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(
            enabled=True, recovery_period_in_days=point_in_time_days
        ),
        deletion_protection_enabled=deletion_protection,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect or None),
    )


def table_metric(table_name: pulumi.Output[str], name: str) -> Metric:
    """A metric that DynamoDB keeps for a table."""
    return Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": table_name})


def operation_metrics(table_name: pulumi.Output[str], name: str) -> list[Metric]:
    """A metric that DynamoDB keeps for each operation on a table, and for the table as a whole never.

    Source: DynamoDB developer guide, "DynamoDB metrics and dimensions": `ThrottledRequests`, `SystemErrors`.
    """
    return [
        Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": table_name, "Operation": operation})
        for operation in _OPERATIONS
    ]


def table_alarms(table_name: pulumi.Output[str]) -> list[Alarm]:
    """What can go wrong with a table."""
    throttled, *others_throttled = operation_metrics(table_name, "ThrottledRequests")
    failed, *others_failed = operation_metrics(table_name, "SystemErrors")
    return [
        Alarm(
            slug="table-throttles",
            meaning="DynamoDB refuses reads or writes of the table for exceeding what it serves.",
            metric=throttled,
            added=others_throttled,
            threshold=0,
        ),
        Alarm(
            slug="table-system-errors",
            meaning="DynamoDB fails to answer requests on the table.",
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
) -> pulumi.Output[str]:
    """To do `actions` on tables or indexes, and to use their key for that and through DynamoDB only."""
    reads_only = all(action.split(":")[1] in ("GetItem", "Query", "Scan", "BatchGetItem") for action in actions)
    via = {"StringEquals": {"kms:ViaService": Surroundings.of(parent).via("dynamodb")}}
    return joined(
        statement(sid, actions, resources),
        statement(f"{sid}Key", _TO_READ if reads_only else _TO_WRITE, [key], when=via),
    )
