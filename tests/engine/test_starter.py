"""A role named as a starter may start that machine and follow its executions, and nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import PulumiEngine
from local.instance import Instance

from .conftest import PROGRAMS, started_instance

ROLE = "callers"
SUCCEED = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
Caller = Callable[[str], Any]


@pytest.fixture(scope="module")
def account(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An account in which callers have a role that allows nothing yet."""
    for instance in started_instance(tmp_path_factory.mktemp("starter") / "instance"):
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        instance.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
        yield instance


@pytest.fixture(scope="module")
def outputs(account: Instance) -> Mapping[str, Any]:
    """Deploy a machine whose starter is that role."""
    return PulumiEngine(account, PROGRAMS / "platform" / "__main__.py", "dev", {"starter": ROLE}).up().outputs


@pytest.fixture(scope="module")
def caller(account: Instance, outputs: Mapping[str, Any]) -> Caller:
    """Clients with the callers' rights."""
    role = account.client("iam").get_role(RoleName=ROLE)["Role"]["Arn"]
    return lambda service: account.client(service, role)


def test_a_starter_starts_the_machine_and_reads_its_history(caller: Caller, outputs: Mapping[str, Any]) -> None:
    """Start, describe, history."""
    machines = caller("stepfunctions")
    execution = machines.start_execution(stateMachineArn=outputs["machine"], input="{}")["executionArn"]
    assert machines.describe_execution(executionArn=execution)["status"] in ("RUNNING", "SUCCEEDED")
    assert machines.get_execution_history(executionArn=execution)["events"]


def test_a_starter_is_denied_everything_else(caller: Caller, account: Instance, outputs: Mapping[str, Any]) -> None:
    """Not another machine, not an end before its time, not what the machine works on."""
    admin = account.client("stepfunctions")
    trusted = account.client("iam").get_role(RoleName=ROLE)["Role"]["Arn"]
    other = admin.create_state_machine(name="other", definition=SUCCEED, roleArn=trusted)["stateMachineArn"]
    running = admin.start_execution(stateMachineArn=other, input="{}")["executionArn"]
    ours = admin.start_execution(stateMachineArn=outputs["machine"], input="{}")["executionArn"]
    machines, tables, queues = (caller(service) for service in ("stepfunctions", "dynamodb", "sqs"))
    for refused in (
        lambda: machines.start_execution(stateMachineArn=other, input="{}"),
        lambda: machines.describe_execution(executionArn=running),
        lambda: machines.stop_execution(executionArn=ours),
        lambda: machines.update_state_machine(stateMachineArn=outputs["machine"], definition=SUCCEED),
        lambda: machines.delete_state_machine(stateMachineArn=outputs["machine"]),
        lambda: machines.list_state_machines(),
        lambda: tables.get_item(TableName=outputs["table"], Key={"pk": {"S": "ORDER#1"}}),
        lambda: queues.purge_queue(QueueUrl=outputs["queue"]),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
