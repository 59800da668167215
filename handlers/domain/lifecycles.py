"""The lifecycles of an order and of its refunds, disputes and cases, as tables of legal transitions.

docs/explanation/money.md draws the tables. An entry that they do not list for a state cannot be folded.

Longer than 250 lines so that every lifecycle of an order is in one place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, cast

from .canonical import Json
from .errors import LedgerBroken
from .ledger import Entry, Kind, key_of


class OrderStatus(StrEnum):
    """The state of an order."""

    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


class RefundStatus(StrEnum):
    """The state of a refund."""

    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    RESERVED = "RESERVED"
    PENDING = "PENDING"
    DENIED = "DENIED"
    SETTLED = "SETTLED"
    DECLINED = "DECLINED"
    RELEASED = "RELEASED"
    REVERSED = "REVERSED"


_O, _R = OrderStatus, RefundStatus


ORDER_TRANSITIONS: Final[dict[tuple[OrderStatus | None, Kind], tuple[OrderStatus, ...]]] = {
    (None, Kind.ORDER_PLACED): (_O.PENDING,),
    (_O.PENDING, Kind.PAYMENT_PENDING): (_O.PENDING,),
    (_O.PENDING, Kind.PAYMENT_ACTION_REQUIRED): (_O.PENDING,),
    (_O.PENDING, Kind.PAYMENT_AUTHORIZED): (_O.AUTHORIZED,),
    (_O.PENDING, Kind.PAYMENT_CAPTURED): (_O.CONFIRMED,),
    (_O.PENDING, Kind.PAYMENT_DECLINED): (_O.DECLINED,),
    (_O.PENDING, Kind.PAYMENT_RELEASED): (_O.CANCELLED,),
    (_O.PENDING, Kind.PAYMENT_VOID_REQUESTED): (_O.PENDING,),
    (_O.PENDING, Kind.PAYMENT_VOIDED): (_O.CANCELLED,),
    (_O.AUTHORIZED, Kind.PAYMENT_CAPTURE_REQUESTED): (_O.AUTHORIZED,),
    (_O.AUTHORIZED, Kind.PAYMENT_CAPTURED): (_O.CONFIRMED,),
    (_O.AUTHORIZED, Kind.PAYMENT_CAPTURE_DECLINED): (_O.AUTHORIZED, _O.CANCELLED),
    (_O.AUTHORIZED, Kind.PAYMENT_VOID_REQUESTED): (_O.AUTHORIZED,),
    (_O.AUTHORIZED, Kind.PAYMENT_VOIDED): (_O.CANCELLED,),
    (_O.CONFIRMED, Kind.REFUND_REQUESTED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_PENDING): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_DECLINED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_RELEASED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_HELD): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_APPROVED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_DENIED): (_O.CONFIRMED,),
    (_O.CONFIRMED, Kind.REFUND_SETTLED): (_O.PARTIALLY_REFUNDED, _O.REFUNDED),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_REQUESTED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_PENDING): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_DECLINED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_RELEASED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_HELD): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_APPROVED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_DENIED): (_O.PARTIALLY_REFUNDED,),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_SETTLED): (_O.PARTIALLY_REFUNDED, _O.REFUNDED),
    (_O.PARTIALLY_REFUNDED, Kind.REFUND_REVERSED): (_O.CONFIRMED, _O.PARTIALLY_REFUNDED),
    (_O.REFUNDED, Kind.REFUND_REVERSED): (_O.CONFIRMED, _O.PARTIALLY_REFUNDED),
    (_O.CONFIRMED, Kind.TEXT_FORGOTTEN): (_O.CONFIRMED,),
    (_O.PARTIALLY_REFUNDED, Kind.TEXT_FORGOTTEN): (_O.PARTIALLY_REFUNDED,),
    (_O.REFUNDED, Kind.TEXT_FORGOTTEN): (_O.REFUNDED,),
    (_O.DECLINED, Kind.TEXT_FORGOTTEN): (_O.DECLINED,),
    (_O.CANCELLED, Kind.TEXT_FORGOTTEN): (_O.CANCELLED,),
}
"""The state of an order after an entry. Where several are listed, the order's totals decide between them."""


