"""A program's resource graph as Terraform: the plan that checkov reads, and the configuration its provider plans.

Pulumi's AWS provider is generated from Terraform's, so most properties only change from camel to snake case. The table
lists the exceptions: plural blocks, blocks that Pulumi flattens, and maps whose keys are the user's own. A resource
type or nested property that is not in the table is an error that names it: otherwise it would not be judged.
Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.components.synth import Graph, RegisteredResource


class Untranslatable(Exception):
    """A resource type or a nested property that the table does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A nested block: its name in Terraform, and the blocks inside it."""

    name: str
    blocks: "Mapping[str, Block | None]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationRow:
    """A resource type: its name in Terraform, its blocks (`None` is a map of the user's own keys), and its renames."""

    type: str
    blocks: Mapping[str, Block | None] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)


def block(name: str, **blocks: Block | None) -> Block:
    """Return a nested block."""
    return Block(name=name, blocks=blocks)


def row(type_: str, renames: Mapping[str, str] | None = None, **blocks: Block | None) -> TranslationRow:
    """Return a row of the table; every resource may have tags."""
    return TranslationRow(type=type_, blocks={"tags": None, **blocks}, renames=renames or {})


_METRIC = block("metric", dimensions=None)
_LIFECYCLE_RULE = block(
    "rule",
    filter=block("filter"),
    expiration=block("expiration"),
    noncurrentVersionExpiration=block("noncurrent_version_expiration"),
    abortIncompleteMultipartUpload=block("abort_incomplete_multipart_upload"),
)

