"""Settles what was left open, fences and releases what the gateway never heard of, and restores missing records."""

from datetime import timedelta
from typing import Any, Final, Protocol

from .contracts import ReconcileInput, ReconcileReport
from .metric_names import MetricName
from .runtime.composition import Parts, parts
from .runtime.itinerary import Itinerary
from .runtime.log import Log
from .runtime.reconciliation import Findings, Reconciliation
from .runtime.reporting import measure

NEEDED: Final = (
    "stage",
    "orders_table",
    "gateway",
    "gateway_table",
    "audit_bucket",
    "parking_queue_url",
    "sdk_timeout",
)
FENCE_AFTER: Final = timedelta(minutes=15)  # longer than an execution with all its tries lasts


LEFT: Final = timedelta(seconds=20)  # one more run within an invocation needs less than this


class Context(Protocol):
    """What Lambda tells about an invocation, as far as it is read here."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function's time-out."""
        ...


def handler(event: object, context: Context) -> dict[str, Any]:
    """The Lambda function. On schedule it runs on while there is time; whoever names a limit gets one run."""
    asked = ReconcileInput.model_validate(event)
    report = reconcile(event, parts(*NEEDED))
    if "limit" in asked.model_fields_set:
        return report
    while report["continuation"] and timedelta(milliseconds=context.get_remaining_time_in_millis()) > LEFT:
        following = reconcile({**asked.model_dump(), "continuation": report["continuation"]}, parts(*NEEDED))
        report = _together(report, following)
    return report


def _together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """One report of two runs: lists and numbers added up, the rest from the later."""
    lists = {name: one[name] + value for name, value in other.items() if isinstance(value, list)}
    drift = {between: one["drift"][between] + value for between, value in other["drift"].items()}
    return {**other, **lists, "drift": drift}


def reconcile(event: object, parts: Parts) -> dict[str, Any]:
    """One bounded run; the report says where the next one goes on."""
    message = ReconcileInput.model_validate(event)
    run = _run(message, parts)
    if message.order_id is not None:
        run.look_at(message.order_id)
        return _reported(run.findings, None, parts)
    return _reported(run.findings, _travelled(run, message, parts), parts)


def _run(message: ReconcileInput, parts: Parts) -> Reconciliation:
    seconds = message.fence_after_seconds
    return Reconciliation(
        orders=parts.orders,
        gateway=parts.gateway,
        audit=parts.audit,
        parked=lambda: parts.parked,
        now=parts.now(),
        fence_after=FENCE_AFTER if seconds is None else timedelta(seconds=seconds),
    )


def _travelled(run: Reconciliation, message: ReconcileInput, parts: Parts) -> str | None:
    """Look at as many orders as the message allows, each once; parked outcomes first."""
    if message.continuation is None:
        run.drain(message.limit)
    itinerary, seen = Itinerary.of(message, run.now), set[str]()
    while (place := itinerary.place) and len(seen) < message.limit:
        page = place.listed(parts.orders, itinerary.after, message.limit - len(seen))
        for order_id in page.names:
            if order_id not in seen:
                seen.add(order_id)
                run.look_at(order_id)
        itinerary = itinerary.beyond(page)
    return itinerary.continuation()


def _reported(findings: Findings, continuation: str | None, parts: Parts) -> dict[str, Any]:
    _measure(parts.log, findings)
    report = ReconcileReport(
        settled=findings.settled,
        released=findings.released,
        restored=findings.restored,
        postponed=findings.postponed,
        left_to_people=findings.left_to_people,
        drift=findings.drift,
        continuation=continuation,
    )
    parts.log.step(
        "reconcile",
        settled=len(findings.settled),
        released=len(findings.released),
        restored=len(findings.restored),
        postponed=len(findings.postponed),
        left_to_people=len(findings.left_to_people),
        is_finished=continuation is None,
    )
    return report.model_dump()


def _measure(log: Log, findings: Findings) -> None:
    for recorded in findings.recorded:
        measure(log, recorded)
    log.count(MetricName.SETTLED, len(findings.settled))
    log.count(MetricName.RELEASED, len(findings.released))
    log.count(MetricName.RESTORED, len(findings.restored))
    log.count(MetricName.LEFT_TO_PEOPLE, len(findings.left_to_people))
    for between, orders in findings.drift.items():
        log.count(MetricName.DRIFT, orders, of=between)
