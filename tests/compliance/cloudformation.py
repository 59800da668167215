"""A program's resource graph as a CloudFormation template, which cfn-lint checks with AWS's own schemas.

CloudFormation names a property like Pulumi, with a capital. The tables list the differences: renames, JSON documents,
the shapes of a few types, and Pulumi's resources that are properties of another one there. A type that is in no table
is an error that names it; an unknown property is one of cfn-lint's findings.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.compliance.terraform import Untranslatable
from tests.components.synth import Graph, RegisteredResource

Values = Mapping[str, Any]
Shape = Callable[[Values], dict[str, Any]]
_NAME = re.compile(r"(?:^|[:/])booking-([^:/]+)-0123456(?:$|:)")
_DOCUMENTS = {"policy", "assumeRolePolicy", "eventPattern", "redrivePolicy", "policyDocument"}
_FREE_MAPS = {"variables", "inputPaths"}


def _spell(value: Any) -> Any:
    """Return a value with the keys of its objects capitalised."""
    if isinstance(value, Mapping):
        return {f"{key[0].upper()}{key[1:]}": _content(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_spell(each) for each in value]
    return int(value) if isinstance(value, float) and value == int(value) else value


def _content(key: str, value: Any) -> Any:
    if key in _DOCUMENTS:
        return json.loads(value)
    return dict(value) if key in _FREE_MAPS else _spell(value)


def _pairs(values: Values, key: str = "Key") -> list[dict[str, Any]]:
    return [{key: name, "Value": value} for name, value in values.items()]


def _without(values: Values, *names: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in names}


def with_renames(**renames: str) -> Shape:
    """Return the shape of a type that differs only in names; a property with an empty new name is left out."""

    def shape(values: Values) -> dict[str, Any]:
        renamed = {renames.get(key, f"{key[0].upper()}{key[1:]}"): _content(key, each) for key, each in values.items()}
        return _without(renamed, "")

    return shape


def _table(values: Values) -> dict[str, Any]:
    keys = [{"AttributeName": values["hashKey"], "KeyType": "HASH"}]
    indexes = [
        {"IndexName": each["name"], "KeySchema": _spell(each["keySchemas"])}
        | {"Projection": {"ProjectionType": each["projectionType"]}}
        for each in values.get("globalSecondaryIndexes", [])
    ]
    encrypted, restorable = values["serverSideEncryption"], values["pointInTimeRecovery"]
    rest = _without(values, "hashKey", "attributes", "globalSecondaryIndexes", "serverSideEncryption")
    return {
        **_spell(_without(rest, "pointInTimeRecovery", "streamEnabled", "streamViewType")),
        "KeySchema": keys,
        "AttributeDefinitions": [
            {"AttributeName": each["name"], "AttributeType": each["type"]} for each in values["attributes"]
        ],
        "SSESpecification": {
            "SSEEnabled": encrypted["enabled"],
            "SSEType": "KMS",
            "KMSMasterKeyId": encrypted["kmsKeyArn"],
        },
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": restorable["enabled"],
            "RecoveryPeriodInDays": int(restorable["recoveryPeriodInDays"]),
        },
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        **({"StreamSpecification": {"StreamViewType": values["streamViewType"]}} if "streamViewType" in values else {}),
    }


def _metric(values: Values) -> dict[str, Any]:
    inner = {"Dimensions": _pairs(values.get("dimensions", {}), "Name")} | _spell(
        {key: values[key] for key in ("namespace", "metricName")}
    )
    return {"Metric": inner, "Period": int(values["period"]), "Stat": values["stat"]}


def _alarm(values: Values) -> dict[str, Any]:
    queries = [
        {**_spell(_without(each, "metric")), **({"MetricStat": _metric(each["metric"])} if "metric" in each else {})}
        for each in values.get("metricQueries", [])
    ]
    return {
        **with_renames(okActions="OKActions")(_without(values, "dimensions", "metricQueries")),
        **({"Dimensions": _pairs(values["dimensions"], "Name")} if "dimensions" in values else {}),
        **({"Metrics": queries} if queries else {}),
    }


def _function(values: Values) -> dict[str, Any]:
    code = {"S3Bucket": values.get("s3Bucket", "packages"), "S3Key": values.get("s3Key", "package.zip")}
    own = ("code", "publish", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash", "loggingConfig")
    signed = {"CodeSigningConfigArn": _reference(values[_SIGNING])} if _SIGNING in values else {}
    plain = _spell(_without(values, *own, _SIGNING) | {"code": code})
    return {**plain, "LoggingConfig": _spell(values["loggingConfig"]), **signed}


_SIGNING = "codeSigningConfigArn"


def _reference(value: str) -> dict[str, list[str]]:
    """Return a reference to a resource by the name in its ARN, for synth's ARNs that differ in form from AWS's."""
    return {"Fn::GetAtt": [_logical(_name_in(value)), "CodeSigningConfigArn"]}


def _machine(values: Values) -> dict[str, Any]:
    logged = values["loggingConfiguration"]
    return {
        **with_renames(type="StateMachineType")(_without(values, "definition", "loggingConfiguration")),
        "DefinitionString": values["definition"],
        "LoggingConfiguration": {
            **_spell(_without(logged, "logDestination")),
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": logged["logDestination"]}}],
        },
    }


def _plan(values: Values) -> dict[str, Any]:
    rules = [
        {
            "RuleName": each["ruleName"],
            "ScheduleExpression": each["schedule"],
            "TargetBackupVault": each["targetVaultName"],
            "Lifecycle": {"DeleteAfterDays": int(each["lifecycle"]["deleteAfter"])},
            "RecoveryPointTags": each["recoveryPointTags"],
        }
        for each in values["rules"]
    ]
    return {"BackupPlan": {"BackupPlanName": "plan", "BackupPlanRule": rules}, "BackupPlanTags": values["tags"]}


def _selection(values: Values) -> dict[str, Any]:
    chosen = {"SelectionName": "orders", "IamRoleArn": values["iamRoleArn"], "Resources": values["resources"]}
    return {"BackupPlanId": values["planId"], "BackupSelection": chosen}


def _tags_as_map(shape: Shape, name: str = "Tags") -> Shape:
    return lambda values: {**shape(_without(values, "tags")), name: dict(values["tags"])}


WHOLE: Mapping[str, tuple[str, Shape]] = {
    "aws:apigatewayv2/api:Api": ("AWS::ApiGatewayV2::Api", _tags_as_map(with_renames())),
    "aws:apigatewayv2/authorizer:Authorizer": (
        "AWS::ApiGatewayV2::Authorizer",
        lambda values: {
            **with_renames(identitySources="IdentitySource")(_without(values, "jwtConfiguration")),
            "JwtConfiguration": with_renames(audiences="Audience")(values["jwtConfiguration"]),
            "Name": "tokens",
        },
    ),
    "aws:apigatewayv2/integration:Integration": (
        "AWS::ApiGatewayV2::Integration",
        with_renames(timeoutMilliseconds="TimeoutInMillis"),
    ),
    "aws:apigatewayv2/route:Route": ("AWS::ApiGatewayV2::Route", with_renames()),
    "aws:apigatewayv2/stage:Stage": ("AWS::ApiGatewayV2::Stage", _tags_as_map(with_renames(name="StageName"))),
    "aws:backup/plan:Plan": ("AWS::Backup::BackupPlan", _plan),
    "aws:backup/selection:Selection": ("AWS::Backup::BackupSelection", _selection),
    "aws:backup/vault:Vault": (
        "AWS::Backup::BackupVault",
        lambda values: {
            "BackupVaultName": f"{values['tags']['component']}-vault",
            **_tags_as_map(with_renames(kmsKeyArn="EncryptionKeyArn", forceDestroy=""), "BackupVaultTags")(values),
        },
    ),
    "aws:cloudwatch/dashboard:Dashboard": ("AWS::CloudWatch::Dashboard", with_renames()),
    "aws:cloudwatch/eventArchive:EventArchive": ("AWS::Events::Archive", with_renames(eventSourceArn="SourceArn")),
    "aws:cloudwatch/eventBus:EventBus": ("AWS::Events::EventBus", lambda values: {"Name": "bus", **_spell(values)}),
    "aws:cloudwatch/eventRule:EventRule": ("AWS::Events::Rule", with_renames()),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", with_renames(namePrefix="LogGroupName")),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("AWS::CloudWatch::Alarm", _alarm),
    "aws:dynamodb/table:Table": ("AWS::DynamoDB::Table", _table),
    "aws:iam/role:Role": ("AWS::IAM::Role", with_renames(assumeRolePolicy="AssumeRolePolicyDocument")),
    "aws:iam/rolePolicy:RolePolicy": (
        "AWS::IAM::RolePolicy",
        lambda values: {
            "PolicyName": "own",
            **with_renames(policy="PolicyDocument", role="RoleName")(values),
        },
    ),
    "aws:kms/alias:Alias": ("AWS::KMS::Alias", with_renames(name="AliasName")),
    "aws:kms/key:Key": (
        "AWS::KMS::Key",
        with_renames(policy="KeyPolicy", deletionWindowInDays="PendingWindowInDays", customerMasterKeySpec="KeySpec"),
    ),
    "aws:lambda/alias:Alias": ("AWS::Lambda::Alias", with_renames()),
    "aws:lambda/codeSigningConfig:CodeSigningConfig": (
        "AWS::Lambda::CodeSigningConfig",
        with_renames(policies="CodeSigningPolicies"),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "AWS::Lambda::EventSourceMapping",
        lambda values: {
            **_spell(values),
            "DestinationConfig": {
                "OnFailure": {"Destination": values["destinationConfig"]["onFailure"]["destinationArn"]}
            },
        },
    ),
    "aws:lambda/function:Function": ("AWS::Lambda::Function", _function),
    "aws:lambda/permission:Permission": (
        "AWS::Lambda::Permission",
        with_renames(function="FunctionName", qualifier="", statementId=""),
    ),
    "aws:s3/bucket:Bucket": ("AWS::S3::Bucket", with_renames(forceDestroy="")),
    "aws:s3/bucketPolicy:BucketPolicy": ("AWS::S3::BucketPolicy", with_renames(policy="PolicyDocument")),
    "aws:sfn/stateMachine:StateMachine": ("AWS::StepFunctions::StateMachine", _machine),
    "aws:signer/signingProfile:SigningProfile": ("AWS::Signer::SigningProfile", with_renames(namePrefix="")),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", with_renames()),
    "aws:sns/topicPolicy:TopicPolicy": (
        "AWS::SNS::TopicInlinePolicy",
        with_renames(arn="TopicArn", policy="PolicyDocument"),
    ),
    "aws:sns/topicSubscription:TopicSubscription": ("AWS::SNS::Subscription", with_renames(topic="TopicArn")),
    "aws:sqs/queue:Queue": (
        "AWS::SQS::Queue",
        with_renames(messageRetentionSeconds="MessageRetentionPeriod", visibilityTimeoutSeconds="VisibilityTimeout"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (
        "AWS::SQS::QueueInlinePolicy",
        with_renames(queueUrl="Queue", policy="PolicyDocument"),
    ),
}
"""Each type that is a resource in CloudFormation: its name there, and the shape of its properties."""


def _rule_of_lifecycle(values: Values) -> dict[str, Any]:
    prefix = {"Prefix": values.get("filter", {}).get("prefix", "")}
    named = with_renames(expiration="", abortIncompleteMultipartUpload="", noncurrentVersionExpiration="", filter="")(
        values
    )
    expiring = {"ExpirationInDays": int(values["expiration"]["days"])} if "expiration" in values else {}
    other = _spell({key: values[key] for key in ("noncurrentVersionExpiration",) if key in values})
    abort = {"DaysAfterInitiation": int(values["abortIncompleteMultipartUpload"]["daysAfterInitiation"])}
    return {**named, **prefix, **expiring, **other, "AbortIncompleteMultipartUpload": abort}


def _encryption_rule(values: Values) -> dict[str, Any]:
    key = values["applyServerSideEncryptionByDefault"]
    chosen = with_renames(sseAlgorithm="SSEAlgorithm", kmsMasterKeyId="KMSMasterKeyID")(key)
    return {"ServerSideEncryptionByDefault": chosen, "BucketKeyEnabled": values.get("bucketKeyEnabled", False)}


PARTS: Mapping[str, tuple[str, Shape]] = {
    "aws:cloudwatch/eventTarget:EventTarget": (
        "rule",
        lambda values: {
            "Targets": [
                {"Id": "target", **_spell(_without(values, "rule", "inputTransformer", "eventBusName"))}
                | (
                    {"InputTransformer": with_renames(inputPaths="InputPathsMap")(values["inputTransformer"])}
                    if "inputTransformer" in values
                    else {}
                )
            ]
        },
    ),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": (
        "logGroupName",
        lambda values: {"DataProtectionPolicy": json.loads(values["policyDocument"])},
    ),
    "aws:kms/keyPolicy:KeyPolicy": ("keyId", lambda values: {"KeyPolicy": json.loads(values["policy"])}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "bucket",
        lambda values: {"LifecycleConfiguration": {"Rules": [_rule_of_lifecycle(each) for each in values["rules"]]}},
    ),
    "aws:s3/bucketLogging:BucketLogging": (
        "bucket",
        lambda values: {
            "LoggingConfiguration": with_renames(
                bucket="", targetBucket="DestinationBucketName", targetPrefix="LogFilePrefix"
            )(values)
        },
    ),
    "aws:s3/bucketNotification:BucketNotification": (
        "bucket",
        lambda values: {
            "NotificationConfiguration": {
                "EventBridgeConfiguration": {"EventBridgeEnabled": values["eventbridge"]},
            }
        },
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        "bucket",
        lambda values: {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": _spell(values["rule"])}},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "bucket",
        lambda values: {"OwnershipControls": {"Rules": [_spell(values["rule"])]}},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "bucket",
        lambda values: {"PublicAccessBlockConfiguration": with_renames(bucket="")(values)},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "bucket",
        lambda values: {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [_encryption_rule(each) for each in values["rules"]],
            }
        },
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        "bucket",
        lambda values: {"VersioningConfiguration": _spell(values["versioningConfiguration"])},
    ),
}
"""Each type that is part of another resource there: the property that names the owner, and the owner's properties."""

