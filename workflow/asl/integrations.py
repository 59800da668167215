"""Services that a Task may call, with the integration patterns and required arguments of each call.

The optimised integrations are listed here by hand; those of the AWS SDK come from `sdk_actions.json`, which
`tools/sdk_actions.py` writes. Source: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html

Longer than 250 lines because it is a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, Literal

from .records import Record

Pattern = Literal["", ".sync", ".sync:2", ".waitForTaskToken"]
_INSIDE_ACRONYM: Final = r"(?<=[A-Z])[A-Z]+(?![a-z]{2})"
PATTERNS: Final = (".waitForTaskToken", ".sync:2", ".sync")


class Action(Record):
    """An action of a service, with the integration patterns that it supports."""

    patterns: tuple[str, ...]
    needs: tuple[str, ...]
    """The required arguments; `A|B` means one of the two."""


class IntegrationTarget(Record):
    """The service, action and integration pattern that a Resource names."""

    kind: Literal["lambda", "activity", "optimised", "sdk"]
    service: str = ""
    action: str = ""
    pattern: str = ""

    @property
    def waits_for_token(self) -> bool:
        """True if the task ends only when its task token is returned."""
        return self.pattern == ".waitForTaskToken"

    @property
    def needs_standard(self) -> bool:
        """True if the task may wait longer than an EXPRESS workflow can."""
        return bool(self.pattern) or self.kind == "activity"


class UnknownTarget(ValueError):
    """A Resource that names no known target.

    `word`       the unknown word
    `words`      the known words, one of which was probably meant
    `certain`    False if the target may exist, because AWS adds integrations
    """

    def __init__(self, message: str, *, word: str = "", words: tuple[str, ...] = (), certain: bool = True) -> None:
        super().__init__(message)
        self.word, self.words, self.certain = word, words, certain


def target_of(resource: str) -> IntegrationTarget:
    """Parse a Resource into the integration that it names; raises UnknownTarget."""
    if not resource.startswith("arn:"):
        raise UnknownTarget(f"{resource!r} is not an ARN.")
    _, partition, service, region, account, rest = (resource.split(":", 5) + [""] * 5)[:6]
    if not _is_partition(partition) or resource == f"arn:{partition}":
        raise UnknownTarget(f"{resource!r} must start with a partition of AWS, such as arn:aws or arn:aws-cn.")
    if service == "lambda":
        if not re.fullmatch(r"arn:[\w-]+:lambda:[^:]*:[^:]*:function:[^:]+(:\$?[\w.-]+)?", resource):
            raise UnknownTarget(f"{resource!r} is not the ARN of a Lambda function.")
        return IntegrationTarget("lambda")
    if service != "states" or not (rest and _is_word(region) and (account.isdecimal() or not account)):
        return _unknown_service(resource)
    if rest.startswith("activity:") and rest != "activity:":
        return IntegrationTarget("activity")
    if region or account:
        raise UnknownTarget(
            f"{resource!r} has a region or an account, but the ARN of an integration must not have either."
        )
    return _integration(rest)


def _is_partition(name: str) -> bool:
    return name == "aws" or (name.startswith("aws-") and name != "aws-" and _is_word(name))


def _is_word(text: str) -> bool:
    return all(character.isalnum() or character in "-_" for character in text)


def _unknown_service(resource: str) -> IntegrationTarget:
    parts = resource.split(":")
    if len(parts) > 3 and parts[2] == "states":
        raise UnknownTarget(f"{resource!r} is neither an activity nor an integration.")
    service = parts[2] if len(parts) > 2 else ""
    raise UnknownTarget(f"{resource!r}: a Task cannot call the service {service!r} by its own ARN.")


def _integration(rest: str) -> IntegrationTarget:
    pattern = next((each for each in PATTERNS if rest.endswith(each)), "")
    parts = (rest.removesuffix(pattern) if pattern else rest).split(":")
    if parts[0] == "aws-sdk":
        return _sdk_target(parts, pattern)
    if len(parts) != 2:
        raise UnknownTarget(f"{rest!r} must have the form service:action.")
    service, action = parts
    if service not in OPTIMISED:
        raise _unknown_integration(service, action)
    actions = OPTIMISED[service]
    if action not in actions:
        calls = tuple(name + each for name, details in actions.items() for each in details.patterns)
        raise UnknownTarget(f"{service} has no integration {action!r}.", word=action, words=calls)
    if pattern not in actions[action].patterns:
        allowed = ", ".join(each or "request-response" for each in actions[action].patterns)
        raise UnknownTarget(f"{service}:{action} does not support {pattern or 'request-response'}, only {allowed}.")
    return IntegrationTarget("optimised", service, action, pattern)


def _unknown_integration(service: str, action: str) -> UnknownTarget:
    """Return the error for an unknown integration; not certain if the service exists, because AWS adds integrations."""
    if service in _NEVER_OPTIMISED or service.replace("-", "") not in _sdk_services():
        word = f"aws-sdk:{service}:{action}" if service in _NEVER_OPTIMISED else service
        words = (word,) if service in _NEVER_OPTIMISED else (*OPTIMISED, "aws-sdk")
        return UnknownTarget(f"There is no integration {service!r}.", word=word, words=words)
    return UnknownTarget(
        f"{service!r} is not an optimized integration; its SDK is aws-sdk:{service}.",
        word=service,
        words=tuple(OPTIMISED),
        certain=False,
    )


def _sdk_target(parts: list[str], pattern: str) -> IntegrationTarget:
    from .sdk_integrations import NOT_CALLABLE

    if len(parts) != 3:
        raise UnknownTarget(f"{':'.join(parts)!r} must have the form aws-sdk:service:action.")
    _, service, action = parts
    if pattern.startswith(".sync"):
        raise UnknownTarget(f"An AWS SDK integration does not support {pattern}.")
    if _is_older(service):
        return IntegrationTarget("sdk", service, action, pattern)
    services = _sdk_services()
    known = services.get(_ALIASES.get(service, service))
    if known is None:
        certain = not re.fullmatch("[a-z0-9]+", service)
        raise UnknownTarget(
            f"The AWS SDK has no service {service!r}.", word=service, words=tuple(services), certain=certain
        )
    actions = _sdk_actions(_ALIASES.get(service, service))
    if action[:1].isupper():
        raise UnknownTarget(f"Actions of the AWS SDK start with a lower-case letter, got {action!r}.")
    if action in NOT_CALLABLE.get(service, "").split():
        raise UnknownTarget(f"Step Functions cannot call {service}:{action}.")
    if not any(is_sdk_spelling(action, each) for each in actions):
        raise UnknownTarget(f"{service} has no action {action!r}.", word=action, words=tuple(actions))
    return IntegrationTarget("sdk", service, action, pattern)


def is_sdk_spelling(name: str, known: str) -> bool:
    """Return true if Step Functions accepts `name` for the SDK's name `known`: unchanged, or with `DB` as `Db`."""
    if len(name) != len(known) or name.lower() != known.lower():
        return False
    inside_acronym = {index for found in re.finditer(_INSIDE_ACRONYM, known) for index in range(*found.span())}
    return all(
        one == other or index in inside_acronym for index, (one, other) in enumerate(zip(name, known, strict=True))
    )