REFUND_TRANSITIONS: Final[dict[tuple[RefundStatus | None, Kind], RefundStatus]] = {
    (None, Kind.REFUND_REQUESTED): _R.RESERVED,
    (None, Kind.REFUND_HELD): _R.AWAITING_APPROVAL,
    (_R.AWAITING_APPROVAL, Kind.REFUND_APPROVED): _R.RESERVED,
    (_R.AWAITING_APPROVAL, Kind.REFUND_DENIED): _R.DENIED,
    (_R.RESERVED, Kind.REFUND_SETTLED): _R.SETTLED,
    (_R.RESERVED, Kind.REFUND_DECLINED): _R.DECLINED,
    (_R.RESERVED, Kind.REFUND_RELEASED): _R.RELEASED,
    (_R.RESERVED, Kind.REFUND_PENDING): _R.PENDING,
    (_R.PENDING, Kind.REFUND_SETTLED): _R.SETTLED,
    (_R.PENDING, Kind.REFUND_DECLINED): _R.DECLINED,
    (_R.PENDING, Kind.REFUND_RELEASED): _R.RELEASED,
    (_R.SETTLED, Kind.REFUND_REVERSED): _R.REVERSED,
}
"""The state of a refund after an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a refund allocated to one line: units to return to stock, and money."""

    line: int
    quantity: int
    amount_minor: int

    def as_json(self) -> list[Json]:
        """Return the share as it is stored in a ledger entry."""
        return [self.line, self.quantity, self.amount_minor]


_HOLDING: Final = frozenset({_R.AWAITING_APPROVAL, _R.RESERVED, _R.PENDING, _R.SETTLED})
"""The states in which a refund's amount is reserved or refunded."""


SENT: Final = frozenset({_R.RESERVED, _R.PENDING})
"""The states in which the gateway owes an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund and its present state."""

    refund_id: str
    request_id: str
    """The request's id; empty for a refund made at the gateway itself."""
    status: RefundStatus
    amount_minor: int
    shares: tuple[Share, ...]
    restock: bool = True
    """True if its units return to stock when it settles."""
    held: bool = False
    """True if another person had to approve it."""
    is_reported: bool = False
    """True if it was made at the gateway itself, without a request and without a gateway key of this system."""

    @property
    def was_sent(self) -> bool:
        """True if its key may have reached the gateway."""
        return not self.is_reported and self.status not in (RefundStatus.AWAITING_APPROVAL, RefundStatus.DENIED)

    @property
    def holds_money(self) -> bool:
        """True if the refund's amount is reserved or refunded."""
        return self.status in _HOLDING


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMovement:
    """A capture or a void without an outcome. Only one may be open at a time, so a hold ends once."""

    key: str
    amount_minor: int
    is_void: bool
    shares: tuple[Share, ...] = ()
    """The part of a capture for each line."""


def advance_refund(refund: Refund | None, entry: Entry) -> Refund:
    """Return a refund after an entry.

    Raises:
        LedgerBroken: the entry is not legal in the refund's state.
    """
    status = REFUND_TRANSITIONS.get((refund.status if refund else None, entry.kind))
    if status is None:
        raise LedgerBroken(
            f"Entry {entry.seq} ({entry.kind}) is not legal for a refund that is {refund and refund.status}."
        )
    return replace(refund, status=status) if refund else _new_refund(entry, status)


def _new_refund(entry: Entry, status: RefundStatus) -> Refund:
    return Refund(
        refund_id=key_of(entry.subject),
        request_id=str(entry.facts.get("request_id", "")),
        status=status,
        amount_minor=entry.amount_minor,
        shares=shares_of(entry),
        restock=entry.facts.get("restock") is not False,
        held=entry.kind is Kind.REFUND_HELD,
        is_reported="by" in entry.facts,
    )


def shares_of(entry: Entry) -> tuple[Share, ...]:
    """Return the shares in an entry's facts."""
    stored = cast("Sequence[Sequence[int]]", entry.facts["shares"])
    return tuple(Share(line=line, quantity=quantity, amount_minor=minor) for line, quantity, minor in stored)


DISPUTE_KINDS: Final = frozenset({Kind.DISPUTE_OPENED, Kind.DISPUTE_WON, Kind.DISPUTE_LOST})
"""The kinds of a dispute's entries."""


