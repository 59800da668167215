"""The sweep of the gateway's list of movements: its position, and the port that stores it with what it found."""

from dataclasses import dataclass
from enum import StrEnum
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


class Watchlist(StrEnum):
    """A list of the orders that people must see until they, or the bank, are done with them.

    The orders in doubt were `unknown`, so that their customers may have bought the same again.
    """

    DOUBTS = "doubt"
    CASES = "case"
    DISPUTES = "dispute"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMember:
    """An order or a movement in a list, and the time since when it has been there."""

    name: str
    since: str


class SweepRepository(Protocol):
    """The stored position, the orphans (movements of orders that do not exist), and the watchlists.

    Lists have the longest listed first. Every method may raise `Unavailable`.
    """

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

    def orphans(self) -> tuple[ListMember, ...]:
        """Return the references of the orphans."""
        ...

    def load_orphan(self, reference: str) -> Movement | None:
        """Return an orphan."""
        ...

    def watch(self, watchlist: Watchlist, order_id: str, now: str) -> None:
        """Put an order into a watchlist, once."""
        ...

    def unwatch(self, watchlist: Watchlist, order_id: str) -> None:
        """Take an order out of a watchlist."""
        ...

    def watched(self, watchlist: Watchlist) -> tuple[ListMember, ...]:
        """Return the orders in a watchlist."""
        ...
