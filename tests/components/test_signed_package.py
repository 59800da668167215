"""A package in a bucket, signed, and functions that run nothing else: as a platform team puts them together."""

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
    """A signed package and a function that is made of it."""

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


def test_a_function_runs_what_was_signed_and_trusts_its_signer_alone() -> None:
    """The location and the configuration are all that passes from one component to the other."""
    graph = synth_signed_package()
    [function] = graph.of_type(FUNCTION)
    assert function.inputs["s3Bucket"] == "booking-tickets-bucket-0123456"
    assert function.inputs["s3Key"] == "signed/booking-tickets-signed-0123456"
    assert function.inputs["codeSigningConfigArn"].endswith("booking-tickets-signing-0123456")
    publishers = graph.named("tickets-signing").inputs["allowedPublishers"]["signingProfileVersionArns"]
    assert publishers == [SIGNER]


def test_a_signed_location_of_ones_own_needs_no_package_of_ours() -> None:
    """A package signed by another pipeline is named by bucket, key, version and configuration."""
    config = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0d4518bd353a0a7c6"
    given = {"code_bucket": "theirs", "code_key": "sell.zip", "code_version": "v7", "code_signing": config}
    graph = record(lambda: MonitoredLambda("sell", {"handler": "app.handler", **given}))  # type: ignore[typeddict-item]
    [function] = graph.of_type(FUNCTION)
    kept = ("s3Bucket", "s3Key", "s3ObjectVersion", "codeSigningConfigArn")
    assert [function.inputs[key] for key in kept] == list(given.values())
    assert graph.of_type("aws:signer/signingJob:SigningJob") == []


def test_access_logs_go_where_they_are_told_to() -> None:
    """To its own bucket, which its key lets S3 write to; or to the given one, and then the key allows no service."""
    own, given = synth_signed_package(), synth_signed_package(logbucket="logs-of-ours")
    assert [bucket.name for bucket in own.of_type(BUCKET)] == ["tickets-bucket", "tickets-access"]
    assert "logging.s3.amazonaws.com" in own.named("tickets-key").inputs["policy"]
    assert [bucket.name for bucket in given.of_type(BUCKET)] == ["tickets-bucket"]
    assert given.named("tickets-bucket-logging").inputs["targetBucket"] == "logs-of-ours"
    assert "logging.s3.amazonaws.com" not in given.named("tickets-key").inputs["policy"]


@pytest.mark.parametrize("stage", ["dev", "pre-prod", "a-stage-with-quite-a-long-name-of-its-own"])
def test_the_signer_has_a_name_that_aws_takes(stage: str) -> None:
    """Letters, digits and underscores; 38 characters leave room for what makes it unique."""
    prefix = synth_signed_package(stage=stage).named("tickets-signer").inputs["namePrefix"]
    assert re.fullmatch(r"[0-9A-Za-z_]{1,38}", prefix)


def test_every_version_of_the_package_is_the_same_object(tmp_path: Path) -> None:
    """So a change is a new version of it, which makes a new job, and the older version is forgotten after a while."""
    (tmp_path / "other.zip").write_bytes(b"other")
    first, second = synth_signed_package(), synth_signed_package(package=pulumi.FileAsset(str(tmp_path / "other.zip")))
    keys = [graph.named("tickets-unsigned").inputs["key"] for graph in (first, second)]
    assert keys == ["unsigned/tickets.zip"] * 2
    [rule] = first.named("tickets-bucket-lifecycle").inputs["rules"]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert "expiration" not in rule, "what was signed proves what ran"


def test_a_package_is_required() -> None:
    """Nothing can be signed without one."""
    with pytest.raises(InvalidArguments, match="package is required"):
        record(lambda: SignedPackage("tickets", {}))  # type: ignore[typeddict-item]
