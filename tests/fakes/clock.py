"""A clock that stands still until told to move."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class FakeClock:
    """Call it for the time; `advance` moves it (backwards too: clocks do)."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by
