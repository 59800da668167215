"""Functions that run only a signed package from a bucket, as a platform team would combine the components."""

import re
from pathlib import Path

import pulumi
import pytest

from components import MonitoredLambda, SignedPackage
from components.base import InvalidArguments
from tests.components.synth import Graph, record

SIGNER = "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/booking-tickets-signer-0123456"
FUNCTION, BUCKET = "aws:lambda/function:Function", "aws:s3/bucket:Bucket"


def synth_signed_package(*, stage: str = "test", **args: object) -> Graph:
    """Return the graph of a signed package and a function that runs it."""

    def program() -> None:
        code = SignedPackage("tickets", {"package": pulumi.FileAsset(__file__), **args})  # type: ignore[typeddict-item]
        MonitoredLambda(
            "sell",
            {
                "handler": "app.handler",
                "code_bucket": code.bucket,
                "code_key": code.file,
                "code_signing": code.signing,
            },
        )

    return record(program, stage=stage)


def test_a_function_runs_the_signed_package_and_trusts_only_its_signer() -> None:
    """The function needs only the location and the signing configuration."""
    graph = synth_signed_package()
    [function] = graph.of_type(FUNCTION)
    assert function.inputs["s3Bucket"] == "booking-tickets-bucket-0123456"
    assert function.inputs["s3Key"] == "signed/booking-tickets-signed-0123456"
    assert function.inputs["codeSigningConfigArn"].endswith("booking-tickets-signing-0123456")
    publishers = graph.find_resource("tickets-signing").inputs["allowedPublishers"]["signingProfileVersionArns"]
    assert publishers == [SIGNER]


def test_a_function_can_run_a_package_that_another_pipeline_signed() -> None:
    """It is given by bucket, key, version and signing configuration."""
    config = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0d4518bd353a0a7c6"
    given = {"code_bucket": "theirs", "code_key": "sell.zip", "code_version": "v7", "code_signing": config}
    graph = record(lambda: MonitoredLambda("sell", {"handler": "app.handler", **given}))  # type: ignore[typeddict-item]
    [function] = graph.of_type(FUNCTION)
    properties = ("s3Bucket", "s3Key", "s3ObjectVersion", "codeSigningConfigArn")
    assert [function.inputs[key] for key in properties] == list(given.values())
    assert graph.of_type("aws:signer/signingJob:SigningJob") == []


def test_access_logs_go_to_a_new_bucket_or_to_the_given_one() -> None:
    """The component's key allows S3 log delivery only for its own bucket."""
    own, given = synth_signed_package(), synth_signed_package(logbucket="logs-of-ours")
    assert [bucket.name for bucket in own.of_type(BUCKET)] == ["tickets-bucket", "tickets-access"]
    assert "logging.s3.amazonaws.com" in own.find_resource("tickets-key").inputs["policy"]
    assert [bucket.name for bucket in given.of_type(BUCKET)] == ["tickets-bucket"]
    assert given.find_resource("tickets-bucket-logging").inputs["targetBucket"] == "logs-of-ours"
    assert "logging.s3.amazonaws.com" not in given.find_resource("tickets-key").inputs["policy"]


@pytest.mark.parametrize("stage", ["dev", "pre-prod", "a-stage-with-quite-a-long-name-of-its-own"])
def test_the_signer_name_is_valid_for_aws(stage: str) -> None:
    """It has letters, digits and underscores; at most 38 characters leave room for the random suffix."""
    prefix = synth_signed_package(stage=stage).find_resource("tickets-signer").inputs["namePrefix"]
    assert re.fullmatch(r"[0-9A-Za-z_]{1,38}", prefix)


def test_every_version_of_the_package_has_the_same_object_key(tmp_path: Path) -> None:
    """A change is thus a new version of the object, which starts a new signing job; old versions expire."""
    (tmp_path / "other.zip").write_bytes(b"other")
    first, second = synth_signed_package(), synth_signed_package(package=pulumi.FileAsset(str(tmp_path / "other.zip")))
    keys = [graph.find_resource("tickets-unsigned").inputs["key"] for graph in (first, second)]
    assert keys == ["unsigned/tickets.zip"] * 2
    [rule] = first.find_resource("tickets-bucket-lifecycle").inputs["rules"]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert "expiration" not in rule, "signed packages are the proof of what ran"


def test_a_package_is_required() -> None:
    with pytest.raises(InvalidArguments, match="package is required"):
        record(lambda: SignedPackage("tickets", {}))  # type: ignore[typeddict-item]
