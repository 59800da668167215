"""Verify ledgers, and audit objects against ledgers: pure functions over what is stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from ..canonical import Json, canonical
from ..ledger import Entry, find_breaks, is_known
from ..order import Order
from ..ports import AuditTrail, ObjectVersion
from .audit import is_same_record, outcome_key, outcome_record, outcome_seqs, parse_record, refusal_key_of


class Problem(StrEnum):
    """Kinds of findings."""

    MISSING = "missing"
    ALTERED = "altered"
    EXTRA = "extra"
    REORDERED = "reordered"
    CHAIN_BROKEN = "chain broken"
    PROJECTION_DIFFERS = "projection differs"
    OVERWRITTEN = "overwritten"
    DELETED = "deleted"
    SEAL_MISSING = "seal missing"
    SEAL_BROKEN = "seal broken"
    UNSEALED = "unsealed"
    CANNOT_JUDGE = "cannot judge"
    NO_ENTRY = "only at the gateway"
    NO_MOVEMENT = "only in the ledger"
    AMOUNT_DIFFERS = "amount differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem: where it is (an audit key or an order id), and a message."""

    problem: Problem
    where: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """An order with its ledger exactly as it is stored, whether or not it is intact."""

    order_id: str
    entries: Sequence[Mapping[str, Json]]
    order: Order | None
    """None if the ledger is too broken to be folded, or holds a kind of entry that this release does not know."""
    differing: tuple[str, ...] = ()
    """Stored attributes that do not follow from the ledger. They reveal a truncated ledger."""

    @property
    def unknown_entry(self) -> Mapping[str, Json] | None:
        """The first entry of a kind that this release does not know."""
        return next((entry for entry in self.entries if not is_known(entry)), None)


