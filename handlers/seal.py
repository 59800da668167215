"""Seals the audit trail: each closed day once, in order, signed with a key that only this function may use."""

from datetime import timedelta
from typing import Any, Final

from .contracts.metrics import MetricName
from .reconcile import Context
from .runtime.dependencies import Dependencies, dependencies
from .runtime.sealing import Sealing

REQUIRED_SETTINGS: Final = ("stage", "audit_bucket", "seal_key", "sdk_timeout")

MIN_REMAINING_TIME: Final = timedelta(seconds=90)  # one part of a manifest is read and written in less


def handler(_event: object, context: Context) -> dict[str, Any]:
    """The Lambda function; a run that has no time left is continued by the next one."""
    return seal(dependencies(*REQUIRED_SETTINGS), context)


def seal(deps: Dependencies, context: Context) -> dict[str, Any]:
    """Seal every closed day that has no seal yet, and report which.

    Raises:
        Unavailable: S3 or KMS did not serve; the next run goes on where this one stopped.
        AuditContradiction: something else lies where a seal belongs.
    """
    sealing = Sealing(
        audit=deps.audit,
        signer=deps.seal_signer,
        copies=deps.seal_copies,
        now=deps.now,
        has_time=lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()) > MIN_REMAINING_TIME,
    )
    sealed = sealing.run()
    if sealed.days:
        deps.log.add_metric(MetricName.SEALS, len(sealed.days))
    deps.log.log_step("seal", days=len(sealed.days), objects=sealed.objects, is_finished=sealed.is_finished)
    return {"schema": 1, "days": sealed.days, "objects": sealed.objects, "is_finished": sealed.is_finished}
