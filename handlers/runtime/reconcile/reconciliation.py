"""Reconcile one order with gateway and audit trail: look up, fence before releasing, restore.

It never moves money. Longer than 250 lines so that the steps for one order are in one place.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ...domain.canonical import Json, day_of, format_instant, parse_instant
from ...domain.errors import AuditRejected, PaymentOutcomeUnknown, Unavailable
from ...domain.ledger import Entry, Kind, key_of
from ...domain.lifecycles import CaseReason, RefundStatus
from ...domain.money import format_amount
from ...domain.order import NewerRelease, Order
from ...domain.outcomes import outcome_at
from ...domain.payments import (
    SEND_WINDOW,
    DisputePhase,
    GatewayReply,
    GatewayStatus,
    Movement,
    PaymentGateway,
    ReportedRefund,
)
from ...domain.ports import AuditTrail, Change, OrderRepository, StaleOrder, SweepRepository, Watchlist
from ...domain.requests import dispute_id_of
from ...domain.rules.approvals import lapse_refund
from ...domain.rules.captures import expire_payment
from ...domain.rules.cases import MOVEMENT, apply_reported_refund, is_in_doubt, open_case, refund_id_of_report
from ...domain.rules.disputes import apply_dispute, disputes_in
from ...domain.settlement import Contradiction, apply_gateway_reply
from ...domain.trail.audit import outcome_key, outcome_record, outcome_seqs, outcomes_of
from ..hold_requests import void_payment
from ..recording import Recorded
from .findings import Findings

MIN_BACK_OFF: Final = timedelta(minutes=5)
MAX_BACK_OFF: Final = timedelta(hours=6)
STUCK_AFTER: Final = timedelta(days=30)  # refunds to some banks take weeks
_RELEASES = frozenset({Kind.PAYMENT_RELEASED, Kind.PAYMENT_VOIDED, Kind.REFUND_RELEASED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One run over orders, one at a time. Each step may be repeated and may run concurrently with the functions."""

    orders: OrderRepository
    gateway: PaymentGateway
    audit: AuditTrail
    now: datetime
    fence_after: timedelta
    watchlists: SweepRepository
    findings: Findings = field(default_factory=Findings)

    def reconcile_order(self, order_id: str, *, is_due: bool = False, is_swept: bool = False) -> None:
        """Make ledger, gateway and audit trail of one order agree.

        Any error of one order, key or record becomes a finding and does not affect the others (law 28). An order that
        `is_due` is removed from the attention index if nothing is open, and gets its own due time back if that lies
        ahead; one that `is_swept` is added to the index if a service fails.

        Raises:
            Unavailable: a swept order can be neither read nor added to the index, so the sweep must not go past it.
        """
        with self._isolate(order_id, hides_failures=not is_swept):
            order = self.orders.load(order_id)
            if order:
                self._settle_and_restore(order, is_due=is_due, is_swept=is_swept)

    def _settle_and_restore(self, order: Order, *, is_due: bool, is_swept: bool) -> None:
        before, failures, inquiries = order.version, self.findings.service_failures, self.findings.inquiries
        with self._isolate(order.order_id):
            order = self._lapse_refunds(order)
        for key in order.sent_keys:
            with self._isolate(order.order_id):
                order = self._query_gateway(order, key)
        with self._isolate(order.order_id):
            order = self._end_hold(order)
        with self._isolate(order.order_id):
            order = self._report_stuck(order)
        with self._isolate(order.order_id):
            self._restore(order, known=before)
        with self._isolate(order.order_id):
            self._watch(order)
        has_failed = self.findings.service_failures > failures
        is_inquired = self.findings.inquiries > inquiries
        if (has_failed and (is_swept or is_due or order.due_at())) or is_inquired or _waits_for_others(order):
            self._back_off(order)
        elif is_due and (order.version == before or order.deferred_since):
            self._end_deferral(order)

    @contextmanager
    def _isolate(self, order_id: str, *, hides_failures: bool = True) -> Generator[None]:
        """Turn an error into a finding: a service failure postpones the order, anything else needs a person."""
        try:
            yield
        except (Unavailable, PaymentOutcomeUnknown):
            self.findings.postpone(order_id)
            if not hides_failures:
                raise
        except AuditRejected as rejection:
            self.findings.postpone(order_id)
            self.findings.note_rejection(rejection)
        except NewerRelease as newer:
            self.findings.note_newer_release(newer)
        except Exception as error:  # law 28: an unexpected error must not stop the others
            self.findings.note_failure(order_id, error)

    def _back_off(self, order: Order | None) -> None:
        """Defer an order that waits for others, for longer each time, so that it does not starve the orders behind it.

        An entry that somebody appended meanwhile does not replace a lookup, so the changed order is deferred as well.
        """
        while order and not self._defer(order):
            order = self.orders.load(order.order_id)

    def _defer(self, order: Order) -> bool:
        now = format_instant(self.now)
        due = [*order.due_times()]
        since = max((each for each in due if each <= now), default=order.deferred_since or now)
        delay = min(max((self.now - parse_instant(since)) / 4, MIN_BACK_OFF), MAX_BACK_OFF)
        until = min([format_instant(self.now + delay), *(each for each in due if each > now)])
        return self.orders.defer(order, until, now)

    def _end_deferral(self, order: Order) -> None:
        """Restore an order's own due time, if it lies ahead, once its services answer again."""
        due = order.due_at()
        if due is None or due > format_instant(self.now):
            with self._isolate(order.order_id):
                self.orders.defer(order, due, None)

    def _watch(self, order: Order) -> None:
        """Add an order with an open case or dispute, or in doubt, to its watchlist, which every run reviews."""
        account, now = order.account, format_instant(self.now)
        lists = (
            (Watchlist.DOUBTS, is_in_doubt(order, self.now)),
            (Watchlist.CASES, account.open_cases),
            (Watchlist.DISPUTES, account.open_disputes),
        )
        for watchlist, is_open in lists:
            if is_open:
                self.watchlists.watch(watchlist, order.order_id, now)

    def _lapse_refunds(self, order: Order) -> Order:
        """Give up the held refunds that nobody decided in time. If the order has changed, the next run looks again."""
        while change := lapse_refund(order, self.now, self.fence_after):
            written = self.orders.append(change)
            if isinstance(written, StaleOrder):
                return written.current
            order = written.after
            self.findings.released.append(key_of(order.ledger[-1].subject))
        return order

    def _query_gateway(self, order: Order, key: str) -> Order:
        """Look up a key and apply the gateway's reply to the order."""
        reply = self.gateway.lookup(order.instruction(key))
        change = self._compare(order, key, reply)
        if isinstance(change, Contradiction):
            order = self.orders.load(order.order_id) or order
            # Either side may have been out of date, so both are read again.
            reply = self.gateway.lookup(order.instruction(key))
            change = self._compare(order, key, reply)
        if reply.status is GatewayStatus.NOTHING and key in order.in_flight:
            fenced = self._fence(order, key)
            if isinstance(fenced, CaseReason):
                return self._leave_to_people(
                    order, key, fenced, f"{key}: the gateway never received it and cannot fence it"
                )
            change = self._compare(order, key, fenced) if fenced else None
        order = self._write(order, key, change)
        return self._apply_reports(order, reply) if key == order.order_id else order

    def _apply_reports(self, order: Order, reply: GatewayReply) -> Order:
        """Apply the disputes and the refunds that a reply about the payment reports."""
        for reported in disputes_in(order, reply):
            if reported.phase is DisputePhase.INQUIRY:
                self.findings.note_inquiry(order.order_id, reported)
            change = apply_dispute(order, reported, format_instant(self.now))
            order = self._write(order, dispute_id_of(order.order_id, reported.reference), change)
        for refund in reply.refunds:
            key = refund_id_of_report(order, refund)
            order = self._write(order, key, apply_reported_refund(order, refund, format_instant(self.now)))
            if refund.status is not GatewayStatus.DECLINED and not _mentions(order, order.subject(key)):
                self.findings.left_to_people.append(_unrecorded_reason(order, refund))
        return order

    def _end_hold(self, order: Order) -> Order:
        """Settle an open capture or void, which ends the payment's hold.

        Begin a void if a wait is over and no execution that began before its end is running.
        """
        if order.account.movement is None and self._is_wait_over(order):
            order = self._expire_payment(order)
        movement = order.account.movement
        if movement is None:
            return order
        if not movement.is_void:
            return self._query_gateway(order, movement.key)
        gateway_answer = void_payment(self.gateway, order, movement.key)
        if gateway_answer is None:
            return order
        key, reply = gateway_answer
        return self._write(order, key, self._compare(order, key, reply))

    def _report_stuck(self, order: Order) -> Order:
        """Open a case about each key that a bank has not ended for a month."""
        movement = order.account.movement
        voiding = [(order.order_id, movement.key)] if movement and movement.is_void else []
        pending = [each.refund_id for each in order.account.refunds.values() if each.status is RefundStatus.PENDING]
        for key, opened in (*voiding, *((key, key) for key in pending)):
            if self.now - parse_instant(order.opened_at(opened)) >= STUCK_AFTER:
                message = f"{key}: the bank has not ended it since {order.opened_at(opened)}"
                order = self._leave_to_people(order, key, CaseReason.STUCK, message)
        return order

    def _is_wait_over(self, order: Order) -> bool:
        return order.wait is not None and self.now >= parse_instant(order.wait.text("until")) + self.fence_after

    def _expire_payment(self, order: Order) -> Order:
        change = expire_payment(order, format_instant(self.now))
        outcome = self.orders.append(change)
        return outcome.current if isinstance(outcome, StaleOrder) else outcome.after

    def _fence(self, order: Order, key: str) -> GatewayReply | CaseReason | None:
        """Fence a key that the gateway never received; None while an attempt may still be running.

        If it can neither be fenced nor proven lost, return the reason to leave it to people.
        """
        if self.fence_after and self.now - parse_instant(order.opened_at(key)) < self.fence_after:
            return None
        instruction = order.instruction(key)
        if instruction.operation in self.gateway.fences:
            reply = self.gateway.fence(instruction)
            if reply.status is not GatewayStatus.NOTHING:
                return reply
        return self._give_up(order, key)

    def _give_up(self, order: Order, key: str) -> GatewayReply | CaseReason | None:
        """Release a key without a fence once no sender can exist and the empty lookup is proof (law 19)."""
        miss_age = self.gateway.miss_age
        if miss_age is None:
            return CaseReason.CANNOT_BE_FENCED
        if self.now - parse_instant(order.opened_at(key)) >= max(miss_age, SEND_WINDOW + self.fence_after):
            return GatewayReply(status=GatewayStatus.FENCED, reason="never_received")
        self.findings.postpone(order.order_id)
        return None

    def _compare(self, order: Order, key: str, reply: GatewayReply) -> Change | Contradiction | None:
        return apply_gateway_reply(order, key, reply, None, format_instant(self.now))

    def _write(self, order: Order, key: str, change: Change | Contradiction | None) -> Order:
        """Write the change from a reply. If the order has changed meanwhile, the next run looks at it again."""
        if isinstance(change, Contradiction):
            facts: dict[str, Json] = {"ledger_says": change.ledger_says, "gateway_says": change.gateway_says}
            facts |= change.facts
            return self._leave_to_people(order, key, CaseReason.CONTRADICTION, str(change), facts)
        if change is None:
            return order
        outcome = self.orders.append(change)
        if isinstance(outcome, StaleOrder):
            return outcome.current
        self._add_settlement(key, outcome.after.ledger[order.version :])
        return outcome.after

    def _leave_to_people(
        self, order: Order, key: str, reason: CaseReason, message: str, facts: Mapping[str, Json] | None = None
    ) -> Order:
        """Open a case about a key, unless it has one; report it unless people have closed an identical one."""
        about = order.subject(key)
        order = self._open_case(order, about, reason, facts or {})
        cases = [case for case in order.account.cases.values() if case.about == about]
        if not cases or any(case.is_open for case in cases):
            self.findings.drift["gateway"] += reason is CaseReason.CONTRADICTION
            self.findings.left_to_people.append(message)
        return order

    def open_orphan_case(self, order: Order, movement: Movement) -> Order:
        """Open a case about a movement in the gateway's list that its order's ledger lacks."""
        amount = f"{movement.amount_minor} {movement.currency}"
        facts: dict[str, Json] = {
            "gateway_says": f"{movement.kind} {amount} under key {movement.key}",
            "moved_at": movement.at,
            "movement_kind": movement.kind,
            "movement_currency": movement.currency,
        }
        about, reason = f"{MOVEMENT}{movement.reference}", CaseReason.ORPHAN
        if movement.is_reported:
            about, reason = order.subject(movement.key), CaseReason.MADE_AT_GATEWAY
            facts["gateway_says"] = f"{GatewayStatus.SETTLED.value} {amount}"
        order = self._open_case(order, about, reason, facts, amount_minor=movement.amount_minor)
        self._watch(order)
        return order

    def open_repeat_case(self, order: Order, other: Order) -> Order:
        """Open a case about the order with which a customer may have bought the same again."""
        amount = format_amount(other.account.captured_minor, other.currency)
        facts: dict[str, Json] = {"ledger_says": f"{other.order_id} has the same lines and paid {amount} as well"}
        with self._isolate(order.order_id):
            order = self._open_case(
                order, other.order_id, CaseReason.BOUGHT_AGAIN, facts, amount_minor=other.account.captured_minor
            )
            self._watch(order)
            self._restore(order, known=0)
        return order

    def _open_case(
        self, order: Order, about: str, reason: CaseReason, facts: Mapping[str, Json], amount_minor: int = 0
    ) -> Order:
        now = format_instant(self.now)
        change = open_case(order, about, reason, now, amount_minor=amount_minor, facts=facts)
        if change is None:
            return order
        outcome = self.orders.append(change)
        return outcome.current if isinstance(outcome, StaleOrder) else outcome.after

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
        entry = order.ledger[seq - 1]
        if answer := outcome_at(order, seq):
            self.findings.recorded.append(Recorded(answer=answer, replayed=False, key=key, is_new=True))
        elif entry.kind is Kind.REFUND_SETTLED:
            self.findings.refunded_elsewhere.append((entry.amount_minor, order.currency))


def _unrecorded_reason(order: Order, refund: ReportedRefund) -> str:
    """Return the reason why a refund made at the gateway itself has neither an entry nor a case."""
    if order.account.captured_minor:
        return f"{order.order_id}: the ledger has no room for the refund {refund.reference} made at the gateway"
    return (
        f"{order.order_id}: the refund {refund.reference} made at the gateway is not recorded, because the payment "
        "is not captured here"
    )


def _mentions(order: Order, subject: str) -> bool:
    """Return whether the ledger has an entry or a case about a subject."""
    return any(subject in (entry.subject, entry.facts.get("about")) for entry in order.ledger)


def _waits_for_others(order: Order) -> bool:
    """Return whether the order waits for the bank or for people, so that it is looked up less and less often."""
    wait, movement = order.wait, order.account.movement
    is_processing = wait is not None and wait.kind is Kind.PAYMENT_PENDING
    is_voiding = movement is not None and movement.is_void
    return (
        is_processing
        or is_voiding
        or bool(order.account.open_disputes or order.account.open_cases)
        or any(refund.status is RefundStatus.PENDING for refund in order.account.refunds.values())
    )
