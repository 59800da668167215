"""A package that AWS Signer signs before deployment, and the configuration that lets functions run no other.

Each version of the zip is uploaded to a bucket, signed into another object there, and deployed from that object.
Principals that may change a function's code but may not sign cannot deploy their own code. Source: Lambda developer
guide, "Using code signing to verify code integrity with Lambda".
"""

import re
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .aws.kms import ACCESS_LOGS
from .aws.s3 import (
    access_log_bucket,
    encrypt,
    expire,
    keep_private,
    keep_versions,
    log_access,
    send_events,
    setting_options,
)
from .base import Arguments, Component
from .shared_arguments import share

PLATFORM = "AWSLambda-SHA384-ECDSA"


class SignedPackageArgs(TypedDict):
    """Arguments of a signed package; every default is the strict one."""

    package: pulumi.Input[pulumi.Asset]
    """The zip as it was built."""
    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for the packages and the access logs. Its policy must allow `logging.s3.amazonaws.com`
    kms:Decrypt and kms:GenerateDataKey; without them no access log arrives. Default: a key of its own."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that is notified when somebody disables its key or schedules its deletion. Default: a
    topic of its own."""
    logbucket: NotRequired[pulumi.Input[str]]
    """Name of the bucket for the access logs. Default: a bucket of its own."""
    force_destroy: NotRequired[bool]
    """Deletes the packages and the access logs when it is destroyed. Default: false."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class SignedPackage(Component):
    """A signed zip in a private bucket, with a code signing configuration that trusts only this signer.

    A `MonitoredLambda` runs it, and nothing unsigned, with `bucket` as its `code_bucket`, `file` as its `code_key` and
    `signing` as its `code_signing`.
    """

    bucket: pulumi.Output[str]
    """Name of the bucket of packages."""
    file: pulumi.Output[str]
    """Key of the signed zip in the bucket; each version has its own."""
    signing: pulumi.Output[str]
    """ARN of the code signing configuration for functions that run the package."""

    def __init__(self, name: str, args: SignedPackageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:SignedPackage", name, args, opts)
        self._name = name
        self._check(args)
        self._shared = share(
            self,
            name,
            args,
            encrypts=f"packages of {name}",
            key_deletion_days=self._key_deletion_days,
            services=(ACCESS_LOGS,) if args.get("logbucket") is None else (),
        )
        bucket, versions = self._create_bucket()
        self._log_access(bucket, args)
        signer = self._create_signer()
        self.file = self._sign(self._put(bucket, versions, args), bucket, signer)
        self.signing = self._trust(signer)
        self.register_outputs({"bucket": self.bucket, "file": self.file, "signing": self.signing})

    def _check(self, args: SignedPackageArgs) -> None:
        arguments = Arguments("SignedPackage", self._name, args, SignedPackageArgs)
        arguments.require("package")
        self._force_destroy = arguments.boolean("force_destroy", False)
        self._key_deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        arguments.raise_if_invalid()

    def _create_bucket(self) -> tuple[aws.s3.Bucket, aws.s3.BucketVersioning]:
        """Create a versioned bucket, as AWS Signer requires; signed packages are kept as evidence of what ran.

        Object Lock creates it with versioning; enabling versioning later takes up to 15 minutes to apply to every put.
        Source: S3 user guide, "Enabling versioning on buckets".
        """
        name = f"{self._name}-bucket"
        bucket = aws.s3.Bucket(
            name,
            object_lock_enabled=True,
            force_destroy=self._force_destroy,
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket = bucket.bucket
        keep_private(name, bucket)
        encrypt(name, bucket, self._shared.key)
        send_events(f"{name}-events", bucket, setting_options(bucket))
        versions = keep_versions(name, bucket)
        expire(name, bucket, versions)
        return bucket, versions

    def _log_access(self, bucket: aws.s3.Bucket, args: SignedPackageArgs) -> None:
        prefix = f"{self._name}/"
        logs = access_log_bucket(
            f"{self._name}-access",
            args.get("logbucket"),
            source=bucket,
            key=self._shared.key,
            prefix=prefix,
            parent=self,
            tags=self._shared.tags,
            force_destroy=self._force_destroy,
            protect=False,
        )
        log_access(f"{self._name}-bucket-logging", bucket, into=logs, prefix=prefix, opts=setting_options(bucket))

    def _create_signer(self) -> aws.signer.SigningProfile:
        """Create a profile named by a prefix: names have no hyphens, and a used name stays reserved for two years."""
        prefix = re.sub(r"[^0-9A-Za-z_]", "_", f"{pulumi.get_project()}_{pulumi.get_stack()}_{self._name}_")
        return aws.signer.SigningProfile(
            f"{self._name}-signer",
            name_prefix=prefix[-38:],
            platform_id=PLATFORM,
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _put(
        self, bucket: aws.s3.Bucket, versions: aws.s3.BucketVersioning, args: SignedPackageArgs
    ) -> aws.s3.BucketObjectv2:
        return aws.s3.BucketObjectv2(
            f"{self._name}-unsigned",
            bucket=bucket.bucket,
            key=f"unsigned/{self._name}.zip",
            source=args["package"],
            server_side_encryption="aws:kms",
            kms_key_id=self._shared.key,
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versions]),
        )

    def _sign(
        self, unsigned: aws.s3.BucketObjectv2, bucket: aws.s3.Bucket, signer: aws.signer.SigningProfile
    ) -> pulumi.Output[str]:
        source = aws.signer.SigningJobSourceS3Args(bucket=bucket.bucket, key=unsigned.key, version=unsigned.version_id)
        destination = aws.signer.SigningJobDestinationS3Args(bucket=bucket.bucket, prefix="signed/")
        job = aws.signer.SigningJob(
            f"{self._name}-signed",
            profile_name=signer.name,
            source=aws.signer.SigningJobSourceArgs(s3=source),
            destination=aws.signer.SigningJobDestinationArgs(s3=destination),
            opts=pulumi.ResourceOptions(parent=self),
        )
        signed: pulumi.Output[str] = job.signed_objects[0].s3s[0].key
        return signed

    def _trust(self, signer: aws.signer.SigningProfile) -> pulumi.Output[str]:
        publishers = aws.lambda_.CodeSigningConfigAllowedPublishersArgs(
            signing_profile_version_arns=[signer.version_arn]
        )
        config = aws.lambda_.CodeSigningConfig(
            f"{self._name}-signing",
            description=f"Code of {self._name}, signed by its own profile",
            allowed_publishers=publishers,
            policies=aws.lambda_.CodeSigningConfigPoliciesArgs(untrusted_artifact_on_deployment="Enforce"),
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        arn: pulumi.Output[str] = config.arn
        return arn
