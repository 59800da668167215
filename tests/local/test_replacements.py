"""Changes that replace a resource, compared with CloudFormation's own table, which cfn-lint ships."""

import json
from collections.abc import Mapping
from pathlib import Path

import cfnlint
import pytest

from local.provider.diff import compare_inputs
from local.provider.registry import resource_types

_SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"

CLOUDFORMATION: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "aws:backup/selection:Selection": ("AWS::Backup::BackupSelection", {"planId": "BackupPlanId"}),
    "aws:backup/vault:Vault": (
        "AWS::Backup::BackupVault",
        {"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"},
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("AWS::CloudWatch::CompositeAlarm", {"alarmName": "AlarmName"}),
    "aws:cloudwatch/dashboard:Dashboard": ("AWS::CloudWatch::Dashboard", {"dashboardName": "DashboardName"}),
    "aws:cloudwatch/eventArchive:EventArchive": (
        "AWS::Events::Archive",
        {"name": "ArchiveName", "eventSourceArn": "SourceArn"},
    ),
    "aws:cloudwatch/eventBus:EventBus": ("AWS::Events::EventBus", {"name": "Name"}),
    "aws:cloudwatch/eventRule:EventRule": ("AWS::Events::Rule", {"name": "Name"}),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", {"name": "LogGroupName"}),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": (
        "AWS::Logs::MetricFilter",
        {"name": "FilterName", "logGroupName": "LogGroupName"},
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ("AWS::Logs::ResourcePolicy", {"policyName": "PolicyName"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("AWS::CloudWatch::Alarm", {"name": "AlarmName"}),
    "aws:dynamodb/table:Table": ("AWS::DynamoDB::Table", {"name": "TableName"}),
    "aws:iam/policy:Policy": (
        "AWS::IAM::ManagedPolicy",
        {"name": "ManagedPolicyName", "path": "Path", "description": "Description"},
    ),
    "aws:iam/role:Role": ("AWS::IAM::Role", {"name": "RoleName", "path": "Path"}),
    "aws:iam/rolePolicy:RolePolicy": ("AWS::IAM::RolePolicy", {"name": "PolicyName", "role": "RoleName"}),
    "aws:kms/alias:Alias": ("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws:kms/key:Key": ("AWS::KMS::Key", {}),
    "aws:lambda/alias:Alias": ("AWS::Lambda::Alias", {"name": "Name", "functionName": "FunctionName"}),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "AWS::Lambda::EventSourceMapping",
        {"eventSourceArn": "EventSourceArn", "startingPosition": "StartingPosition"},
    ),
    "aws:lambda/function:Function": ("AWS::Lambda::Function", {"name": "FunctionName", "packageType": "PackageType"}),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        "AWS::Lambda::EventInvokeConfig",
        {"functionName": "FunctionName", "qualifier": "Qualifier"},
    ),
    "aws:lambda/permission:Permission": (
        "AWS::Lambda::Permission",
        {
            "action": "Action",
            "function": "FunctionName",
            "principal": "Principal",
            "sourceAccount": "SourceAccount",
            "sourceArn": "SourceArn",
        },
    ),
    "aws:s3/bucket:Bucket": ("AWS::S3::Bucket", {"bucket": "BucketName"}),
    "aws:s3/bucketPolicy:BucketPolicy": ("AWS::S3::BucketPolicy", {"bucket": "Bucket"}),
    "aws:sfn/stateMachine:StateMachine": (
        "AWS::StepFunctions::StateMachine",
        {"name": "StateMachineName", "type": "StateMachineType"},
    ),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", {"name": "TopicName", "fifoTopic": "FifoTopic"}),
    "aws:sns/topicPolicy:TopicPolicy": ("AWS::SNS::TopicInlinePolicy", {"arn": "TopicArn"}),
    "aws:sns/topicSubscription:TopicSubscription": (
        "AWS::SNS::Subscription",
        {"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"},
    ),
    "aws:sqs/queue:Queue": ("AWS::SQS::Queue", {"name": "QueueName", "fifoQueue": "FifoQueue"}),
    "aws:sqs/queuePolicy:QueuePolicy": ("AWS::SQS::QueueInlinePolicy", {"queueUrl": "Queue"}),
}
"""Each type with its CloudFormation type, and the properties that cause a replacement in both."""

NEVER_SUPPORTED = {
    *("TenancyConfig", "ImportSourceSpecification", "BucketNamePrefix", "BucketNamespace", "SelfManagedEventSource"),
    *(
        "StartingPositionTimestamp",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "PrincipalOrgID",
        "EventSourceToken",
    ),
}
"""Create-only properties that no type here accepts."""

NESTED = {"BackupSelection": "one group in CloudFormation, several properties in Pulumi"}

REPLACED_ONLY_BY_PULUMI: Mapping[str, set[str]] = {
    # Pulumi's AWS provider replaces the resource for these; CloudFormation lacks them or rejects the change.
    "aws:backup/selection:Selection": {"name", "iamRoleArn", "resources", "notResources", "selectionTags"},
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": {"actionsEnabled"},
    "aws:cloudwatch/eventRule:EventRule": {"eventBusName"},
    "aws:cloudwatch/logGroup:LogGroup": {"logGroupClass", "namePrefix"},
    "aws:dynamodb/table:Table": {"hashKey", "rangeKey"},
    "aws:kms/key:Key": {"keyUsage", "customerMasterKeySpec", "multiRegion"},
    "aws:lambda/permission:Permission": {"statementId", "qualifier"},
    "aws:s3/bucket:Bucket": {"objectLockEnabled"},
}


def _create_only(kind: str) -> set[str]:
    file = json.loads((_SCHEMAS / "providers" / "us-east-1.json").read_text())[kind]
    schema = json.loads((_SCHEMAS / "resources" / f"{file}.json").read_text())
    return {path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", ())}


@pytest.mark.parametrize("token", CLOUDFORMATION)
def test_a_property_replaces_where_cloudformation_replaces(token: str) -> None:
    kind, names = CLOUDFORMATION[token]
    assert _create_only(kind) - NEVER_SUPPORTED - NESTED.keys() == set(names.values())
    replacing = {name for name, property_ in resource_types()[token].properties.items() if property_.replaces} - {
        "region"
    }
    assert replacing - REPLACED_ONLY_BY_PULUMI.get(token, set()) == set(names)


def test_a_resource_with_an_unchanged_explicit_name_is_deleted_before_its_replacement() -> None:
    """By default the engine creates the replacement first, but two resources cannot have the same name."""
    table = resource_types()["aws:dynamodb/table:Table"]
    old = {"name": "seats", "hashKey": "a", "attributes": []}
    new = {"name": "seats", "hashKey": "b", "attributes": []}
    diff = compare_inputs(table.properties, old, new, table.identity)
    assert (diff.replacing_properties, diff.delete_before_replace) == (("hashKey",), True)


def test_a_resource_with_a_generated_name_is_deleted_after_its_replacement() -> None:
    table = resource_types()["aws:dynamodb/table:Table"]
    old = {"name": "seats-1", "hashKey": "a", "attributes": [], "__defaults": ["name"]}
    diff = compare_inputs(table.properties, old, {**old, "hashKey": "b"}, table.identity)
    assert (diff.replacing_properties, diff.delete_before_replace) == (("hashKey",), False)
