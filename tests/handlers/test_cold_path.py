"""The first request of a new process: what it imports, how often it calls AWS, and what it sends. Nothing is timed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench._conversations import AwsDouble, Conversation, aws_double, record_conversations
from bench.cold import FUNCTIONS, OURS, command_of, environment_of, write_conversation

BUDGETS = {
    "purchase": (3, 5_750, 410),
    "refund": (5, 5_550, 410),
    "record": (2, 1_800, 410),
    "reconcile": (5, 3_200, 420),
    "publish": (1, 850, 400),
    "api": (3, 1_350, 420),
}
"""Calls of AWS, bytes of their bodies, and modules in the process: as measured, and a tenth more of the latter two."""


@pytest.fixture(scope="module")
def conversations() -> dict[str, Conversation]:
    return record_conversations()


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsDouble]:
    with aws_double() as running:
        yield running


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_first_request_stays_within_its_budget(
    function: str, conversations: dict[str, Conversation], aws: AwsDouble, tmp_path: Path
) -> None:
    """Neither boto3 nor pydantic is imported: botocore and pydantic's compiled core do the work."""
    conversation = conversations[function]
    aws.expect(conversation)
    program = OURS.format(function=function) + "\nprint('imported', *sys.modules)"
    command = command_of(program, write_conversation(conversation, tmp_path))
    ran = subprocess.run(command, env=environment_of(conversation, aws), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    imported = set(ran.stdout.splitlines()[-1].split())
    assert imported.isdisjoint({"boto3", "s3transfer", "pydantic", "pydantic_core", "pydantic_core.core_schema"})
    assert "botocore.session" in imported
    calls, size, modules = BUDGETS[function]
    assert (aws.requests, len(conversation.calls)) == (calls, calls)
    assert aws.received_bytes <= size
    assert len(imported) <= modules
