"""The events of orders, one for each ledger entry, and the port of the bus that they are published to.

An event contains the facts of its entry and the order's totals after it. It contains neither free text nor the salted
hashes that replace it in the ledger: erasing the salt must make those meaningless everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from .canonical import Json, canonical, parse_instant

EVENT_SCHEMA: Final = 1
"""Schema number of an event's detail."""

MAX_EVENT_BYTES: Final = 256 * 1024
"""The size of one request of PutEvents. Source: EventBridge user guide, "Calculating PutEvents event entry size"."""

_OVERHEAD_BYTES: Final = 1024  # time, source, detail type and bus, which count as well
_CHAIN_FIELDS: Final = frozenset({"previous", "hash"})
_COMMON_FIELDS: Final = frozenset({"schema", "seq", "type", "at", "recorded_at", "subject", "amount_minor"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """The event of one ledger entry. Its kind is any string, because the code that writes the ledger may be newer."""

    order_id: str
    seq: int
    kind: str
    time: datetime
    """The time of writing the entry."""
    detail: str
    """The detail as JSON."""

    @property
    def size(self) -> int:
        """The number of bytes that count against `MAX_EVENT_BYTES`."""
        return len(self.detail) + _OVERHEAD_BYTES


class EventBus(Protocol):
    """The bus of the order events."""

    def publish(self, events: Sequence[LedgerEvent]) -> tuple[LedgerEvent, ...]:
        """Publish events of different orders, in any order, and return those that the bus rejected.

        Raises:
            Unavailable: the bus may have accepted any of them or none.
        """
        ...


def ledger_event(
    order: Mapping[str, Json], entry: Mapping[str, Json], totals: Mapping[str, Json], max_bytes: int = MAX_EVENT_BYTES
) -> LedgerEvent:
    """Return the event of an entry of a stored order; it omits the facts if they do not fit into an event."""
    detail = _detail(order, entry, totals)
    event = _event(order, entry, detail)
    if event.size <= max_bytes:
        return event
    return _event(order, entry, {**detail, "facts": {}, "facts_omitted": True})


def _event(order: Mapping[str, Json], entry: Mapping[str, Json], detail: Mapping[str, Json]) -> LedgerEvent:
    return LedgerEvent(
        order_id=str(order["order_id"]),
        seq=int(str(entry["seq"])),
        kind=str(entry["type"]),
        time=parse_instant(str(detail["recorded_at"])),
        detail=canonical(detail),
    )


def _detail(order: Mapping[str, Json], entry: Mapping[str, Json], totals: Mapping[str, Json]) -> dict[str, Json]:
    facts = {name: fact for name, fact in entry.items() if name not in _COMMON_FIELDS | _CHAIN_FIELDS}
    return {
        "schema": EVENT_SCHEMA,
        "id": f"{order['order_id']}#{entry['seq']}",
        "order_id": order["order_id"],
        "seq": entry["seq"],
        "type": entry["type"],
        "at": entry["at"],
        "recorded_at": entry.get("recorded_at", entry["at"]),
        "subject": entry["subject"],
        "amount_minor": entry["amount_minor"],
        "currency": order["currency"],
        "customer_id": order["customer_id"],
        "facts": _without_hashes(facts),
        "facts_omitted": False,
        "totals": totals,
    }


def _without_hashes(fact: Json) -> Json:
    """Return a fact without the salted hashes in it, at any depth."""
    if isinstance(fact, Mapping):
        return {name: _without_hashes(each) for name, each in fact.items() if not name.endswith("_sha256")}
    if isinstance(fact, Sequence) and not isinstance(fact, str):
        return [_without_hashes(each) for each in fact]
    return fact
