"""The settings of a bucket, each a separate resource in Pulumi.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
"""

from abc import abstractmethod

from ..aws import Aws, AwsClient
from ..property_schema import KmsKeyId, Object, Property, SetOf
from ..resource import Inputs, Outputs, Resource
from .common import boolean, fetch_or_none, ignore_not_found, policy, string, without_none

BUCKET = string(required=True, replaces=True)


class BucketSetting(Resource):
    """One setting of a bucket: its id is the bucket's name, and it is always replaced as a whole."""

    identity = ("bucket",)

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["bucket"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.put(aws.client("s3"), inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old:
            self.put(aws.client("s3"), id_, inputs)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        actual = self.get(aws.client("s3"), id_)
        return None if actual is None else {"bucket": id_, **actual}

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            self.unset(aws.client("s3"), id_)

    @abstractmethod
    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        """Write the setting."""

    @abstractmethod
    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        """Return the setting, or None if it is not set."""

    @abstractmethod
    def unset(self, client: AwsClient, bucket: str) -> None:
        """Remove the setting."""


class BucketVersioning(BucketSetting):
    """The versioning of a bucket; once enabled, it can only be suspended."""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    properties = {
        "bucket": BUCKET,
        "versioningConfiguration": Property(
            schema=Object({"status": string("Enabled", "Suspended", "Disabled", required=True)}), required=True
        ),
    }

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        status = inputs["versioningConfiguration"]["status"]
        if status != "Disabled":
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        answer = fetch_or_none(client.get_bucket_versioning, Bucket=bucket)
        return answer and {"versioningConfiguration": {"status": answer.get("Status") or "Disabled"}}

    def unset(self, client: AwsClient, bucket: str) -> None:
        """Remove the setting, except from a bucket with Object Lock, whose versioning cannot be suspended."""
        if fetch_or_none(client.get_object_lock_configuration, Bucket=bucket) is None:
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


class BucketServerSideEncryptionConfiguration(BucketSetting):
    """The default encryption of objects."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    properties = {
        "bucket": BUCKET,
        "rules": Property(
            schema=SetOf(
                Object(
                    {
                        "applyServerSideEncryptionByDefault": Property(
                            schema=Object(
                                {
                                    "sseAlgorithm": string("AES256", "aws:kms", "aws:kms:dsse", required=True),
                                    "kmsMasterKeyId": Property(schema=KmsKeyId()),
                                }
                            )
                        ),
                        "bucketKeyEnabled": boolean(),
                    }
                )
            ),
            required=True,
        ),
    }

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        rules = []
        for rule in inputs["rules"]:
            default = rule.get("applyServerSideEncryptionByDefault") or {}
            wanted = {"SSEAlgorithm": default.get("sseAlgorithm"), "KMSMasterKeyID": default.get("kmsMasterKeyId")}
            rules.append(
                {
                    "ApplyServerSideEncryptionByDefault": without_none(wanted),
                    "BucketKeyEnabled": rule.get("bucketKeyEnabled", False),
                }
            )
        client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        answer = fetch_or_none(client.get_bucket_encryption, Bucket=bucket)
        if answer is None:
            return None
        rules = []
        for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            described = {"sseAlgorithm": default.get("SSEAlgorithm"), "kmsMasterKeyId": default.get("KMSMasterKeyID")}
            rules.append(
                {
                    "applyServerSideEncryptionByDefault": without_none(described),
                    "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
            )
        return {"rules": rules}

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.delete_bucket_encryption(Bucket=bucket)


class BucketPublicAccessBlock(BucketSetting):
    """The block on public access."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    properties = {
        "bucket": BUCKET,
        "blockPublicAcls": boolean(),
        "blockPublicPolicy": boolean(),
        "ignorePublicAcls": boolean(),
        "restrictPublicBuckets": boolean(),
        "skipDestroy": boolean(write_only=True),
    }
    _NAMES = {
        "blockPublicAcls": "BlockPublicAcls",
        "blockPublicPolicy": "BlockPublicPolicy",
        "ignorePublicAcls": "IgnorePublicAcls",
        "restrictPublicBuckets": "RestrictPublicBuckets",
    }

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        wanted = {parameter: inputs.get(name, False) for name, parameter in self._NAMES.items()}
        client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted)

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        answer = fetch_or_none(client.get_public_access_block, Bucket=bucket)
        facts = answer and answer["PublicAccessBlockConfiguration"]
        return facts and {name: facts.get(parameter, False) for name, parameter in self._NAMES.items()}

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.delete_public_access_block(Bucket=bucket)


class BucketOwnershipControls(BucketSetting):
    """The ownership of objects that others put."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    properties = {
        "bucket": BUCKET,
        "rule": Property(
            schema=Object(
                {
                    "objectOwnership": string(
                        "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter", required=True
                    )
                }
            ),
            required=True,
        ),
    }

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        rule = {"ObjectOwnership": inputs["rule"]["objectOwnership"]}
        client.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [rule]})

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        answer = fetch_or_none(client.get_bucket_ownership_controls, Bucket=bucket)
        rules = answer and answer["OwnershipControls"]["Rules"]
        return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}} if rules else None

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.delete_bucket_ownership_controls(Bucket=bucket)


class BucketPolicy(BucketSetting):
    """The permissions on a bucket."""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    properties = {"bucket": BUCKET, "policy": policy(required=True)}

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        client.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        answer = fetch_or_none(client.get_bucket_policy, Bucket=bucket)
        return answer and {"policy": answer["Policy"]}

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.delete_bucket_policy(Bucket=bucket)


class BucketLogging(BucketSetting):
    """The destination of a bucket's access logs. (The embedded AWS stores the setting and writes no logs.)"""

    token = "aws:s3/bucketLogging:BucketLogging"
    properties = {"bucket": BUCKET, "targetBucket": string(required=True), "targetPrefix": string(required=True)}

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        wanted = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
        client.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": wanted})

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        fact = (fetch_or_none(client.get_bucket_logging, Bucket=bucket) or {}).get("LoggingEnabled")
        return fact and {"targetBucket": fact["TargetBucket"], "targetPrefix": fact.get("TargetPrefix", "")}

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
