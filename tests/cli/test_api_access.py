"""Tokens for the API of the embedded AWS, and the command that `booking up` prints at its end."""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from cli.api_access import describe_access
from handlers.contracts.api_routes import Role
from local.pytest_plugin import DeployedStack

from .conftest import BOOKING, Shell


def test_up_prints_a_working_command_that_calls_the_api(booking_stack: DeployedStack, shell: Shell) -> None:
    address, command = describe_access(booking_stack.instance, booking_stack.outputs)
    assert address == f"The API answers at {booking_stack.outputs['apiUrl']}"
    path = f"{BOOKING.parent}{os.pathsep}{os.environ['PATH']}"
    completed = subprocess.run(
        ["sh", "-c", f"{command} --silent"], env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert "orders" in json.loads(completed.stdout), completed


def test_a_program_without_an_api_has_no_such_command(booking_stack: DeployedStack) -> None:
    assert describe_access(booking_stack.instance, {"apiUrl": ""}) == []


@pytest.fixture
def other_issuer(booking_stack: DeployedStack) -> Iterator[None]:
    """Let the deployed API accept the tokens of another issuer, like a stage with its own apiIssuer."""
    apis, api = booking_stack.instance.client("apigatewayv2"), str(booking_stack.outputs["apiUrl"]).rpartition("/")[2]
    [authorizer] = apis.get_authorizers(ApiId=api)["Items"]
    own, change = authorizer["JwtConfiguration"], {"ApiId": api, "AuthorizerId": authorizer["AuthorizerId"]}
    apis.update_authorizer(**change, JwtConfiguration={**own, "Issuer": "https://id.example.com"})
    yield
    apis.update_authorizer(**change, JwtConfiguration=own)


@pytest.mark.usefixtures("other_issuer")
def test_no_token_is_issued_for_an_api_with_another_issuer(booking_stack: DeployedStack, shell: Shell) -> None:
    refused = shell("token", "--role", "staff")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "accepts that issuer's tokens" in refused.stderr
    [line] = describe_access(booking_stack.instance, booking_stack.outputs)
    assert line.endswith("accepts the tokens of the stage's apiIssuer.")


@pytest.mark.parametrize("role", Role)
def test_a_token_contains_its_role_and_its_person(shell: Shell, role: Role) -> None:
    issued = shell("token", "--role", role.value, "--subject", "anna", "--json").document
    assert issued["roles"] == [role.value]
    assert issued["id"] == shell("person", "anna").stdout.strip()
    assert shell("token", "--role", role.value).stdout.count(".") == 2


def test_an_unknown_role_is_rejected_with_the_known_ones(shell: Shell) -> None:
    refused = shell("token", "--role", "root")
    assert refused.exit_code == 64
    assert all(role.value in refused.stderr for role in Role)


def test_the_id_of_a_person_depends_on_the_issuer(shell: Shell) -> None:
    shown = shell("person", "anna", "--issuer", "https://id.example.com", "--json").document
    assert shown["id"] != shell("person", "anna").stdout.strip()


def test_no_token_is_issued_without_a_running_embedded_aws(shell: Shell) -> None:
    refused = shell("token", "--role", "staff", "--instance", "nobody")
    assert (refused.exit_code, "booking up" in refused.stderr) == (1, True)
