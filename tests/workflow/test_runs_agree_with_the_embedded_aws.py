"""`run` and the embedded AWS agree wherever MiniStack implements the feature (docs/reference/fidelity.md).

In MiniStack 1.5.33 branches have no variables of their own, so no generated workflow is nested in another here.
Executions are started synchronously, through the API that callers of AWS use.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, note, settings

from local.drivers.in_process import deploy
from local.instance import Instance
from tests.environment import THOROUGH
from tests.workflow.deployed.work import handler
from tests.workflow.strategies import choosers, hostile, payloads, workflows
from workflow import Function, Limit, run

FEWER = settings(
    max_examples=30 if THOROUGH else 8, suppress_health_check=list(HealthCheck)
)  # each example creates a state machine


PROGRAM = Path(__file__).parent / "deployed" / "__main__.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Run state machines in the embedded AWS, each for one execution."""

    client: Any
    role: str
    function: str

    def run(self, asl: Any, given_input: Any) -> tuple[str, Any, str | None]:
        """Run an execution; return its status, output and error."""
        note(json.dumps(asl))
        machine = self.client.create_state_machine(
            name=f"m-{secrets.token_hex(6)}", definition=json.dumps(asl), roleArn=self.role, type="EXPRESS"
        )["stateMachineArn"]
        try:
            ended = self.client.start_sync_execution(stateMachineArn=machine, name="run", input=json.dumps(given_input))
        finally:
            self.client.delete_state_machine(stateMachineArn=machine)
        output = json.loads(ended["output"]) if ended["status"] == "SUCCEEDED" else None
        return ended["status"], output, ended.get("error")


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Start an embedded AWS in which waits take no time."""
    instance = Instance.at(tmp_path_factory.mktemp("machines"))
    instance.start(wait_scale=0)
    try:
        yield Machines(client=instance.client("stepfunctions"), **deploy(instance, PROGRAM))
    finally:
        instance.stop()


@FEWER
@given(workflow=workflows(calls="nothing", generated_inside=False), given_input=payloads)
def test_jsonata_workflows_run_the_same(machines: Machines, workflow: Any, given_input: Any) -> None:
    """Status, output and error are the same."""
    assume(not _has_tasks(workflow) and not _stringifies_non_ascii(workflow.asl(), given_input))
    assume(not re.search(r"\$(uuid|random)\(", json.dumps(workflow.asl())))  # their values are random
    expected = run(workflow.asl(), given_input)
    assert machines.run(workflow.asl(), given_input) == (expected.status, expected.output, expected.error)


@FEWER
@given(workflow=workflows(calls="nothing", portable=True, generated_inside=False), given_input=payloads)
def test_jsonpath_workflows_run_the_same(machines: Machines, workflow: Any, given_input: Any) -> None:
    """Status, output and error are the same."""
    assume(not _has_tasks(workflow))
    asl = workflow.asl(language="JSONPath")
    # MiniStack 1.5.33 reads variables as null in JSONPath, and keeps the backslash of an escaped brace.
    assume("$memo" not in json.dumps(asl) and not re.search(r"\\[{}]", json.dumps(asl)))
    assume(not _stringifies_non_ascii(asl, given_input))
    expected = run(asl, given_input)
    assert machines.run(asl, given_input) == (expected.status, expected.output, expected.error)


@FEWER
@given(workflow=choosers(), given_input=hostile)
def test_choices_decide_the_same_for_any_input(machines: Machines, workflow: Any, given_input: Any) -> None:
    """Conditions have the same result for inputs of any type.

    Only JSONata is compared: in JSONPath, MiniStack 1.5.33 takes null and empty strings for absent values, booleans for
    numbers, and a pattern's backslash literally. test_every_workflow_of_the_language compares JSONPath with JSONata.
    """
    expected = run(workflow.asl(), given_input)
    assert machines.run(workflow.asl(), given_input) == (expected.status, expected.output, expected.error)


@FEWER
@given(workflow=workflows(calls="functions", generated_inside=False), given_input=payloads)
def test_workflows_that_call_functions_run_the_same(machines: Machines, workflow: Any, given_input: Any) -> None:
    """The function's errors are retried and caught by name, or fail the execution."""
    assume(_has_tasks(workflow) and not _stringifies_non_ascii(workflow.asl(), given_input))
    assume(not re.search(r"\$(uuid|random)\(", json.dumps(workflow.asl())))
    names = [name for name in workflow.required() if not isinstance(name, Limit)]
    expected = run(workflow.asl(), given_input, {name: handler for name in names if isinstance(name, Function)})
    bound = workflow.asl(
        {name: machines.function if isinstance(name, Function) else name.placeholder for name in names}
    )
    assert machines.run(bound, given_input) == (expected.status, expected.output, expected.error)


def _has_tasks(workflow: Any) -> bool:
    """Return whether the workflow has Tasks."""
    return any(state.type == "Task" for state in workflow.definition().states())


def _stringifies_non_ascii(asl: Any, given_input: Any) -> bool:
    """Return whether the workflow makes JSON text of non-ASCII characters, which only MiniStack 1.5.33 escapes."""
    text = json.dumps([asl, given_input], ensure_ascii=False)
    return not text.isascii() and ("$string" in text or "JsonToString" in text)
