"""Actions that a call of a service needs: listed for optimised integrations, derived by rule for those of the AWS SDK.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..asl.json_values import JsonObject
from .iam_names import actions_of, prefix_of
from .resource_names import (
    Grants,
    all_versions,
    argument,
    is_name,
    method_of_api,
    object_of,
    passed_roles,
    queue,
    resource_of_arguments,
    source_of_copy,
    task_definition,
)


@dataclass(frozen=True, slots=True)
class SyncPermissions:
    """The additional permissions of `.sync`: to follow the job, to stop it, and often for a rule that reports its end.

    `actions` the actions on the job
    `rule`    the managed EventBridge rule
    `below`   the suffix that the job's ARN adds to the resource of the call, such as `/jobruns/*` for an application
    `any`     actions that apply to all resources
    """

    actions: str
    rule: str = ""
    below: str = ""
    any: str = ""


def integration_permissions(name: str, arguments: JsonObject, partition: str) -> Grants:
    """Yield the actions and resources of an integration; `name` is the part of its Resource after `:states:::`."""
    called, pattern = name, ""
    for suffix in (".waitForTaskToken", ".sync:2", ".sync"):
        if name.endswith(suffix):
            called, pattern = name.removesuffix(suffix), suffix
    specific = _SPECIFIC.get(called)
    if specific is not None:
        yield from specific(arguments, partition, pattern.startswith(".sync"))
        return
    parts = called.removeprefix("aws-sdk:").split(":")
    service, operation = parts[0], parts[-1]
    prefix = prefix_of(service)
    resource = resource_of_arguments(prefix, arguments, partition)
    for action in actions_of(service, operation):
        yield action, resource
    if called not in _PASS_NO_ROLE:
        for role in passed_roles(prefix, arguments, partition):
            yield "iam:PassRole", role
    if pattern.startswith(".sync"):
        yield from _sync_permissions(called, prefix, resource, partition)


def _sync_permissions(called: str, prefix: str, resource: str, partition: str) -> Grants:
    sync_permissions = _SYNC_PERMISSIONS.get(called)
    if sync_permissions is None:
        yield from _events_rule(partition, "StepFunctions*")
        return
    for action in sync_permissions.actions.split():
        yield f"{prefix}:{action}", resource if resource == "*" else f"{resource}{sync_permissions.below}"
    for action in sync_permissions.any.split():
        yield f"{prefix}:{action}", "*"
    if sync_permissions.rule:
        yield from _events_rule(partition, sync_permissions.rule)


def _events_rule(partition: str, rule: str) -> Grants:
    """Yield the actions for the managed EventBridge rule that reports the end of a job.

    Source: Step Functions developer guide, "Run a Job (.sync)".
    """
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        yield f"events:{action}", f"arn:{partition}:events:*:*:rule/{rule}"


def _invoke(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    name = argument(arguments, "FunctionName") or "*"
    yield (
        "lambda:InvokeFunction",
        all_versions(f"arn:{partition}:lambda:*:*:function:{name}" if is_name(name) else name),
    )


def _send_message(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    yield "sqs:SendMessage", queue(arguments, partition)


def _publish(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    yield "sns:Publish", argument(arguments, "TopicArn") or "*"


def _put_events(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    entries = arguments.get("Entries")
    buses = (
        [argument(object_of(entry), "EventBusName") or "default" for entry in entries]
        if isinstance(entries, list)
        else ["*"]
    )
    for bus in dict.fromkeys(buses):
        yield "events:PutEvents", f"arn:{partition}:events:*:*:event-bus/{bus}" if is_name(bus) else bus


def _start_execution(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # one signature for all
    machine = argument(arguments, "StateMachineArn") or "*"
    yield "states:StartExecution", machine
    if sync:
        executions = machine.replace(":stateMachine:", ":execution:") + (":*" if ":stateMachine:" in machine else "")
        yield "states:DescribeExecution", executions
        yield "states:StopExecution", executions
        yield from _events_rule(partition, "StepFunctionsGetEventsForStepFunctionsExecutionRule")


def _http(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    holders = (object_of(arguments.get(name)) for name in ("Authentication", "InvocationConfig"))
    connections = [named for holder in holders if (named := argument(holder, "ConnectionArn")) is not None]
    yield "states:InvokeHTTPEndpoint", "${this_state_machine}"
    for connection in connections or ["*"]:
        yield "events:RetrieveConnectionCredentials", connection
    for action in ("GetSecretValue", "DescribeSecret"):
        yield f"secretsmanager:{action}", f"arn:{partition}:secretsmanager:*:*:secret:events!connection/*"


def _call_api(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    if (argument(arguments, "AuthType") or "NO_AUTH") != "NO_AUTH":
        yield "execute-api:Invoke", method_of_api(arguments, partition)


def _run_task(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # one signature for all
    yield "ecs:RunTask", task_definition(arguments, partition)
    for role in ("${roles_of_the_task_definition}", *passed_roles("ecs", arguments, partition)):
        yield "iam:PassRole", role
    if sync:
        yield "ecs:StopTask", "*"
        yield "ecs:DescribeTasks", "*"
        yield from _events_rule(partition, "StepFunctionsGetEventsForECSTaskRule")


def _copy(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    yield "s3:GetObject", source_of_copy(arguments, partition)
    yield "s3:PutObject", resource_of_arguments("s3", arguments, partition)


def _kubernetes_call(arguments: JsonObject, partition: str, sync: bool) -> Grants:  # noqa: ARG001  # one signature for all
    """Return nothing, because the cluster's own API server authorises the call and not IAM."""
    return iter(())


