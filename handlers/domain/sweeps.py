"""The sweep of the gateway's list of movements: its position, and the port that stores it with what it found."""

from dataclasses import dataclass
from typing import Protocol

from .payments import Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPosition:
    """The time up to which the gateway's list has been read, and the window that a run left unfinished.

    `until` is the end of that window and `after` the place in it; both are None between windows.
    """

    through: str
    until: str | None = None
    after: str | None = None


class SweepRepository(Protocol):
    """The stored position, and the orphans: movements that no ledger has. Every method may raise `Unavailable`."""

    def position(self) -> SweepPosition | None:
        """Return the position, or None before the first sweep."""
        ...

    def advance(self, before: SweepPosition | None, after: SweepPosition) -> bool:
        """Store a position, and return False if another run has stored one since `before` was read."""
        ...

    def add_orphan(self, movement: Movement, now: str) -> None:
        """Keep a movement that no ledger has, once for its reference."""
        ...

    def remove_orphan(self, reference: str) -> None:
        """Forget an orphan whose entry a ledger has by now."""
        ...

    def orphans(self, limit: int) -> tuple[Movement, ...]:
        """Return the orphans, the one that was found first before the others."""
        ...
