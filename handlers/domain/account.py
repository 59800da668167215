"""An order's account: its status and totals, folded from the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .errors import LedgerBroken
from .ledger import Entry, Kind, key_of
from .lifecycles import (
    CASE_KINDS,
    ORDER_TRANSITIONS,
    SENT,
    STATUS_KEPT,
    Case,
    Dispute,
    DisputeStatus,
    OpenMovement,
    OrderStatus,
    Refund,
    Share,
    advance_case,
    advance_dispute,
    advance_refund,
    shares_of,
)
from .payments import AUTHORIZATION_GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An order's status and totals, in minor units.

    Authorised: promised by the customer's bank. Held: authorised, and neither captured nor given up. Captured: paid and
    settled. Reserved: requested by refunds without an outcome. Refunded: settled minus reversed. Disputed: withdrawn by
    open and lost disputes.
    """

    status: OrderStatus | None = None
    requested_minor: int = 0
    authorised_minor: int = 0
    held_minor: int = 0
    captured_minor: int = 0
    reserved_minor: int = 0
    refunded_minor: int = 0
    disputed_minor: int = 0
    disputes: Mapping[str, Dispute] = field(default_factory=dict[str, Dispute])
    cases: Mapping[str, Case] = field(default_factory=dict[str, Case])
    refunds: Mapping[str, Refund] = field(default_factory=dict[str, Refund])
    movement: OpenMovement | None = None
    captured_shares: tuple[Share, ...] | None = None
    """The captured units and amount of each line; None if every line was charged at once."""

    @property
    def refundable_minor(self) -> int:
        """The amount that can still be refunded."""
        return max(0, self._balance_minor)

    @property
    def overdrawn_minor(self) -> int:
        """The amount by which refunds and disputes exceed what was captured."""
        return max(0, -self._balance_minor)

    @property
    def _balance_minor(self) -> int:
        return self.captured_minor - self.refunded_minor - self.reserved_minor - self.disputed_minor

    @property
    def open_disputes(self) -> tuple[Dispute, ...]:
        """The disputes that the customer's bank has not decided."""
        return tuple(each for each in self.disputes.values() if each.status is DisputeStatus.OPEN)

    @property
    def open_cases(self) -> tuple[Case, ...]:
        """The cases that people have not closed."""
        return tuple(each for each in self.cases.values() if each.is_open)

    @property
    def in_flight(self) -> tuple[str, ...]:
        """The gateway keys of the refunds without an outcome. The order's own key is in flight while it is PENDING."""
        return tuple(each.refund_id for each in self.refunds.values() if each.status in SENT)


def fold(ledger: Iterable[Entry], start: Account | None = None) -> Account:
    """Compute the account after the entries of a ledger, beginning at `start` or an empty account.

    Raises:
        LedgerBroken: an entry is not legal in the state before it.
    """
    account = start or Account()
    for entry in ledger:
        account = _advance(account, entry)
    return account


def _advance(account: Account, entry: Entry) -> Account:
    if entry.kind in STATUS_KEPT:
        return (_apply_case_entry if entry.kind in CASE_KINDS else _apply_dispute_entry)(account, entry)
    next_statuses = ORDER_TRANSITIONS.get((account.status, entry.kind))
    if next_statuses is None:
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal in an order that is {account.status}.")
    updated = _PAYMENT[entry.kind](account, entry) if entry.kind in _PAYMENT else _apply_refund_entry(account, entry)
    return replace(
        updated,
        status=next_statuses[0] if len(next_statuses) == 1 else _status_from_totals(updated, next_statuses, entry),
    )


def _status_from_totals(account: Account, allowed: Sequence[OrderStatus], entry: Entry) -> OrderStatus:
    if entry.kind is Kind.PAYMENT_CAPTURE_DECLINED:
        return OrderStatus.AUTHORIZED if account.held_minor else OrderStatus.CANCELLED
    status = OrderStatus.PARTIALLY_REFUNDED
    if account.refunded_minor in (0, account.captured_minor):
        status = OrderStatus.REFUNDED if account.refunded_minor else OrderStatus.CONFIRMED
    if status not in allowed:
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) would make the order {status}, which is not legal.")
    return status