_SPECIFIC: Final[Mapping[str, Callable[[JsonObject, str, bool], Grants]]] = {
    "lambda:invoke": _invoke,
    "aws-sdk:lambda:invoke": _invoke,
    "sqs:sendMessage": _send_message,
    "aws-sdk:sqs:sendMessage": _send_message,
    "sns:publish": _publish,
    "aws-sdk:sns:publish": _publish,
    "events:putEvents": _put_events,
    "aws-sdk:eventbridge:putEvents": _put_events,
    "states:startExecution": _start_execution,
    "aws-sdk:sfn:startExecution": _start_execution,
    "aws-sdk:s3:copyObject": _copy,
    "aws-sdk:s3:uploadPartCopy": _copy,
    "ecs:runTask": _run_task,
    "http:invoke": _http,
    "apigateway:invoke": _call_api,
    "eks:call": _kubernetes_call,
    "eks:runJob": _kubernetes_call,
}
_PASS_NO_ROLE: Final = ("emr-containers:startJobRun", "aws-sdk:emrcontainers:startJobRun")
"""Integrations without iam:PassRole: EMR on EKS assumes a job's role itself, and the guide's policy passes none."""


def _sagemaker_job(kind: str, rule: str = "", version: str = "") -> SyncPermissions:
    return SyncPermissions(
        f"Describe{kind}Job{version} Stop{kind}Job AddTags",
        f"StepFunctionsGetEventsForSageMaker{rule or '*'}",
        any="ListTags",
    )


_SYNC_PERMISSIONS: Final[Mapping[str, SyncPermissions]] = {
    "batch:submitJob": SyncPermissions("DescribeJobs TerminateJob", "StepFunctionsGetEventsForBatchJobsRule"),
    "glue:startJobRun": SyncPermissions("GetJobRun GetJobRuns BatchStopJobRun"),
    "databrew:startJobRun": SyncPermissions("ListJobRuns StopJobRun"),
    "athena:startQueryExecution": SyncPermissions("StopQueryExecution GetQueryExecution", any="GetDataCatalog"),
    "codebuild:startBuild": SyncPermissions(
        "StopBuild BatchGetBuilds BatchGetReports", "StepFunctionsGetEventForCodeBuildStartBuildRule"
    ),
    **dict.fromkeys(
        ("codebuild:startBuildBatch", "codebuild:retryBuildBatch"),
        SyncPermissions("StopBuildBatch BatchGetBuildBatches", "StepFunctionsGetEventForCodeBuildStartBuildBatchRule"),
    ),
    "sagemaker:createTrainingJob": _sagemaker_job("Training", "TrainingJobsRule"),
    "sagemaker:createTransformJob": _sagemaker_job("Transform", "TransformJobsRule"),
    "sagemaker:createProcessingJob": _sagemaker_job("Processing"),
    "sagemaker:createLabelingJob": _sagemaker_job("Labeling"),
    "sagemaker:createHyperParameterTuningJob": _sagemaker_job("HyperParameterTuning"),
    "sagemaker:createAutoMLJob": _sagemaker_job("AutoML"),
    "sagemaker:createAutoMLJobV2": _sagemaker_job("AutoML", version="V2"),
    "elasticmapreduce:createCluster": SyncPermissions(
        "DescribeCluster TerminateJobFlows", "StepFunctionsGetEventForEMRRunJobFlowRule"
    ),
    "elasticmapreduce:addStep": SyncPermissions(
        "DescribeStep CancelSteps", "StepFunctionsGetEventForEMRAddJobFlowStepsRule"
    ),
    "elasticmapreduce:terminateCluster": SyncPermissions(
        "DescribeCluster", "StepFunctionsGetEventForEMRTerminateJobFlowsRule"
    ),
    "emr-containers:deleteVirtualCluster": SyncPermissions("DescribeVirtualCluster"),
    "emr-containers:startJobRun": SyncPermissions("DescribeJobRun CancelJobRun", below="/jobruns/*"),
    **{
        f"emr-serverless:{action}": SyncPermissions(actions, "StepFunctionsGetEventsForEMRServerlessApplicationRule")
        for action, actions in (
            ("createApplication", "GetApplication DeleteApplication"),
            ("startApplication", "GetApplication StopApplication"),
            ("stopApplication", "GetApplication"),
            ("deleteApplication", "GetApplication"),
        )
    },
    **{
        f"emr-serverless:{action}": SyncPermissions(
            actions, "StepFunctionsGetEventsForEMRServerlessJobRule", below="/jobruns/*"
        )
        for action, actions in (("startJobRun", "GetJobRun CancelJobRun"), ("cancelJobRun", "GetJobRun"))
    },
    **{
        f"eks:{verb}{kind}": SyncPermissions(f"Describe{kind}" + (f" Delete{kind}" if verb == "create" else ""))
        for verb in ("create", "delete")
        for kind in ("Cluster", "Nodegroup", "FargateProfile")
    },
    "mediaconvert:createJob": SyncPermissions("GetJob CancelJob", "StepFunctionsGetEventsForMediaConvertJobRule"),
    "bedrock:createModelCustomizationJob": SyncPermissions(
        "GetModelCustomizationJob StopModelCustomizationJob", "StepFunctionsGetEventsForBedrockRule"
    ),
}
