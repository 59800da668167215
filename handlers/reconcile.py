"""The reconcile function: settle what is in flight, release what never reached the gateway, restore audit objects."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final, Protocol

from .contracts.prebuilt import ReconcileInput
from .contracts.request_rules import MESSAGE_SCHEMA
from .runtime.dependencies import Dependencies, dependencies
from .runtime.reconcile.audit_sample import AuditSample
from .runtime.reconcile.findings import Findings
from .runtime.reconcile.gateway_notices import is_batch, reconcile_batch
from .runtime.reconcile.parked_results import drain
from .runtime.reconcile.reconciliation import Reconciliation
from .runtime.reconcile.scan_plan import ScanPlan
from .runtime.reconcile.sweep import GatewaySweep

REQUIRED_SETTINGS: Final = (
    "stage",
    "orders_table",
    "gateway",
    "audit_bucket",
    "parking_queue_url",
    "sdk_timeout",
)
FENCE_AFTER: Final = timedelta(minutes=15)  # longer than an execution with all its retries


MIN_REMAINING_TIME: Final = timedelta(seconds=20)  # enough for one more order


class Context(Protocol):
    """The part of Lambda's context that the function uses."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left until the function times out."""
        ...


def handler(event: object, context: Context) -> dict[str, Any]:
    """Run repeatedly while there is time. A message with a limit, or an order from the queue, gets one run."""
    deps = dependencies(*REQUIRED_SETTINGS)

    def has_time() -> bool:
        return timedelta(milliseconds=context.get_remaining_time_in_millis()) > MIN_REMAINING_TIME

    if is_batch(event):
        return reconcile_batch(event, deps, lambda order_id: settle_order(order_id, deps), has_time)
    scope = ReconcileInput.model_validate(event)
    total = timedelta(milliseconds=context.get_remaining_time_in_millis())

    def has_more_than(share: timedelta) -> bool:
        return timedelta(milliseconds=context.get_remaining_time_in_millis()) > max(MIN_REMAINING_TIME, share)

    report = reconcile(event, deps, has_time, lambda: has_more_than(total / 2), lambda: has_more_than(total / 4))
    while report["continuation"] and "limit" not in scope.model_fields_set and has_time():
        next_report = reconcile({**scope.model_dump(), "continuation": report["continuation"]}, deps, has_time)
        report = _merge_reports(report, next_report)
    return report


def settle_order(order_id: str, deps: Dependencies) -> bool:
    """Reconcile one order, and return whether every service answered."""
    return order_id not in reconcile({"schema": MESSAGE_SCHEMA, "order_id": order_id}, deps)["postponed"]


def _merge_reports(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Merge the reports of two runs: lists and numbers are added, everything else comes from the later run."""
    lists = {name: one[name] + value for name, value in other.items() if isinstance(value, list)}
    drift = {between: one["drift"][between] + value for between, value in other["drift"].items()}
    return {**other, **lists, "drift": drift}


def reconcile(
    event: object,
    deps: Dependencies,
    has_time: Callable[[], bool] = lambda: True,
    has_time_to_settle: Callable[[], bool] | None = None,
    has_time_to_drain: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Do one bounded run; its report contains the position of the next one. `has_time` is checked before each order.

    Orders are settled first, parked results recorded second, and the gateway's list swept third. The first run of an
    invocation settles only while it `has_time_to_settle`, and records only while it `has_time_to_drain`, so that each
    part gets its share.
    """
    message = ReconcileInput.model_validate(event)
    seconds = message.fence_after_seconds
    run = Reconciliation(
        orders=deps.orders,
        gateway=deps.gateway,
        audit=deps.audit,
        now=deps.now(),
        fence_after=FENCE_AFTER if seconds is None else timedelta(seconds=seconds),
        watchlists=deps.sweeps,
    )
    if message.order_id is not None:
        run.reconcile_order(message.order_id)
        return _report(run.findings, None, deps)
    continuation = _scan(run, message, deps, has_time_to_settle or has_time)
    if message.continuation is None and has_time():
        drain(
            deps.parking_queue,
            deps.orders,
            deps.audit,
            run.now,
            run.findings,
            message.limit,
            has_time_to_drain or has_time,
        )
        run.findings.altered += AuditSample(orders=deps.orders, audit=deps.audit, now=run.now).find_altered()
        _sweep(run, deps, has_time)
    return _report(run.findings, continuation, deps)


def _sweep(run: Reconciliation, deps: Dependencies, has_time: Callable[[], bool]) -> None:
    GatewaySweep(
        sweeps=deps.sweeps,
        orders=deps.orders,
        gateway=deps.gateway,
        reconcile_order=partial(run.reconcile_order, is_swept=True),
        open_orphan_case=run.open_orphan_case,
        open_repeat_case=run.open_repeat_case,
        now=run.now,
        has_time=has_time,
        findings=run.findings,
    ).run()


def _scan(run: Reconciliation, message: ReconcileInput, deps: Dependencies, has_time: Callable[[], bool]) -> str | None:
    """Reconcile as many orders as the message and the time allow, each once. Money is settled first."""
    plan, seen = ScanPlan.plan(message, run.now), set[str]()
    while (partition := plan.partition) and len(seen) < message.limit:
        page = partition.scan(deps.orders, run.now, plan.after, message.limit - len(seen))
        if partition.day is None and message.continuation is None:
            run.findings.note_due(page.first, run.now)
        for order_id in page.names:
            if not has_time():
                return plan.continuation()
            if order_id not in seen:
                seen.add(order_id)
                run.reconcile_order(order_id, is_due=partition.day is None)
        plan = plan.advance(page)
    return plan.continuation()


def _report(findings: Findings, continuation: str | None, deps: Dependencies) -> dict[str, Any]:
    findings.add_metrics(deps.log)
    findings.log_run(deps.log, is_finished=continuation is None)
    return findings.as_report(continuation).model_dump()
