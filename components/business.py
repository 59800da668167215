"""Charts of the functions' business metrics, and alarms on those that need a person."""

from dataclasses import replace

import pulumi

from handlers.contracts.metrics import DIMENSIONS, NAMESPACE, STAGE, MetricName

from .aws.alarms import Alarm, Metric
from .aws.dashboard import Chart, Search

COMPARED = {"gateway": "payment gateway", "audit": "audit trail"}
"""The sources that reconcile compares with the ledger, by their value of the drift metric's dimension."""


def business_charts(stage: str) -> list[Chart]:
    """Return charts of bookings, rejections by code, money by currency, and the work of reconcile."""
    return [
        Chart("Bookings", [_total(stage, MetricName.PURCHASES), _total(stage, MetricName.REFUNDS)]),
        Chart("Rejections by code", searches=[_by(stage, MetricName.REJECTIONS)]),
        Chart(
            "Money in and out, minor units by currency",
            searches=[_by(stage, MetricName.MONEY_IN), _by(stage, MetricName.MONEY_OUT)],
        ),
        Chart("Unknown outcomes", [_total(stage, MetricName.UNKNOWN_OUTCOMES)]),
        Chart("Reconciled", [_total(stage, each) for each in (MetricName.SETTLED, MetricName.RELEASED)]),
        Chart("Audit objects written late", [_total(stage, MetricName.RESTORED)]),
        Chart("Drift", [_drift(stage, other) for other in COMPARED]),
        Chart("Postponed by reconcile", [_total(stage, MetricName.POSTPONED)]),
        Chart("Movements that no ledger has", [_total(stage, MetricName.ORPHANS)]),
        Chart(
            "Open cases and disputes", [_total(stage, MetricName.OPEN_CASES), _total(stage, MetricName.OPEN_DISPUTES)]
        ),
        Chart("Age of the oldest case, seconds", [_total(stage, MetricName.OLDEST_CASE)]),
        Chart("Seconds that orders wait for reconcile", [_total(stage, MetricName.OLDEST_DUE)]),
        Chart("Seconds behind the gateway's list", [_total(stage, MetricName.CURSOR_AGE)]),
        Chart("Left to people", [_total(stage, MetricName.LEFT_TO_PEOPLE)]),
        Chart("Events published", [_total(stage, MetricName.EVENTS)]),
        Chart("Audit trail", [_total(stage, each) for each in (MetricName.SEALS, MetricName.ALTERED)]),
    ]


def business_alarms(stage: str) -> list[Alarm]:
    """Return alarms on unknown outcomes, on disagreements, and on cases that only people can settle."""
    return [
        Alarm(
            slug="unknown-outcomes",
            meaning="Payments have an unknown outcome. Money may have moved, and reconcile has not settled it yet.",
            metric=_total(stage, MetricName.UNKNOWN_OUTCOMES),
            threshold=0,
        ),
        Alarm(
            slug="left-to-people",
            meaning="Reconcile found cases that it must not settle by itself. They wait for a person.",
            metric=_total(stage, MetricName.LEFT_TO_PEOPLE),
            threshold=0,
        ),
        *(
            Alarm(
                slug=f"drift-{other}",
                meaning=f"The ledger and the {name} disagree. Money may have moved without a record, or the reverse.",
                metric=_drift(stage, other),
                threshold=0,
            )
            for other, name in COMPARED.items()
        ),
        Alarm(
            slug="gateway-orphans",
            meaning="Money moved at the gateway without a ledger entry. Orders were lost, or somebody paid by hand.",
            metric=replace(_total(stage, MetricName.ORPHANS), statistic="Maximum"),
            threshold=0,
        ),
        Alarm(
            slug="open-cases",
            meaning="Gateway and ledger disagree about money in a way that only people can settle.",
            metric=replace(_total(stage, MetricName.OPEN_CASES), statistic="Maximum"),
            threshold=0,
        ),
        Alarm(
            slug="open-disputes",
            meaning="Customers disputed payments, and banks have withdrawn the money. Without an answer it is lost.",
            metric=replace(_total(stage, MetricName.OPEN_DISPUTES), statistic="Maximum"),
            threshold=0,
        ),
        Alarm(
            slug="reconcile-late",
            meaning="Orders have been due for two hours without reconcile looking at them. Outcomes stay unknown.",
            metric=replace(_total(stage, MetricName.OLDEST_DUE), statistic="Maximum"),
            threshold=7200,
        ),
        Alarm(
            slug="postponed",
            meaning="For an hour, a service failed for orders in every run of reconcile. Their outcomes stay unknown.",
            metric=_total(stage, MetricName.POSTPONED),
            threshold=0,
            periods=12,
        ),
        Alarm(
            slug="sweep-late",
            meaning="The gateway's list has not been read for a day. Reversed refunds go unnoticed.",
            metric=replace(_total(stage, MetricName.CURSOR_AGE), statistic="Maximum"),
            threshold=86400,
        ),
        Alarm(
            slug="audit-altered",
            meaning="Audit objects were overwritten, deleted or altered. Somebody may be forging the audit trail.",
            metric=_total(stage, MetricName.ALTERED),
            threshold=0,
        ),
        Alarm(
            slug="seal-heartbeat",
            meaning="No seal of the audit trail was written in the last 26 hours. Later days are not protected.",
            metric=replace(_total(stage, MetricName.SEALS), period_seconds=3600),
            threshold=1,
            periods=26,
            heartbeat=True,
        ),
    ]


def _total(stage: str, name: MetricName) -> Metric:
    return Metric(namespace=NAMESPACE, name=name.value, dimensions={STAGE: stage})


def _drift(stage: str, other: str) -> Metric:
    between: dict[str, pulumi.Input[str]] = {STAGE: stage, DIMENSIONS[MetricName.DRIFT]: other}
    return Metric(namespace=NAMESPACE, name=MetricName.DRIFT.value, statistic="Maximum", dimensions=between)


def _by(stage: str, name: MetricName) -> Search:
    return Search(namespace=NAMESPACE, name=name.value, dimensions={STAGE: stage}, by=DIMENSIONS[name])
