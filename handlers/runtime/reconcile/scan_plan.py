"""The plan of a run of reconcile: the index partitions to scan, and the position in them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from ...contracts.prebuilt import ReconcileInput
from ...contracts.storage import SHARDS
from ...domain.canonical import day_of, format_instant
from ...domain.ports import OrderRepository, Page

_ROTATION: Final = timedelta(minutes=5)


def interval_number(now: datetime) -> int:
    """Return the number of the schedule's interval.

    Runs in different intervals begin at different positions of a list.
    """
    return int(now.timestamp() // _ROTATION.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPartition:
    """One partition of an index: of orders in flight (no day), or of orders that changed on a day."""

    shard: int
    day: str | None = None
    since: str = ""

    def scan(self, orders: OrderRepository, now: datetime, after: str | None, limit: int) -> Page:
        """List a page of the partition's orders; of those in flight, only the due ones."""
        if self.day is None:
            return orders.list_due(self.shard, format_instant(now), after, limit)
        return orders.list_changed(self.day, self.shard, self.since, after, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """The partitions of orders in flight, then those of the days; `at` and `after` are the position in them.

    Each scheduled run begins the days at a different partition (`turn`), so none is starved if a run cannot scan them
    all.
    """

    days: tuple[str, ...]
    since: str = ""
    turn: int = 0
    at: int = 0
    after: str | None = None

    @classmethod
    def plan(cls, message: ReconcileInput, now: datetime) -> Self:
        """Return the plan that the message continues, or a new one."""
        if message.continuation:
            return cls._resume(json.loads(base64.urlsafe_b64decode(message.continuation)))
        seconds = message.recent_seconds
        return cls(
            days=tuple(message.days) if message.days is not None else _days_around(now),
            since=format_instant(now - timedelta(seconds=seconds)) if seconds is not None else "",
            turn=interval_number(now),
        )

    @classmethod
    def _resume(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            days=tuple(stored["days"]),
            since=stored["since"],
            turn=stored["turn"],
            at=stored["at"],
            after=stored["after"],
        )

    @property
    def partition(self) -> IndexPartition | None:
        """The current partition; None at the end of the plan."""
        return next(iter(self._partitions()[self.at : self.at + 1]), None)

    def advance(self, page: Page) -> Self:
        """Return the plan after a page of the current partition."""
        ends = page.after is None
        return replace(self, at=self.at + ends, after=page.after)

    def continuation(self) -> str | None:
        """Return the position of the next run as an opaque string; None at the end of the plan."""
        if self.partition is None:
            return None
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    def _partitions(self) -> tuple[IndexPartition, ...]:
        waiting = tuple(IndexPartition(shard=shard) for shard in range(SHARDS))
        days = tuple(
            IndexPartition(shard=shard, day=day, since=self.since) for day in self.days for shard in range(SHARDS)
        )
        first = self.turn % len(days) if days else 0
        return waiting + days[first:] + days[:first]


def _days_around(now: datetime) -> tuple[str, ...]:
    """Return yesterday, today and tomorrow, because clocks may differ around midnight."""
    return tuple(day_of(format_instant(now + timedelta(days=days))) for days in (-1, 0, 1))
