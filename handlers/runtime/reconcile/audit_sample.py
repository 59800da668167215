"""A sample of the audit trail in each run of reconcile: contents and versions, in a deterministic rotation.

Runs rotate through the days of five weeks and, within a day, through the order ids, which are hashes. The seals cover
every object; the sample finds some forgeries within minutes, before the day is sealed.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Final

from ...domain.canonical import Json, day_of, format_instant
from ...domain.errors import BookingError, Unavailable
from ...domain.order import NewerRelease
from ...domain.ports import AuditTrail, ObjectVersion, OrderRepository
from ...domain.trail.audit import is_same_record, outcome_record, outcomes_on

DAYS: Final = 35
SLICES: Final = 256  # slices of the order ids, by their first two hexadecimal digits
OBJECTS: Final = 20
_INTERVAL: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSample:
    """The objects sampled in the run at `now`."""

    orders: OrderRepository
    audit: AuditTrail
    now: datetime

    def find_altered(self) -> list[str]:
        """Return each object of the sample that was overwritten, deleted or differs from its ledger.

        A failing service ends the sample early; later runs look again.
        """
        found = dict[str, str]()
        with suppress(BookingError):
            for key, versions in islice(self._objects(), OBJECTS):
                if reason := self._reason(key, versions):
                    found[key] = reason
        return [f"{key}: {reason}" for key, reason in found.items()]

    def _objects(self) -> Iterator[tuple[str, tuple[ObjectVersion, ...]]]:
        """Yield keys with their versions, alternately of today and of an earlier day."""
        interval = int(self.now.timestamp() // _INTERVAL.total_seconds())
        days_ago = 0 if interval % 2 else interval // 2 % DAYS
        prefix = outcomes_on(day_of(format_instant(self.now - timedelta(days=days_ago))))
        start = f"{prefix}order=ord_{interval * 37 % SLICES:02x}"
        yield from self._read_page(prefix, start)
        yield from self._read_page(prefix, None)

    def _read_page(self, prefix: str, start: str | None) -> Iterator[tuple[str, tuple[ObjectVersion, ...]]]:
        page = self.audit.versions(prefix, start)
        for key, versions in groupby(page.versions, key=lambda version: version.key):
            yield key, tuple(versions)

    def _reason(self, key: str, versions: tuple[ObjectVersion, ...]) -> str | None:
        if any(version.is_deletion for version in versions):
            return "it was deleted"
        if len(versions) > 1:
            return "it was overwritten"
        return None if self._matches_ledger(key) else "it differs from the ledger"

    def _matches_ledger(self, key: str) -> bool:
        order_id, seq = _parse_key(key)
        try:
            order = self.orders.load(order_id)
        except Unavailable:
            raise
        except NewerRelease:
            return True  # only the newer release can judge it; `booking audit verify` compares the ledger in the record
        except (BookingError, KeyError, TypeError, ValueError):
            return False
        record = _parse(self.audit.read(key))
        if order is None or record is None or not 1 <= seq <= order.version:
            return False
        return is_same_record(record, outcome_record(order, seq))


def _parse_key(key: str) -> tuple[str, int]:
    """Return the order and the sequence number in a key; 0 if it has none."""
    *_, order, name = key.split("/")
    number = name.removesuffix(".json")
    return order.removeprefix("order="), int(number) if number.isascii() and number.isdigit() else 0


def _parse(content: bytes | None) -> Mapping[str, Json] | None:
    try:
        parsed: Json = json.loads(content or b"")
    except ValueError:
        return None
    return parsed if isinstance(parsed, Mapping) else None
