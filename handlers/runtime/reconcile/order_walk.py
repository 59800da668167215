"""Walks through partitions of the orders' indexes. When time runs out, a later run continues the walk."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final, Self

from ...domain.ports import Page

Scan = Callable[[str | None], Page]
"""A function that lists a part of one partition, from a position in it."""


class WalkPurpose(StrEnum):
    """The purpose of a walk."""

    QUEUE = "queue"
    AGED = "aged"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkPosition:
    """A position in a walk: the partition, and the position in it.

    `time` decides which orders the walk visits, or what it does to them. It is the time of the run that began the walk.
    """

    purpose: WalkPurpose
    time: str
    at: int = 0
    after: str | None = None

    @classmethod
    def parse(cls, text: str, purpose: WalkPurpose) -> Self | None:
        """Parse the output of `__str__`; None if it belongs to a walk for another purpose."""
        if not text.startswith(_PREFIX):
            return None
        stored = json.loads(text.removeprefix(_PREFIX))
        if stored["purpose"] != purpose:
            return None
        return cls(purpose=purpose, time=stored["time"], at=stored["at"], after=stored["after"])

    def __str__(self) -> str:
        return _PREFIX + json.dumps(asdict(self))

    def walk(self, scans: Sequence[Scan], visit: Callable[[str], None], has_time: Callable[[], bool]) -> Self | None:
        """Visit the orders from here on. Return the position where time ran out; None if all were visited."""
        position = self
        while position.at < len(scans):
            if not has_time():
                return position
            page = scans[position.at](position.after)
            for order_id in page.names:
                visit(order_id)
            position = replace(position, at=position.at + (page.after is None), after=page.after)
        return None


_PREFIX: Final = "walk:"
