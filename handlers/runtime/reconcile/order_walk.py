"""Walks through partitions of the orders' indexes, each of which a later run takes up where one ran out of time."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final, Self

from ...domain.ports import Page

Scan = Callable[[str | None], Page]
"""Lists a part of one partition, from a place in it."""


class WalkPurpose(StrEnum):
    """The reason why a walk visits orders."""

    QUEUE = "queue"
    AGED = "aged"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkPlace:
    """A place in a walk: the partition, and the place in that.

    `time` is the one that decides which orders the walk visits, or what it does to them. It stays that of the run that
    began the walk.
    """

    purpose: WalkPurpose
    time: str
    at: int = 0
    after: str | None = None

    @classmethod
    def parse(cls, text: str, purpose: WalkPurpose) -> Self | None:
        """Return the place that `__str__` wrote, if it is one in a walk for this purpose."""
        if not text.startswith(_MARK):
            return None
        stored = json.loads(text.removeprefix(_MARK))
        if stored["purpose"] != purpose:
            return None
        return cls(purpose=purpose, time=stored["time"], at=stored["at"], after=stored["after"])

    def __str__(self) -> str:
        return _MARK + json.dumps(asdict(self))

    def walk(self, scans: Sequence[Scan], visit: Callable[[str], None], has_time: Callable[[], bool]) -> Self | None:
        """Visit the orders from here on. Return the place where time ran out; None if all were visited."""
        place = self
        while place.at < len(scans):
            if not has_time():
                return place
            page = scans[place.at](place.after)
            for order_id in page.names:
                visit(order_id)
            place = replace(place, at=place.at + (page.after is None), after=page.after)
        return None


_MARK: Final = "walk:"
