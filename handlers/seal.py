"""The seal function: seal each closed day of the audit trail once, in order. Only this function may use the key."""

from datetime import timedelta
from typing import Any, Final

from .contracts.metrics import MetricName
from .reconcile import Context
from .runtime.dependencies import Dependencies, dependencies
from .runtime.sealing import Sealer

REQUIRED_SETTINGS: Final = ("stage", "audit_bucket", "seal_key", "sdk_timeout")

MIN_REMAINING_TIME: Final = timedelta(seconds=90)  # enough for one part of a manifest


def handler(_event: object, context: Context) -> dict[str, Any]:
    """Run the Lambda function. If a run ends early, the next one continues it."""
    return seal(dependencies(*REQUIRED_SETTINGS), context)


def seal(deps: Dependencies, context: Context) -> dict[str, Any]:
    """Seal every closed day that has no seal yet, and report which.

    Raises:
        Unavailable: S3 or KMS did not answer; the next run continues where this one stopped.
        AuditContradiction: a different object has a seal's key.
    """
    sealing = Sealer(
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
