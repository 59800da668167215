"""Functions run as in AWS: with AWS's runtime client and their role's permissions, and without this checkout."""

import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from local.drivers.in_process import deploy
from local.instance import Instance
from local.instance.patches import PATCHED_VERSION
from local.instance.recorded_calls import RecordedCall, actions_by_function
from local.pytest_plugin import DeployedStack

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
table = aws.dynamodb.Table(
    "seats", hash_key="pk", billing_mode="PAY_PER_REQUEST", attributes=[{"name": "pk", "type": "S"}]
)
group = aws.cloudwatch.LogGroup("own")
role = aws.iam.Role("role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}))


def allowed(arns):
    table, group = arns
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table},
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group + ":*"},
    ]})


aws.iam.RolePolicy("policy", role=role.name, policy=pulumi.Output.all(table.arn, group.arn).apply(allowed))
function = aws.lambda_.Function(
    "subject",
    code=pulumi.FileArchive("code"),
    handler="subject.handler",
    runtime="python3.13",
    architectures=["arm64"],
    role=role.arn,
    publish=True,
    timeout=300,
    environment={"variables": {"TABLE": table.name}},
    logging_config={"log_format": "JSON", "log_group": group.name},
)
machine_role = aws.iam.Role("machine", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}))
may_invoke = function.arn.apply(lambda arn: json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn + ":*"},
]}))
aws.iam.RolePolicy("machine", role=machine_role.name, policy=may_invoke)
powerless = aws.iam.Role("powerless", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}))
definition = function.qualified_arn.apply(lambda arn: json.dumps({
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": arn, "Payload.$": "$"},
                "Catch": [{"ErrorEquals": ["Unavailable"], "Next": "Caught"}],
                "End": True,
            },
            "Caught": {"Type": "Pass", "Result": "caught by class name", "End": True},
        },
}))
machine = aws.sfn.StateMachine("machine", role_arn=machine_role.arn, definition=definition)
refused = aws.sfn.StateMachine("refused", role_arn=powerless.arn, definition=definition)
pulumi.export("refused", refused.arn)
pulumi.export("function", function.name)
pulumi.export("version", function.version)
pulumi.export("runtime", function.runtime)
pulumi.export("architectures", function.architectures)
pulumi.export("group", group.name)
pulumi.export("machine", machine.arn)
"""

FUNCTION = '''
import importlib
import logging
import os
import sys


class Unavailable(Exception):
    """A name on the wire."""


def handler(event, context):
    logging.getLogger().setLevel("INFO")
    logging.getLogger().info("called with %s", sorted(event))
    return globals()[event["do"]](event)


def fail(event):
    raise Unavailable("try again")


def load(event):
    found = {}
    for name in event["modules"]:
        try:
            found[name] = importlib.import_module(name).__name__
        except ImportError:
            found[name] = None
    return found


def environment(event):
    return sorted(os.environ)


def call(event):
    import boto3
    client = boto3.client("dynamodb")
    try:
        getattr(client, event["operation"])(TableName=os.environ["TABLE"], **event["arguments"])
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
'''


@pytest.fixture(scope="module")
def stack(embedded_aws: Instance, tmp_path_factory: pytest.TempPathFactory) -> DeployedStack:
    folder = tmp_path_factory.mktemp("program")
    _write_program(folder)
    return DeployedStack(instance=embedded_aws, outputs=deploy(embedded_aws, folder / "__main__.py"))


def _write_program(folder: Path) -> None:
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "code").mkdir()
    (folder / "code" / "subject.py").write_text(FUNCTION)


Invoke = Callable[[Mapping[str, Any]], Any]


@pytest.fixture
def call(stack: DeployedStack) -> Invoke:
    return lambda event: stack.invoke("function", event)


def test_a_function_can_import_only_what_the_aws_runtime_provides(call: Invoke) -> None:
    """Otherwise a missing dependency would be found only in production."""
    provided = ["boto3", "botocore", "urllib3", "subject"]
    unavailable = [
        "handlers",
        "components",
        "workflow",
        "local",
        "cli",
        "pulumi",
        "pydantic",
        "pytest",
        "yaml",
        "ministack",
    ]
    found = call({"do": "load", "modules": [*provided, *unavailable]})
    assert [name for name in found if found[name]] == provided


def test_a_function_may_make_only_calls_that_its_role_allows(call: Invoke) -> None:
    key = {"Key": {"pk": {"S": "a"}}}
    assert call({"do": "call", "operation": "get_item", "arguments": key}) == "allowed"
    assert call({"do": "call", "operation": "delete_item", "arguments": key}) == "AccessDeniedException"
    assert call({"do": "call", "operation": "scan", "arguments": {}}) == "AccessDeniedException"


def test_an_exception_keeps_its_class_name(stack: DeployedStack) -> None:
    """Step Functions matches errors by this name."""
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["function"], Payload=b'{"do": "fail"}')
    reply = json.loads(answer["Payload"].read())
    assert (reply["errorType"], reply["errorMessage"]) == ("Unavailable", "try again")
    assert "subject.py" in reply["stackTrace"][0]


def test_a_state_machine_catches_an_exception_by_its_class_name(stack: DeployedStack) -> None:
    assert stack.run({"do": "fail"}, machine="machine").output == "caught by class name"


def test_a_function_handles_the_next_call_after_an_error(call: Invoke, stack: DeployedStack) -> None:
    stack.client("lambda").invoke(FunctionName=stack.outputs["function"], Payload=b'{"do": "fail"}')
    assert call({"do": "load", "modules": ["subject"]}) == {"subject": "subject"}


def test_outputs_contain_the_runtime_architecture_and_version(stack: DeployedStack) -> None:
    assert stack.outputs["runtime"] == "python3.13"
    assert stack.outputs["architectures"] == ["arm64"]
    assert stack.outputs["version"] == "1"


def test_a_functions_environment_has_no_variables_of_the_embedded_aws(call: Invoke) -> None:
    names = call({"do": "environment"})
    assert {"AWS_REGION", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "TABLE"} <= set(names)
    assert [name for name in names if name.startswith(("MINISTACK", "SFN", "GATEWAY")) or name == "AUTH"] == []


def test_log_lines_of_a_function_are_in_its_log_group(call: Invoke, stack: DeployedStack) -> None:
    call({"do": "load", "modules": []})
    found = stack.client("logs").filter_log_events(logGroupName=stack.outputs["group"])["events"]
    assert any("called with ['do', 'modules']" in event["message"] for event in found)


def test_calls_of_a_function_are_recorded_as_permissions(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Other tests compare the roles of functions with these calls."""
    instance, folder = Instance.at(tmp_path_factory.mktemp("recorded")), tmp_path_factory.mktemp("program")
    _write_program(folder)
    instance.start(record_calls=True)
    try:
        stack = DeployedStack(instance=instance, outputs=deploy(instance, folder / "__main__.py"))
        key = {"Key": {"pk": {"S": "a"}}}
        stack.invoke("function", {"do": "call", "operation": "get_item", "arguments": key})
        assert actions_by_function(instance) == {stack.outputs["function"]: {"dynamodb:GetItem"}}
    finally:
        instance.stop()


