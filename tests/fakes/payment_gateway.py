"""A payment gateway in memory, behind the domain's port, which records every movement in its books.

The payment method decides on declines (`pm_declined`, `pm_refund_declined`), as in the sandbox. It deliberately accepts
an over-refund: the ledger must prevent it, and the books show if it did not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

from handlers.domain.payments import (
    AUTHORIZATION_GONE,
    DisputePhase,
    GatewayReply,
    GatewayStatus,
    Instruction,
    MovementPage,
    Operation,
    PaymentAction,
    PaymentMethod,
    ReportedDispute,
    ReportedRefund,
)
from handlers.domain.requests import reported_refund_id_of


class KeyMisused(AssertionError):
    """The same key was used with another amount, currency, direction or charge, which a real gateway rejects."""


@dataclass(frozen=True, slots=True)
class Booked:
    """The gateway's entry for one key."""

    kind: str
    status: GatewayStatus
    amount_minor: int = 0
    currency: str = ""
    charge_key: str = ""
    payment_method: str = ""
    reason: str = "insufficient_funds"
    """The reason of a decline."""
    captured_minor: int = 0
    """The part of an authorised amount that was captured."""
    disputed_minor: int = 0
    """The amount that the customer's bank has withdrawn, for good or until the dispute is won."""
    dispute: DisputePhase = DisputePhase.LOST
    reference: str = ""
    """The gateway's own id of a refund that was made in its console."""


