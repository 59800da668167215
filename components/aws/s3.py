"""S3 buckets: private, owned by their account, versioned, and reachable over TLS 1.2 or later only."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from ..base import Tags
from .deployment_context import DeploymentContext
from .kms import depend_on_key

ACCESS_LOG_DAYS = 400


def setting_options(bucket: aws.s3.Bucket, *after: pulumi.Resource) -> pulumi.ResourceOptions:
    """Return options for the settings of a bucket, which are deleted with it and not before it.

    A bucket that cannot be deleted, because objects in it are locked, thus keeps its policy, its lock and its key.
    """
    return pulumi.ResourceOptions(parent=bucket, deleted_with=bucket, depends_on=after)


def keep_private(name: str, bucket: aws.s3.Bucket, statements: Sequence[dict[str, object]] = ()) -> aws.s3.BucketPolicy:
    """Block public access, let the account own every object, reject plain HTTP, and add `statements` to the policy."""
    child = setting_options(bucket)
    blocked = aws.s3.BucketPublicAccessBlock(
        f"{name}-private",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.bucket,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=child,
    )
    policy = {"Version": "2012-10-17", "Statement": [*_require_tls(bucket.arn), *statements]}
    return aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.bucket,
        policy=pulumi.Output.json_dumps(policy),
        opts=setting_options(bucket, blocked),
    )


def keep_versions(name: str, bucket: aws.s3.Bucket) -> aws.s3.BucketVersioning:
    """Enable versioning, so that an overwritten or deleted object stays readable as an older version."""
    return aws.s3.BucketVersioning(
        f"{name}-versions",
        bucket=bucket.bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=setting_options(bucket),
    )


def access_log_bucket(
    name: str,
    given: pulumi.Input[str] | None,
    *,
    source: aws.s3.Bucket,
    key: pulumi.Input[str],
    prefix: str,
    parent: pulumi.Resource,
    tags: Tags,
    force_destroy: bool,
    protect: bool,
) -> pulumi.Output[str]:
    """Return the name of the bucket for the access logs of `source`: the given one, or a new one.

    The name of a new one resolves once its policy allows S3 to write. S3 delivers to an encrypted bucket only under a
    customer-managed key whose policy allows `logging.s3.amazonaws.com` (docs/adr/0002-access-logs-under-our-key.md).
    """
    if given is not None:
        return pulumi.Output.from_input(given)
    bucket = aws.s3.Bucket(
        name,
        force_destroy=force_destroy,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect or None, depends_on=depend_on_key(key)),
    )
    versions = keep_versions(name, bucket)
    delivery = _log_delivery(bucket.arn, source.arn, prefix, DeploymentContext.of(parent))
    policy = keep_private(name, bucket, [delivery])
    encrypt(name, bucket, key)
    send_events(f"{name}-events", bucket, setting_options(bucket))
    expire(name, bucket, versions, expire_days=ACCESS_LOG_DAYS)
    bucket_name: pulumi.Output[str] = policy.bucket
    return bucket_name


def log_access(
    name: str, bucket: aws.s3.Bucket, *, into: pulumi.Input[str], prefix: str, opts: pulumi.ResourceOptions
) -> None:
    """Log every request to `bucket`, as objects under `prefix` in the bucket `into`."""
    aws.s3.BucketLogging(
        name,
        bucket=bucket.bucket,
        target_bucket=into,
        target_prefix=prefix,
        opts=opts,
    )


def encrypt(name: str, bucket: aws.s3.Bucket, key: pulumi.Input[str]) -> None:
    """Encrypt objects with `key` by default, with a bucket key that saves calls to KMS."""
    default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=key
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default, bucket_key_enabled=True
            )
        ],
        opts=setting_options(bucket),
    )


def send_events(name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
    """Send object events to EventBridge, so that a rule can be added without changing the bucket."""
    aws.s3.BucketNotification(name, bucket=bucket.bucket, eventbridge=True, opts=opts)


def expire(
    name: str, bucket: aws.s3.Bucket, versions: aws.s3.BucketVersioning, *, expire_days: int | None = None
) -> None:
    """Expire older versions and unfinished uploads, and with `expire_days` the objects themselves."""
    rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="age" if expire_days is None else "forget",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expire_days) if expire_days else None,
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=30
        ),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=7
        ),
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle", bucket=bucket.bucket, rules=[rule], opts=setting_options(bucket, versions)
    )


def _require_tls(bucket: pulumi.Output[str]) -> list[dict[str, object]]:
    everything = [bucket, pulumi.Output.concat(bucket, "/*")]
    deny: dict[str, object] = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    return [
        deny | {"Sid": "OverTlsOnly", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        deny | {"Sid": "OverRecentTlsOnly", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ]


def _log_delivery(
    bucket: pulumi.Output[str], source: pulumi.Output[str], prefix: str, context: DeploymentContext
) -> dict[str, object]:
    """Allow S3's log delivery to put the access logs of one bucket of this account under one prefix.

    Source: S3 user guide, "Permissions for server access log delivery".
    """
    return {
        "Sid": "S3DeliversAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": pulumi.Output.concat(bucket, "/", prefix, "*"),
        "Condition": {"StringEquals": {"aws:SourceAccount": context.account}, "ArnLike": {"aws:SourceArn": source}},
    }
