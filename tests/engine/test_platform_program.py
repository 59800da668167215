"""A platform team's program can start the machine, transform children of components, and rename components."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import PulumiEngine
from local.instance import Instance

from .conftest import EngineFactory

pytestmark = pytest.mark.outside

STAGE = {"program": "platform", "stage": "hatches", "starter": "callers"}
SUCCEED = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
Caller = Callable[[str], Any]


@pytest.fixture(scope="module")
def role(aws: Instance) -> str:
    """Create the callers' role, which allows nothing yet, and return its ARN."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    created = aws.client("iam").create_role(RoleName=STAGE["starter"], AssumeRolePolicyDocument=document)
    return str(created["Role"]["Arn"])


@pytest.fixture(scope="module")
def platform(engine_of: EngineFactory, role: str) -> PulumiEngine:
    """Deploy the team's program, whose machine lets the callers start it."""
    engine = engine_of(**STAGE)
    engine.up()
    return engine


@pytest.fixture(scope="module")
def outputs(platform: PulumiEngine, aws: Instance) -> Mapping[str, Any]:
    """Return the outputs of the deployed program."""
    return aws.outputs()


@pytest.fixture(scope="module")
def caller(aws: Instance, role: str) -> Caller:
    """Return a function that creates clients with the callers' role."""
    return lambda service: aws.client(service, role)


def test_a_starter_starts_the_machine_and_reads_its_history(caller: Caller, outputs: Mapping[str, Any]) -> None:
    """It can also describe the execution."""
    machines = caller("stepfunctions")
    execution = machines.start_execution(stateMachineArn=outputs["machine"], input="{}")["executionArn"]
    assert machines.describe_execution(executionArn=execution)["status"] in ("RUNNING", "SUCCEEDED")
    assert machines.get_execution_history(executionArn=execution)["events"]


def test_a_starter_is_denied_everything_else(
    caller: Caller, aws: Instance, role: str, outputs: Mapping[str, Any]
) -> None:
    """Examples are other machines, stopping executions, and the machine's table and queue."""
    admin = aws.client("stepfunctions")
    other = admin.create_state_machine(name="other", definition=SUCCEED, roleArn=role)["stateMachineArn"]
    running = admin.start_execution(stateMachineArn=other, input="{}")["executionArn"]
    own_execution = admin.start_execution(stateMachineArn=outputs["machine"], input="{}")["executionArn"]
    machines, tables, queues = (caller(service) for service in ("stepfunctions", "dynamodb", "sqs"))
    for forbidden_call in (
        lambda: machines.start_execution(stateMachineArn=other, input="{}"),
        lambda: machines.describe_execution(executionArn=running),
        lambda: machines.stop_execution(executionArn=own_execution),
        lambda: machines.update_state_machine(stateMachineArn=outputs["machine"], definition=SUCCEED),
        lambda: machines.delete_state_machine(stateMachineArn=outputs["machine"]),
        lambda: machines.list_state_machines(),
        lambda: tables.get_item(TableName=outputs["table"], Key={"pk": {"S": "ORDER#1"}}),
        lambda: queues.purge_queue(QueueUrl=outputs["queue"]),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            forbidden_call()


def test_a_transform_reaches_every_child_of_every_component(platform: PulumiEngine) -> None:
    """Every taggable resource has the team's tag in addition to the component's."""
    children = [each for each in platform.state.resources() if each["custom"] and "tags" in each["inputs"]]
    assert {each["inputs"]["tags"].get("reviewed-by") for each in children} == {"platform"}
    assert {each["inputs"]["tags"]["component"] for each in children} == {"orders", "proofs", "points", "waiting"}


def test_a_transform_of_a_child_or_grandchild_takes_effect_in_aws(platform: PulumiEngine, aws: Instance) -> None:
    """The component has no argument for any of these settings."""
    inputs = {each["urn"].rpartition("::")[2]: each.get("inputs", {}) for each in platform.state.resources()}
    alarms, keys, queues = (aws.client(service) for service in ("cloudwatch", "kms", "sqs"))
    name = inputs["orders-table-throttles"]["name"]
    [alarm] = alarms.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["Threshold"] == 5
    [key] = [each["id"] for each in platform.state.resources() if each["urn"].endswith("::orders-alerts-key")]
    assert keys.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180
    for queue, attribute, value in (
        ("points-dead-letters", "MessageRetentionPeriod", "86400"),
        ("waiting-parking", "VisibilityTimeout", "120"),
    ):
        url = queues.get_queue_url(QueueName=inputs[queue]["name"])["QueueUrl"]
        assert queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][attribute] == value
    assert json.dumps(inputs["proofs-lifecycle"]["rules"]).count("team") == 1


@pytest.mark.nightly
def test_components_renamed_with_an_alias_keep_their_resources(
    outputs: Mapping[str, Any], engine_of: EngineFactory
) -> None:
    """The engine derives the former names of children; only the aliases of keys are new."""
    renamed = engine_of(**STAGE, prefix="our-", aliased=True).up()
    assert outputs == renamed.outputs
    lost = {step.type for step in renamed.changes if "delete" in step.operation or "replace" in step.operation}
    assert lost == {"aws:kms/alias:Alias"}


def test_a_component_renamed_without_an_alias_would_lose_its_table(
    platform: PulumiEngine, engine_of: EngineFactory
) -> None:
    """This proves that the alias preserves the table."""
    preview = engine_of(**STAGE, prefix="their-").preview()
    assert any(step.operation == "delete" and step.type == "aws:dynamodb/table:Table" for step in preview.changes)
