"""One JSON line per step, and business metrics in CloudWatch's embedded metric format.

A line never holds a payment method nor a reason. Source of the format: CloudWatch user guide, "Specification:
Embedded metric format".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..contracts.metrics import DIMENSIONS, NAMESPACE, STAGE, MetricName

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where a function says what it does."""

    write: Callable[[str], None]
    now: Callable[[], datetime]
    stage: str

    def log_step(self, step: str, **facts: Fact) -> None:
        """Say that a step was taken."""
        self.write(json.dumps({"step": step, "stage": self.stage, **facts}))

    def add_metric(self, metric: MetricName, value: int, of: str | None = None) -> None:
        """Add to a metric; `of` is the value of its further dimension."""
        further = {DIMENSIONS[metric]: of} if metric in DIMENSIONS and of else {}
        self.write(json.dumps(self._embedded(metric, value, {STAGE: self.stage, **further})))

    def _embedded(self, metric: MetricName, value: int, dimensions: Mapping[str, str]) -> Mapping[str, object]:
        described = {
            "Namespace": NAMESPACE,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": metric.value, "Unit": "Count"}],
        }
        timestamp = int(self.now().timestamp() * 1000)
        return {
            "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [described]},
            **dimensions,
            metric.value: value,
        }
