"""The latest run of reconcile, from its log, and the movements of money for which it found no order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from handlers.adapters.dynamodb.sweep_items import DynamoDBSweepRepository
from handlers.domain.payments import Movement

from .deployment import Deployment
from .execution_history import parse_object
from .function_logs import FunctionLogs

MAX_ORPHANS: Final = 50
LOOKBACK: Final = timedelta(hours=24)
_MAX_RUN_TIME: Final = timedelta(minutes=5)
"""The interval of reconcile's schedule: lines logged within it before a run's end belong to that run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRun:
    """A finished run: its end, and the number of each kind of finding."""

    ended_at: datetime
    figures: tuple[tuple[str, int], ...]

    @property
    def is_clean(self) -> bool:
        """True if nothing disagrees and nothing waits for a person."""
        counts = dict(self.figures)
        relevant = ("left to people", "altered", "postponed", *(name for name in counts if name.startswith("drift")))
        return not any(counts.get(name, 0) for name in relevant)


def read_latest_run(deployment: Deployment, now: datetime) -> ReconcileRun | None:
    """Return the latest finished run of the last day, or None."""
    logs = FunctionLogs.of(deployment)
    group = logs.groups.get("reconcile")
    lines = logs.lines_with(group, "is_finished", now - LOOKBACK, now) if group else []
    if group is None or not lines:
        return None
    at, text = lines[-1]
    counts = {
        name.replace("_", " "): value for name, value in parse_object(text).items() if type(value) is int
    }  # not bool, which is also an int
    for when, line in logs.lines_with(group, "Between", now - LOOKBACK, now):
        metric = parse_object(line)
        if at - _MAX_RUN_TIME <= when <= at and isinstance(drift := metric.get("Drift"), int):
            name = f"drift from {metric.get('Between')}"
            counts[name] = counts.get(name, 0) + drift
    return ReconcileRun(ended_at=at.astimezone(UTC), figures=tuple(counts.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanList:
    """Movements in the gateway's list that no ledger has, oldest first, and their total number."""

    first: tuple[Movement, ...]
    total: int


def read_orphans(deployment: Deployment) -> OrphanList:
    """Return the open orphans."""
    repository = DynamoDBSweepRepository(client=deployment.client("dynamodb"), table=deployment.output("ordersTable"))
    listed = repository.list_orphans()
    found = (repository.load_orphan(each.name) for each in listed[:MAX_ORPHANS])
    return OrphanList(first=tuple(each for each in found if each is not None), total=len(listed))
