"""Audit objects: one for each outcome in a ledger, and one for each refusal, which no ledger records."""

import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from ..answers import Answer, answer_from
from ..canonical import Json, canonical, day_of, digest, hash_with_salt
from ..ledger import OPENING
from ..order import Order
from ..outcomes import outcome_at
from ..requests import Origin

AUDIT_SCHEMA: Final = 1
"""Schema number of an audit object."""
REFUSING: Final = frozenset({"rejected", "failed"})
"""Statuses of answers that changed nothing, if no ledger contains them."""


def outcome_key(order: Order, seq: int) -> str:
    """Return the key of a ledger entry's audit object: the day of its `recorded_at`, order and sequence number."""
    return f"{outcomes_of(order.order_id, day_of(order.ledger[seq - 1].recorded_at))}{seq:06d}.json"


def outcomes_of(order_id: str, day: str) -> str:
    """Return the key prefix of an order's outcomes on a day (YYYY-MM-DD)."""
    return f"{outcomes_on(day)}order={order_id}/"


def outcomes_on(day: str) -> str:
    """Return the key prefix of all outcomes on a day (YYYY-MM-DD)."""
    return f"outcomes/date={day}/"


def outcome_record(order: Order, seq: int) -> dict[str, Json]:
    """Return the audit object of the outcome at entry `seq`; it is the same for every attempt.

    An entry that no request caused has no result, but a cause.
    """
    answer = outcome_at(order, seq)
    cause: dict[str, Json] = {} if answer else {"cause": str(order.ledger[seq - 1].facts.get("cause", "gateway"))}
    return {
        **cause,
        "schema": AUDIT_SCHEMA,
        "kind": "outcome",
        "order_id": order.order_id,
        "seq": seq,
        "result": answer.as_json() if answer else None,
        "ledger": [entry.as_json() for entry in order.ledger[:seq]],
    }


def outcome_seqs(order: Order) -> tuple[int, ...]:
    """Return the sequence numbers of the entries that must have an audit object.

    An opening entry has one only if an execution ended `unknown` on it, so it is not among them.
    """
    return tuple(entry.seq for entry in order.ledger if entry.kind not in OPENING)


def refusal_key_of(record: Mapping[str, Json]) -> str:
    """Return the key that a refusal's audit object must have, by its own content: day, execution and request hash."""
    day = str(record.get("recorded_on") or day_of(str(record.get("requested_at"))))
    execution, fingerprint = str(record.get("execution")), str(record.get("request_sha256"))
    return f"{refusals_of(day, execution)}{fingerprint[:16]}-{digest(execution)[:16]}.json"


def refusals_of(day: str, execution: str) -> str:
    """Return the key prefix of an execution's refusal on a day (YYYY-MM-DD)."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", execution.rpartition(":")[2])[:96]
    return f"refusals/date={day}/{name}-"


def refusal_record(request: Json, answer: Answer, origin: Origin, day: str) -> dict[str, Json]:
    """Return the audit object of a request that changed nothing. It holds only a hash of the request.

    `request` must be without free text: the object is locked, and its readers can test guesses against the hash.
    `day` is the day on which the execution started, or a later one, which is then recorded, if that day is closed.
    """
    started_on = day_of(origin.at)
    return {
        **({"recorded_on": day} if day != started_on else {}),
        "schema": AUDIT_SCHEMA,
        "kind": "refusal",
        "execution": origin.execution,
        "requested_at": origin.at,
        "request_sha256": hash_with_salt(origin.execution, request),
        "result": answer.as_json(),
    }


def parse_record(content: bytes) -> Mapping[str, Json] | None:
    """Parse the content of an audit object; None if it is not a JSON object."""
    try:
        parsed: Json = json.loads(content)
    except ValueError:
        return None
    return parsed if isinstance(parsed, Mapping) else None


def find_earlier_refusal(content: bytes | None, record: Mapping[str, Json]) -> Answer | None:
    """Return the answer in an audit object if it is a refusal of the same execution and request as `record`."""
    earlier = parse_record(content or b"")
    same = ("kind", "execution", "requested_at", "request_sha256")
    if earlier is None or any(earlier.get(name) != record[name] for name in same):
        return None
    result = earlier.get("result")
    return answer_from(result) if isinstance(result, Mapping) and result.get("status") in REFUSING else None


def is_same_record(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Return whether two audit objects prove the same facts.

    Another release may reword the message and add fields (law 39). Fields that both have must agree, and neither may
    lack those that the hash chain and the key are checked by.
    """
    kind = one.get("kind")
    required = _REQUIRED_FIELDS.get(str(kind), frozenset())
    if kind != other.get("kind") or not required or not required <= one.keys() & other.keys():
        return False
    result, other_result = one["result"], other["result"]
    if not isinstance(result, Mapping) or not isinstance(other_result, Mapping):
        return result is None and other_result is None and _agree(one, other, apart_from={"schema"})
    return _agree(one, other, apart_from={"result", "schema"}) and _agree(
        result, other_result, apart_from={"message", "schema"}
    )


_REQUIRED_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "outcome": frozenset({"order_id", "seq", "ledger", "result"}),
    "refusal": frozenset({"execution", "requested_at", "request_sha256", "result"}),
}
"""Fields without which an audit object of each kind proves nothing."""


def _agree(one: Mapping[str, Json], other: Mapping[str, Json], apart_from: AbstractSet[str]) -> bool:
    shared = (one.keys() & other.keys()) - apart_from
    return all(canonical(one[name]) == canonical(other[name]) for name in shared)
