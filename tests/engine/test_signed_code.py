"""Signed code under the real engine: a new package is signed anew and replaces the code, never the function."""

import json
from pathlib import Path
from typing import Any

from local.engine import Engine
from local.instance import Instance

from .conftest import Run

JOB, FUNCTION = "aws:signer/signingJob:SigningJob", "aws:lambda/function:Function"


def answer(aws: Instance, engine: Engine) -> Any:
    """What the deployed function says."""
    name = engine.up().outputs["function"]
    return json.loads(aws.client("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"].read())


def test_a_new_package_is_a_new_job_and_an_update_of_the_code_in_place(
    engine_of: Run, aws: Instance, tmp_path: Path
) -> None:
    """And what did not change is not signed again; destroying it all leaves no bucket."""
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
