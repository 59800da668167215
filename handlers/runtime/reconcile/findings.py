"""The findings of one run of reconcile: its report, its metrics and its log line."""

import traceback
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ...contracts.metrics import MetricName
from ...contracts.prebuilt import ReconcileReport
from ...domain.canonical import parse_instant
from ...domain.errors import AuditRejected, BookingError
from ...domain.ledger import key_of
from ...domain.money import format_amount
from ...domain.order import NewerRelease, Order
from ...domain.payments import Movement, ReportedDispute
from ...domain.ports import Watchlist
from ..log import Log
from ..recording import Recorded, count_recorded

TRACEBACK_ENTRIES: Final = 20
"""Stack entries logged per failure. A too deeply nested request has a thousand."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """The lists of the report, and the audit objects whose outcomes have not been counted yet."""

    settled: list[str] = field(default_factory=list[str])
    released: list[str] = field(default_factory=list[str])
    restored: list[str] = field(default_factory=list[str])
    postponed: list[str] = field(default_factory=list[str])
    service_failures: int = 0
    """Calls of `postpone`: an order may be postponed several times in a run."""
    left_to_people: list[str] = field(default_factory=list[str])
    altered: list[str] = field(default_factory=list[str])
    orphans: list[str] = field(default_factory=list[str])
    orphan_count: int = 0
    cases: list[str] = field(default_factory=list[str])
    disputes: list[str] = field(default_factory=list[str])
    watched: dict[Watchlist, tuple[int, int]] = field(default_factory=dict[Watchlist, tuple[int, int]])
    """The number of orders in each watchlist, and the seconds since the first of them was listed."""
    oldest_due: int | None = None
    """Seconds since the earliest time at which an order was due when the run began."""
    inquiries: int = 0
    """The number of inquiries. Their orders have nothing open in the ledger but must be looked up again."""
    cursor_age: int | None = None
    """Seconds since the latest time up to which the gateway's list has been read."""
    drift: dict[str, int] = field(default_factory=lambda: {"gateway": 0, "audit": 0})
    recorded: list[Recorded] = field(default_factory=list[Recorded])
    refunded_elsewhere: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """The amount and currency of each recorded refund that was made at the gateway itself."""
    failures: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def postpone(self, name: str) -> None:
        """Leave an order or a parked result to the next run after a service failure."""
        self.service_failures += 1
        if name not in self.postponed:
            self.postponed.append(name)

    def note_failure(self, name: str, error: Exception) -> None:
        """Leave a permanent failure to people, and log its stack trace."""
        message = f"{name}: {error if isinstance(error, BookingError) else type(error).__name__}"
        if message in self.left_to_people:
            return
        self.left_to_people.append(message)
        # Not the error's own text, which may quote what a person wrote.
        stack = "".join(traceback.format_tb(error.__traceback__, limit=TRACEBACK_ENTRIES))
        self.failures.append((name, f"{stack}{type(error).__name__}"))

    def note_rejection(self, rejection: AuditRejected) -> None:
        """Leave a bucket that rejects calls to people, once per run, because every object is rejected alike."""
        message = f"{rejection} Nothing is lost: records are written once its policy or key is fixed."
        if message not in self.left_to_people:
            self.left_to_people.append(message)

    def note_newer_release(self, newer: NewerRelease) -> None:
        """Leave an order that this release cannot fold to the newer release, once per run."""
        if str(newer) not in self.left_to_people:
            self.left_to_people.append(str(newer))

    def note_orphan(self, movement: Movement) -> None:
        """Report a movement at the gateway that no ledger has, in every run until one has it."""
        amount = f"{movement.amount_minor} {movement.currency}".rstrip()
        self.orphans.append(
            f"{movement.reference}: a {movement.kind} of {amount} at {movement.at}, under key "
            f"{movement.key or 'unknown'} of order {movement.order_id or 'unknown'}, which no ledger has"
        )

    def note_due(self, first: str | None, now: datetime) -> None:
        """Record the age of the earliest due time in a partition."""
        age = int((now - parse_instant(first)).total_seconds()) if first else 0
        self.oldest_due = max(self.oldest_due or 0, age)

    def note_inquiry(self, order_id: str, inquiry: ReportedDispute) -> None:
        """Report an inquiry about a payment, which becomes a dispute unless somebody answers it at the gateway."""
        self.inquiries += 1
        self.left_to_people.append(f"{order_id}: the inquiry {inquiry.reference} must be answered at the gateway")

    def note_cases(self, order: Order) -> None:
        """Report the open cases of an order."""
        for case in order.account.open_cases:
            self.cases.append(
                f"{order.order_id}: {case.case_id} about {key_of(case.about)} ({case.reason}) is {case.status} since "
                f"{case.opened.recorded_at}"
            )

    def note_disputes(self, order: Order) -> None:
        """Report the open disputes of an order."""
        for dispute in order.account.open_disputes:
            amount = format_amount(dispute.amount_minor, order.currency)
            self.disputes.append(
                f"{order.order_id}: the dispute {dispute.reference} of {amount} is open since {dispute.opened_at}"
            )

    def as_report(self, continuation: str | None) -> ReconcileReport:
        """Return the report of the run; `continuation` is the position of the next run."""
        return ReconcileReport(
            settled=self.settled,
            released=self.released,
            restored=self.restored,
            postponed=self.postponed,
            left_to_people=self.left_to_people,
            altered=self.altered,
            orphans=self.orphans,
            cases=self.cases,
            disputes=self.disputes,
            drift=self.drift,
            continuation=continuation,
        )

    def add_metrics(self, log: Log) -> None:
        """Count the answers that were recorded in this run, and each kind of finding."""
        for recorded in self.recorded:
            count_recorded(log, recorded)
        for amount_minor, currency in self.refunded_elsewhere:
            log.add_metric(MetricName.MONEY_OUT, amount_minor, of=currency)
        log.add_metric(MetricName.SETTLED, len(self.settled))
        log.add_metric(MetricName.RELEASED, len(self.released))
        log.add_metric(MetricName.RESTORED, len(self.restored))
        log.add_metric(MetricName.POSTPONED, len(self.postponed))
        log.add_metric(MetricName.LEFT_TO_PEOPLE, len(self.left_to_people))
        log.add_metric(MetricName.ALTERED, len(self.altered))
        log.add_metric(MetricName.ORPHANS, self.orphan_count)
        self._add_ages(log)
        if self.cursor_age is not None:
            log.add_metric(MetricName.CURSOR_AGE, self.cursor_age)
        for between, orders in self.drift.items():
            log.add_metric(MetricName.DRIFT, orders, of=between)

    def _add_ages(self, log: Log) -> None:
        """Add the findings that require a run over all orders."""
        if Watchlist.CASES in self.watched:
            cases, age = self.watched[Watchlist.CASES]
            log.add_metric(MetricName.OPEN_CASES, cases)
            log.add_metric(MetricName.OLDEST_CASE, age)
        if Watchlist.DISPUTES in self.watched:
            log.add_metric(MetricName.OPEN_DISPUTES, self.watched[Watchlist.DISPUTES][0])
        if self.oldest_due is not None:
            log.add_metric(MetricName.OLDEST_DUE, self.oldest_due)

    def log_run(self, log: Log, *, is_finished: bool) -> None:
        """Log the number of each kind of finding, and the stack trace of each failure."""
        for name, stack_trace in self.failures:
            log.log_step("reconcile", failed=name, traceback=stack_trace)
        log.log_step(
            "reconcile",
            settled=len(self.settled),
            released=len(self.released),
            restored=len(self.restored),
            postponed=len(self.postponed),
            left_to_people=len(self.left_to_people),
            altered=len(self.altered),
            orphans=self.orphan_count,
            cases=len(self.cases),
            disputes=len(self.disputes),
            is_finished=is_finished,
        )