def test_a_transaction_needs_the_permissions_of_its_items() -> None:
    items = [{kind: {"TableName": "seats"}} for kind in ("Put", "Update", "ConditionCheck")]
    call = RecordedCall(
        function="f", service="dynamodb", operation="TransactWriteItems", parameters={"TransactItems": items}
    )
    assert call.actions == {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected_permission"),
    [
        (
            "dynamodb",
            "Query",
            {"TableName": "seats", "IndexName": "by-row"},
            {"dynamodb:Query": "table/seats/index/by-row"},
        ),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"seats": {}}}, {"dynamodb:BatchGetItem": "table/seats"}),
        ("dynamodb", "ListTables", {}, {"dynamodb:ListTables": "*"}),
        ("s3", "PutObject", {"Bucket": "b", "Key": "a/b"}, {"s3:PutObject": "arn:aws:s3:::b/a/b"}),
        ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "a/"}, {"s3:ListBucket": "arn:aws:s3:::b"}),
        ("s3", "ListBuckets", {}, {"s3:ListBuckets": "*"}),
        ("sqs", "SendMessage", {"QueueUrl": "https://host/000000000000/q"}, {"sqs:SendMessage": ":q"}),
        ("stepfunctions", "StartExecution", {"stateMachineArn": "x"}, {"states:StartExecution": "x"}),
    ],
)
def test_a_recorded_call_names_its_resource(
    service: str, operation: str, parameters: dict[str, Any], expected_permission: dict[str, str]
) -> None:
    """It is the ARN that a policy must contain, or a star if the call names no resource."""
    call = RecordedCall(function="f", service=service, operation=operation, parameters=parameters)
    [(action, arn)] = call.permissions
    [(expected, ending)] = expected_permission.items()
    assert action == expected
    assert arn.endswith(ending)


def test_a_throttled_task_fails_with_the_error_name_of_aws(stack: DeployedStack) -> None:
    """Reserved concurrency also applies to versions, which state machines invoke, and they retry by this name."""
    functions = stack.client("lambda")
    functions.put_function_concurrency(FunctionName=stack.outputs["function"], ReservedConcurrentExecutions=0)
    try:
        result = stack.run({"do": "load", "modules": []}, machine="machine")
    finally:
        functions.delete_function_concurrency(FunctionName=stack.outputs["function"])
    assert (result.status, result.error) == ("FAILED", "Lambda.TooManyRequestsException")


def test_a_reservation_beyond_the_account_quota_is_refused(stack: DeployedStack) -> None:
    functions, name = stack.client("lambda"), stack.outputs["function"]
    assert functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match=r"minimum value of \[100\]"):
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=901)
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=name)


def test_the_installed_ministack_version_is_the_patched_one() -> None:
    """The code of a new version must be reviewed first."""
    assert version("ministack") == PATCHED_VERSION


def test_a_machine_without_permission_cannot_invoke_a_function(stack: DeployedStack) -> None:
    """A missing permission in a derived role is thus found before a deployment to AWS."""
    result = stack.run({"do": "load", "modules": []}, machine="refused")
    assert (result.status, result.error) == ("FAILED", "Lambda.AWSLambdaException")
    assert "is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:" in result.cause
