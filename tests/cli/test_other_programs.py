"""The verbs work with another team's program: they report missing outputs, and can run its own machine."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack

from .conftest import CommandResult, Shell, run_booking

Export = Callable[[object], None]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}},
    ],
}
THEIR_STACK = {"bucket": "their-bucket", "region": "us-east-1"}
NEEDED_OUTPUTS = {
    ("stock", "set", "MUG", "--price", "8.00", "--available", "1"): "ordersTable",
    ("stock", "show"): "ordersTable",
    ("purchase", "MUG=1@8.00", "--customer", "c-1"): "ordersTable",
    ("refund", "ord_1", "--by", "a", "--reason", "late"): "ordersTable",
    ("show", "ord_1"): "ordersTable",
    ("run", "event.json"): "stateMachineArn",
    ("reconcile",): "reconcileFunction",
    ("audit", "verify"): "ordersTable",
    ("audit", "report", "--from", "2026-01-01", "--to", "2026-01-02"): "auditBucket",
    ("parking", "redrive"): "parkingQueueUrl",
    ("recover", "--dry-run"): "auditBucket",
}


@pytest.fixture
def export(shell: Shell, booking_stack: DeployedStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Export:
    """Return a function that sets the outputs that a Pulumi CLI reports for every stack.

    The AWS of that stack is the embedded one.
    """
    (tmp_path / "Pulumi.yaml").write_text("name: theirs\nruntime: python\n")
    (tmp_path / "event.json").write_text("{}")
    cli = tmp_path / "bin" / "pulumi"
    cli.parent.mkdir()
    cli.write_text(f"#!/bin/sh\ncat {tmp_path}/outputs.json\n")
    cli.chmod(0o755)
    for name, value in booking_stack.instance.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{cli.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)

    def export(outputs: object) -> None:
        (tmp_path / "outputs.json").write_text(json.dumps(outputs))

    return export


@pytest.mark.parametrize(("arguments", "output"), NEEDED_OUTPUTS.items(), ids=lambda value: str(value))
def test_a_verb_names_a_missing_output(shell: Shell, export: Export, arguments: tuple[str, ...], output: str) -> None:
    export(THEIR_STACK)
    result = shell(*arguments, "--stage", "theirs")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"This verb needs the output {output}" in result.stderr
    assert "the stack theirs does not export it" in result.stderr
    assert "Exported: bucket, region." in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("value", [17, ["orders"], None, "", {"name": "orders"}])
def test_an_output_that_is_not_a_string_is_rejected(shell: Shell, export: Export, value: object) -> None:
    export({"ordersTable": value, "region": "us-east-1"})
    result = shell("stock", "show", "--stage", "theirs")
    assert result.exit_code == 1
    assert f"The output ordersTable of the stack theirs must be a string, got {json.dumps(value)}." in result.stderr


def test_a_secret_output_is_rejected(shell: Shell, export: Export) -> None:
    export({"auditBucket": "[secret]", "region": "us-east-1"})
    result = shell("recover", "--dry-run", "--stage", "theirs")
    assert (result.exit_code, "is a secret" in result.stderr) == (1, True)


def test_a_stack_without_outputs_must_be_deployed_first(shell: Shell, export: Export) -> None:
    export({})
    result = shell("show", "ord_1", "--stage", "theirs")
    assert (result.exit_code, "pulumi up -s theirs" in result.stderr) == (1, True)


def test_a_purchase_never_starts_a_machine_of_another_program(
    shell: Shell, export: Export, booking_stack: DeployedStack
) -> None:
    machine = create_machine(booking_stack, "not-a-till", {"Type": "Pass", "End": True})
    export({"stateMachineArn": machine, "region": "us-east-1"})
    assert shell("purchase", "MUG=1@8.00", "--customer", "c-1", "--stage", "theirs").exit_code == 1
    assert booking_stack.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"] == []


@pytest.mark.parametrize("output", [{"points": 12}, ["a", "b"], "done", None, {"status": "succeeded"}])
def test_the_output_of_another_machine_is_printed(
    shell: Shell, export: Export, booking_stack: DeployedStack, output: object
) -> None:
    result = run_machine(shell, export, booking_stack, {"Type": "Pass", "Result": output, "End": True})
    assert result.exit_code == 0, result.stderr
    assert (result.document["execution_status"], result.document["output"]) == ("SUCCEEDED", output)
    assert result.document["path"] == ["only"]


def test_the_error_of_another_machine_is_printed(shell: Shell, export: Export, booking_stack: DeployedStack) -> None:
    result = run_machine(
        shell, export, booking_stack, {"Type": "Fail", "Error": "Shop.Closed", "Cause": "It is Sunday."}
    )
    assert result.exit_code == 3
    assert (result.document["error"], result.document["cause"]) == ("Shop.Closed", "It is Sunday.")


def test_the_result_of_another_machine_is_printed_as_a_table(
    shell: Shell, export: Export, booking_stack: DeployedStack
) -> None:
    fail = {"Type": "Fail", "Error": "Shop.Closed", "Cause": "It is Sunday."}
    shown = run_machine(shell, export, booking_stack, fail, "--stage", "theirs")
    assert shown.exit_code == 3
    assert all(word in shown.stdout for word in ("FAILED", "Shop.Closed", "It is Sunday.", "only"))


def test_the_region_is_taken_from_an_arn(shell: Shell, export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program exports no region."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    export({"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:gone"})
    result = shell("run", "event.json", "--stage", "theirs")
    assert (result.exit_code, "StateMachineDoesNotExist" in result.stderr) == (1, True)


def test_up_skips_the_tour_of_a_program_without_bookings(program_folder: Path) -> None:
    (program_folder / "__main__.py").write_text('import pulumi\npulumi.export("greeting", "hello")\n')
    result = run_booking(program_folder, "up", "--engine", "in-process")
    assert result.exit_code == 0, result.stderr
    assert "No tour: it makes bookings, and this program does not export stateMachineArn" in result.stderr
    assert "booking run EVENT.json" in result.stdout
    assert "booking purchase" not in result.stdout


def create_machine(stack: DeployedStack, name: str, state: dict[str, Any]) -> str:
    """Create a machine with one state and return its ARN."""
    iam = stack.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    definition = json.dumps({"StartAt": "only", "States": {"only": state}})
    created = stack.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
    return str(created["stateMachineArn"])


def run_machine(
    shell: Shell, export: Export, stack: DeployedStack, state: dict[str, Any], *arguments: str
) -> CommandResult:
    """Run a new machine with one state through `booking run`, with --json unless there are other arguments."""
    name = f"theirs-{len(stack.client('stepfunctions').list_state_machines()['stateMachines'])}"
    export({"stateMachineArn": create_machine(stack, name, state), "region": "us-east-1"})
    return shell("run", "event.json", *(arguments or ("--stage", "theirs", "--json")))