def verify(orders: Iterable[StoredOrder], objects: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """Return every disagreement between `orders` and the audit `objects` (content by key), all held in memory."""
    stored = {each.order_id: each for each in orders}
    found: list[Finding] = []
    for each in stored.values():
        found += verify_chain(each)
        found += (missing_record(each, key) for key in required_records(each) if key not in objects)
    for key, content in sorted(objects.items()):
        order_id = key.partition("order=")[2].partition("/")[0]
        is_refusal = key.startswith("refusals/")
        found += judge_refusal(key, content) if is_refusal else judge_outcome(key, content, stored.get(order_id))
    return tuple(found)


def verify_versions(audit: AuditTrail, prefixes: Iterable[str], since: str | None = None) -> Iterator[Finding]:
    """Return every object that was overwritten or deleted: it has more than one version."""
    for prefix in prefixes:
        versions = _versions(audit, prefix, f"{prefix}date={since}/" if since else None)
        for key, of_key in groupby(versions, key=lambda version: version.key):
            found = tuple(of_key)
            if any(version.is_deletion for version in found):
                yield Finding(
                    problem=Problem.DELETED, where=key, message="It was deleted; its versions still hold the content."
                )
            elif len(found) > 1:
                message = f"It was overwritten: it has {len(found)} versions, and the oldest is the recorded one."
                yield Finding(problem=Problem.OVERWRITTEN, where=key, message=message)


def _versions(audit: AuditTrail, prefix: str, after: str | None) -> Iterator[ObjectVersion]:
    page = audit.versions(prefix, after)
    yield from page.versions
    while page.after:
        page = audit.versions(prefix, page.after)
        yield from page.versions


def verify_chain(stored: StoredOrder) -> tuple[Finding, ...]:
    """Return the breaks of the ledger's hash chain, and the stored attributes that do not follow from it."""
    order_id = stored.order_id
    unknown = stored.unknown_entry
    faults = [*find_breaks(order_id, stored.entries)]
    faults += [] if stored.order or unknown else ["the ledger cannot be folded"]
    broken = (
        Finding(problem=Problem.CHAIN_BROKEN, where=order_id, message=f"In {order_id}, {what}.") for what in faults
    )
    differing = (
        Finding(
            problem=Problem.PROJECTION_DIFFERS,
            where=order_id,
            message=f"In {order_id} the stored {name} does not follow from the ledger.",
        )
        for name in stored.differing
    )
    return (*broken, *differing, *([_cannot_judge(order_id, unknown)] if unknown else []))


def _cannot_judge(order_id: str, unknown: Mapping[str, Json]) -> Finding:
    message = f"Entry {unknown.get('seq')} ({unknown.get('type')}) of {order_id} was written by a newer release."
    return Finding(problem=Problem.CANNOT_JUDGE, where=order_id, message=f"{message} Verify it with that release.")


def required_records(stored: StoredOrder) -> dict[str, Entry]:
    """Return the audit keys that a ledger requires, each with its entry."""
    order = stored.order
    return {outcome_key(order, seq): order.ledger[seq - 1] for seq in outcome_seqs(order)} if order else {}


def missing_record(stored: StoredOrder, key: str) -> Finding:
    """Return the finding for a required record that does not exist."""
    entry = required_records(stored)[key]
    message = f"Entry {entry.seq} ({entry.kind}) of {stored.order_id} has no record."
    return Finding(problem=Problem.MISSING, where=key, message=message)


def judge_outcome(key: str, content: bytes, stored: StoredOrder | None) -> Iterator[Finding]:
    """Compare the record under `key` with the ledger of its order, which is None if there is no such order."""
    expected, record = _expected_record(key, stored), parse_record(content)
    if stored and stored.unknown_entry:
        yield from _judge_by_chain(key, record, stored)
    elif expected is None:
        yield Finding(problem=Problem.EXTRA, where=key, message="No ledger has an entry for this record.")
    elif record is None:
        yield Finding(problem=Problem.ALTERED, where=key, message="The record is not a JSON object.")
    elif not is_same_record(record, expected):
        yield _difference(key, record, expected)


def _judge_by_chain(key: str, record: Mapping[str, Json] | None, stored: StoredOrder) -> Iterator[Finding]:
    """Compare the ledger in a record with the stored one, if this release cannot compute the order's answers."""
    seq = record.get("seq") if record else None
    entries = list(stored.entries[:seq]) if isinstance(seq, int) else []
    if record is None or not entries or record.get("ledger") != entries or f"/{seq:06d}.json" not in key:
        yield Finding(problem=Problem.ALTERED, where=key, message="Its ledger is not the order's.")


def _expected_record(key: str, stored: StoredOrder | None) -> dict[str, Json] | None:
    """Return the record that belongs under `key`. An entry that put money in flight may have one, too."""
    order = stored.order if stored else None
    if stored is None or order is None:
        return None
    seq = next((entry.seq for entry in order.ledger if outcome_key(order, entry.seq) == key), None)
    return {**outcome_record(order, seq), "ledger": list(stored.entries[:seq])} if seq is not None else None


def judge_refusal(key: str, content: bytes) -> Iterator[Finding]:
    """Check the record of a refusal. No ledger contains it, but its key follows from its own execution and day."""
    record = parse_record(content)
    if record is None or record.get("kind") != "refusal" or not isinstance(record.get("result"), Mapping):
        yield Finding(problem=Problem.ALTERED, where=key, message="It is not the record of a refusal.")
    elif key != refusal_key_of(record):
        yield Finding(problem=Problem.ALTERED, where=key, message="Its key does not match its execution and day.")


def _difference(key: str, record: Mapping[str, Json], expected: Mapping[str, Json]) -> Finding:
    if _sorted_ledger(record) == _sorted_ledger(expected) and record.get("ledger") != expected["ledger"]:
        return Finding(problem=Problem.REORDERED, where=key, message="Its ledger entries are in a different order.")
    if record.get("seq") != expected["seq"] or record.get("order_id") != expected["order_id"]:
        message = f"It is the record of entry {record.get('seq')} of {record.get('order_id')}."
        return Finding(problem=Problem.REORDERED, where=key, message=message)
    differing = [name for name in expected if canonical(record.get(name)) != canonical(expected[name])]
    differing += [name for name in record if name not in expected]
    message = f"It differs from the ledger in {', '.join(differing)}."
    return Finding(problem=Problem.ALTERED, where=key, message=message)


def _sorted_ledger(record: Mapping[str, Json]) -> list[str]:
    ledger = record.get("ledger")
    return sorted(canonical(entry) for entry in ledger) if isinstance(ledger, list) else []
