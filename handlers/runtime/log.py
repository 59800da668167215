"""One JSON line per step, and business metrics in CloudWatch's embedded metric format.

A line contains ids, codes and amounts, never a person's id or free text. Source of the format: CloudWatch user guide,
"Specification: Embedded metric format".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..contracts.metrics import DIMENSIONS, NAMESPACE, STAGE, MetricName

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The log of a function."""

    write: Callable[[str], None]
    now: Callable[[], datetime]
    stage: str

    def log_step(self, step: str, **facts: Fact) -> None:
        """Log the end of a step."""
        self.write(json.dumps({"step": step, "stage": self.stage, **facts}))

    def add_metric(self, metric: MetricName, value: int, of: str | None = None) -> None:
        """Add to a metric. `of` is the value of the metric's additional dimension, if it has one."""
        extra_dimensions = {DIMENSIONS[metric]: of} if metric in DIMENSIONS and of else {}
        self.write(json.dumps(self._embedded_metric(metric, value, {STAGE: self.stage, **extra_dimensions})))

    def _embedded_metric(self, metric: MetricName, value: int, dimensions: Mapping[str, str]) -> Mapping[str, object]:
        definition = {
            "Namespace": NAMESPACE,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": metric.value, "Unit": "Count"}],
        }
        timestamp = int(self.now().timestamp() * 1000)
        return {
            "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [definition]},
            **dimensions,
            metric.value: value,
        }
