"""Names of the business metrics, which the functions write and dashboards and alarms watch.

Each has the dimension `Stage`; those in `DIMENSIONS` have one more.
"""

from enum import StrEnum
from typing import Final

NAMESPACE: Final = "Booking"
STAGE: Final = "Stage"


class MetricName(StrEnum):
    """The business metrics."""

    PURCHASES = "Purchases"
    REFUNDS = "Refunds"
    REJECTIONS = "Rejections"
    MONEY_IN = "MoneyIn"
    MONEY_OUT = "MoneyOut"
    UNKNOWN_OUTCOMES = "UnknownOutcomes"
    SETTLED = "SettledByReconcile"
    RELEASED = "ReleasedByReconcile"
    RESTORED = "RestoredAuditObjects"
    POSTPONED = "PostponedByReconcile"
    LEFT_TO_PEOPLE = "LeftToPeople"
    DRIFT = "Drift"
    ORPHANS = "GatewayOrphans"
    OPEN_CASES = "OpenCases"
    OLDEST_CASE = "OldestCaseAge"
    OPEN_DISPUTES = "OpenDisputes"
    OLDEST_DUE = "OldestDueAge"
    CURSOR_AGE = "SweepCursorAge"
    ALTERED = "AlteredAuditObjects"
    SEALS = "Seals"
    EVENTS = "PublishedEvents"


DIMENSIONS: Final[dict[MetricName, str]] = {
    MetricName.REJECTIONS: "Code",
    MetricName.MONEY_IN: "Currency",
    MetricName.MONEY_OUT: "Currency",
    MetricName.DRIFT: "Between",
}
"""The additional dimension of a metric.

Money is in minor units; drift is between the ledger and `gateway` or `audit`.
"""
