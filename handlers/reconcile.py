"""Settles what was left open, fences and releases what the gateway never heard of, and restores missing records."""

from datetime import timedelta
from typing import Any, Final, Protocol

from .contracts import ReconcileInput, ReconcileReport
from .metric_names import MetricName
from .runtime.composition import Dependencies, dependencies
from .runtime.itinerary import ScanPlan
from .runtime.log import Log
from .runtime.reconciliation import Findings, Reconciliation
from .runtime.reporting import count_recorded

REQUIRED_SETTINGS: Final = (
    "stage",
    "orders_table",
    "gateway",
    "gateway_table",
    "audit_bucket",
    "parking_queue_url",
    "sdk_timeout",
)
FENCE_AFTER: Final = timedelta(minutes=15)  # longer than an execution with all its tries lasts


MIN_REMAINING_TIME: Final = timedelta(seconds=20)  # one more run within an invocation needs less than this


class Context(Protocol):
    """What Lambda tells about an invocation, as far as it is read here."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function's time-out."""
        ...


def handler(event: object, context: Context) -> dict[str, Any]:
    """The Lambda function. On schedule it runs on while there is time; whoever names a limit gets one run."""
    asked = ReconcileInput.model_validate(event)
    report = reconcile(event, dependencies(*REQUIRED_SETTINGS))
    if "limit" in asked.model_fields_set:
        return report
    while (
        report["continuation"] and timedelta(milliseconds=context.get_remaining_time_in_millis()) > MIN_REMAINING_TIME
    ):
        following = reconcile(
            {**asked.model_dump(), "continuation": report["continuation"]}, dependencies(*REQUIRED_SETTINGS)
        )
        report = _merge_reports(report, following)
    return report


def _merge_reports(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """One report of two runs: lists and numbers added up, the rest from the later."""
    lists = {name: one[name] + value for name, value in other.items() if isinstance(value, list)}
    drift = {between: one["drift"][between] + value for between, value in other["drift"].items()}
    return {**other, **lists, "drift": drift}


def reconcile(event: object, deps: Dependencies) -> dict[str, Any]:
    """One bounded run; the report says where the next one goes on."""
    message = ReconcileInput.model_validate(event)
    run = _run(message, deps)
    if message.order_id is not None:
        run.reconcile_order(message.order_id)
        return _report(run.findings, None, deps)
    return _report(run.findings, _scan(run, message, deps), deps)


def _run(message: ReconcileInput, deps: Dependencies) -> Reconciliation:
    seconds = message.fence_after_seconds
    return Reconciliation(
        orders=deps.orders,
        gateway=deps.gateway,
        audit=deps.audit,
        parked=lambda: deps.parked,
        now=deps.now(),
        fence_after=FENCE_AFTER if seconds is None else timedelta(seconds=seconds),
    )


def _scan(run: Reconciliation, message: ReconcileInput, deps: Dependencies) -> str | None:
    """Look at as many orders as the message allows, each once; parked outcomes first."""
    if message.continuation is None:
        run.drain(message.limit)
    itinerary, seen = ScanPlan.plan(message, run.now), set[str]()
    while (place := itinerary.partition) and len(seen) < message.limit:
        page = place.scan(deps.orders, itinerary.after, message.limit - len(seen))
        for order_id in page.names:
            if order_id not in seen:
                seen.add(order_id)
                run.reconcile_order(order_id)
        itinerary = itinerary.advance(page)
    return itinerary.continuation()


def _report(findings: Findings, continuation: str | None, deps: Dependencies) -> dict[str, Any]:
    _measure(deps.log, findings)
    report = ReconcileReport(
        settled=findings.settled,
        released=findings.released,
        restored=findings.restored,
        postponed=findings.postponed,
        left_to_people=findings.left_to_people,
        drift=findings.drift,
        continuation=continuation,
    )
    deps.log.log_step(
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
        count_recorded(log, recorded)
    log.add_metric(MetricName.SETTLED, len(findings.settled))
    log.add_metric(MetricName.RELEASED, len(findings.released))
    log.add_metric(MetricName.RESTORED, len(findings.restored))
    log.add_metric(MetricName.LEFT_TO_PEOPLE, len(findings.left_to_people))
    for between, orders in findings.drift.items():
        log.add_metric(MetricName.DRIFT, orders, of=between)
