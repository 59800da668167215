"""What AWS keeps after `destroy`: KMS keys are deleted days later, by AWS's own rule."""

from dataclasses import dataclass
from datetime import datetime

from ..instance import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingKey:
    """A key that AWS will delete."""

    id: str
    description: str
    deleted_at: datetime


def pending_keys(instance: Instance) -> list[PendingKey]:
    """The keys of the instance that are pending deletion, the next one first."""
    kms = instance.client("kms")
    keys = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    facts = [kms.describe_key(KeyId=key)["KeyMetadata"] for key in keys]
    pending = [
        PendingKey(id=fact["KeyId"], description=fact.get("Description", ""), deleted_at=fact["DeletionDate"])
        for fact in facts
        if fact["KeyState"] == "PendingDeletion"
    ]
    return sorted(pending, key=lambda key: (key.deleted_at, key.id))
