"""Resources left behind by killed runs, and by `destroy` because AWS does not delete them immediately.

Those of killed runs are deleted here; those of `destroy` are only listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ..instance import Instance
from ..provider.aws import AwsClient
from ..provider.journal import Journal
from ..provider.provider import EmbeddedProvider
from .engine_state import EngineState


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingKey:
    """A key that is pending deletion."""

    id: str
    description: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedBucket:
    """A bucket that cannot be deleted, because `objects` versions in it are locked, the last one until `until`.

    `modes`: COMPLIANCE (nobody can lift it), GOVERNANCE (a permission can) or LEGAL_HOLD (without an end).
    """

    name: str
    objects: int
    modes: tuple[str, ...]
    until: datetime | None


def locked_buckets(instance: Instance) -> list[LockedBucket]:
    """Return the instance's buckets with locked objects, by name."""
    s3 = instance.client("s3")
    found = [_locked_bucket(name, list(_version_locks(s3, name))) for name in _bucket_names(s3)]
    return sorted(filter(None, found), key=lambda bucket: bucket.name)


def pending_keys(instance: Instance) -> list[PendingKey]:
    """Return the instance's keys that are pending deletion, earliest first."""
    kms = instance.client("kms")
    keys = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    facts = [kms.describe_key(KeyId=key)["KeyMetadata"] for key in keys]
    pending = [
        PendingKey(id=fact["KeyId"], description=fact.get("Description", ""), deleted_at=fact["DeletionDate"])
        for fact in facts
        if fact["KeyState"] == "PendingDeletion"
    ]
    return sorted(pending, key=lambda key: (key.deleted_at, key.id))


def remove_orphans(instance: Instance, state: EngineState) -> list[str]:
    """Delete resources of killed runs that are in no state, and return their URNs.

    A resource is in no state if, for example, the program has dropped it since the run. Resources are compared by type
    and id, because an alias may have changed the URN.
    """
    provider = EmbeddedProvider(instance.aws(), Journal(instance.folder / "journal.jsonl"))
    known = {(resource["type"], resource.get("id")) for resource in state.resources()}
    orphans = [entry for entry in provider.journal.orphans() if (entry.token, entry.id) not in known]
    return [entry.urn for entry in orphans if entry.urn.startswith(state.urn_prefix) and provider.delete_entry(entry)]


def _bucket_names(s3: AwsClient) -> list[str]:
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def _version_locks(s3: AwsClient, bucket: str) -> Iterator[tuple[str, datetime | None]]:
    """Yield the mode of each locked version, and the end of its retention."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", ()):
            head = s3.head_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
            if head.get("ObjectLockLegalHoldStatus") == "ON":
                yield "LEGAL_HOLD", None
            elif (until := head.get("ObjectLockRetainUntilDate")) and until > datetime.now(UTC):
                yield head["ObjectLockMode"], until


def _locked_bucket(name: str, locks: list[tuple[str, datetime | None]]) -> LockedBucket | None:
    if not locks:
        return None
    modes = tuple(sorted({mode for mode, _ in locks}))
    until = max((until for _, until in locks if until), default=None)
    return LockedBucket(name=name, objects=len(locks), modes=modes, until=until)
