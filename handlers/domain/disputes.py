"""Disputes of a payment: money that a customer's bank withdraws from us, and may have to give back.

A dispute is in the ledger from the withdrawal of funds. An inquiry, which takes no money, has no entry.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .errors import LedgerBroken
from .ledger import Entry, Kind, key_of

DISPUTE_KINDS: Final = frozenset({Kind.DISPUTE_OPENED, Kind.DISPUTE_WON, Kind.DISPUTE_LOST})
"""The kinds of a dispute's entries."""


class DisputeStatus(StrEnum):
    """The state of a dispute."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


_D = DisputeStatus

DISPUTE_TRANSITIONS: Final[dict[tuple[DisputeStatus | None, Kind], DisputeStatus]] = {
    (None, Kind.DISPUTE_OPENED): _D.OPEN,
    (_D.OPEN, Kind.DISPUTE_WON): _D.WON,
    (_D.OPEN, Kind.DISPUTE_LOST): _D.LOST,
    (_D.LOST, Kind.DISPUTE_WON): _D.WON,
    (_D.WON, Kind.DISPUTE_LOST): _D.LOST,
}
"""The state of a dispute after an entry. Banks change their minds, so an ended dispute may end otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute and its present state."""

    dispute_id: str
    reference: str
    """The gateway's own id."""
    status: DisputeStatus
    amount_minor: int
    opened_at: str

    @property
    def withheld_minor(self) -> int:
        """The amount that is withdrawn: all of it, unless the dispute was won."""
        return 0 if self.status is DisputeStatus.WON else self.amount_minor


def advance_dispute(dispute: Dispute | None, entry: Entry) -> Dispute:
    """Return a dispute after an entry.

    Raises:
        LedgerBroken: the entry is not legal in the dispute's state, or names another amount.
    """
    status = DISPUTE_TRANSITIONS.get((dispute.status if dispute else None, entry.kind))
    if status is None or (dispute and dispute.amount_minor != entry.amount_minor):
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal for the dispute {dispute}.")
    return replace(dispute, status=status) if dispute else _new_dispute(entry, status)


def _new_dispute(entry: Entry, status: DisputeStatus) -> Dispute:
    return Dispute(
        dispute_id=key_of(entry.subject),
        reference=entry.text("reference"),
        status=status,
        amount_minor=entry.amount_minor,
        opened_at=entry.recorded_at,
    )
