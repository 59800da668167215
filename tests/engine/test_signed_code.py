"""Signed code under the real engine: a new package is signed and replaces the code, never the function."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.drivers.in_process import deploy
from local.engine import PulumiEngine
from local.instance import Instance
from local.pytest_plugin import DeployedStack
from tests.environment import THOROUGH

from .conftest import ROOT, Run, started_instance

pytestmark = [pytest.mark.nightly, pytest.mark.outside]

JOB, FUNCTION = "aws:signer/signingJob:SigningJob", "aws:lambda/function:Function"


def answer(aws: Instance, engine: PulumiEngine) -> Any:
    """Deploy, invoke the function, and return its answer."""
    name = engine.up().outputs["function"]
    return json.loads(aws.client("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"].read())


def test_a_new_package_is_a_new_job_and_an_update_of_the_code_in_place(
    engine_of: Run, aws: Instance, tmp_path: Path
) -> None:
    """An unchanged package is not signed again, and destroying the stack leaves no bucket."""
    first, second = (engine_of("signed", "signed", answer=word, folder=str(tmp_path)) for word in ("one", "two"))
    assert answer(aws, first) == "one"
    assert first.up().changes == ()
    released = {step.type: (step.operation, step.name) for step in second.up().changes if step.operation != "delete"}
    assert released[JOB] == ("replace", "tickets-signed")
    assert released[FUNCTION] == ("update", "sell-function")
    assert answer(aws, second) == "two"
    second.destroy()
    left = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    assert [name for name in left if "tickets" in name] == []


@pytest.fixture(params=["engine", "in-process"] if THOROUGH else ["engine"])
def staging(request: pytest.FixtureRequest, cli: Path, tmp_path: Path) -> Iterator[DeployedStack]:
    """The stage staging, whose code is signed; `make thorough` also deploys it in process, with the same provider."""
    program = ROOT / "__main__.py"
    for instance in started_instance(tmp_path / "instance"):
        if request.param == "engine":
            outputs = PulumiEngine(instance, program, "staging").up().outputs
        else:
            outputs = deploy(instance, program, "staging")
        yield DeployedStack(instance=instance, outputs=outputs)


def test_a_stage_with_signed_code_books(staging: DeployedStack) -> None:
    """All functions of staging trust one signer, and an execution passes through the whole machine."""
    client = staging.client("lambda")
    names = [staging.outputs[f"{name}Function"] for name in ("purchase", "refund", "record", "reconcile")]
    trusted = {client.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] for name in names}
    assert [":code-signing-config:" in each for each in trusted] == [True]
    refused = staging.run({"action": "barter"})
    assert (refused.status, refused.result["code"]) == ("SUCCEEDED", "INVALID_REQUEST")
