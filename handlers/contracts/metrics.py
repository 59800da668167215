"""Names of the business metrics: written by the functions, watched by dashboards and alarms.

Each carries the dimension `Stage`; those that say so, one more.
"""

from enum import StrEnum
from typing import Final

NAMESPACE: Final = "Booking"
STAGE: Final = "Stage"


class MetricName(StrEnum):
    """What is counted."""

    PURCHASES = "Purchases"
    REFUNDS = "Refunds"
    REJECTIONS = "Rejections"
    MONEY_IN = "MoneyIn"
    MONEY_OUT = "MoneyOut"
    UNKNOWN_OUTCOMES = "UnknownOutcomes"
    SETTLED = "SettledByReconcile"
    RELEASED = "ReleasedByReconcile"
    RESTORED = "RestoredAuditObjects"
    LEFT_TO_PEOPLE = "LeftToPeople"
    DRIFT = "Drift"


DIMENSIONS: Final[dict[MetricName, str]] = {
    MetricName.REJECTIONS: "Code",
    MetricName.MONEY_IN: "Currency",
    MetricName.MONEY_OUT: "Currency",
    MetricName.DRIFT: "Between",
}
"""The further dimension of a metric. Money is in minor units; drift is between the ledger and `gateway` or `audit`."""
