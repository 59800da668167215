"""Proving that ledgers and audit log agree: a pure function over what is stored."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .audit import is_same_record, outcome_key, outcome_record, outcome_seqs, refusal_key_of
from .canonical import Json, canonical
from .ledger import find_breaks
from .order import Order


class Problem(StrEnum):
    """What can be wrong."""

    MISSING = "missing"
    ALTERED = "altered"
    EXTRA = "extra"
    REORDERED = "reordered"
    CHAIN_BROKEN = "chain broken"
    PROJECTION_DIFFERS = "projection differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: where it lies (an audit key, or an order) and a sentence."""

    problem: Problem
    where: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """An order and its ledger as it is stored, before anything was read into it."""

    order_id: str
    entries: Sequence[Mapping[str, Json]]
    order: Order | None
    """None where the ledger is so broken that it cannot be folded."""
    differing: tuple[str, ...] = ()
    """What is stored beside the ledger and does not follow from it: so shows a ledger that lost its end."""


def verify(orders: Iterable[StoredOrder], objects: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """Every disagreement between `orders` and the audit `objects` (key to content); nothing when all is well."""
    stored = tuple(orders)
    found: list[Finding] = []
    expected: dict[str, Mapping[str, Json]] = {}
    for each in stored:
        found += verify_chain(each)
        expected |= _records(each)
    found += _find_missing(stored, objects)
    for key, content in sorted(objects.items()):
        found += _judge(key, content, expected.get(key))
    return tuple(found)


def verify_chain(stored: StoredOrder) -> tuple[Finding, ...]:
    """Where the ledger's own chain of hashes is broken, or what is stored beside it differs."""
    order_id = stored.order_id
    faults = [*find_breaks(order_id, stored.entries), *([] if stored.order else ["the ledger cannot be folded"])]
    broken = (
        Finding(problem=Problem.CHAIN_BROKEN, where=order_id, sentence=f"In {order_id} {what}.") for what in faults
    )
    differing = (
        Finding(
            problem=Problem.PROJECTION_DIFFERS,
            where=order_id,
            sentence=f"In {order_id} the stored {name} is not what the ledger comes to.",
        )
        for name in stored.differing
    )
    return (*broken, *differing)


def _records(stored: StoredOrder) -> dict[str, Mapping[str, Json]]:
    """What the audit log may hold of an order, by key."""
    order = stored.order
    if order is None:
        return {}
    return {
        outcome_key(order, entry.seq): {
            **outcome_record(order, entry.seq),
            "ledger": list(stored.entries[: entry.seq]),
        }
        for entry in order.ledger
    }


def _find_missing(stored: Sequence[StoredOrder], objects: Mapping[str, bytes]) -> Iterator[Finding]:
    for order in (each.order for each in stored if each.order):
        for seq in outcome_seqs(order):
            key = outcome_key(order, seq)
            if key not in objects:
                sentence = f"Entry {seq} ({order.ledger[seq - 1].kind}) of {order.order_id} has no record."
                yield Finding(problem=Problem.MISSING, where=key, sentence=sentence)


def _judge(key: str, content: bytes, expected: Mapping[str, Json] | None) -> Iterator[Finding]:
    record = _parse(content)
    if key.startswith("refusals/"):
        yield from _judge_refusal(key, record)
    elif expected is None:
        yield Finding(problem=Problem.EXTRA, where=key, sentence="No ledger has an entry for this record.")
    elif record is None:
        yield Finding(problem=Problem.ALTERED, where=key, sentence="The record is no JSON object.")
    elif not is_same_record(record, expected):
        yield _difference(key, record, expected)


def _difference(key: str, record: Mapping[str, Json], expected: Mapping[str, Json]) -> Finding:
    if _sorted_ledger(record) == _sorted_ledger(expected) and record.get("ledger") != expected["ledger"]:
        return Finding(problem=Problem.REORDERED, where=key, sentence="Its entries are in another order.")
    if record.get("seq") != expected["seq"] or record.get("order_id") != expected["order_id"]:
        sentence = f"It holds the record of entry {record.get('seq')} of {record.get('order_id')}."
        return Finding(problem=Problem.REORDERED, where=key, sentence=sentence)
    differing = [name for name in expected if canonical(record.get(name)) != canonical(expected[name])]
    differing += [name for name in record if name not in expected]
    sentence = f"It is not what the ledger says: {', '.join(differing)}."
    return Finding(problem=Problem.ALTERED, where=key, sentence=sentence)


def _sorted_ledger(record: Mapping[str, Json]) -> list[str]:
    ledger = record.get("ledger")
    return sorted(canonical(entry) for entry in ledger) if isinstance(ledger, list) else []


def _judge_refusal(key: str, record: Mapping[str, Json] | None) -> Iterator[Finding]:
    """A refusal is in no ledger; its record must at least be one, and lie under its own execution and day."""
    if record is None or record.get("kind") != "refusal" or not isinstance(record.get("result"), Mapping):
        yield Finding(problem=Problem.ALTERED, where=key, sentence="It is no record of a refusal.")
    elif key != refusal_key_of(record):
        yield Finding(problem=Problem.ALTERED, where=key, sentence="It names another execution or day than its key.")


def _parse(content: bytes) -> Mapping[str, Json] | None:
    try:
        parsed: Json = json.loads(content)
    except ValueError:
        return None
    return parsed if isinstance(parsed, Mapping) else None