TABLE: Mapping[str, TranslationRow] = {
    "aws:backup/plan:Plan": row(
        "aws_backup_plan", rules=block("rule", lifecycle=block("lifecycle"), recoveryPointTags=None)
    ),
    "aws:backup/selection:Selection": row("aws_backup_selection"),
    "aws:backup/vault:Vault": row("aws_backup_vault"),
    "aws:cloudwatch/dashboard:Dashboard": row("aws_cloudwatch_dashboard"),
    "aws:cloudwatch/eventArchive:EventArchive": row("aws_cloudwatch_event_archive"),
    "aws:cloudwatch/eventBus:EventBus": row("aws_cloudwatch_event_bus", deadLetterConfig=block("dead_letter_config")),
    "aws:cloudwatch/eventRule:EventRule": row("aws_cloudwatch_event_rule"),
    "aws:cloudwatch/eventTarget:EventTarget": row(
        "aws_cloudwatch_event_target",
        inputTransformer=block("input_transformer", inputPaths=None),
        deadLetterConfig=block("dead_letter_config"),
        retryPolicy=block("retry_policy"),
    ),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": row("aws_cloudwatch_log_data_protection_policy"),
    "aws:cloudwatch/logGroup:LogGroup": row("aws_cloudwatch_log_group"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": row(
        "aws_cloudwatch_metric_alarm", dimensions=None, metricQueries=block("metric_query", metric=_METRIC)
    ),
    "aws:apigatewayv2/api:Api": row("aws_apigatewayv2_api", corsConfiguration=block("cors_configuration")),
    "aws:apigatewayv2/authorizer:Authorizer": row(
        "aws_apigatewayv2_authorizer",
        {"audiences": "audience"},
        jwtConfiguration=block("jwt_configuration"),
    ),
    "aws:apigatewayv2/integration:Integration": row("aws_apigatewayv2_integration"),
    "aws:apigatewayv2/route:Route": row("aws_apigatewayv2_route"),
    "aws:apigatewayv2/stage:Stage": row(
        "aws_apigatewayv2_stage",
        defaultRouteSettings=block("default_route_settings"),
        accessLogSettings=block("access_log_settings"),
    ),
    "aws:dynamodb/table:Table": row(
        "aws_dynamodb_table",
        attributes=block("attribute"),
        globalSecondaryIndexes=block("global_secondary_index", keySchemas=block("key_schema")),
        serverSideEncryption=block("server_side_encryption"),
        pointInTimeRecovery=block("point_in_time_recovery"),
    ),
    "aws:iam/role:Role": row("aws_iam_role"),
    "aws:iam/rolePolicy:RolePolicy": row("aws_iam_role_policy"),
    "aws:kms/alias:Alias": row("aws_kms_alias"),
    "aws:kms/key:Key": row("aws_kms_key"),
    "aws:kms/keyPolicy:KeyPolicy": row("aws_kms_key_policy"),
    "aws:lambda/alias:Alias": row("aws_lambda_alias"),
    "aws:lambda/codeSigningConfig:CodeSigningConfig": row(
        "aws_lambda_code_signing_config", allowedPublishers=block("allowed_publishers"), policies=block("policies")
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": row(
        "aws_lambda_event_source_mapping",
        destinationConfig=block("destination_config", onFailure=block("on_failure")),
        filterCriteria=block("filter_criteria", filters=block("filter")),
    ),
    "aws:lambda/function:Function": row(
        "aws_lambda_function",
        {"code": "filename"},
        environment=block("environment", variables=None),
        deadLetterConfig=block("dead_letter_config"),
        loggingConfig=block("logging_config"),
        tracingConfig=block("tracing_config"),
        vpcConfig=block("vpc_config"),
    ),
    "aws:lambda/permission:Permission": row("aws_lambda_permission", {"function": "function_name"}),
    "aws:s3/bucket:Bucket": row("aws_s3_bucket"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": row(
        "aws_s3_bucket_lifecycle_configuration", rules=_LIFECYCLE_RULE
    ),
    "aws:s3/bucketLogging:BucketLogging": row("aws_s3_bucket_logging"),
    "aws:s3/bucketNotification:BucketNotification": row("aws_s3_bucket_notification"),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": row(
        "aws_s3_bucket_object_lock_configuration", rule=block("rule", defaultRetention=block("default_retention"))
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": row("aws_s3_object"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": row(
        "aws_s3_bucket_ownership_controls", rule=block("rule")
    ),
    "aws:s3/bucketPolicy:BucketPolicy": row("aws_s3_bucket_policy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": row("aws_s3_bucket_public_access_block"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": row(
        "aws_s3_bucket_server_side_encryption_configuration",
        rules=block("rule", applyServerSideEncryptionByDefault=block("apply_server_side_encryption_by_default")),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": row(
        "aws_s3_bucket_versioning", versioningConfiguration=block("versioning_configuration")
    ),
    "aws:sfn/stateMachine:StateMachine": row(
        "aws_sfn_state_machine",
        loggingConfiguration=block("logging_configuration"),
        tracingConfiguration=block("tracing_configuration"),
        encryptionConfiguration=block("encryption_configuration"),
    ),
    "aws:signer/signingJob:SigningJob": row(
        "aws_signer_signing_job",
        source=block("source", s3=block("s3")),
        destination=block("destination", s3=block("s3")),
    ),
    "aws:signer/signingProfile:SigningProfile": row("aws_signer_signing_profile"),
    "aws:sns/topic:Topic": row("aws_sns_topic"),
    "aws:sns/topicPolicy:TopicPolicy": row("aws_sns_topic_policy"),
    "aws:sns/topicSubscription:TopicSubscription": row("aws_sns_topic_subscription", {"topic": "topic_arn"}),
    "aws:sqs/queue:Queue": row("aws_sqs_queue"),
    "aws:sqs/queuePolicy:QueuePolicy": row("aws_sqs_queue_policy"),
}

_NAMED_BY_PULUMI: Mapping[str, str] = {
    "aws_apigatewayv2_api": "name",
    "aws_apigatewayv2_authorizer": "name",
    "aws_backup_plan": "name",
    "aws_backup_selection": "name",
    "aws_backup_vault": "name",
    "aws_cloudwatch_event_archive": "name",
    "aws_cloudwatch_event_bus": "name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_dynamodb_table": "name",
    "aws_lambda_function": "function_name",
}
"""The property with the name that Terraform requires and Pulumi generates, by resource type."""

_MADE_BY_CREATION = re.compile(r"(?:^|[:/])booking-([^:/]+)-0123456$")
"""The spelling that synth() gives a name or ARN known only after creation; the group is the resource's logical name."""


def plan(graph: Graph) -> dict[str, Any]:
    """Return the plan that would create everything in the graph."""
    custom = [each for each in graph.resources if each.custom and not each.type.startswith("pulumi:")]
    addresses = {each.name: _address(each) for each in custom}
    translated = [(each, *_with_references(_values(each), addresses)) for each in custom]
    planned = [_planned_resource(each, values) for each, values, _ in translated]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": [_change(each, values) for each, values, _ in translated],
        "configuration": {
            "root_module": {
                "resources": [_identity(each) | {"expressions": references} for each, _, references in translated]
            }
        },
    }


