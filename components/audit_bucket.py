"""The write-once bucket of the audit trail: versioned, locked, encrypted, private, reachable over TLS only.

Longer than 250 lines so that its arguments, which are the schema that other languages see, stay with the code that uses
them.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from handlers.contracts.storage import REFUSALS_PREFIX, SEALS_PREFIX

from .aws.iam import join, statement
from .aws.kms import ACCESS_LOGS, depend_on_key
from .aws.s3 import (
    access_log_bucket,
    encrypt,
    keep_private,
    keep_versions,
    log_access,
    send_events,
    setting_options,
)
from .base import Arguments, Component
from .shared_arguments import share

LOCK_MODES = ("COMPLIANCE", "GOVERNANCE", "NONE")
SEVEN_YEARS_IN_DAYS = 2555


class AuditBucketArgs(TypedDict):
    """Arguments of an audit bucket; every default is the strict one."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for the objects and the access logs. Its policy must allow `logging.s3.amazonaws.com`
    kms:Decrypt and kms:GenerateDataKey; without them no access log arrives. Default: a key of its own."""
    logbucket: NotRequired[pulumi.Input[str]]
    """Name of the bucket for the access logs. Default: a bucket of its own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that is notified when somebody disables its key or schedules its deletion. Default: a
    topic of its own."""
    lock_mode: NotRequired[str]
    """COMPLIANCE (nobody can shorten the lock), GOVERNANCE (s3:BypassGovernanceRetention can) or NONE.
    Default: COMPLIANCE."""
    lock_days: NotRequired[float]
    """Days for which an object can be neither overwritten nor deleted, 1 to 36500. Default: 2555."""
    archive_days: NotRequired[float]
    """Ignored, and removed in 0.3: S3 never moves objects below 128 KB to cheaper storage. Default: none."""
    force_destroy: NotRequired[bool]
    """Deletes the objects when the bucket is destroyed, as far as its lock allows. Default: false."""
    protect: NotRequired[bool]
    """Makes Pulumi refuse to delete or replace the bucket. Default: true."""
    prefixes: NotRequired[list[str]]
    """Key prefixes that the grants cover, such as `outcomes/`. Default: every key."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources except IAM roles. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class AuditBucket(Component):
    """A write-once bucket: writers may put an object and read it back, and nobody may put one unencrypted."""

    bucket: pulumi.Output[str]
    """Name of the bucket."""
    arn: pulumi.Output[str]
    """ARN of the bucket."""
    key: pulumi.Output[str]
    """ARN of the key of its objects."""
    logbucket: pulumi.Output[str]
    """Name of the bucket with its access logs."""
    writegrant: pulumi.Output[str]
    """Permission to put objects and read them back: policy statements as JSON."""
    readgrant: pulumi.Output[str]
    """Permission to list and read objects: policy statements as JSON."""
    lookupgrant: pulumi.Output[str]
    """Permission to find and read refusals: policy statements as JSON."""
    reconcilegrant: pulumi.Output[str]
    """Permission to find missing objects and put them, and to find overwritten ones: policy statements as JSON."""
    sealgrant: pulumi.Output[str]
    """Permission to read objects, and to put seals under `seals/` and nothing else: policy statements as JSON."""

    def __init__(self, name: str, args: AuditBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:AuditBucket", name, args, opts)
        self._name = name
        self._check(args)
        self._shared = share(
            self,
            name,
            args,
            encrypts="the audit trail",
            key_deletion_days=self._key_deletion_days,
            services=(ACCESS_LOGS,) if args.get("logbucket") is None else (),
            protect=self._protected,
        )
        self.key = pulumi.Output.from_input(self._shared.key)
        bucket = self._create_bucket()
        self._lock(bucket)
        self._log_access(bucket, args)
        self._create_grants(args.get("prefixes") or [""])
        self.register_outputs(
            {
                "bucket": self.bucket,
                "arn": self.arn,
                "key": self.key,
                "logbucket": self.logbucket,
                "writegrant": self.writegrant,
                "readgrant": self.readgrant,
                "lookupgrant": self.lookupgrant,
                "reconcilegrant": self.reconcilegrant,
                "sealgrant": self.sealgrant,
            }
        )

    def grant_write(self) -> pulumi.Output[str]:
        """Return the permission to put objects and read them back, `writegrant`."""
        return self.writegrant

    def grant_read(self) -> pulumi.Output[str]:
        """Return the permission to list and read objects, `readgrant`."""
        return self.readgrant

    def grant_lookup(self) -> pulumi.Output[str]:
        """Return the permission to find and read refusals, `lookupgrant`."""
        return self.lookupgrant

    def grant_reconcile(self) -> pulumi.Output[str]:
        """Return the permission to find missing objects and put them, `reconcilegrant`."""
        return self.reconcilegrant

    def grant_seal(self) -> pulumi.Output[str]:
        """Return the permission to read objects and put seals, `sealgrant`."""
        return self.sealgrant

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of a function that records outcomes."""
        return {"BOOKING_AUDIT_BUCKET": self.bucket}

    def _check(self, args: AuditBucketArgs) -> None:
        arguments = Arguments("AuditBucket", self._name, args, AuditBucketArgs)
        self._lock_mode = arguments.choice("lock_mode", "COMPLIANCE", LOCK_MODES)
        self._lock_days = arguments.integer("lock_days", SEVEN_YEARS_IN_DAYS, 1, 36_500, "days")
        arguments.integer("archive_days", 90, 30, 3650, "days")
        self._force_destroy = arguments.boolean("force_destroy", False)
        self._protected = arguments.boolean("protect", True)
        self._key_deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        if self._force_destroy and self._lock_mode == "COMPLIANCE":
            arguments.reject(
                "force_destroy must be false with lock_mode COMPLIANCE, because nobody can delete its objects."
            )
        arguments.raise_if_invalid()
        if "archive_days" in args:
            pulumi.log.warn("archive_days is ignored and will be removed in 0.3. Remove the argument.", self)

    def _create_bucket(self) -> aws.s3.Bucket:
        bucket = aws.s3.Bucket(
            f"{self._name}-bucket",
            object_lock_enabled=True,
            force_destroy=self._force_destroy,
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(
                parent=self, protect=self._protected or None, depends_on=depend_on_key(self.key)
            ),
        )
        self.bucket, self.arn = bucket.bucket, bucket.arn
        keep_private(f"{self._name}-bucket", bucket, self._denials())
        encrypt(f"{self._name}-bucket", bucket, self.key)
        send_events(f"{self._name}-events", bucket, self._settings_of(bucket))
        return bucket

    def _lock(self, bucket: aws.s3.Bucket) -> None:
        """Lock the objects unless the mode is NONE. Every such bucket supports locks, which cannot be added later."""
        versions = keep_versions(f"{self._name}-bucket", bucket)
        after_versions = self._settings_of(bucket, versions)
        if self._lock_mode != "NONE":
            retention = aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                mode=self._lock_mode, days=self._lock_days
            )
            aws.s3.BucketObjectLockConfiguration(
                f"{self._name}-lock",
                bucket=bucket.bucket,
                rule=aws.s3.BucketObjectLockConfigurationRuleArgs(default_retention=retention),
                opts=after_versions,
            )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle", bucket=bucket.bucket, rules=[self._lifecycle()], opts=after_versions
        )

    def _lifecycle(self) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
        return aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="age",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=max(self._lock_days, 30)
            ),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=7
            ),
        )

    def _log_access(self, bucket: aws.s3.Bucket, args: AuditBucketArgs) -> None:
        prefix = f"{self._name}/"
        self.logbucket = access_log_bucket(
            f"{self._name}-access",
            args.get("logbucket"),
            source=bucket,
            key=self.key,
            prefix=prefix,
            parent=self,
            tags=self._shared.tags,
            force_destroy=self._force_destroy,
            protect=self._protected,
        )
        log_access(f"{self._name}-logging", bucket, into=self.logbucket, prefix=prefix, opts=self._settings_of(bucket))

    def _settings_of(self, bucket: aws.s3.Bucket, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return options for settings that are named after this component, so that they are renamed with it."""
        own = pulumi.ResourceOptions(
            parent=self, protect=self._protected or None, aliases=[pulumi.Alias(parent=bucket)]
        )
        return pulumi.ResourceOptions.merge(setting_options(bucket, *after), own)

    def _denials(self) -> list[dict[str, object]]:
        """Deny deleting and overwriting objects, and putting them with any encryption other than the bucket's key.

        Source: Amazon S3 user guide, "Enforce conditional writes on Amazon S3 buckets". The parts of a multipart upload
        have no condition; its completion, which creates the object, does.
        """
        objects = pulumi.Output.concat(self.arn, "/*")
        deny: dict[str, object] = {"Effect": "Deny", "Principal": "*", "Resource": objects}
        other_algorithm = {
            "StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "aws:kms"},
            "Null": {"s3:x-amz-server-side-encryption": "false"},
        }
        other_key = {
            "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": self.key},
            "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
        }
        no_key = {
            "StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
            "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "true"},
        }
        unconditional = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
        denials = [
            deny | {"Sid": "EncryptedWithKmsOnly", "Action": "s3:PutObject", "Condition": other_algorithm},
            deny | {"Sid": "EncryptedWithThisKeyOnly", "Action": "s3:PutObject", "Condition": other_key},
            # aws:kms without a key means the account's key aws/s3.
            deny | {"Sid": "EncryptedWithNamedKeyOnly", "Action": "s3:PutObject", "Condition": no_key},
            deny | {"Sid": "WrittenOnce", "Action": "s3:PutObject", "Condition": unconditional},
        ]
        erasing = ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"]
        return denials if self._force_destroy else [*denials, deny | {"Sid": "NobodyDeletes", "Action": erasing}]

    def _create_grants(self, prefixes: list[str]) -> None:
        objects = self._objects(prefixes)
        listing = ["s3:ListBucket", "s3:ListBucketVersions"]
        # Without the permission to list, S3 answers "denied" instead of "not found".
        self.writegrant = join(
            statement("FindOutcomes", listing[:1], [self.arn], when=_under(prefixes)),
            statement("RecordOutcomes", ["s3:GetObject", "s3:PutObject"], objects),
            statement("RecordOutcomesKey", ["kms:Decrypt", "kms:GenerateDataKey"], [self.key]),
        )
        self.reconcilegrant = join(
            statement("ListVersions", listing[1:], [self.arn], when=_under(prefixes)), self.writegrant
        )
        sealed = [*prefixes, SEALS_PREFIX]
        reading = statement("ReadOutcomes", ["s3:GetObject"], self._objects(sealed))
        self.readgrant = join(
            statement("ListOutcomes", listing, [self.arn], when=_under(sealed)),
            reading,
            statement("ReadOutcomesKey", ["kms:Decrypt"], [self.key]),
        )
        self.lookupgrant = join(
            statement("FindRefusals", ["s3:ListBucket"], [self.arn], when=_under([REFUSALS_PREFIX])),
            statement("ReadRefusals", ["s3:GetObject"], self._objects([REFUSALS_PREFIX])),
            statement("ReadRefusalsKey", ["kms:Decrypt"], [self.key]),
        )
        self.sealgrant = join(
            statement("ListOutcomes", ["s3:ListBucket"], [self.arn], when=_under(sealed)),
            reading,
            statement("PutSeals", ["s3:PutObject"], self._objects([SEALS_PREFIX])),
            statement("SealsKey", ["kms:Decrypt", "kms:GenerateDataKey"], [self.key]),
        )

    def _objects(self, prefixes: list[str]) -> list[pulumi.Output[str]]:
        return [pulumi.Output.concat(self.arn, "/", prefix, "*") for prefix in prefixes]


def _under(prefixes: list[str]) -> dict[str, dict[str, str | list[str]]] | None:
    """Return the condition that only keys under `prefixes` are listed."""
    return None if "" in prefixes else {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}}
