"""The double's stored objects, clock, scheduled changes and events."""

import copy
import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tests.support.stripe import wire_objects
from tests.support.stripe.wire_objects import Wire

API_VERSION: Final = "2026-08-26.dahlia"
"""The version of the OpenAPI document in stripe-mock v0.203.0."""
EVENT_RETENTION: Final = timedelta(days=30)
Happening = Callable[[], object]


@dataclass(slots=True)
class Books:
    """All objects by id, in order of creation."""

    now: Callable[[], datetime]
    livemode: bool = False
    account: str = "acct_double"
    objects: dict[str, Wire] = field(default_factory=dict[str, Wire])
    visible_since: dict[str, datetime] = field(default_factory=dict[str, datetime])
    listeners: list[Callable[[Wire], None]] = field(default_factory=list[Callable[[Wire], None]])
    _agenda: list[tuple[datetime, int, Happening]] = field(default_factory=list[tuple[datetime, int, Happening]])
    _last_number: int = 0

    def timestamp(self) -> int:
        """The time in seconds, in the API's format."""
        return int(self.now().timestamp())

    def new_id(self, prefix: str) -> str:
        """Return a new id; ids ascend."""
        return f"{prefix}_{self._next_number():016d}"

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def store(self, item: Wire) -> Wire:
        """Store a new object."""
        self.objects[item["id"]] = item
        self.visible_since[item["id"]] = self.now()
        return item

    def find(self, kind: str, name: object) -> Wire | None:
        """Return the object of a kind with an id, if it exists."""
        found = self.objects.get(str(name))
        return found if found is not None and found["object"] == kind else None

    def newest_first(self, kind: str, lag: timedelta = timedelta()) -> list[Wire]:
        """Return the objects of a kind that already appear in lists, newest first."""
        until = self.now() - lag
        return [
            item
            for item in reversed(list(self.objects.values()))
            if item["object"] == kind and self.visible_since[item["id"]] <= until
        ]

    def emit(self, kind: str, item: Wire) -> None:
        """Record an event with an object's current state, and notify the listeners."""
        event = wire_objects.event(
            self.new_id("evt"),
            self.timestamp(),
            kind,
            copy.deepcopy(item),
            version=API_VERSION,
            livemode=self.livemode,
        )
        self.store(event)
        for listener in self.listeners:
            listener(event)

    def move_money(self, source: Wire, amount: int, kind: str, category: str) -> Wire:
        """Record a movement on the balance."""
        name = self.new_id("txn")
        return self.store(
            wire_objects.balance_transaction(
                name, self.timestamp(), source, amount=amount, kind=kind, category=category
            )
        )

    def schedule(self, after: timedelta, happening: Happening) -> None:
        """Schedule a change: a method or a `partial` of one, so that the books can be pickled."""
        heapq.heappush(self._agenda, (self.now() + after, self._next_number(), happening))

    def catch_up(self) -> None:
        """Run the due changes."""
        while self._agenda and self._agenda[0][0] <= self.now():
            heapq.heappop(self._agenda)[2]()

    def balance(self) -> int:
        """The sum of all movements, in minor units regardless of currency."""
        return sum(item["amount"] for item in self.objects.values() if item["object"] == "balance_transaction")

    def dump(self) -> str:
        """All objects as JSON text."""
        return json.dumps(self.objects, sort_keys=True)
