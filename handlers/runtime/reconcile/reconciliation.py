"""Reconcile one order with gateway and audit trail: look up, fence before releasing, restore. It never moves money."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ...domain.account import RefundStatus
from ...domain.approvals import lapse_refund
from ...domain.audit import outcome_key, outcome_record, outcome_seqs, outcomes_of
from ...domain.canonical import day_of, format_instant, parse_instant
from ...domain.captures import expire_payment
from ...domain.errors import AuditRejected, PaymentOutcomeUnknown, Unavailable
from ...domain.ledger import Entry, Kind, key_of
from ...domain.newer_release import NewerRelease
from ...domain.order import Order
from ...domain.outcomes import outcome_at
from ...domain.payments import SEND_WINDOW, GatewayReply, GatewayStatus, PaymentGateway
from ...domain.ports import AuditTrail, Change, OrderRepository, StaleOrder
from ...domain.settlement import Contradiction, apply_gateway_reply
from ..hold_requests import void_payment
from ..recording import Recorded
from .findings import Findings

MIN_BACK_OFF: Final = timedelta(minutes=5)
MAX_BACK_OFF: Final = timedelta(hours=6)
_RELEASES = frozenset({Kind.PAYMENT_RELEASED, Kind.PAYMENT_VOIDED, Kind.REFUND_RELEASED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One run over orders, one at a time. Each step is safe to repeat and to run beside the functions."""

    orders: OrderRepository
    gateway: PaymentGateway
    audit: AuditTrail
    now: datetime
    fence_after: timedelta
    findings: Findings = field(default_factory=Findings)

    def reconcile_order(self, order_id: str, *, is_due: bool = False, is_swept: bool = False) -> None:
        """Bring ledger, gateway and audit trail of one order together.

        Whatever one order, key or record raises is a finding and disturbs no other one (law 28). An order that `is_due`
        leaves the index of attention if it is at rest; one that `is_swept` comes into it if a service fails.
        """
        with self._isolate(order_id):
            order = self.orders.load(order_id)
            if order:
                self._settle_and_restore(order, is_due=is_due, is_swept=is_swept)

    def _settle_and_restore(self, order: Order, *, is_due: bool, is_swept: bool) -> None:
        before, postponed = order.version, len(self.findings.postponed)
        with self._isolate(order.order_id):
            order = self._lapse(order)
        for key in order.sent_keys:
            with self._isolate(order.order_id):
                order = self._query_gateway(order, key)
        with self._isolate(order.order_id):
            order = self._end_payment(order)
        with self._isolate(order.order_id):
            self._restore(order, known=before)
        has_failed = len(self.findings.postponed) > postponed
        if (has_failed and (is_swept or is_due or order.due_at())) or _is_for_the_bank(order):
            self._back_off(order)
        elif is_due and order.due_at() is None and order.version == before:
            with self._isolate(order.order_id):
                self.orders.defer(order, None)

    @contextmanager
    def _isolate(self, order_id: str) -> Generator[None]:
        """Turn an error into a finding: a service that fails postpones the order, anything else needs a person."""
        try:
            yield
        except (Unavailable, PaymentOutcomeUnknown):
            self.findings.postpone(order_id)
        except AuditRejected as rejection:
            self.findings.postpone(order_id)
            self.findings.note_rejection(rejection)
        except NewerRelease as newer:
            self.findings.note_newer_release(newer)
        except Exception as error:  # law 28: an error that nobody foresaw must not stop the others
            self.findings.note_failure(order_id, error)

    def _back_off(self, order: Order) -> None:
        """Look at an order whose services fail less and less often, so that the orders behind it are not starved."""
        since = order.in_flight_since()
        age = self.now - parse_instant(since) if since else timedelta()
        delay = min(max(age / 4, MIN_BACK_OFF), MAX_BACK_OFF)
        with self._isolate(order.order_id):
            self.orders.defer(order, format_instant(self.now + delay))

    def _lapse(self, order: Order) -> Order:
        """Give up the held refunds that nobody decided in time. If the order has changed, the next run looks again."""
        while change := lapse_refund(order, self.now, self.fence_after):
            written = self.orders.append(change)
            if isinstance(written, StaleOrder):
                return written.current
            self.findings.released.append(key_of(change.after.ledger[-1].subject))
            order = change.after
        return order

    def _query_gateway(self, order: Order, key: str) -> Order:
        """Look up a key and apply the gateway's reply to the order."""
        reply = self.gateway.lookup(order.instruction(key))
        change = self._compare(order, key, reply)
        if isinstance(change, Contradiction):
            order = self.orders.load(order.order_id) or order
            reply = self.gateway.lookup(order.instruction(key))  # once more: either side may have been overtaken
            change = self._compare(order, key, reply)
        if reply.status is GatewayStatus.NOTHING and key in order.in_flight:
            fenced = self._fence(order, key)
            change = self._compare(order, key, fenced) if fenced else None
        return self._write(order, key, change)

    def _end_payment(self, order: Order) -> Order:
        """Settle an open capture or void; begin a void if a wait is over and no execution from before its end runs."""
        if order.account.movement is None and self._is_wait_over(order):
            order = self._expire(order)
        movement = order.account.movement
        if movement is None:
            return order
        if not movement.is_void:
            return self._query_gateway(order, movement.key)
        heard = void_payment(self.gateway, order, movement.key)
        if heard is None:
            return order
        key, reply = heard
        return self._write(order, key, self._compare(order, key, reply))

    def _is_wait_over(self, order: Order) -> bool:
        return order.wait is not None and self.now >= parse_instant(order.wait.text("until")) + self.fence_after

    def _expire(self, order: Order) -> Order:
        change = expire_payment(order, format_instant(self.now))
        outcome = self.orders.append(change)
        return outcome.current if isinstance(outcome, StaleOrder) else change.after

    def _fence(self, order: Order, key: str) -> GatewayReply | None:
        """Fence a key that the gateway never received; None while an attempt may still be running."""
        if self.fence_after and self.now - parse_instant(order.opened_at(key)) < self.fence_after:
            return None
        instruction = order.instruction(key)
        if instruction.operation in self.gateway.fences:
            reply = self.gateway.fence(instruction)
            if reply.status is not GatewayStatus.NOTHING:
                return reply
        return self._give_up(order, key)

    def _give_up(self, order: Order, key: str) -> GatewayReply | None:
        """Release a key without a fence once no sender can exist and the miss of the lookup is proof (law 19)."""
        miss_age = self.gateway.miss_age
        if miss_age is None:
            self.findings.left_to_people.append(f"{key}: the gateway never received it and cannot fence it")
            return None
        if self.now - parse_instant(order.opened_at(key)) >= max(miss_age, SEND_WINDOW + self.fence_after):
            return GatewayReply(status=GatewayStatus.FENCED, reason="never_received")
        self.findings.postpone(order.order_id)
        return None

    def _compare(self, order: Order, key: str, reply: GatewayReply) -> Change | Contradiction | None:
        return apply_gateway_reply(order, key, reply, None, format_instant(self.now))

    def _write(self, order: Order, key: str, change: Change | Contradiction | None) -> Order:
        """Write what a reply changes. If the order has changed meanwhile, the next run looks at it again."""
        if isinstance(change, Contradiction):
            self.findings.drift["gateway"] += 1
            self.findings.left_to_people.append(str(change))
        if not isinstance(change, Change):
            return order
        outcome = self.orders.append(change)
        if isinstance(outcome, StaleOrder):
            return outcome.current
        self._add_settlement(key, change.after.ledger[order.version :])
        return change.after

    def _add_settlement(self, key: str, entries: tuple[Entry, ...]) -> None:
        was_released = any(entry.kind in _RELEASES for entry in entries)
        (self.findings.released if was_released else self.findings.settled).append(key)

    def _restore(self, order: Order, known: int) -> None:
        """Write the missing audit objects. An old entry without one is drift."""
        seqs = outcome_seqs(order)
        existing = self._keys(order, {day_of(order.ledger[seq - 1].recorded_at) for seq in seqs})
        for seq in seqs:
            key = outcome_key(order, seq)
            if key not in existing and self.audit.write(key, outcome_record(order, seq)):
                self._add_restoration(order, seq, key, is_drift=seq <= known and self._is_old(order.ledger[seq - 1]))

    def _keys(self, order: Order, days: set[str]) -> set[str]:
        keys: set[str] = set()
        for day in days:
            page = self.audit.keys(outcomes_of(order.order_id, day))
            keys.update(page.names)
        return keys

    def _is_old(self, entry: Entry) -> bool:
        return self.now - parse_instant(entry.recorded_at) >= self.fence_after

    def _add_restoration(self, order: Order, seq: int, key: str, *, is_drift: bool) -> None:
        self.findings.restored.append(f"{order.order_id}/{seq}")
        self.findings.drift["audit"] += is_drift
        if answer := outcome_at(order, seq):
            self.findings.recorded.append(Recorded(answer=answer, replayed=False, key=key, is_new=True))


def _is_for_the_bank(order: Order) -> bool:
    """Return whether the bank must end a payment or a refund; the more time has passed, the less often it is asked."""
    wait, movement = order.wait, order.account.movement
    is_processing = wait is not None and wait.kind is Kind.PAYMENT_PENDING
    is_voiding = movement is not None and movement.is_void
    return (
        is_processing
        or is_voiding
        or any(refund.status is RefundStatus.PENDING for refund in order.account.refunds.values())
    )