def _is_older(service: str) -> bool:
    from .sdk_integrations import OLDER_SERVICES

    return service in OLDER_SERVICES


def needs_of(target: IntegrationTarget) -> Iterator[str]:
    """Yield the required arguments of a call; `A|B` means one of the two."""
    if target.kind == "optimised":
        yield from OPTIMISED[target.service][target.action].needs
    elif target.kind == "sdk" and not _is_older(target.service):
        actions = _sdk_actions(_ALIASES.get(target.service, target.service))
        yield from next((needs for name, needs in actions.items() if name.lower() == target.action.lower()), ())


def arguments_of(target: IntegrationTarget) -> tuple[str, ...]:
    """Return the arguments that a call accepts; empty if they are not known."""
    known = _ARGUMENTS.get(f"{target.service}:{target.action}", "") if target.kind == "optimised" else ""
    return tuple(known.split())


@cache
def _sdk_services() -> Mapping[str, str]:
    import json
    from pathlib import Path

    read: dict[str, str] = json.loads((Path(__file__).parent / "sdk_actions.json").read_text())
    return read


@cache
def _sdk_actions(service: str) -> Mapping[str, tuple[str, ...]]:
    pieces = (each.split("!") for each in _sdk_services()[service].split())
    return {name: tuple(needs) for name, *needs in pieces}