@dataclass(slots=True)
class FakeGateway:
    """Every key has one final outcome (a refund may later be returned); `moved` lists each movement once."""

    key_life: ClassVar[timedelta | None] = None
    miss_age: ClassVar[timedelta | None] = timedelta()
    fences: ClassVar[frozenset[Operation]] = frozenset(Operation)
    list_reach: ClassVar[timedelta | None] = None

    books: dict[str, Booked] = field(default_factory=dict)
    moved: list[tuple[str, str, int]] = field(default_factory=list)

    def refuse_amount(self, amount_minor: int, currency: str) -> str:
        """Accept every amount."""
        return ""

    def authorize(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Authorise, unless the method is declined."""
        status = _CHARGED.get(method.token, GatewayStatus.AUTHORIZED)
        booked = Booked("authorize", status, instruction.amount_minor, instruction.currency, "", method.token)
        return self._book(instruction.key, booked)

    def capture(self, instruction: Instruction) -> GatewayReply:
        """Capture the held amount once; decline if it is no longer held."""
        held = self.books.get(instruction.charge_key)
        is_held = held is not None and held.status is GatewayStatus.AUTHORIZED
        status = GatewayStatus.SETTLED if is_held else GatewayStatus.DECLINED
        is_late = held is not None and held.status is GatewayStatus.SETTLED
        reason = "already_captured" if is_late else AUTHORIZATION_GONE
        booked = Booked(
            "capture", status, instruction.amount_minor, instruction.currency, instruction.charge_key, reason=reason
        )
        is_new = instruction.key not in self.books
        if held is not None and is_held and is_new:
            settled = replace(held, status=GatewayStatus.SETTLED, captured_minor=instruction.amount_minor)
            self.books[instruction.charge_key] = settled
        return self._book(instruction.key, booked)

    def void(self, instruction: Instruction) -> GatewayReply:
        """Void the hold; decline if it was captured."""
        held = self.books.get(instruction.charge_key)
        if held is not None and held.status in _REVOCABLE:
            held = self.books[instruction.charge_key] = replace(held, status=GatewayStatus.FENCED)
        is_void = held is not None and held.status in (GatewayStatus.FENCED, GatewayStatus.DECLINED)
        return GatewayReply(status=GatewayStatus.SETTLED if is_void else GatewayStatus.DECLINED)

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Charge, unless the method is declined."""
        status = _CHARGED.get(method.token, GatewayStatus.SETTLED)
        booked = Booked("charge", status, instruction.amount_minor, instruction.currency, "", method.token)
        is_disputed = method.token == "pm_dispute_lost"
        return self._book(instruction.key, replace(booked, disputed_minor=booked.amount_minor if is_disputed else 0))

    def refund(self, instruction: Instruction) -> GatewayReply:
        """Refund, unless there is no charge or its method declines refunds."""
        charge = self.books.get(instruction.charge_key)
        declined = (
            charge is None
            or charge.status is not GatewayStatus.SETTLED
            or charge.payment_method == "pm_refund_declined"
        )
        is_late = bool(self._console_refunds(instruction.charge_key)) and instruction.key not in self.books
        declined = declined or (is_late and self._available_minor(instruction.charge_key) < instruction.amount_minor)
        slow = charge is not None and charge.payment_method in ("pm_refund_pending", _STUCK)
        status = GatewayStatus.DECLINED if declined else GatewayStatus.PENDING if slow else GatewayStatus.SETTLED
        booked = Booked("refund", status, instruction.amount_minor, instruction.currency, instruction.charge_key)
        return self._book(instruction.key, booked)

    def lookup(self, instruction: Instruction) -> GatewayReply:
        """Return the state of the key; by then a slow bank has completed a refund, unless it never does."""
        booked = self.books.get(instruction.key)
        if booked is not None and booked.status is GatewayStatus.PENDING and not self._is_stuck(booked):
            self.books[instruction.key] = booked = replace(booked, status=GatewayStatus.SETTLED)
            self.moved.append((booked.kind, instruction.key, booked.amount_minor))
        if booked is None:
            return GatewayReply(status=GatewayStatus.NOTHING)
        reported = self._console_refunds(instruction.key)
        return replace(_reply(instruction.key, booked), disputes=_disputes(instruction.key, booked), refunds=reported)

    def payment_action(self, instruction: Instruction) -> PaymentAction | None:
        """Return a page while the customer must act."""
        booked = self.books.get(instruction.key)
        waits = booked is not None and booked.status is GatewayStatus.ACTION_REQUIRED
        return PaymentAction(url="https://bank.example/confirm") if waits else None

    def fence(self, instruction: Instruction) -> GatewayReply:
        """Fence the key, unless it was used."""
        booked = self.books.setdefault(instruction.key, Booked("fence", GatewayStatus.FENCED))
        if booked.status in _REVOCABLE:
            booked = self.books[instruction.key] = replace(booked, status=GatewayStatus.FENCED)
        return _reply(instruction.key, booked)

    def find_order(self, reference: str) -> str | None:
        """Return the order whose payment has a reference."""
        orders = (key for key, booked in self.books.items() if booked.kind == "charge")
        return next((key for key in orders if reference == f"fake_{key[-12:]}"), None)

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        """Return None: this gateway represents those without a list."""
        return None

    def reverse(self, key: str) -> None:
        """Return a settled refund, as a bank may do days later."""
        booked = self.books.get(key)
        if booked is not None and booked.kind == "refund" and booked.status is GatewayStatus.SETTLED:
            self.books[key] = replace(booked, status=GatewayStatus.REVERSED)
            self.moved.append(("reversal", key, booked.amount_minor))

    def refund_in_console(self, key: str, amount_minor: int, *, is_slow: bool = False) -> None:
        """Refund part of a payment outside the system, if that much is left; optionally with a slow bank."""
        payment = self.books.get(key)
        if payment is None or payment.status is not GatewayStatus.SETTLED or self._available_minor(key) < amount_minor:
            return
        reference = f"console_{len(self._console_refunds(key)) + 1}"
        status = GatewayStatus.PENDING if is_slow else GatewayStatus.SETTLED
        booked = Booked("refund", status, amount_minor, payment.currency, key, reference=reference)
        self.books[reported_refund_id_of(key, reference)] = booked
        if not is_slow:
            self.moved.append(("refund", reported_refund_id_of(key, reference), amount_minor))

    def _available_minor(self, key: str) -> int:
        """Return the refundable part of a payment; pending refunds count as refunded."""
        pending = (each for each in self.books.values() if each.kind == "refund" and each.charge_key == key)
        pending_minor = sum(each.amount_minor for each in pending if each.status is GatewayStatus.PENDING)
        return self.net_minor(key) - pending_minor

    def _console_refunds(self, key: str) -> tuple[ReportedRefund, ...]:
        """Return the refunds of a payment that were made in the console."""
        booked = (each for each in self.books.values() if each.reference and each.charge_key == key)
        return tuple(
            ReportedRefund(
                reference=each.reference, status=each.status, amount_minor=each.amount_minor, currency=each.currency
            )
            for each in booked
        )

    def _is_stuck(self, refund: Booked) -> bool:
        return self.books[refund.charge_key].payment_method == _STUCK

    def _book(self, key: str, requested: Booked) -> GatewayReply:
        known = self.books.get(key)
        if known is None:
            self.books[key] = known = requested
            if requested.status is GatewayStatus.SETTLED:
                self.moved.append((requested.kind, key, requested.amount_minor))
        elif known.kind != "fence" and _copy_variable_fields(known, requested) != requested:
            raise KeyMisused(f"{key}: {known} was booked, {requested} was asked under the same key")
        return _reply(key, known)

    def net_minor(self, charge_key: str) -> int:
        """Return the net amount of a charge: charged minus refunds that were not returned."""
        return net_minor(self.books, charge_key)


_STUCK = "pm_refund_stuck"
"""The payment method whose bank never ends a refund."""
_REVOCABLE = (GatewayStatus.AUTHORIZED, GatewayStatus.ACTION_REQUIRED)
_CHARGED = {"pm_declined": GatewayStatus.DECLINED, "pm_3ds_abandoned": GatewayStatus.ACTION_REQUIRED}


def _copy_variable_fields(known: Booked, requested: Booked) -> Booked:
    """Return the known state, updated with fields that may differ when the key is repeated."""
    return replace(
        known,
        status=requested.status,
        payment_method=requested.payment_method,
        reason=requested.reason,
        captured_minor=0,
        disputed_minor=requested.disputed_minor,
        dispute=requested.dispute,
    )


def net_minor(books: Mapping[str, Booked], charge_key: str) -> int:
    """Return the net amount of a payment according to the books."""
    payment = books.get(charge_key)
    is_paid = payment is not None and payment.status is GatewayStatus.SETTLED and payment.kind != "fence"
    charged = _moved_minor(payment) - _withdrawn_minor(payment) if payment and is_paid else 0
    refunds = (booked for booked in books.values() if booked.kind == "refund" and booked.charge_key == charge_key)
    return charged - sum(booked.amount_minor for booked in refunds if booked.status is GatewayStatus.SETTLED)


def _moved_minor(booked: Booked) -> int:
    """Return the amount that was moved or is held under a key."""
    return booked.captured_minor or booked.amount_minor


def _withdrawn_minor(booked: Booked) -> int:
    """Return the disputed part of a payment: nothing for an inquiry or a won dispute."""
    return booked.disputed_minor if booked.dispute in (DisputePhase.OPEN, DisputePhase.LOST) else 0


def _disputes(key: str, booked: Booked) -> tuple[ReportedDispute, ...]:
    """Return the dispute of a payment."""
    if not booked.disputed_minor or booked.status is not GatewayStatus.SETTLED:
        return ()
    reference = f"dispute_{key[-12:]}"
    amount, currency = booked.disputed_minor, booked.currency
    return (ReportedDispute(reference=reference, phase=booked.dispute, amount_minor=amount, currency=currency),)


def _reply(key: str, booked: Booked) -> GatewayReply:
    return GatewayReply(
        status=booked.status,
        reference=f"fake_{key[-12:]}" if booked.status is GatewayStatus.SETTLED else "",
        reason=booked.reason if booked.status is GatewayStatus.DECLINED else "",
        amount_minor=_moved_minor(booked),
        currency=booked.currency,
    )
