"""What is left over: by a killed run, which is removed here; and by `destroy`, the keys that AWS deletes days later."""

from dataclasses import dataclass
from datetime import datetime

from ..instance import Instance
from ..provider.journal import Journal
from ..provider.provider import Provider
from .state import State


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


def remove_orphans(instance: Instance, state: State) -> list[str]:
    """Delete what killed runs created and no state has, such as what has left the program since; their URNs."""
    provider = Provider(instance.aws(), Journal(instance.folder / "journal.jsonl"))
    known = {(resource["urn"], resource.get("id")) for resource in state.resources()}
    orphans = [entry for entry in provider.journal.orphans() if (entry.urn, entry.id) not in known]
    return [entry.urn for entry in orphans if entry.urn.startswith(state.urns) and provider.abandon(entry)]
