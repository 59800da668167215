"""Under the real engine, a new package is signed and replaces the code, but never the function."""

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

from .conftest import ROOT, EngineFactory, run_instance

pytestmark = [pytest.mark.nightly, pytest.mark.outside]

JOB, FUNCTION = "aws:signer/signingJob:SigningJob", "aws:lambda/function:Function"


def deploy_and_invoke(aws: Instance, engine: PulumiEngine) -> Any:
    """Deploy, invoke the function, and return its answer."""
    name = engine.up().outputs["function"]
    return json.loads(aws.client("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"].read())


def test_a_new_package_replaces_the_signing_job_and_updates_the_code(
    engine_of: EngineFactory, aws: Instance, tmp_path: Path
) -> None:
    """An unchanged package is not signed again, and destroying the stack leaves no bucket."""
    first, second = (engine_of("signed", "signed", answer=word, folder=str(tmp_path)) for word in ("one", "two"))
    assert deploy_and_invoke(aws, first) == "one"
    assert first.up().changes == ()
    changes_by_type = {
        step.type: (step.operation, step.name) for step in second.up().changes if step.operation != "delete"
    }
    assert changes_by_type[JOB] == ("replace", "tickets-signed")
    assert changes_by_type[FUNCTION] == ("update", "sell-function")
    assert deploy_and_invoke(aws, second) == "two"
    second.destroy()
    bucket_names = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    assert [name for name in bucket_names if "tickets" in name] == []


@pytest.fixture(params=["engine", "in-process"] if THOROUGH else ["engine"])
def staging(request: pytest.FixtureRequest, cli: Path, tmp_path: Path) -> Iterator[DeployedStack]:
    """Deploy the stage staging, whose code is signed; `make thorough` also deploys it in process."""
    program = ROOT / "__main__.py"
    for instance in run_instance(tmp_path / "instance"):
        if request.param == "engine":
            outputs = PulumiEngine(instance, program, "staging").up().outputs
        else:
            outputs = deploy(instance, program, "staging")
        yield DeployedStack(instance=instance, outputs=outputs)


def test_an_execution_runs_on_signed_code(staging: DeployedStack) -> None:
    """All functions of staging trust the same signer."""
    client = staging.client("lambda")
    names = [staging.outputs[f"{name}Function"] for name in ("purchase", "refund", "record", "reconcile")]
    trusted = {client.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] for name in names}
    assert [":code-signing-config:" in each for each in trusted] == [True]
    refused = staging.run({"action": "barter"})
    assert (refused.status, refused.result["code"]) == ("SUCCEEDED", "INVALID_REQUEST")
