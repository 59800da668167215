"""Record the results that the record step parked in the queue when it failed for good."""

import json
from collections.abc import Callable
from datetime import datetime

from ...contracts.prebuilt import RecordInput
from ...domain.errors import AuditRejected, Unavailable
from ...domain.order import NewerRelease
from ...domain.ports import AuditTrail, OrderRepository, ParkedResult, ParkingQueue
from ..recording import record_outcome
from .findings import Findings


def drain(
    queue: ParkingQueue,
    orders: OrderRepository,
    audit: AuditTrail,
    now: datetime,
    findings: Findings,
    maximum: int,
    has_time: Callable[[], bool] = lambda: True,
) -> None:
    """Record at most `maximum` parked results while there is time.

    A message is deleted once it is recorded. If the bucket rejects a record, it would reject the rest too, so draining
    stops: every receive brings a message nearer to the dead-letter queue.
    """
    try:
        _drain(queue, orders, audit, now, findings, maximum, has_time)
    except Unavailable:
        findings.postpone("the parking queue")
    except Exception as error:  # law 28: an error of the queue must not stop the settling of orders
        findings.note_failure("the parking queue", error)


def _drain(
    queue: ParkingQueue,
    orders: OrderRepository,
    audit: AuditTrail,
    now: datetime,
    findings: Findings,
    maximum: int,
    has_time: Callable[[], bool],
) -> None:
    seen = set[str]()
    while len(seen) < maximum and has_time():
        fresh = [each for each in queue.receive() if each.receipt not in seen]
        if not fresh:
            return
        for parked in fresh:
            seen.add(parked.receipt)
            try:
                _record_parked(queue, parked, orders, audit, now, findings)
            except AuditRejected as rejection:
                findings.postpone("a parked outcome")
                findings.note_rejection(rejection)
                return


def _record_parked(
    queue: ParkingQueue,
    parked: ParkedResult,
    orders: OrderRepository,
    audit: AuditTrail,
    now: datetime,
    findings: Findings,
) -> None:
    try:
        recorded = record_outcome(RecordInput.model_validate(json.loads(parked.message)), orders, audit, now)
        queue.delete(parked)
    except Unavailable:
        findings.postpone("a parked outcome")
    except AuditRejected:
        raise
    except NewerRelease as newer:
        findings.note_newer_release(newer)
    except Exception as error:  # law 28: one unreadable message must not block the others
        findings.note_failure("a parked outcome", error)
    else:
        findings.recorded.append(recorded)
        findings.restored += [recorded.key] if recorded.is_new else []