class DisputeStatus(StrEnum):
    """The state of a dispute."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


_D = DisputeStatus

DISPUTE_TRANSITIONS: Final[dict[tuple[DisputeStatus | None, Kind], DisputeStatus]] = {
    (None, Kind.DISPUTE_OPENED): _D.OPEN,
    (_D.OPEN, Kind.DISPUTE_WON): _D.WON,
    (_D.OPEN, Kind.DISPUTE_LOST): _D.LOST,
    (_D.LOST, Kind.DISPUTE_WON): _D.WON,
    (_D.WON, Kind.DISPUTE_LOST): _D.LOST,
}
"""The state of a dispute after an entry. Banks revise their decisions, so the outcome of a dispute may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute and its present state."""

    dispute_id: str
    reference: str
    """The gateway's own id."""
    status: DisputeStatus
    amount_minor: int
    opened_at: str

    @property
    def withheld_minor(self) -> int:
        """The amount that is withdrawn: all of it, unless the dispute was won."""
        return 0 if self.status is DisputeStatus.WON else self.amount_minor


def advance_dispute(dispute: Dispute | None, entry: Entry) -> Dispute:
    """Return a dispute after an entry.

    Raises:
        LedgerBroken: the entry is not legal in the dispute's state, or names another amount.
    """
    status = DISPUTE_TRANSITIONS.get((dispute.status if dispute else None, entry.kind))
    if status is None or (dispute and dispute.amount_minor != entry.amount_minor):
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal for the dispute {dispute}.")
    return replace(dispute, status=status) if dispute else _new_dispute(entry, status)


def _new_dispute(entry: Entry, status: DisputeStatus) -> Dispute:
    return Dispute(
        dispute_id=key_of(entry.subject),
        reference=entry.text("reference"),
        status=status,
        amount_minor=entry.amount_minor,
        opened_at=entry.recorded_at,
    )


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
    MADE_AT_GATEWAY = "made_at_gateway"
    BOUGHT_AGAIN = "bought_again"
    STUCK = "stuck"


CASE_REASONS: Final = {
    CaseReason.CONTRADICTION: "Gateway and ledger contradict each other, and no entry can settle it.",
    CaseReason.CANNOT_BE_FENCED: "The gateway never received a key and cannot rule out that it will.",
    CaseReason.STUCK: "A bank has neither made nor given up a payment or a refund for a month.",
    CaseReason.ORPHAN: "The gateway lists a movement of money of the order that its ledger does not have.",
    CaseReason.MADE_AT_GATEWAY: "Somebody refunded the payment at the gateway itself, for instance in its dashboard.",
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
        """True until people have closed it."""
        return self.status is not CaseStatus.CLOSED

    @property
    def reason(self) -> str:
        """The cause of the case, one of `CaseReason`."""
        return str(self.opened.facts.get("reason", ""))

    @property
    def recurrence_key(self) -> tuple[str, ...]:
        """The reason and the statements of ledger and gateway: a later case with the same key is a recurrence."""
        return tuple(str(self.opened.facts.get(fact, "")) for fact in ("reason", "ledger_says", "gateway_says"))


def advance_case(cases: Iterable[Case], case: Case | None, entry: Entry) -> Case:
    """Return a case after an entry. Of the order's `cases`, only one for each subject may be open.

    Raises:
        LedgerBroken: the entry is not legal in the case's state.
    """
    status = CASE_TRANSITIONS.get((case.status if case else None, entry.kind))
    if status is None or (case is None and find_open_case(cases, entry.text("about"))):
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal for the case {entry.subject}.")
    proposal = entry if entry.kind is Kind.RESOLUTION_PROPOSED else None
    return replace(case, status=status, proposal=proposal) if case else _new_case(entry, status)


def find_open_case(cases: Iterable[Case], name: str) -> Case | None:
    """Return the open case with this id or about this subject; the name may include a type (`refund:ref_…`)."""
    return next((each for each in cases if each.is_open and key_of(name) in (each.case_id, key_of(each.about))), None)


def _new_case(entry: Entry, status: CaseStatus) -> Case:
    return Case(
        case_id=key_of(entry.subject),
        about=entry.text("about"),
        status=status,
        amount_minor=entry.amount_minor,
        opened=entry,
    )


STATUS_KEPT: Final = DISPUTE_KINDS | CASE_KINDS
"""The kinds of entries that never change the state of an order and are therefore not in `ORDER_TRANSITIONS`."""
