"""What the functions count about the business itself: charts of it, and alarms on what people must look at."""

import pulumi

from handlers.contracts.metrics import DIMENSIONS, NAMESPACE, STAGE, MetricName

from .aws.alarms import Alarm, Metric
from .aws.dashboard import Chart, Search

LEDGER_AND = ("gateway", "audit")


def business_charts(stage: str) -> list[Chart]:
    """Bookings, refusals by code, money by currency, and what did not come out even."""
    return [
        Chart("Bookings", [_counted(stage, MetricName.PURCHASES), _counted(stage, MetricName.REFUNDS)]),
        Chart("Rejections by code", searches=[_by(stage, MetricName.REJECTIONS)]),
        Chart(
            "Money in and out, minor units by currency",
            searches=[_by(stage, MetricName.MONEY_IN), _by(stage, MetricName.MONEY_OUT)],
        ),
        Chart("Unknown outcomes", [_counted(stage, MetricName.UNKNOWN_OUTCOMES)]),
        Chart("Reconciled", [_counted(stage, each) for each in (MetricName.SETTLED, MetricName.RELEASED)]),
        Chart("Audit objects written late", [_counted(stage, MetricName.RESTORED)]),
        Chart("Drift", [_drift(stage, other) for other in LEDGER_AND]),
        Chart("Left to people", [_counted(stage, MetricName.LEFT_TO_PEOPLE)]),
    ]


def business_alarms(stage: str) -> list[Alarm]:
    """Money that may have moved, accounts that do not agree, cases that only people can settle."""
    return [
        Alarm(
            slug="unknown-outcomes",
            meaning="Payments ended without an answer: money may have moved, and reconcile has not settled it yet.",
            metric=_counted(stage, MetricName.UNKNOWN_OUTCOMES),
            threshold=0,
        ),
        Alarm(
            slug="left-to-people",
            meaning="Reconcile found cases that it must not settle by itself.",
            metric=_counted(stage, MetricName.LEFT_TO_PEOPLE),
            threshold=0,
        ),
        *(
            Alarm(
                slug=f"drift-{other}",
                meaning=f"The ledger and the {other} disagree.",
                metric=_drift(stage, other),
                threshold=0,
            )
            for other in LEDGER_AND
        ),
    ]


def _counted(stage: str, name: MetricName) -> Metric:
    return Metric(namespace=NAMESPACE, name=name.value, dimensions={STAGE: stage})


def _drift(stage: str, other: str) -> Metric:
    between: dict[str, pulumi.Input[str]] = {STAGE: stage, DIMENSIONS[MetricName.DRIFT]: other}
    return Metric(namespace=NAMESPACE, name=MetricName.DRIFT.value, statistic="Maximum", dimensions=between)


def _by(stage: str, name: MetricName) -> Search:
    return Search(namespace=NAMESPACE, name=name.value, dimensions={STAGE: stage}, by=DIMENSIONS[name])
