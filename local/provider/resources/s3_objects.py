"""Objects that a program puts into S3: a file of this machine, as a new version whenever it has changed.

The object's metadata contains, under our own names, the file's path and hash, so that a function made of the object
finds the package to rebuild for this machine. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
"""

from urllib.parse import urlencode

from ...errors import ProviderError
from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, FileContent, KmsKeyId, MapOf, Property, String
from ..property_values import FileArchive
from ..resource import Inputs, Outputs, Resource
from .common import TAGS, boolean, fetch_or_none, ignore_not_found, output, string, tag_list, tag_map, without_none
from .function_packages import OWN_METADATA, package_metadata

_PUT_PROPERTIES = ("source", "serverSideEncryption", "kmsKeyId", "bucketKeyEnabled", "contentType", "metadata")


class BucketObjectv2(Resource):
    """A file in a bucket."""

    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    identity = ("bucket", "key")
    properties = {
        "bucket": string(required=True, replaces=True),
        "key": string(required=True, replaces=True),
        "source": Property(schema=FileContent(), required=True, write_only=True),
        "serverSideEncryption": string("AES256", "aws:kms", default=CHOSEN_BY_AWS),
        "kmsKeyId": Property(schema=KmsKeyId(), default=CHOSEN_BY_AWS),
        "bucketKeyEnabled": boolean(default=CHOSEN_BY_AWS),
        "contentType": string(default=CHOSEN_BY_AWS),
        "metadata": Property(schema=MapOf(String())),
        "forceDestroy": boolean(write_only=True),
        "tags": TAGS,
        "arn": output(),
        "versionId": output(*_PUT_PROPERTIES),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs['bucket']}/{inputs['key']}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._put(aws, inputs)
        return f"{inputs['bucket']}/{inputs['key']}"

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old and any(old.get(name) != inputs.get(name) for name in _PUT_PROPERTIES):
            self._put(aws, inputs)
        elif old.get("tags") != inputs.get("tags"):
            where = {"Bucket": inputs["bucket"], "Key": inputs["key"]}
            aws.client("s3").put_object_tagging(**where, Tagging={"TagSet": tag_list(aws.tags(inputs))})

    def _put(self, aws: Aws, inputs: Inputs) -> None:
        source: FileArchive = inputs["source"]
        if source.path is None or not source.path.is_file():
            raise ProviderError(f"the embedded AWS puts only files (FileAsset), not {source.path or 'a string'}")
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
            Metadata={**(inputs.get("metadata") or {}), **package_metadata(source.path)},
            **without_none(how),
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        bucket, _, key = id_.partition("/")
        client = aws.client("s3")
        fact = fetch_or_none(client.head_object, Bucket=bucket, Key=key)
        if fact is None:
            return None
        tags = fetch_or_none(client.get_object_tagging, Bucket=bucket, Key=key) or {}
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

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        """Delete every version of the object, as pulumi-aws does."""
        bucket, _, key = id_.partition("/")
        client = aws.client("s3")
        with ignore_not_found():
            for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
                for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if version["Key"] == key:
                        client.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
