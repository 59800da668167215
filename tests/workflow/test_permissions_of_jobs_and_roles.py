"""The permissions of a role equal those of AWS's own generated policies, derived from the definition alone."""

from __future__ import annotations

from typing import Any

import pytest

from workflow import permissions

HERE = "us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/r"
RULE = "arn:aws:events:*:*:rule/"


def needs(resource: str, **arguments: Any) -> dict[str, set[str]]:
    """Return the resources of each action that a machine with one Task needs."""
    task = {"Type": "Task", "Resource": resource, "Parameters": arguments, "End": True}
    found: dict[str, set[str]] = {}
    for permission in permissions({"StartAt": "A", "States": {"A": task}}):
        for action in permission.actions:
            found.setdefault(action, set()).update(permission.resources)
    return found


def of_integration(name: str, **arguments: Any) -> dict[str, set[str]]:
    return needs(f"arn:aws:states:::{name}", **arguments)


@pytest.mark.parametrize(
    ("name", "actions", "rule"),
    [
        (
            "athena:startQueryExecution.sync",
            "StartQueryExecution GetDataCatalog StopQueryExecution GetQueryExecution",
            "",
        ),
        ("batch:submitJob.sync", "SubmitJob DescribeJobs TerminateJob", "StepFunctionsGetEventsForBatchJobsRule"),
        (
            "codebuild:startBuildBatch.sync",
            "StartBuildBatch StopBuildBatch BatchGetBuildBatches",
            "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
        ),
        ("databrew:startJobRun.sync", "StartJobRun ListJobRuns StopJobRun", ""),
        (
            "elasticmapreduce:addStep.sync",
            "AddJobFlowSteps DescribeStep CancelSteps",
            "StepFunctionsGetEventForEMRAddJobFlowStepsRule",
        ),
        (
            "elasticmapreduce:createCluster.sync",
            "RunJobFlow DescribeCluster TerminateJobFlows",
            "StepFunctionsGetEventForEMRRunJobFlowRule",
        ),
        ("elasticmapreduce:setClusterTerminationProtection", "SetTerminationProtection", ""),
        ("emr-containers:startJobRun.sync", "StartJobRun DescribeJobRun CancelJobRun", ""),
        ("glue:startJobRun.sync", "StartJobRun GetJobRun GetJobRuns BatchStopJobRun", ""),
        ("glue:startJobRun", "StartJobRun", ""),
        (
            "sagemaker:createTrainingJob.sync",
            "CreateTrainingJob DescribeTrainingJob StopTrainingJob AddTags ListTags",
            "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
        ),
        ("eks:call", "", ""),
    ],
)
def test_jobs_need_their_iam_actions_and_managed_rules(name: str, actions: str, rule: str) -> None:
    """The actions have their IAM names, and only jobs that report through a managed rule need one."""
    service = name.partition(":")[0]
    found = of_integration(name)
    rules = {resource for action, resources in found.items() if action.startswith("events:") for resource in resources}
    assert {action for action in found if not action.startswith("events:")} == {
        f"{service}:{action}" for action in actions.split()
    }
    assert rules == ({f"{RULE}{rule}"} if rule else set())


@pytest.mark.parametrize(
    ("name", "arguments", "needed"),
    [
        ("aws-sdk:s3:listObjectsV2", {"Bucket": "b"}, {"s3:ListBucket": {"arn:aws:s3:::b"}}),
        ("aws-sdk:s3:headObject", {"Bucket": "b", "Key": "k"}, {"s3:GetObject": {"arn:aws:s3:::b/k"}}),
        (
            "aws-sdk:s3:copyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "from/x"},
            {"s3:GetObject": {"arn:aws:s3:::from/x"}, "s3:PutObject": {"arn:aws:s3:::b/k"}},
        ),
        (
            "aws-sdk:sqs:receiveMessage",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q"},
            {"sqs:ReceiveMessage": {f"arn:aws:sqs:{HERE}:q"}},
        ),
        ("aws-sdk:costexplorer:getCostAndUsage", {}, {"ce:GetCostAndUsage": {"*"}}),
        ("aws-sdk:cloudwatch:putMetricData", {}, {"cloudwatch:PutMetricData": {"*"}}),
        ("aws-sdk:cognitoidentityprovider:adminGetUser", {}, {"cognito-idp:AdminGetUser": {"*"}}),
        ("aws-sdk:kms:encrypt", {"KeyId": f"arn:aws:kms:{HERE}:key/k"}, {"kms:Encrypt": {f"arn:aws:kms:{HERE}:key/k"}}),
        ("aws-sdk:ssm:getParameter", {"Name": "/a/b"}, {"ssm:GetParameter": {"arn:aws:ssm:*:*:parameter/a/b"}}),
        (
            "aws-sdk:dynamodb:query",
            {"TableName": "T", "IndexName": "i"},
            {"dynamodb:Query": {"arn:aws:dynamodb:*:*:table/T/index/i"}},
        ),
        ("apigateway:invoke", {"ApiEndpoint": "abc.execute-api.eu-west-1.amazonaws.com", "Method": "GET"}, {}),
        (
            "apigateway:invoke",
            {
                "ApiEndpoint": "abc.execute-api.eu-west-1.amazonaws.com",
                "Method": "GET",
                "Stage": "s",
                "Path": "/p",
                "AuthType": "IAM_ROLE",
            },
            {"execute-api:Invoke": {"arn:aws:execute-api:eu-west-1:*:abc/s/GET/p"}},
        ),
    ],
)
def test_calls_need_the_iam_action_on_their_resources(
    name: str, arguments: dict[str, Any], needed: dict[str, set[str]]
) -> None:
    """The permission names the resources in the call's arguments."""
    assert of_integration(name, **arguments) == needed


@pytest.mark.parametrize(
    ("name", "arguments", "roles"),
    [
        ("sagemaker:createTransformJob", {"RoleArn": ROLE}, {ROLE}),
        ("elasticmapreduce:createCluster", {"ServiceRole": "Emr"}, {"arn:aws:iam::*:role/Emr"}),
        ("emr-serverless:startJobRun", {"ExecutionRoleArn.$": "$.role"}, {"arn:aws:iam::*:role/*"}),
        ("aws-sdk:scheduler:createSchedule", {"Target": {"RoleArn": ROLE}}, {ROLE}),
        ("ecs:runTask", {"TaskDefinition": "t"}, {"${roles_of_the_task_definition}"}),
    ],
)
def test_a_role_given_to_a_job_needs_only_pass_role(name: str, arguments: dict[str, Any], roles: set[str]) -> None:
    """The role is the resource of no other action."""
    found = of_integration(name, **arguments)
    assert found.pop("iam:PassRole") == roles
    assert not any(ROLE in resources for resources in found.values())


def test_a_role_in_a_payload_needs_no_permission() -> None:
    """A field named Role in a payload is data and needs no iam:PassRole."""
    assert set(of_integration("lambda:invoke", FunctionName="f", Payload={"Role": "admin"})) == {
        "lambda:InvokeFunction"
    }


def test_a_placeholder_resource_counts_as_a_function() -> None:
    """A placeholder as a Resource is a Lambda function, as in SAM templates; an activity needs no permission."""
    assert needs("${WorkArn}") == {"lambda:InvokeFunction": {"${WorkArn}"}}
    assert needs(f"arn:aws:states:{HERE}:activity:x") == {}
