"""What the audit log holds: one record for each outcome in a ledger, one for each refusal that left no trace there."""

import re
from collections.abc import Mapping
from typing import Final

from .answers import Answer
from .canonical import Json, canonical, day_of, digest, salted
from .ledger import OPENING
from .order import Order
from .outcomes import outcome_at
from .requests import Origin

AUDIT_SCHEMA: Final = 1
"""Schema number of an audit object."""


def outcome_key(order: Order, seq: int) -> str:
    """The key of the record of a ledger entry: the day on which it was written, order and sequence number."""
    return f"{outcomes_of(order.order_id, day_of(order.ledger[seq - 1].recorded_at))}{seq:06d}.json"


def outcomes_of(order_id: str, day: str) -> str:
    """The prefix of an order's records of one day."""
    return f"{outcomes_on(day)}order={order_id}/"


def outcomes_on(day: str) -> str:
    """The prefix of all records of outcomes of one day."""
    return f"outcomes/date={day}/"


def outcome_record(order: Order, seq: int) -> dict[str, Json]:
    """The record of the outcome that ends with entry `seq`: nothing in it differs between attempts."""
    answer = outcome_at(order, seq)
    return {
        "schema": AUDIT_SCHEMA,
        "kind": "outcome",
        "order_id": order.order_id,
        "seq": seq,
        "result": answer.as_json(),
        "ledger": [entry.as_json() for entry in order.ledger[:seq]],
    }


def outcome_seqs(order: Order) -> tuple[int, ...]:
    """The entries that must each have a record; one that put money in flight has one only if that ended `unknown`."""
    return tuple(entry.seq for entry in order.ledger if entry.kind not in OPENING)


def refusal_key_of(record: Mapping[str, Json]) -> str:
    """The key that a refusal's record must have, by what it states: day, request's fingerprint and execution."""
    day = str(record.get("recorded_on") or day_of(str(record.get("requested_at"))))
    execution, fingerprint = str(record.get("execution")), str(record.get("request_sha256"))
    name = re.sub(r"[^A-Za-z0-9_-]", "_", execution.rpartition(":")[2])[:96]
    return f"refusals/date={day}/{name}-{fingerprint[:16]}-{digest(execution)[:16]}.json"


def refusal_record(request: Json, answer: Answer, origin: Origin, day: str) -> dict[str, Json]:
    """The record of a request that changed nothing; of what was sent it holds a salted hash only.

    It is dated by the day on which its execution started. Where that day is closed, `day` is another, and recorded.
    """
    started_on = day_of(origin.at)
    return {
        **({"recorded_on": day} if day != started_on else {}),
        "schema": AUDIT_SCHEMA,
        "kind": "refusal",
        "execution": origin.execution,
        "requested_at": origin.at,
        "request_sha256": salted(origin.execution, request),
        "result": answer.as_json(),
    }


def is_same_record(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Whether two records say the same; the sentence for people may be another version's."""
    return canonical(_without_sentence(one)) == canonical(_without_sentence(other))


def _without_sentence(record: Mapping[str, Json]) -> dict[str, Json]:
    result = record.get("result")
    kept = {key: value for key, value in result.items() if key != "message"} if isinstance(result, Mapping) else result
    return {**record, "result": kept}
