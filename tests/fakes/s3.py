"""An in-memory S3 with a boto3 client's interface: conditional puts, checksums, versions, pages.

Any bucket name works, and every bucket is versioned. Operations that the adapters do not use raise NotImplementedError.
"""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from .dynamodb.model import require_model

Response = dict[str, Any]
_METADATA = {"RequestId": "FAKE", "HTTPStatusCode": 200, "RetryAttempts": 0}
_STATUS = {"NoSuchKey": 404, "404": 404, "PreconditionFailed": 412, "ConditionalRequestConflict": 409, "BadDigest": 400}
_KNOWN_PUT = {"Bucket", "Key", "Body", "IfNoneMatch", "ChecksumSHA256", "ChecksumAlgorithm", "ContentType", "Metadata"}
_KNOWN_PUT |= {"ServerSideEncryption", "SSEKMSKeyId", "ExpectedBucketOwner"}


def _refusal(code: str, message: str, operation: str) -> ClientError:
    kind = MODELLED.get(code, ClientError)
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {**_METADATA, "HTTPStatusCode": _STATUS.get(code, 400)},
    }
    return kind(response, operation)  # type: ignore[arg-type]


MODELLED = {"NoSuchKey": type("NoSuchKey", (ClientError,), {"__doc__": "No object at that key."})}