WITHOUT_COUNTERPART = frozenset({"aws:s3/bucketObjectv2:BucketObjectv2", "aws:signer/signingJob:SigningJob"})
"""CloudFormation has neither objects in a bucket nor signing jobs."""


def template(graph: Graph) -> dict[str, Any]:
    """Return the template for the whole graph.

    Raises:
        Untranslatable: neither table has the type of a resource.
    """
    resources: dict[str, dict[str, Any]] = {}
    translatable = [each for each in graph.resources if each.custom and not each.type.startswith("pulumi:")]
    for resource in (each for each in translatable if each.type not in PARTS and each.type not in WITHOUT_COUNTERPART):
        if resource.type not in WHOLE:
            raise Untranslatable(f"{resource.name}: no row for {resource.type}")
        type_, shape = WHOLE[resource.type]
        properties = shape(resource.inputs)
        if isinstance(properties.get("Tags"), Mapping) and "ApiGateway" not in type_:
            properties["Tags"] = _pairs(resource.inputs["tags"])
        resources[_logical(resource.name)] = {"Type": type_, "Properties": properties}
    for resource in (each for each in translatable if each.type in PARTS):
        _, shape = PARTS[resource.type]
        resources[_owner(resource)]["Properties"] |= shape(resource.inputs)
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _logical(name: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"[^a-zA-Z0-9]", name))


def _owner(resource: RegisteredResource) -> str:
    """Return the logical id of the resource that a part names."""
    return _logical(_name_in(str(resource.inputs[PARTS[resource.type][0]])))


def _name_in(value: str) -> str:
    """Return the logical name in a name or ARN that synth() gave a resource."""
    found = _NAME.search(value)
    if found is None:
        raise Untranslatable(f"{value} names no resource of the graph")
    return found[1]