def configuration(graph: Graph) -> dict[str, Any]:
    """Return the graph as Terraform's JSON configuration syntax, for the provider's own `validate` and `plan`.

    Source: https://developer.hashicorp.com/terraform/language/syntax/json
    """
    planned = plan(graph)
    resources: dict[str, dict[str, Any]] = {}
    modules = (planned["planned_values"]["root_module"], planned["configuration"]["root_module"])
    for resource, configured in zip(*(module["resources"] for module in modules), strict=True):
        references = {key: f"${{{each['references'][0]}}}" for key, each in configured["expressions"].items()}
        body = resource["values"] | references
        if resource["type"] in _NAMED_BY_PULUMI:
            body.setdefault(_NAMED_BY_PULUMI[resource["type"]], f"{resource['name']}-0123456")
        if "global_secondary_index" in body:
            body["global_secondary_index"] = [_with_flat_keys(each) for each in body["global_secondary_index"]]
        for each in body.get("jwt_configuration", []):
            each["audience"] = each.pop("audiences")  # as Pulumi's bridge spells it
        if resource["type"] == "aws_cloudwatch_event_archive":
            body.pop("kms_key_identifier", None)  # which the provider accepts since version 6
        resources.setdefault(resource["type"], {})[resource["name"]] = body
    return {"resource": resources}


def _with_flat_keys(index: Mapping[str, Any]) -> dict[str, Any]:
    """Spell an index's keys as the provider's version 5 does; version 6 also accepts `key_schema` blocks."""
    keys = {f"{key['key_type'].lower()}_key": key["attribute_name"] for key in index["key_schema"]}
    return {key: value for key, value in index.items() if key != "key_schema"} | keys


def _row(resource: RegisteredResource) -> TranslationRow:
    if resource.type not in TABLE:
        raise Untranslatable(f"{resource.name}: tests/compliance/terraform.py has no row for {resource.type}")
    return TABLE[resource.type]


def _address(resource: RegisteredResource) -> str:
    return f"{_row(resource).type}.{resource.name}"


def _identity(resource: RegisteredResource) -> dict[str, Any]:
    return {"address": _address(resource), "mode": "managed", "type": _row(resource).type, "name": resource.name}


def _planned_resource(resource: RegisteredResource, values: dict[str, Any]) -> dict[str, Any]:
    return _identity(resource) | {"provider_name": "registry.terraform.io/hashicorp/aws", "values": values}


def _change(resource: RegisteredResource, values: dict[str, Any]) -> dict[str, Any]:
    change = {"actions": ["create"], "before": None, "after": values, "after_unknown": {}}
    return _identity(resource) | {"change": change}


def _values(resource: RegisteredResource) -> dict[str, Any]:
    translation = _row(resource)
    return {
        _terraform_name(key, translation): _value(value, key, translation.blocks, f"{resource.type} {resource.name}")
        for key, value in resource.inputs.items()
    }


def _terraform_name(key: str, translation: TranslationRow) -> str:
    known = translation.blocks.get(key)
    return known.name if known else translation.renames.get(key) or _snake(key)


def _value(value: Any, key: str, blocks: Mapping[str, Block | None], where: str) -> Any:
    if key in blocks:
        inside = blocks[key]
        return value if inside is None else [_inside(each, inside, f"{where}.{key}") for each in _as_list(value)]
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value)):
        raise Untranslatable(f"{where}: the table has no entry for the nested property {key}")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, bool | int | float | str | list) else str(value)


def _inside(value: Mapping[str, Any], translation: Block, where: str) -> dict[str, Any]:
    nested = TranslationRow(type=where, blocks=translation.blocks)
    return {_terraform_name(key, nested): _value(each, key, translation.blocks, where) for key, each in value.items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _with_references(
    values: dict[str, Any], addresses: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Split off the values that the creation of another resource provides, as references to that resource."""
    references: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        made = _MADE_BY_CREATION.search(value) if isinstance(value, str) else None
        if made and made[1] in addresses:
            address = addresses[made[1]]
            references[key] = {"references": [f"{address}.id", address]}
    return {key: value for key, value in values.items() if key not in references}, references


def _snake(key: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()


def text(graph: Graph) -> str:
    """Return the plan as JSON."""
    return json.dumps(plan(graph), indent=1)
