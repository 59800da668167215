"""The first request of a new process: its imports, its calls of AWS and their size. Nothing is timed."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from bench._conversations import AwsDouble, Conversation, aws_double, record_conversations
from bench.cold import FUNCTIONS, GATEWAY, HANDLER_PROGRAM, STRIPE, command_of, environment_of, write_conversation

BUDGETS = {
    "purchase": (3, 5_750, 410),
    "refund": (5, 5_550, 410),
    "record": (2, 1_800, 410),
    "reconcile": (5, 3_200, 420),
    "publish": (1, 850, 400),
    "api": (3, 1_350, 420),
}
"""Calls of AWS, bytes of their bodies, and modules in the process: as measured, and a tenth more of the latter two."""


MODULES_OF_STRIPE = 8
"""Maximum of modules that initialisation imports with Stripe and not with the sandbox; all belong to the adapter."""


@pytest.fixture(scope="module")
def conversations() -> dict[str, Conversation]:
    return record_conversations()


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsDouble]:
    with aws_double() as running:
        yield running


def lines_of(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the lines that a program prints."""
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_first_request_stays_within_its_budget(
    function: str, conversations: dict[str, Conversation], aws: AwsDouble, tmp_path: Path
) -> None:
    """Neither boto3 nor pydantic is imported: botocore and pydantic's compiled core do the work."""
    conversation = conversations[function]
    aws.expect(conversation)
    program = HANDLER_PROGRAM.format(function=function) + "\nprint('imported', *sys.modules)"
    command = command_of(program, write_conversation(conversation, tmp_path))
    imported = set(lines_of(command, environment_of(conversation, aws))[-1].split())
    assert imported.isdisjoint({"boto3", "s3transfer", "pydantic", "pydantic_core", "pydantic_core.core_schema"})
    assert "botocore.session" in imported
    calls, size, modules = BUDGETS[function]
    assert (aws.requests, len(conversation.calls)) == (calls, calls)
    assert aws.received_bytes <= size
    assert len(imported) <= modules


@pytest.mark.parametrize("function", ["purchase", "refund", "reconcile"])
def test_initialisation_with_stripe_adds_only_the_adapter(
    function: str, conversations: dict[str, Conversation], aws: AwsDouble, tmp_path: Path
) -> None:
    """The first payment creates the client of Secrets Manager, and the first sweep imports the list of movements."""
    conversation = conversations[function]
    aws.expect(conversation)
    program = GATEWAY.format(function=function) + "\nprint(*deps._clients); print(*sys.modules)"
    command = command_of(program, write_conversation(conversation, tmp_path))
    sandbox = environment_of(conversation, aws)
    imported = dict[str, set[str]]()
    for gateway, environment in (("sandbox", sandbox), ("stripe", {**sandbox, **STRIPE})):
        clients, modules = lines_of(command, environment)
        assert clients == "dynamodb"
        imported[gateway] = set(modules.split())
    added = imported["stripe"] - imported["sandbox"]
    assert "handlers.adapters.stripe.stripe_gateway" in added
    assert all(name.startswith("handlers.adapters.stripe") for name in added)
    assert len(added) <= MODULES_OF_STRIPE, sorted(added)
    assert aws.requests == 0