class _Exceptions:
    ClientError = ClientError
    NoSuchKey = MODELLED["NoSuchKey"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of one object."""

    body: bytes
    content_type: str
    metadata: dict[str, str]
    stored_at: datetime
    is_deletion: bool = False

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body).hexdigest()}"'

    @property
    def checksum(self) -> str:
        return base64.b64encode(hashlib.sha256(self.body).digest()).decode()


class FakeS3:
    """Objects by bucket and key; `versions` has every write, so that tests see overwritten ones."""

    exceptions = _Exceptions()

    def __init__(
        self,
        *,
        strict: bool = True,
        page_keys: int = 1000,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.versions: dict[tuple[str, str], list[StoredObject]] = {}
        self.retentions: dict[str, dict[str, Any]] = {}
        self.strict, self.page_keys, self._now = strict, page_keys, now

    def _begin(self, operation: str, request: dict[str, Any]) -> None:
        if self.strict:
            require_model(operation, request, "s3")

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys of a bucket, in S3's order (UTF-8 bytes)."""
        held = (key for (at, key), versions in self.versions.items() if at == bucket and not versions[-1].is_deletion)
        return sorted(key for key in held if key.startswith(prefix))

    def put_object(self, **request: Any) -> Response:
        self._begin("PutObject", request)
        if unknown := request.keys() - _KNOWN_PUT:
            raise NotImplementedError(f"the fake S3 does not know {', '.join(sorted(unknown))} of PutObject")
        place = (request["Bucket"], request["Key"])
        body = request.get("Body", b"")
        body = body.encode() if isinstance(body, str) else bytes(body)
        self._require_absent(request, place)
        stored = StoredObject(
            body, request.get("ContentType", "binary/octet-stream"), dict(request.get("Metadata", {})), self._now()
        )
        if request.get("ChecksumSHA256") not in (None, stored.checksum):
            raise _refusal("BadDigest", "The SHA256 you specified did not match the calculated checksum.", "PutObject")
        self.versions.setdefault(place, []).append(stored)
        return {
            "ETag": stored.etag,
            "VersionId": str(len(self.versions[place])),
            "ChecksumSHA256": stored.checksum,
            "ResponseMetadata": _METADATA,
        }

    def _require_absent(self, request: dict[str, Any], place: tuple[str, str]) -> None:
        if "IfNoneMatch" not in request:
            return
        if request["IfNoneMatch"] != "*":
            raise _refusal(
                "NotImplemented", "A header you provided implies functionality that is not implemented", "PutObject"
            )
        if place in self.versions and not self.versions[place][-1].is_deletion:
            raise _refusal(
                "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "PutObject"
            )

    def _find(self, operation: str, request: dict[str, Any]) -> StoredObject:
        self._begin(operation, request)
        versions = self.versions.get((request["Bucket"], request["Key"]))
        if not versions or (versions[-1].is_deletion and "VersionId" not in request):
            code = "404" if operation == "HeadObject" else "NoSuchKey"
            raise _refusal(code, "Not Found" if code == "404" else "The specified key does not exist.", operation)
        return versions[int(request.get("VersionId", len(versions))) - 1]

    def get_object(self, **request: Any) -> Response:
        stored = self._find("GetObject", request)
        return {**self._describe(stored, request), "Body": io.BytesIO(stored.body)}

    def head_object(self, **request: Any) -> Response:
        return self._describe(self._find("HeadObject", request), request)

    def get_object_retention(self, **request: Any) -> Response:
        self._begin("GetObjectRetention", request)
        if request["Key"] not in self.retentions:
            raise _refusal("NoSuchObjectLockConfiguration", "The object has no retention.", "GetObjectRetention")
        return {"Retention": self.retentions[request["Key"]], "ResponseMetadata": _METADATA}

    def _describe(self, stored: StoredObject, request: dict[str, Any]) -> Response:
        described: Response = {
            "ETag": stored.etag,
            "ContentLength": len(stored.body),
            "ContentType": stored.content_type,
            "Metadata": dict(stored.metadata),
            "LastModified": stored.stored_at,
            "ResponseMetadata": _METADATA,
        }
        if request.get("ChecksumMode") == "ENABLED":
            described["ChecksumSHA256"] = stored.checksum
        return described

    def list_objects_v2(self, **request: Any) -> Response:
        self._begin("ListObjectsV2", request)
        if "Delimiter" in request:
            raise NotImplementedError("the fake S3 lists without Delimiter")
        start = request.get("ContinuationToken") or request.get("StartAfter") or ""
        keys = [key for key in self.keys(request["Bucket"], request.get("Prefix", "")) if key > start]
        limit = min(request.get("MaxKeys", 1000), self.page_keys)
        page = keys[:limit]
        answer: Response = {
            "KeyCount": len(page),
            "IsTruncated": len(keys) > len(page),
            "ResponseMetadata": _METADATA,
        }
        if page:
            answer["Contents"] = [self._summarize(request["Bucket"], key) for key in page]
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = page[-1] if page else start
        return answer

    def delete_object(self, **request: Any) -> Response:
        """Add a delete marker, because every bucket is versioned."""
        self._begin("DeleteObject", request)
        marker = StoredObject(b"", "", {}, self._now(), is_deletion=True)
        self.versions.setdefault((request["Bucket"], request["Key"]), []).append(marker)
        return {"DeleteMarker": True, "ResponseMetadata": _METADATA}

    def list_object_versions(self, **request: Any) -> Response:
        """Yield the versions of each key, newest first, as S3 lists them."""
        self._begin("ListObjectVersions", request)
        start = (request.get("KeyMarker", ""), -int(request.get("VersionIdMarker", 0)))
        listed = sorted(
            (key, -number, version)
            for (bucket, key), versions in self.versions.items()
            if bucket == request["Bucket"] and key.startswith(request.get("Prefix", ""))
            for number, version in enumerate(versions, start=1)
            if (key, -number) > start and ("VersionIdMarker" in request or key != start[0])
        )
        page = listed[: self.page_keys]
        answer: Response = {"IsTruncated": len(listed) > len(page), "ResponseMetadata": _METADATA}
        for key, number, version in page:
            group = "DeleteMarkers" if version.is_deletion else "Versions"
            answer.setdefault(group, []).append({"Key": key, "VersionId": str(-number)})
        if answer["IsTruncated"]:
            answer |= {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": str(-page[-1][1])}
        return answer

    def _summarize(self, bucket: str, key: str) -> Response:
        stored = self.versions[bucket, key][-1]
        return {"Key": key, "ETag": stored.etag, "Size": len(stored.body), "LastModified": stored.stored_at}

    def get_paginator(self, operation: str) -> "_ListPaginator":
        if operation != "list_objects_v2":
            raise NotImplementedError(f"the fake S3 has no paginator for {operation}")
        return _ListPaginator(self)


class _ListPaginator:
    def __init__(self, client: FakeS3) -> None:
        self._client = client

    def paginate(self, **request: Any) -> Iterator[Response]:
        while True:
            page = self._client.list_objects_v2(**request)
            yield page
            if not page["IsTruncated"]:
                return
            request["ContinuationToken"] = page["NextContinuationToken"]
