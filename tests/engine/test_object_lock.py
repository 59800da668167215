"""Destroying a stage keeps objects under Object Lock readable and protected, and reports them."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.main import run
from local.engine import LockedBucket, PulumiEngine, locked_buckets, pending_keys
from local.errors import DeploymentFailed
from local.instance import Instance

from .conftest import PROGRAMS, EngineFactory

pytestmark = [pytest.mark.nightly, pytest.mark.outside]


def deploy_bucket(engine_of: EngineFactory, stage: str, **config: object) -> tuple[PulumiEngine, str, str]:
    """Deploy the program and return its engine, bucket and key."""
    engine = engine_of("locked", stage, **config)
    outputs = engine.up().outputs
    return engine, outputs["bucket"], outputs["key"].rpartition("/")[2]


def put(aws: Instance, bucket: str) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="outcomes/1.json", Body=b"{}", ChecksumAlgorithm="SHA256")


def find_locked(aws: Instance, bucket: str) -> list[LockedBucket]:
    return [each for each in locked_buckets(aws) if each.name == bucket]


def test_a_bucket_in_compliance_mode_is_kept_with_its_key_and_policy(engine_of: EngineFactory, aws: Instance) -> None:
    """Deleting the key would destroy objects that nobody may delete."""
    engine, bucket, key = deploy_bucket(engine_of, "compliance", mode="COMPLIANCE")
    put(aws, bucket)
    with pytest.raises(DeploymentFailed, match=r"audit-bucket .*: could not be deleted: AWS says BucketNotEmpty"):
        engine.destroy()
    [remaining] = find_locked(aws, bucket)
    assert (remaining.objects, remaining.modes) == (1, ("COMPLIANCE",))
    assert remaining.until is not None
    assert timedelta(hours=23) < remaining.until - datetime.now(UTC) <= timedelta(days=1)
    assert key not in [pending.id for pending in pending_keys(aws)]
    s3 = aws.client("s3")
    assert "NobodyDeletes" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]


def test_up_restores_a_stage_whose_destroy_left_the_bucket(engine_of: EngineFactory, aws: Instance) -> None:
    """The next up adopts the bucket and its settings."""
    engine, bucket, _ = deploy_bucket(engine_of, "taken-back", mode="COMPLIANCE")
    put(aws, bucket)
    with pytest.raises(DeploymentFailed):
        engine.destroy()
    assert engine.up().outputs["bucket"] == bucket
    assert engine.preview().changes == ()


def test_a_bucket_in_governance_mode_is_emptied_with_force_destroy(engine_of: EngineFactory, aws: Instance) -> None:
    """`forceDestroy` bypasses governance; only the key remains, pending deletion."""
    engine, bucket, key = deploy_bucket(engine_of, "governance", mode="GOVERNANCE", force=True)
    put(aws, bucket)
    assert [each.modes for each in find_locked(aws, bucket)] == [("GOVERNANCE",)]
    engine.destroy()
    assert find_locked(aws, bucket) == []
    assert bucket not in [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    [pending] = [each for each in pending_keys(aws) if each.id == key]
    assert timedelta(days=6) < pending.deleted_at - datetime.now(UTC) <= timedelta(days=7)


def test_destroying_a_protected_stage_is_refused_and_deletes_nothing(engine_of: EngineFactory, aws: Instance) -> None:
    """The refusal comes before anything is deleted."""
    engine, bucket, key = deploy_bucket(engine_of, "lock-protected", mode="COMPLIANCE", protect=True)
    with pytest.raises(DeploymentFailed, match="protect"):
        engine.destroy()
    assert "NobodyDeletes" in aws.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    assert key not in [pending.id for pending in pending_keys(aws)]
    assert engine.preview().changes == ()


def test_the_command_names_the_locked_bucket_and_its_release_date(
    cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its exit code is 1, and the bucket's key is not among those that are deleted."""
    shutil.copy(PROGRAMS / "locked" / "__main__.py", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: locked\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  locked:mode: COMPLIANCE\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{cli.parent}:/usr/bin:/bin")
    instance = Instance.at(tmp_path)
    try:
        assert run(["up", "--engine", "pulumi", "--no-tour"]) == 0
        bucket = instance.outputs()["bucket"]
        put(instance, bucket)
        capsys.readouterr()
        assert run(["preview"]) == 0
        previewed = capsys.readouterr().out
        assert run(["destroy"]) == 64
        refused = capsys.readouterr().err
        assert run(["destroy", "--yes"]) == 1
        printed = capsys.readouterr().err
    finally:
        instance.stop()
    assert re.fullmatch(r"No changes\. [1-9]\d* resources match the program\.", previewed.strip())
    assert "no terminal to ask on. Add --yes to confirm." in refused
    assert "aws:s3/bucket:Bucket" in refused
    assert "BucketNotEmpty" in printed
    assert f"The bucket {bucket} remains: 1 locked object (COMPLIANCE), the last one until 20" in printed
    assert "Encrypts the audit trail" not in printed
