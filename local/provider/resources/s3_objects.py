"""Objects in S3 that a program puts: a file of this machine, as a new version whenever it has changed.

Where the file lies and what it holds is kept in the object's own metadata, under names of ours, so that a function made
of the object finds the package from which the like is made for this machine.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..aws import Aws
from ..errors import ProviderError
from ..normal import Archive
from ..packages import OWN_METADATA, described
from ..resource import Inputs, Outputs, Resource
from ..shapes import CHOSEN_BY_AWS, File, KeyName, MapOf, Property, Text
from .common import TAGS, absence_is_fine, flag, found, output, tag_list, tag_map, text, without_none

_PUT = ("source", "serverSideEncryption", "kmsKeyId", "bucketKeyEnabled", "contentType", "metadata")


class BucketObjectv2(Resource):
    """A file in a bucket."""

    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    identity = ("bucket", "key")
    properties = {
        "bucket": text(required=True, replaces=True),
        "key": text(required=True, replaces=True),
        "source": Property(shape=File(), required=True, write_only=True),
        "serverSideEncryption": text("AES256", "aws:kms", default=CHOSEN_BY_AWS),
        "kmsKeyId": Property(shape=KeyName(), default=CHOSEN_BY_AWS),
        "bucketKeyEnabled": flag(default=CHOSEN_BY_AWS),
        "contentType": text(default=CHOSEN_BY_AWS),
        "metadata": Property(shape=MapOf(Text())),
        "forceDestroy": flag(write_only=True),
        "tags": TAGS,
        "arn": output(),
        "versionId": output(*_PUT),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs['bucket']}/{inputs['key']}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._put(aws, inputs)
        return f"{inputs['bucket']}/{inputs['key']}"

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old and any(old.get(name) != inputs.get(name) for name in _PUT):
            self._put(aws, inputs)
        elif old.get("tags") != inputs.get("tags"):
            where = {"Bucket": inputs["bucket"], "Key": inputs["key"]}
            aws.client("s3").put_object_tagging(**where, Tagging={"TagSet": tag_list(aws.tags(inputs))})

    def _put(self, aws: Aws, inputs: Inputs) -> None:
        source: Archive = inputs["source"]
        if source.path is None or not source.path.is_file():
            raise ProviderError(f"the embedded AWS puts files only (FileAsset), not {source.path or 'a text'}")
        how = {
            "ServerSideEncryption": inputs.get("serverSideEncryption"),
            "SSEKMSKeyId": inputs.get("kmsKeyId"),
            "BucketKeyEnabled": inputs.get("bucketKeyEnabled"),
            "ContentType": inputs.get("contentType"),
            "Tagging": urlencode(aws.tags(inputs)),
        }
        aws.client("s3").put_object(
            Bucket=inputs["bucket"],
            Key=inputs["key"],
            Body=source.path.read_bytes(),
            Metadata={**(inputs.get("metadata") or {}), **described(source.path)},
            **without_none(how),
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        bucket, _, key = id_.partition("/")
        client = aws.client("s3")
        fact = found(client.head_object, Bucket=bucket, Key=key)
        if fact is None:
            return None
        tags = found(client.get_object_tagging, Bucket=bucket, Key=key) or {}
        return {
            "bucket": bucket,
            "key": key,
            "serverSideEncryption": fact.get("ServerSideEncryption"),
            "kmsKeyId": fact.get("SSEKMSKeyId"),
            "bucketKeyEnabled": fact.get("BucketKeyEnabled", False),
            "contentType": fact.get("ContentType"),
            "metadata": {name: value for name, value in fact["Metadata"].items() if not name.startswith(OWN_METADATA)},
            "tags": tag_map(tags.get("TagSet")),
            "arn": f"arn:{aws.partition}:s3:::{id_}",
            "versionId": fact.get("VersionId", ""),
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        """Every version of it, as pulumi-aws does."""
        bucket, _, key = id_.partition("/")
        client = aws.client("s3")
        with absence_is_fine():
            for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
                for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if version["Key"] == key:
                        client.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
