"""Faults at selected HTTP calls."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class StripeFault(StrEnum):
    """A fault of one HTTP call."""

    RATE_LIMITED = "rate_limited"
    """429, nothing done."""
    LOCK_TIMEOUT = "lock_timeout"
    """429 `lock_timeout`, nothing done."""
    KEY_IN_USE = "key_in_use"
    """409 `idempotency_key_in_use`, nothing done."""
    UNAVAILABLE = "unavailable"
    """503, nothing done and nothing saved."""
    FORBIDDEN = "forbidden"
    """403, nothing done: the restricted key lacks a permission."""
    DEPENDENCY_FAILED = "dependency_failed"
    """424, nothing done and nothing saved: a dependency of Stripe failed."""
    SAVED_ERROR = "saved_error"
    """500 saved under the idempotency key, nothing done."""
    SAVED_ERROR_AFTER = "saved_error_after"
    """500 saved under the idempotency key, although the call took effect."""
    BROKEN_BEFORE = "broken_before"
    """The connection breaks before the call arrives."""
    REPLY_LOST = "reply_lost"
    """The call takes effect, and the connection breaks before its reply arrives."""
    LATE = "late"
    """The client gives up; the call arrives after `late_by`."""


BEFORE = (
    StripeFault.DEPENDENCY_FAILED,
    StripeFault.RATE_LIMITED,
    StripeFault.LOCK_TIMEOUT,
    StripeFault.KEY_IN_USE,
    StripeFault.UNAVAILABLE,
    StripeFault.BROKEN_BEFORE,
)
AFTER = (StripeFault.SAVED_ERROR, StripeFault.SAVED_ERROR_AFTER, StripeFault.REPLY_LOST, StripeFault.LATE)


@dataclass(slots=True, kw_only=True)
class PlannedFault:
    """A fault of the calls of one operation (every operation if it is empty), after `skip` of them, `times` times."""

    fault: StripeFault
    operation: str = ""
    skip: int = 0
    times: int = 1


@dataclass(slots=True)
class FaultPlan:
    """The planned faults. Each call gets at most one of them."""

    planned: list[PlannedFault] = field(default_factory=list[PlannedFault])
    late_by: timedelta = timedelta(minutes=10)

    def add(self, fault: StripeFault, operation: str = "", *, skip: int = 0, times: int = 1) -> None:
        """Plan a fault."""
        self.planned.append(PlannedFault(fault=fault, operation=operation, skip=skip, times=times))

    def take(self, operation: str) -> StripeFault | None:
        """Return the fault for this call, if any."""
        for planned in self.planned:
            if planned.operation not in ("", operation) or planned.times == 0:
                continue
            if planned.skip:
                planned.skip -= 1
                continue
            planned.times -= 1
            return planned.fault
        return None
