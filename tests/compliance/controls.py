"""Controls of a resource graph beyond those of tests/components/test_controls.py: they make sure that hardening works.

A setting that is attached to nothing, a role without its policy or a policy without its condition hardens nothing. Each
control yields a message for each violation in a graph.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.components.synth import Graph

_BUCKET, _FUNCTION, _ROLE = "aws:s3/bucket:Bucket", "aws:lambda/function:Function", "aws:iam/role:Role"
_ALARM, _KEY, _RULE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:kms/key:Key", "aws:cloudwatch/eventRule:EventRule"
_ROLE_POLICY, _TARGET = "aws:iam/rolePolicy:RolePolicy", "aws:cloudwatch/eventTarget:EventTarget"
_BUS, _ARCHIVE = "aws:cloudwatch/eventBus:EventBus", "aws:cloudwatch/eventArchive:EventArchive"
_MAPPING, _TABLE = "aws:lambda/eventSourceMapping:EventSourceMapping", "aws:dynamodb/table:Table"
_SETTINGS = tuple(
    f"aws:s3/bucket{kind[0].upper()}{kind[1:]}:Bucket{kind[0].upper()}{kind[1:]}"
    for kind in (
        *("lifecycleConfiguration", "notification", "ownershipControls", "policy", "publicAccessBlock"),
        *("serverSideEncryptionConfiguration", "versioning"),
    )
)

_API_PART = "aws:apigatewayv2/{}"
_API, _ROUTE, _AUTHORIZER, _INTEGRATION, _STAGE = (
    _API_PART.format(part)
    for part in ("api:Api", "route:Route", "authorizer:Authorizer", "integration:Integration", "stage:Stage")
)
_PERMISSION = "aws:lambda/permission:Permission"

REQUIRED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_SETTINGS, ("bucket",)),
    "aws:s3/bucketLogging:BucketLogging": ("bucket", "targetPrefix"),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": ("bucket",),
    "aws:s3/bucketNotification:BucketNotification": ("bucket", "eventbridge"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        *("bucket", "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ("bucket", "rules.status"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        *("bucket", "rules.bucketKeyEnabled", "rules.applyServerSideEncryptionByDefault.sseAlgorithm"),
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ),
    _AUTHORIZER: (
        *("apiId", "authorizerType", "identitySources", "jwtConfiguration.audiences", "jwtConfiguration.issuer"),
    ),
    _INTEGRATION: ("apiId", "integrationType", "integrationUri", "payloadFormatVersion", "timeoutMilliseconds"),
    _ROUTE: ("apiId", "routeKey", "target"),
    _STAGE: (
        *("apiId", "name", "autoDeploy", "accessLogSettings.destinationArn", "accessLogSettings.format"),
        *("defaultRouteSettings.throttlingRateLimit", "defaultRouteSettings.throttlingBurstLimit"),
        "defaultRouteSettings.detailedMetricsEnabled",
    ),
    "aws:backup/plan:Plan": ("rules.targetVaultName",),
    "aws:backup/selection:Selection": ("planId", "iamRoleArn"),
    "aws:backup/vault:Vault": ("forceDestroy",),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": ("logGroupName", "policyDocument"),
    "aws:cloudwatch/eventArchive:EventArchive": ("eventSourceArn", "kmsKeyIdentifier", "retentionDays"),
    "aws:cloudwatch/eventBus:EventBus": ("deadLetterConfig.arn", "kmsKeyIdentifier"),
    "aws:dynamodb/table:Table": ("hashKey", "pointInTimeRecovery.recoveryPeriodInDays"),
    "aws:kms/alias:Alias": ("targetKeyId",),
    "aws:lambda/alias:Alias": ("functionName",),
    "aws:lambda/codeSigningConfig:CodeSigningConfig": ("allowedPublishers.signingProfileVersionArns",),
    _FUNCTION: ("timeout", "runtime", "handler", "environment.variables"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        *("eventSourceArn", "functionName", "startingPosition", "filterCriteria.filters.pattern"),
        *("destinationConfig.onFailure.destinationArn", "maximumRetryAttempts", "bisectBatchOnFunctionError"),
        "functionResponseTypes",
    ),
    _PERMISSION: ("action", "function", "principal", "qualifier", "sourceArn"),
    _ROLE: ("assumeRolePolicy",),
    _ROLE_POLICY: ("role", "policy"),
    _BUCKET: ("forceDestroy",),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("bucket", "key", "source", "kmsKeyId", "serverSideEncryption"),
    "aws:signer/signingJob:SigningJob": (
        *("profileName", "source.s3.bucket", "source.s3.key", "source.s3.version"),
        *("destination.s3.bucket", "destination.s3.prefix"),
    ),
    "aws:signer/signingProfile:SigningProfile": ("namePrefix", "platformId"),
    "aws:sfn/stateMachine:StateMachine": (
        *("definition", "roleArn", "encryptionConfiguration.kmsKeyId", "loggingConfiguration.logDestination"),
    ),
    "aws:kms/keyPolicy:KeyPolicy": ("keyId",),
    "aws:sns/topicPolicy:TopicPolicy": ("arn",),
    "aws:sqs/queue:Queue": ("messageRetentionSeconds",),
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl",),
    _TARGET: ("rule", "arn"),
    _ALARM: ("comparisonOperator", "evaluationPeriods", "threshold"),
}
"""The arguments that a resource of a type must have for its controls to hold."""

CONDITIONAL = re.compile(
    r"(Orders|Items)Key$|^LendKey$|^(Append|Place|Read)\w*Orders$|^(Reserve|Release)Stock(Key)?$"
    r"|^(Charge|Fence|LookUp(Charges|Payments)?|ShowPayments|Refund|EndHolds|Sweep|Review(Orphans|Lists)|ReadStock)(Key)?$"
    r"|^(Find|List)Outcomes$|^FindRefusals$|^ListVersions$|^(ReadStream|ListMovements)Key$"
    r"|^(?!EventsMayUse|DeliveryLogsMayUse).*(MayUse|MayPublish|MaySend)$|^S3Delivers"
)
"""Sids of permissions that need a condition. EventBridge and log delivery send no context that it could test."""

_PHYSICAL_NAME = re.compile(r"(?:^|[:/])booking-([a-z0-9-]+)-0123456(?=$|[:/])")


def missing_arguments(graph: Graph) -> Iterator[str]:
    """Yield required arguments that are missing."""
    for each in graph.resources:
        for path in REQUIRED.get(each.type, ()):
            if not _has_value(each.inputs, path.split(".")):
                yield f"{each.name} has no {path}"


def dangling_references(graph: Graph) -> Iterator[str]:
    """Yield references to resources that do not exist."""
    existing = {each.name for each in graph.resources}
    for each in graph.resources:
        for value in _strings(each.inputs):
            yield from (
                f"{each.name} refers to {name}, which does not exist"
                for name in set(_PHYSICAL_NAME.findall(value)) - existing
            )


def incomplete_buckets(graph: Graph) -> Iterator[str]:
    """Yield buckets that lack a setting, an access log or an expiry of their access logs."""
    for bucket in graph.of_type(_BUCKET):
        kinds = {each.type for each in graph.resources if each.inputs.get("bucket") == f"booking-{bucket.name}-0123456"}
        yield from (f"{bucket.name} has no {kind}" for kind in _SETTINGS if kind not in kinds)
    loggings = graph.of_type("aws:s3/bucketLogging:BucketLogging")
    logged = {logging.inputs[end] for logging in loggings for end in ("bucket", "targetBucket")}
    made = {f"booking-{bucket.name}-0123456" for bucket in graph.of_type(_BUCKET)}
    yield from (f"requests on {bucket} are not logged" for bucket in made - logged)
    for logging in loggings:
        logs = logging.inputs["targetBucket"].removeprefix("booking-").removesuffix("-0123456")
        for rule in _lifecycle_rules(graph, f"{logs}-lifecycle"):
            if not rule.get("expiration", {}).get("days"):
                yield f"access logs in {logs} never expire"


def unused_resources(graph: Graph) -> Iterator[str]:
    """Yield resources that lack what they need: roles a policy, rules a target and an alarm, keys an alias."""
    policies = Counter(each.parent for each in graph.of_type(_ROLE_POLICY))
    yield from (f"{role.name} has no policy" for role in graph.of_type(_ROLE) if policies[role.urn] != 1)
    targets = {each.inputs.get("rule") for each in graph.of_type(_TARGET)}
    watched = {(each.inputs.get("dimensions") or {}).get("RuleName") for each in graph.of_type(_ALARM)}
    for rule in graph.of_type(_RULE):
        made = f"booking-{rule.name}-0123456"
        yield from (
            f"{rule.name} has no {what}"
            for what, known in (("target", targets), ("alarm", watched))
            if made not in known
        )
        if "scheduleExpression" in rule.inputs and not graph.of_type(_PERMISSION):
            yield f"{rule.name} may not invoke its function"
        if not {"scheduleExpression", "eventPattern"} & set(rule.inputs):
            yield f"{rule.name} never fires"
    aliased = {each.inputs.get("targetKeyId") for each in graph.of_type("aws:kms/alias:Alias")}
    if len(aliased) != len(graph.of_type(_KEY)):
        yield "a key has no alias"


def missing_resources(graph: Graph) -> Iterator[str]:
    """Yield resources that the system needs although nothing refers to them."""
    if not graph.of_type(_RULE) or len(graph.of_type(_RULE)) < 2:
        yield "either reconcile has no schedule or nobody is notified of failed executions"
    buses, archives, mappings = (graph.of_type(kind) for kind in (_BUS, _ARCHIVE, _MAPPING))
    if len(buses) != len(archives):
        yield "an event bus has no archive"
    streaming = [each for each in graph.of_type(_TABLE) if each.inputs.get("streamViewType") == "NEW_AND_OLD_IMAGES"]
    if not len(buses) == len(mappings) == len([each for each in streaming if each.inputs.get("streamEnabled")]):
        yield "no stream of old and new images is published to an event bus"
    for target in graph.of_type(_TARGET):
        transformer = target.inputs.get("inputTransformer", {"inputTemplate": True})
        if "inputTemplate" not in transformer:
            yield f"{target.name} reveals the execution's input"
        if "booking-reconcile" in str(target.inputs.get("arn")) and "input" not in target.inputs:
            yield f"{target.name} does not set the schema of its input"


def unguarded_apis(graph: Graph) -> Iterator[str]:
    """Yield APIs that lack a part, or that may not invoke their function."""
    for api in graph.of_type(_API):
        for kind in (_AUTHORIZER, _INTEGRATION, _STAGE):
            if not [part for part in graph.of_type(kind) if part.inputs.get("apiId") == f"{api.name}-id"]:
                yield f"{api.name} has no {kind}"
        sources = [str(each.inputs.get("sourceArn")) for each in graph.of_type(_PERMISSION)]
        if not any(f"booking-{api.name}-0123456/" in source for source in sources):
            yield f"{api.name} may not invoke its function"


def unconditional_permissions(graph: Graph) -> Iterator[str]:
    """Yield permissions that lack the condition that they need."""
    for each in graph.resources:
        for statement in json.loads(each.inputs.get("policy") or '{"Statement": []}')["Statement"]:
            if CONDITIONAL.search(statement.get("Sid", "")) and "Condition" not in statement:
                yield f"{each.name}: {statement['Sid']} has no condition"


def untrusted_code(graph: Graph) -> Iterator[str]:
    """Yield functions without code, and functions that accept unsigned packages although packages are signed."""
    configs = graph.of_type("aws:lambda/codeSigningConfig:CodeSigningConfig")
    for config in configs:
        if (config.inputs.get("policies") or {}).get("untrustedArtifactOnDeployment") != "Enforce":
            yield f"{config.name} accepts unsigned code"
    for function in graph.of_type(_FUNCTION):
        wanted = {"s3Bucket", "s3Key", "codeSigningConfigArn"} if configs else {"code"}
        yield from (f"{function.name} has no {key}" for key in sorted(wanted - set(function.inputs)))


def alarms_without_metrics(graph: Graph) -> Iterator[str]:
    """Yield alarms with neither a complete metric nor complete queries."""
    for alarm in graph.of_type(_ALARM):
        queries = alarm.inputs.get("metricQueries")
        if queries is None and not _whole_metric(alarm.inputs):
            yield f"{alarm.name} watches no metric"
        if queries is not None and not _whole_queries(queries):
            yield f"{alarm.name} has an incomplete query"


CONTROLS: tuple[Callable[[Graph], Iterator[str]], ...] = (
    *(
        missing_arguments,
        dangling_references,
        incomplete_buckets,
        unused_resources,
        missing_resources,
        unguarded_apis,
        unconditional_permissions,
        untrusted_code,
    ),
    alarms_without_metrics,
)


def _whole_metric(inputs: dict[str, Any]) -> bool:
    statistics = [key for key in ("statistic", "extendedStatistic") if inputs.get(key)]
    return len(statistics) == 1 and all(inputs.get(key) for key in ("namespace", "metricName", "period", "dimensions"))


def _whole_queries(queries: list[dict[str, Any]]) -> bool:
    shown = [each for each in queries if each.get("returnData")]
    parts = [each["metric"] for each in queries if "metric" in each]
    wanted = ("namespace", "metricName", "period", "stat", "dimensions")
    return (
        [bool(each.get("expression")) for each in shown] == [True]
        and all("id" in each for each in queries)
        and len(parts) == len(queries) - 1
        and all(part.get(key) for part in parts for key in wanted)
    )


def _lifecycle_rules(graph: Graph, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = graph.find_resource(name).inputs["rules"]
    return found


def _has_value(value: Any, path: list[str]) -> bool:
    """Return whether every value at the path exists; in a list, for each member."""
    if isinstance(value, list):
        return bool(value) and all(_has_value(each, path) for each in value)
    return not path or (isinstance(value, dict) and path[0] in value and _has_value_below(value[path[0]], path[1:]))


def _has_value_below(value: Any, path: list[str]) -> bool:
    return value is not None if not path else _has_value(value, path)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def violations(graph: Graph) -> list[str]:
    """Return the messages of every control; a control that cannot be evaluated counts as violated."""
    found: list[str] = []
    for control in CONTROLS:
        try:
            found += control(graph)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            found.append(f"{control.__name__}: {error!r}")
    return found
