"""The audit trail in S3: objects are put once, with `If-None-Match: *` and a SHA-256, and never changed.

Source: Amazon S3 user guide, "Prevent object overwrites with conditional writes".
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from ..domain.canonical import Json, canonical
from ..domain.errors import AuditContradiction, AuditRejected
from ..domain.ports import ObjectVersion, Page, VersionPage
from ..domain.trail.audit import is_same_record, parse_record
from .clients import Reply, S3Client, call, code_of

_END_WITHIN_KEY: Final = "\n"  # occurs in none of our keys


@dataclass(frozen=True, slots=True, kw_only=True)
class S3AuditTrail:
    """The audit trail in a bucket."""

    client: S3Client
    bucket: str

    def write(self, key: str, record: Mapping[str, Json]) -> bool:
        """Put an object if its key is free; otherwise read the object and compare."""
        is_new = self.put(key, canonical(record).encode())
        if not is_new:
            self._require_same_record(key, record)
        return is_new

    def put(self, key: str, body: bytes) -> bool:
        """Put an object if its key is free, with a checksum that S3 verifies."""
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        try:
            call(
                self.client.put_object,
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                ChecksumSHA256=checksum,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if code_of(error) not in ("PreconditionFailed", "412"):
                raise _rejection(error) from error
            return False
        return True

    def _require_same_record(self, key: str, record: Mapping[str, Json]) -> None:
        existing = self.read(key)
        if existing is None or not is_same_record(parse_record(existing) or {}, record):
            raise AuditContradiction(f"The audit trail already holds a different object under {key}.")

    def read(self, key: str) -> bytes | None:
        """Return the content of the latest version, or None if the object does not exist."""
        try:
            return bytes(call(self._get_body, Bucket=self.bucket, Key=key)["Body"])
        except ClientError as error:
            if code_of(error) not in ("NoSuchKey", "404"):
                raise _rejection(error) from error
            return None

    def _get_body(self, **request: object) -> Reply:
        """Read the body within the call, because the connection may break while it is read."""
        return {"Body": self.client.get_object(**request)["Body"].read()}

    def keys(self, prefix: str, after: str | None = None) -> Page:
        """Return one page of the listing, at most 1,000 keys."""
        start = {"StartAfter": after} if after else {}
        try:
            reply = call(self.client.list_objects_v2, Bucket=self.bucket, Prefix=prefix, **start)
        except ClientError as error:
            raise _rejection(error) from error
        names = tuple(str(each["Key"]) for each in reply.get("Contents", ()))
        return Page(names=names, after=names[-1] if names and reply.get("IsTruncated") else None)

    def versions(self, prefix: str, after: str | None = None) -> VersionPage:
        """Return one page of the listing, at most 1,000 versions; `after` is a key, or a position within a key."""
        reply = call(self.client.list_object_versions, Bucket=self.bucket, Prefix=prefix, **_version_markers(after))
        found = [ObjectVersion(key=str(each["Key"]), is_deletion=False) for each in reply.get("Versions", ())]
        found += [ObjectVersion(key=str(each["Key"]), is_deletion=True) for each in reply.get("DeleteMarkers", ())]
        ordered = tuple(sorted(found, key=lambda version: version.key))
        if not reply.get("IsTruncated"):
            return VersionPage(versions=ordered)
        end = _END_WITHIN_KEY.join((str(reply["NextKeyMarker"]), str(reply.get("NextVersionIdMarker", ""))))
        return VersionPage(versions=ordered, after=end)


def _version_markers(after: str | None) -> dict[str, str]:
    key, _, version = (after or "").partition(_END_WITHIN_KEY)
    return {name: value for name, value in (("KeyMarker", key), ("VersionIdMarker", version)) if value}


def _rejection(error: ClientError) -> AuditRejected:
    return AuditRejected(f"The audit bucket rejected {error.operation_name}: {error}")
