"""Code signing in the embedded AWS: functions run only packages of a trusted signer."""

import dataclasses
import json
from typing import Any

import pytest

from local.errors import ProviderError
from local.instance import Instance
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider
from tests.local.inputs import Prerequisites, package, urn_of

FUNCTION, JOB = "aws:lambda/function:Function", "aws:signer/signingJob:SigningJob"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


@pytest.fixture(scope="module")
def world(embedded_aws: Instance, tmp_path_factory: pytest.TempPathFactory) -> Prerequisites:
    folder = tmp_path_factory.mktemp("world")
    return Prerequisites.create(EmbeddedProvider(embedded_aws.aws(), Journal(folder / "journal.jsonl")), folder)


def function_of(world: Prerequisites, **code: Any) -> dict[str, Any]:
    """Return the inputs of a function that trusts the world's first signer."""
    rest = {"role": world.role["arn"], "handler": "function.handler", "runtime": "python3.13"}
    return {**rest, "codeSigningConfigArn": world.signing, **code}


def create_function(world: Prerequisites, name: str, **code: Any) -> dict[str, Any]:
    """Create a function and return its outputs."""
    checked = world.provider.check(urn_of(FUNCTION, name), FUNCTION, function_of(world, **code))
    assert checked.faults == ()
    return world.provider.create(urn_of(FUNCTION, name), FUNCTION, checked.inputs).outputs


def invoke_function(world: Prerequisites, function: dict[str, Any]) -> Any:
    """Invoke a function and return its answer."""
    client = world.provider.aws.client("lambda")
    return json.loads(client.invoke(FunctionName=function["name"], Payload=b"{}")["Payload"].read())


def sign(world: Prerequisites, profile: int, number: int = 0) -> dict[str, str]:
    """Sign the world's package `number` with one of its profiles, and return the location of the result."""
    unsigned = world.unsigned[number]
    inputs = {
        "profileName": world.profiles[profile]["name"],
        "source": {"s3": {"bucket": unsigned["bucket"], "key": unsigned["key"], "version": unsigned["versionId"]}},
        "destination": {"s3": {"bucket": world.versioned, "prefix": "signed/"}},
    }
    job = world.provider.create(urn_of(JOB, f"by-{profile}-{number}"), JOB, inputs)
    [location] = job.outputs["signedObjects"][0]["s3s"]
    return {"s3Bucket": location["bucket"], "s3Key": location["key"]}


def test_a_signed_package_runs(world: Prerequisites) -> None:
    """The packages return different numbers."""
    for number in (0, 1):
        assert (
            invoke_function(world, create_function(world, f"signed-{number}", **sign(world, 0, number))) == number + 1
        )


def test_an_unsigned_package_is_refused(world: Prerequisites) -> None:
    """It comes from this machine or from a bucket."""
    in_bucket = {"s3Bucket": world.versioned, "s3Key": world.unsigned[0]["key"]}
    for name, code in (("local", {"code": world.code[0]}), ("in-bucket", in_bucket)):
        with pytest.raises(ProviderError, match="InvalidCodeSignatureException: the package is signed by nobody"):
            create_function(world, name, **code)


def test_a_package_of_an_untrusted_signer_is_refused(world: Prerequisites) -> None:
    """A signature alone is not enough."""
    with pytest.raises(ProviderError, match=r"signed by arn:aws:signer:.*, trusted: arn:aws:signer:"):
        create_function(world, "other-signer", **sign(world, 1))


def test_a_new_package_replaces_the_job_and_updates_the_function_in_place(world: Prerequisites) -> None:
    """The package also becomes a new version of its object."""
    provider, name = world.provider, "released"
    urn = urn_of(OBJECT, name)
    first = {"bucket": world.versioned, "key": f"{name}.zip", "source": world.code[0]}
    second = {**first, "source": dataclasses.replace(package(world.folder / "newer.zip", 3), hash="newer")}
    before = provider.create(urn, OBJECT, first).outputs
    assert [change.path for change in provider.diff(urn, OBJECT, "", first, second).changes] == [("source",)]
    after = provider.update(urn, OBJECT, f"{world.versioned}/{name}.zip", first, second, before)
    assert before["versionId"] != after["versionId"]
    old, new = (
        {
            "profileName": "p",
            "source": {"s3": {**_object_location(each), "version": each["versionId"]}},
            "destination": {},
        }
        for each in (before, after)
    )
    assert provider.diff(urn_of(JOB, name), JOB, "", old, new).replacing_properties == ("source",)
    before_inputs, after_inputs = (
        function_of(world, s3Bucket="b", s3Key=f"signed/{job}.zip") for job in ("one", "two")
    )
    function_diff = provider.diff(urn_of(FUNCTION, name), FUNCTION, "", before_inputs, after_inputs)
    assert ([change.path for change in function_diff.changes], function_diff.replacing_properties) == ([("s3Key",)], ())


def _object_location(object_outputs: dict[str, Any]) -> dict[str, str]:
    return {"bucket": object_outputs["bucket"], "key": object_outputs["key"]}


def test_a_package_without_a_local_file_is_read_from_its_bucket(world: Prerequisites) -> None:
    """Examples are packages of another pipeline, or packages that were rebuilt since."""
    location = sign(world, 0, 1)
    unsigned_object = world.unsigned[1]
    local_file = world.code[1].path
    assert local_file is not None
    content = local_file.read_bytes()
    local_file.unlink()
    try:
        assert (
            invoke_function(world, create_function(world, f"left-{unsigned_object['versionId'][:8]}", **location)) == 2
        )
    finally:
        local_file.write_bytes(content)


def test_a_signing_profile_without_a_valid_name_is_rejected(world: Prerequisites) -> None:
    """Pulumi's automatic names contain hyphens, which AWS Signer rejects."""
    token = "aws:signer/signingProfile:SigningProfile"
    platform = {"platformId": "AWSLambda-SHA384-ECDSA"}
    for inputs in (platform, platform | {"name": "a-b"}, platform | {"namePrefix": "a-"}):
        assert world.provider.check(urn_of(token, "wrong"), token, inputs).faults != ()
