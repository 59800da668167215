"""The append-only ledger of an order: each entry contains the hash of the entry before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .canonical import Json, digest, sha256

ENTRY_SCHEMA: Final = 2
"""Schema number of a ledger entry. Since 2 an entry has `recorded_at`; for one of schema 1, `at` stands in."""


class Kind(StrEnum):
    """The events in the life of an order."""

    ORDER_PLACED = "OrderPlaced"
    PAYMENT_PENDING = "PaymentPending"
    PAYMENT_ACTION_REQUIRED = "PaymentActionRequired"
    PAYMENT_AUTHORIZED = "PaymentAuthorized"
    PAYMENT_CAPTURE_REQUESTED = "PaymentCaptureRequested"
    PAYMENT_CAPTURED = "PaymentCaptured"
    PAYMENT_CAPTURE_DECLINED = "PaymentCaptureDeclined"
    PAYMENT_VOID_REQUESTED = "PaymentVoidRequested"
    PAYMENT_VOIDED = "PaymentVoided"
    PAYMENT_DECLINED = "PaymentDeclined"
    PAYMENT_RELEASED = "PaymentReleased"
    REFUND_REQUESTED = "RefundRequested"
    REFUND_HELD = "RefundHeld"
    REFUND_APPROVED = "RefundApproved"
    REFUND_DENIED = "RefundDenied"
    REFUND_PENDING = "RefundPending"
    REFUND_SETTLED = "RefundSettled"
    REFUND_DECLINED = "RefundDeclined"
    REFUND_RELEASED = "RefundReleased"
    REFUND_REVERSED = "RefundReversed"
    DISPUTE_OPENED = "DisputeOpened"
    DISPUTE_WON = "DisputeWon"
    DISPUTE_LOST = "DisputeLost"
    CASE_OPENED = "CaseOpened"
    RESOLUTION_PROPOSED = "ResolutionProposed"
    RESOLUTION_DENIED = "ResolutionDenied"
    CASE_CLOSED = "CaseClosed"
    TEXT_FORGOTTEN = "TextForgotten"


SUPERSEDED: Final = "superseded"
"""Fact of an entry that is followed by another of its subject in the same write, so it answers no request."""

OPENING: Final = frozenset(
    {
        Kind.ORDER_PLACED,
        Kind.PAYMENT_CAPTURE_REQUESTED,
        Kind.PAYMENT_VOID_REQUESTED,
        Kind.REFUND_REQUESTED,
        Kind.REFUND_APPROVED,
    }
)
"""The kinds written before a call of the gateway. Every other kind is reporting and has one audit object."""

INTERIM: Final = frozenset(
    {
        Kind.PAYMENT_PENDING,
        Kind.PAYMENT_ACTION_REQUIRED,
        Kind.REFUND_HELD,
        Kind.REFUND_PENDING,
        Kind.DISPUTE_OPENED,
        Kind.CASE_OPENED,
        Kind.RESOLUTION_PROPOSED,
    }
)
"""The reporting kinds after which someone else must act. Every other reporting kind is final for its subject."""

RETURNING: Final = frozenset({Kind.REFUND_DECLINED, Kind.REFUND_REVERSED, Kind.DISPUTE_WON})
"""The kinds by which a ledger records that money came back which a movement of the same subject had taken."""

_SUBJECT_TYPES: Final = {
    "ref": "refund",
    "cap": "capture",
    "void": "void",
    "dec": "decision",
    "dis": "dispute",
    "case": "case",
}
"""The type of a subject by the prefix of its gateway key or id. The order is its own subject."""


def subject_of(key: str) -> str:
    """Return the subject of a gateway key: an order's own id, or the key preceded by its type (schema 2)."""
    kind = _SUBJECT_TYPES.get(key.partition("_")[0])
    return f"{kind}:{key}" if kind else key


def type_of(subject: str) -> str:
    """Return the type of a subject: `order`, `capture`, `void`, `refund`, `dispute`, …, also of one of schema 1."""
    return _SUBJECT_TYPES.get(key_of(subject).partition("_")[0], "order")


