"""`run` and the embedded AWS give the same result, wherever MiniStack implements the feature (docs/fidelity.md).

Branches keep no variables of their own in MiniStack 1.5.33, so no generated workflow is set into another here.
Executions are started synchronously, by way of the same API that a caller of AWS uses.
"""

import json
import re
import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, note, settings

from local.instance import Instance
from local.pytest_plugin import embedded_aws
from tests.workflow.strategies import payloads, workflows
from workflow import run

__all__ = ["embedded_aws"]
pytestmark = pytest.mark.xdist_group("embedded-workflows")
FEWER = settings(max_examples=30, suppress_health_check=list(HealthCheck))  # each is a state machine of its own


@pytest.fixture(scope="module")
def aws(embedded_aws: Instance) -> tuple[Any, str]:
    """A client of Step Functions, and a role for machines."""
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = embedded_aws.client("iam").create_role(
        RoleName="machine", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    return embedded_aws.client("stepfunctions"), role["Role"]["Arn"]


def in_embedded_aws(aws: tuple[Any, str], asl: Any, given_input: Any) -> tuple[str, Any, str | None]:
    """Status, output and error of one execution."""
    client, role = aws
    note(json.dumps(asl))
    machine = client.create_state_machine(
        name=f"m-{secrets.token_hex(6)}", definition=json.dumps(asl), roleArn=role, type="EXPRESS"
    )["stateMachineArn"]
    try:
        ended = client.start_sync_execution(stateMachineArn=machine, name="run", input=json.dumps(given_input))
    finally:
        client.delete_state_machine(stateMachineArn=machine)
    output = json.loads(ended["output"]) if ended["status"] == "SUCCEEDED" else None
    return ended["status"], output, ended.get("error")


@FEWER
@given(written=workflows(calls=False, generated_inside=False), given_input=payloads)
def test_a_workflow_in_jsonata_does_the_same(aws: tuple[Any, str], written: Any, given_input: Any) -> None:
    """Status, output and error."""
    assume(not _calls(written) and not _writes_letters_as_text(written.asl(), given_input))
    assume(not re.search(r"\$(uuid|random)\(", json.dumps(written.asl())))  # never the same twice
    ours = run(written.asl(), given_input)
    assert in_embedded_aws(aws, written.asl(), given_input) == (ours.status, ours.output, ours.error)


@FEWER
@given(written=workflows(calls=False, portable=True, generated_inside=False), given_input=payloads)
def test_a_workflow_in_jsonpath_does_the_same(aws: tuple[Any, str], written: Any, given_input: Any) -> None:
    """The same, compiled to JSONPath."""
    assume(not _calls(written))
    asl = written.asl(language="JSONPath")
    assume("$memo" not in json.dumps(asl))  # MiniStack 1.5.33 reads variables as null in JSONPath
    assume(not _writes_letters_as_text(asl, given_input))
    ours = run(asl, given_input)
    assert in_embedded_aws(aws, asl, given_input) == (ours.status, ours.output, ours.error)


def _calls(written: Any) -> bool:
    """Whether it calls functions, which are not deployed here; bookings with functions are run by tests/integration."""
    return any(state.type == "Task" for state in written.definition().states())


def _writes_letters_as_text(asl: Any, given_input: Any) -> bool:
    """Whether JSON with more than ASCII may be made a text: MiniStack 1.5.33 escapes there what AWS leaves as it is."""
    text = json.dumps([asl, given_input], ensure_ascii=False)
    return not text.isascii() and ("$string" in text or "JsonToString" in text)
