"""S3 buckets. Their settings are the resources of `s3_settings` and `s3_rules`.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
"""

from ..aws import Aws, AwsClient
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import TAGS, boolean, fetch_or_none, ignore_not_found, output, string, tag_list, tag_map

_HOSTED_ZONE = "Z3AQBSTGFYJSTF"  # of us-east-1; https://docs.aws.amazon.com/general/latest/gr/s3.html


class Bucket(Resource):
    """A bucket; its settings are separate resources."""

    token = "aws:s3/bucket:Bucket"
    auto_name = AutoName(property="bucket", max_length=63, lowercase=True)
    identity = ("bucket",)
    properties = {
        "bucket": string(replaces=True),
        "forceDestroy": boolean(write_only=True),
        "objectLockEnabled": boolean(replaces=True),
        "tags": TAGS,
        "arn": output(),
        "bucketDomainName": output(),
        "bucketRegion": output(),
        "bucketRegionalDomainName": output(),
        "hostedZoneId": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["bucket"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("s3").create_bucket(
            Bucket=inputs["bucket"], ObjectLockEnabledForBucket=inputs.get("objectLockEnabled", False)
        )
        return str(inputs["bucket"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, tags = aws.client("s3"), aws.tags(inputs)
        if tags:
            client.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tag_list(tags)})
        elif self._tags(client, id_):
            client.delete_bucket_tagging(Bucket=id_)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("s3")
        if fetch_or_none(client.head_bucket, Bucket=id_) is None:
            return None
        lock = fetch_or_none(client.get_object_lock_configuration, Bucket=id_) or {}
        return {
            "bucket": id_,
            "arn": f"arn:{aws.partition}:s3:::{id_}",
            "objectLockEnabled": lock.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled",
            "bucketDomainName": f"{id_}.s3.amazonaws.com",
            "bucketRegion": aws.region,
            "bucketRegionalDomainName": f"{id_}.s3.{aws.region}.amazonaws.com",
            "hostedZoneId": _HOSTED_ZONE,
            "tags": self._tags(client, id_),
        }

    def _tags(self, client: AwsClient, id_: str) -> dict[str, str]:
        return tag_map((fetch_or_none(client.get_bucket_tagging, Bucket=id_) or {}).get("TagSet"))

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        client = aws.client("s3")
        with ignore_not_found():
            if outputs.get("forceDestroy"):
                _delete_all_versions(client, id_)
            client.delete_bucket(Bucket=id_)


def _delete_all_versions(client: AwsClient, bucket: str) -> None:
    """Delete every version of every object that an administrator may delete."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            client.delete_object(
                Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"], BypassGovernanceRetention=True
            )