_ALIASES: Final = {"cloudwatchevents": "eventbridge", "applicationdiscoveryservice": "applicationdiscovery"}
_NEVER_OPTIMISED: Final = ("s3", "ec2", "iam", "ssm", "kms", "rds", "sts", "secretsmanager", "sfn", "eventbridge")
_ONCE: Final = ("",)
_JOB: Final = ("", ".sync")
_JOB_2: Final = ("", ".sync", ".sync:2")
_TOKEN: Final = ("", ".waitForTaskToken")


def _actions(table: Mapping[str, tuple[tuple[str, ...], str]]) -> Mapping[str, Action]:
    return {name: Action(patterns, tuple(needs.split())) for name, (patterns, needs) in table.items()}


OPTIMISED: Final[Mapping[str, Mapping[str, Action]]] = {
    "lambda": _actions({"invoke": (_TOKEN, "FunctionName")}),
    "sqs": _actions({"sendMessage": (_TOKEN, "QueueUrl MessageBody")}),
    "sns": _actions({"publish": (_TOKEN, "Message TopicArn|TargetArn|PhoneNumber")}),
    "dynamodb": _actions(
        {
            "getItem": (_ONCE, "TableName Key"),
            "putItem": (_ONCE, "TableName Item"),
            "updateItem": (_ONCE, "TableName Key"),
            "deleteItem": (_ONCE, "TableName Key"),
        }
    ),
    "states": _actions({"startExecution": ((*_JOB_2, ".waitForTaskToken"), "StateMachineArn")}),
    "events": _actions({"putEvents": (_TOKEN, "Entries")}),
    "ecs": _actions({"runTask": ((*_JOB, ".waitForTaskToken"), "TaskDefinition")}),
    "batch": _actions({"submitJob": (_JOB, "JobName JobQueue JobDefinition")}),
    "glue": _actions({"startJobRun": (_JOB, "JobName")}),
    "databrew": _actions({"startJobRun": (_JOB, "Name")}),
    "codebuild": _actions(
        {
            "startBuild": (_JOB, "ProjectName"),
            "stopBuild": (_ONCE, "Id"),
            "batchDeleteBuilds": (_ONCE, "Ids"),
            "batchGetReports": (_ONCE, "ReportArns"),
            "startBuildBatch": (_JOB, "ProjectName"),
            "stopBuildBatch": (_ONCE, "Id"),
            "retryBuildBatch": (_JOB, "Id"),
            "deleteBuildBatch": (_ONCE, "Id"),
        }
    ),
    "athena": _actions(
        {
            "startQueryExecution": (_JOB, "QueryString"),
            "stopQueryExecution": (_ONCE, "QueryExecutionId"),
            "getQueryExecution": (_ONCE, "QueryExecutionId"),
            "getQueryResults": (_ONCE, "QueryExecutionId"),
        }
    ),
    "sagemaker": _actions(
        {
            "createEndpoint": (_ONCE, "EndpointName EndpointConfigName"),
            "createEndpointConfig": (_ONCE, "EndpointConfigName ProductionVariants"),
            "createHyperParameterTuningJob": (_JOB, "HyperParameterTuningJobName HyperParameterTuningJobConfig"),
            "createLabelingJob": (_JOB, "LabelingJobName"),
            "createModel": (_ONCE, "ModelName"),
            "createProcessingJob": (_JOB, "ProcessingJobName AppSpecification RoleArn"),
            "createTrainingJob": (_JOB, "TrainingJobName AlgorithmSpecification RoleArn"),
            "createTransformJob": (_JOB, "TransformJobName ModelName TransformInput TransformOutput"),
            "updateEndpoint": (_ONCE, "EndpointName EndpointConfigName"),
            "createAutoMLJob": (_JOB, "AutoMLJobName"),
            "createAutoMLJobV2": (_JOB, "AutoMLJobName"),
        }
    ),
    "elasticmapreduce": _actions(
        {
            "createCluster": (_JOB, "Name"),
            "setClusterTerminationProtection": (_ONCE, "ClusterId TerminationProtected"),
            "terminateCluster": (_JOB, "ClusterId"),
            "addStep": (_JOB, "ClusterId Step"),
            "cancelStep": (_ONCE, "ClusterId StepId"),
            "modifyInstanceFleetByName": (_ONCE, "ClusterId InstanceFleetName InstanceFleet"),
            "modifyInstanceGroupByName": (_ONCE, "ClusterId InstanceGroupName InstanceGroup"),
        }
    ),
    "emr-containers": _actions(
        {
            "createVirtualCluster": (_ONCE, "Name ContainerProvider"),
            "deleteVirtualCluster": (_JOB, "Id"),
            "startJobRun": (_JOB, "VirtualClusterId"),
        }
    ),
    "emr-serverless": _actions(
        {
            "createApplication": (_JOB, "Type ReleaseLabel"),
            "deleteApplication": (_JOB, "ApplicationId"),
            "startApplication": (_JOB, "ApplicationId"),
            "stopApplication": (_JOB, "ApplicationId"),
            "startJobRun": (_JOB, "ApplicationId ExecutionRoleArn"),
            "cancelJobRun": (_JOB, "ApplicationId JobRunId"),
        }
    ),
    "eks": _actions(
        {
            "call": (_TOKEN, "ClusterName CertificateAuthority Endpoint Method Path"),
            "runJob": ((*_JOB, ".waitForTaskToken"), "ClusterName CertificateAuthority Endpoint Job"),
            "createCluster": (_JOB, "Name RoleArn ResourcesVpcConfig"),
            "deleteCluster": (_JOB, "Name"),
            "createNodegroup": (_JOB, "ClusterName NodegroupName NodeRole Subnets"),
            "deleteNodegroup": (_JOB, "ClusterName NodegroupName"),
            "createFargateProfile": (_JOB, "ClusterName FargateProfileName PodExecutionRoleArn"),
            "deleteFargateProfile": (_JOB, "ClusterName FargateProfileName"),
        }
    ),
    "apigateway": _actions({"invoke": (_TOKEN, "ApiEndpoint Method")}),
    "http": _actions({"invoke": (_ONCE, "ApiEndpoint Method Authentication|InvocationConfig")}),
    "bedrockagentcore": _actions({"invokeHarness": (_ONCE, "HarnessArn")}),
    "mediaconvert": _actions({"createJob": (_JOB, "Role Settings")}),
    "bedrock": _actions(
        {
            "invokeModel": (_TOKEN, "ModelId"),
            "createModelCustomizationJob": (_JOB, "BaseModelIdentifier CustomModelName JobName RoleArn"),
        }
    ),
}
_NAMED: Final = "ExpressionAttributeNames ExpressionAttributeValues ReturnConsumedCapacity ReturnItemCollectionMetrics"
_WRITTEN: Final = f"{_NAMED} ConditionExpression ReturnValues ReturnValuesOnConditionCheckFailure Expected"
_ARGUMENTS: Final = {
    "lambda:invoke": "FunctionName Payload InvocationType ClientContext Qualifier LogType TenantId "
    "DurableExecutionName",
    "sqs:sendMessage": "QueueUrl MessageBody DelaySeconds MessageAttributes MessageSystemAttributes "
    "MessageDeduplicationId MessageGroupId",
    "sns:publish": "TopicArn TargetArn PhoneNumber Message Subject MessageStructure MessageAttributes "
    "MessageDeduplicationId MessageGroupId",
    "states:startExecution": "StateMachineArn Input Name TraceHeader",
    "dynamodb:getItem": "TableName Key AttributesToGet ConsistentRead ReturnConsumedCapacity ProjectionExpression "
    "ExpressionAttributeNames",
    "dynamodb:putItem": f"TableName Item ConditionalOperator {_WRITTEN}",
    "dynamodb:updateItem": f"TableName Key UpdateExpression AttributeUpdates ConditionalOperator {_WRITTEN}",
    "dynamodb:deleteItem": f"TableName Key ConditionalOperator {_WRITTEN}",
    "http:invoke": "ApiEndpoint Method Authentication InvocationConfig Headers QueryParameters RequestBody Transform",
}
"""The arguments of the most common calls; those of all other calls are not known here."""
