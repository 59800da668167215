"""Cases: what only people can settle. A case stays open until two people have closed it by entries of the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .errors import LedgerBroken
from .ledger import Entry, Kind, key_of

CASE_KINDS: Final = frozenset({Kind.CASE_OPENED, Kind.RESOLUTION_PROPOSED, Kind.RESOLUTION_DENIED, Kind.CASE_CLOSED})
"""The kinds of a case's entries."""


class CaseStatus(StrEnum):
    """The state of a case."""

    OPEN = "OPEN"
    PROPOSED = "PROPOSED"
    CLOSED = "CLOSED"


class CaseReason(StrEnum):
    """The cause of a case. `CASE_REASONS` explains each."""

    CONTRADICTION = "contradiction"
    CANNOT_BE_FENCED = "cannot_be_fenced"
    ORPHAN = "orphan"
    BOUGHT_AGAIN = "bought_again"
    STUCK = "stuck"


CASE_REASONS: Final = {
    CaseReason.CONTRADICTION: "Gateway and ledger contradict each other, and no entry can settle it.",
    CaseReason.CANNOT_BE_FENCED: "The gateway never received a key and cannot make sure that it never will.",
    CaseReason.STUCK: "A bank has neither made nor given up a payment or a refund for a month.",
    CaseReason.ORPHAN: "The gateway lists a movement of money of the order that its ledger does not have.",
    CaseReason.BOUGHT_AGAIN: "The payment was `unknown`, its customer bought the same again within 24 hours, and both "
    "orders are paid.",
}
"""The meaning of each reason. The table in docs/explanation/money.md is generated from here."""

_C = CaseStatus

CASE_TRANSITIONS: Final[dict[tuple[CaseStatus | None, Kind], CaseStatus]] = {
    (None, Kind.CASE_OPENED): _C.OPEN,
    (_C.OPEN, Kind.RESOLUTION_PROPOSED): _C.PROPOSED,
    (_C.PROPOSED, Kind.RESOLUTION_DENIED): _C.OPEN,
    (_C.PROPOSED, Kind.CASE_CLOSED): _C.CLOSED,
}
"""The state of a case after an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case and its present state."""

    case_id: str
    about: str
    """The subject that is stuck or contradictory; `movement:` and the gateway's reference for an orphan."""
    status: CaseStatus
    amount_minor: int
    opened: Entry
    proposal: Entry | None = None
    """The resolution that waits for another person's decision."""

    @property
    def is_open(self) -> bool:
        """Return whether people must still close it."""
        return self.status is not CaseStatus.CLOSED

    @property
    def says(self) -> tuple[str, ...]:
        """The reason, and what ledger and gateway said: a case that was closed explains the same again."""
        return tuple(str(self.opened.facts.get(fact, "")) for fact in ("reason", "ledger_says", "gateway_says"))


def advance_case(cases: Iterable[Case], case: Case | None, entry: Entry) -> Case:
    """Return a case after an entry; `cases` are the order's, of which one for each subject may be open.

    Raises:
        LedgerBroken: the entry is not legal in the case's state.
    """
    status = CASE_TRANSITIONS.get((case.status if case else None, entry.kind))
    if status is None or (case is None and find_open_case(cases, entry.text("about"))):
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal for the case {entry.subject}.")
    proposal = entry if entry.kind is Kind.RESOLUTION_PROPOSED else None
    return replace(case, status=status, proposal=proposal) if case else _new_case(entry, status)


def find_open_case(cases: Iterable[Case], name: str) -> Case | None:
    """Return the open case with this id, or about this subject, both with or without their types."""
    return next((each for each in cases if each.is_open and key_of(name) in (each.case_id, key_of(each.about))), None)


def _new_case(entry: Entry, status: CaseStatus) -> Case:
    return Case(
        case_id=key_of(entry.subject),
        about=entry.text("about"),
        status=status,
        amount_minor=entry.amount_minor,
        opened=entry,
    )