def _apply_dispute_entry(account: Account, entry: Entry) -> Account:
    if not account.captured_minor:
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal in an order that is {account.status}.")
    dispute = advance_dispute(account.disputes.get(key_of(entry.subject)), entry)
    disputes = {**account.disputes, dispute.dispute_id: dispute}
    return replace(account, disputes=disputes, disputed_minor=sum(each.withheld_minor for each in disputes.values()))


def _apply_case_entry(account: Account, entry: Entry) -> Account:
    if account.status is None:
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal before the order is placed.")
    case = advance_case(account.cases.values(), account.cases.get(key_of(entry.subject)), entry)
    return replace(account, cases={**account.cases, case.case_id: case})


def _apply_order_placed(account: Account, entry: Entry) -> Account:
    return replace(account, requested_minor=entry.amount_minor)


def _apply_payment_authorized(account: Account, entry: Entry) -> Account:
    return replace(account, authorised_minor=entry.amount_minor, held_minor=entry.amount_minor)


def _open_movement(account: Account, entry: Entry) -> Account:
    is_void = entry.kind is Kind.PAYMENT_VOID_REQUESTED
    if account.movement or (not is_void and entry.amount_minor > account.held_minor):
        raise LedgerBroken(f"Entry {entry.seq} ({entry.kind}) is not legal beside {account.movement}.")
    movement = OpenMovement(
        key=key_of(entry.subject),
        amount_minor=entry.amount_minor,
        is_void=is_void,
        shares=() if is_void else shares_of(entry),
    )
    return replace(account, movement=movement)


def _apply_payment_captured(account: Account, entry: Entry) -> Account:
    movement = account.movement
    shares = movement.shares if movement and movement.key == key_of(entry.subject) else None
    shares = shares_of(entry) if "shares" in entry.facts else shares
    return replace(account, captured_minor=entry.amount_minor, held_minor=0, movement=None, captured_shares=shares)


def _apply_capture_declined(account: Account, entry: Entry) -> Account:
    is_gone = entry.facts.get("reason_code") == AUTHORIZATION_GONE
    return replace(account, held_minor=0 if is_gone else account.held_minor, movement=None)


def _end_payment(account: Account, _: Entry) -> Account:
    return replace(account, held_minor=0, movement=None)


def _keep(account: Account, _: Entry) -> Account:
    return account


_PAYMENT = {
    Kind.ORDER_PLACED: _apply_order_placed,
    Kind.PAYMENT_PENDING: _keep,
    Kind.PAYMENT_ACTION_REQUIRED: _keep,
    Kind.PAYMENT_AUTHORIZED: _apply_payment_authorized,
    Kind.PAYMENT_CAPTURE_REQUESTED: _open_movement,
    Kind.PAYMENT_CAPTURED: _apply_payment_captured,
    Kind.PAYMENT_CAPTURE_DECLINED: _apply_capture_declined,
    Kind.PAYMENT_VOID_REQUESTED: _open_movement,
    Kind.PAYMENT_VOIDED: _end_payment,
    Kind.PAYMENT_DECLINED: _end_payment,
    Kind.PAYMENT_RELEASED: _end_payment,
    Kind.TEXT_FORGOTTEN: _keep,
}

# The reserved and the refunded total change by the refund's amount times these factors.
_RESERVED = {
    Kind.REFUND_REQUESTED: 1,
    Kind.REFUND_HELD: 1,
    Kind.REFUND_DENIED: -1,
    Kind.REFUND_SETTLED: -1,
    Kind.REFUND_DECLINED: -1,
    Kind.REFUND_RELEASED: -1,
}
_REFUNDED = {Kind.REFUND_SETTLED: 1, Kind.REFUND_REVERSED: -1}


def _apply_refund_entry(account: Account, entry: Entry) -> Account:
    refund = advance_refund(account.refunds.get(key_of(entry.subject)), entry)
    updated = replace(
        account,
        reserved_minor=account.reserved_minor + _RESERVED.get(entry.kind, 0) * refund.amount_minor,
        refunded_minor=account.refunded_minor + _REFUNDED.get(entry.kind, 0) * refund.amount_minor,
        refunds={**account.refunds, refund.refund_id: refund},
    )
    if _exceeds_captured(updated) or entry.amount_minor != refund.amount_minor:
        raise LedgerBroken(
            f"Entry {entry.seq} ({entry.kind}) moves {entry.amount_minor} minor units, which the order does not hold."
        )
    return updated


def _exceeds_captured(account: Account) -> bool:
    return account.refunded_minor + account.reserved_minor > account.captured_minor