def key_of(subject: str) -> str:
    """Return the gateway key, or the id, of a subject; a subject of schema 1 is its own key."""
    return subject.rpartition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event. `facts` holds the fields of its kind, and any field that a newer release has added."""

    seq: int
    kind: Kind
    at: str
    """Start of the execution that caused it, else `recorded_at`. Policies are applied as of this time."""
    recorded_at: str
    """The time of writing, never before the previous entry's; it decides days, indexes and audit keys."""
    subject: str
    amount_minor: int
    facts: Mapping[str, Json]
    previous: str
    hash: str
    schema: int = ENTRY_SCHEMA

    def as_json(self) -> dict[str, Json]:
        """Return the entry as one flat object, as it is stored and hashed."""
        return {**_hash_input(self), "hash": self.hash}

    def text(self, fact: str) -> str:
        """Return a fact as a string."""
        return str(self.facts[fact])


def _hash_input(entry: Entry) -> dict[str, Json]:
    return {
        **entry.facts,
        "schema": entry.schema,
        "seq": entry.seq,
        "type": entry.kind.value,
        "at": entry.at,
        **({"recorded_at": entry.recorded_at} if entry.schema > 1 else {}),
        "subject": entry.subject,
        "amount_minor": entry.amount_minor,
        "previous": entry.previous,
    }


_ENTRY_FIELDS = frozenset({"schema", "seq", "type", "at", "recorded_at", "subject", "amount_minor", "previous", "hash"})


def entry_from(stored: Mapping[str, Json]) -> Entry:
    """Read a stored entry; fields that this release does not know stay among its facts."""
    return Entry(
        schema=_require_int(stored["schema"]),
        seq=_require_int(stored["seq"]),
        kind=Kind(str(stored["type"])),
        at=str(stored["at"]),
        recorded_at=_recorded_at(stored),
        subject=str(stored["subject"]),
        amount_minor=_require_int(stored["amount_minor"]),
        facts={key: value for key, value in stored.items() if key not in _ENTRY_FIELDS},
        previous=str(stored["previous"]),
        hash=str(stored["hash"]),
    )


def _recorded_at(stored: Mapping[str, Json]) -> str:
    return str(stored["recorded_at"] if stored["schema"] != 1 else stored["at"])


def _require_int(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError(f"A ledger holds {value!r} in place of an integer.")
    return value


def genesis_hash(order_id: str) -> str:
    """Return the hash that precedes an order's first entry."""
    return sha256(f"ledger of {order_id}")


def append_entry(
    ledger: Sequence[Entry],
    kind: Kind,
    *,
    order_id: str,
    at: str | None,
    now: str,
    subject: str,
    amount_minor: int,
    facts: Mapping[str, Json] | None = None,
) -> tuple[Entry, ...]:
    """Return the ledger with one more entry, chained to the last; `at` is None if no execution caused the entry."""
    previous = ledger[-1].hash if ledger else genesis_hash(order_id)
    recorded_at = max(now, ledger[-1].recorded_at) if ledger else now
    entry: dict[str, Json] = {
        **(facts or {}),
        "schema": ENTRY_SCHEMA,
        "seq": len(ledger) + 1,
        "type": kind.value,
        "at": recorded_at if at is None else at,
        "recorded_at": recorded_at,
        "subject": subject,
        "amount_minor": amount_minor,
        "previous": previous,
    }
    return (*ledger, entry_from({**entry, "hash": digest(entry)}))


def find_breaks(order_id: str, entries: Sequence[Mapping[str, Json]]) -> tuple[str, ...]:
    """Return a description of each break in a stored chain of hashes."""
    found: list[str] = []
    previous, earliest = genesis_hash(order_id), ""
    for position, entry in enumerate(entries, start=1):
        found += [f"entry {position} {what}" for what in _faults(entry, position, previous, earliest)]
        previous, earliest = str(entry.get("hash")), str(entry.get("recorded_at", entry.get("at")))
    return tuple(found)


def _faults(entry: Mapping[str, Json], position: int, previous: str, earliest: str) -> list[str]:
    unhashed = {key: value for key, value in entry.items() if key != "hash"}
    checks = (
        (entry.get("seq") != position, f"has the sequence number {entry.get('seq')}"),
        (entry.get("previous") != previous, "does not follow the entry before it"),
        (str(entry.get("recorded_at", earliest)) < earliest, "was recorded before the entry before it"),
        (entry.get("hash") != digest(unhashed), "is not what was written: its hash differs"),
    )
    return [what for wrong, what in checks if wrong]


_KINDS: Final = frozenset(kind.value for kind in Kind)


def is_known(entry: Mapping[str, Json]) -> bool:
    """Return whether this release knows the kind of a stored entry."""
    return entry.get("type") in _KINDS
