"""The findings of one run of reconcile: its report, its metrics and its log line."""

import traceback
from dataclasses import dataclass, field
from typing import Final

from ...contracts.messages import ReconcileReport
from ...contracts.metrics import MetricName
from ...domain.errors import AuditRejected, BookingError
from ...domain.newer_release import NewerRelease
from ...domain.payments import Movement
from ..log import Log
from ..recording import Recorded, count_recorded

TRACEBACK_ENTRIES: Final = 20
"""Stack entries per failure in the log. A request nested beyond the stack has a thousand."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """The lists of the report, and the audit objects whose outcomes are still to be counted."""

    settled: list[str] = field(default_factory=list[str])
    released: list[str] = field(default_factory=list[str])
    restored: list[str] = field(default_factory=list[str])
    postponed: list[str] = field(default_factory=list[str])
    left_to_people: list[str] = field(default_factory=list[str])
    altered: list[str] = field(default_factory=list[str])
    orphans: list[str] = field(default_factory=list[str])
    cursor_age: int | None = None
    """Seconds since the time up to which the gateway's list has been read."""
    drift: dict[str, int] = field(default_factory=lambda: {"gateway": 0, "audit": 0})
    recorded: list[Recorded] = field(default_factory=list[Recorded])
    failures: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def postpone(self, name: str) -> None:
        """Leave an order or a parked result to the next run, because a service failed for it."""
        if name not in self.postponed:
            self.postponed.append(name)

    def note_failure(self, name: str, error: Exception) -> None:
        """Leave to people what raised an error that repeating does not end; the log gets its stack trace."""
        sentence = f"{name}: {error if isinstance(error, BookingError) else type(error).__name__}"
        if sentence in self.left_to_people:
            return
        self.left_to_people.append(sentence)
        # Not the error's own text, which may quote what a person wrote.
        stack = "".join(traceback.format_tb(error.__traceback__, limit=TRACEBACK_ENTRIES))
        self.failures.append((name, f"{stack}{type(error).__name__}"))

    def note_rejection(self, rejection: AuditRejected) -> None:
        """Leave a bucket that rejects calls to people, once per run, because every object meets the same rejection."""
        sentence = f"{rejection} Nothing is lost: records are written once its policy or key is fixed."
        if sentence not in self.left_to_people:
            self.left_to_people.append(sentence)

    def note_newer_release(self, newer: NewerRelease) -> None:
        """Leave an order that this release cannot fold to the newer one, once per run."""
        if str(newer) not in self.left_to_people:
            self.left_to_people.append(str(newer))

    def note_orphan(self, movement: Movement) -> None:
        """Report a movement at the gateway that no ledger has, in every run until one has it."""
        amount = f"{movement.amount_minor} {movement.currency}".rstrip()
        self.orphans.append(
            f"{movement.reference}: a {movement.kind} of {amount} at {movement.at}, under key "
            f"{movement.key or 'unknown'} of order {movement.order_id or 'unknown'}, which no ledger has"
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
            drift=self.drift,
            continuation=continuation,
        )

    def add_metrics(self, log: Log) -> None:
        """Count the answers that were recorded in this run, and each kind of finding."""
        for recorded in self.recorded:
            count_recorded(log, recorded)
        log.add_metric(MetricName.SETTLED, len(self.settled))
        log.add_metric(MetricName.RELEASED, len(self.released))
        log.add_metric(MetricName.RESTORED, len(self.restored))
        log.add_metric(MetricName.POSTPONED, len(self.postponed))
        log.add_metric(MetricName.LEFT_TO_PEOPLE, len(self.left_to_people))
        log.add_metric(MetricName.ALTERED, len(self.altered))
        log.add_metric(MetricName.ORPHANS, len(self.orphans))
        if self.cursor_age is not None:
            log.add_metric(MetricName.CURSOR_AGE, self.cursor_age)
        for between, orders in self.drift.items():
            log.add_metric(MetricName.DRIFT, orders, of=between)

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
            orphans=len(self.orphans),
            is_finished=is_finished,
        )
