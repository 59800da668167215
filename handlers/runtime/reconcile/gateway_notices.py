"""Reconcile the orders that gateway events name: each message of a batch separately (law 28)."""

import json
from collections.abc import Callable
from typing import Any, TypeGuard

from ...contracts.prebuilt import GatewayNotice
from ...domain.errors import PaymentOutcomeUnknown, Unavailable
from ..dependencies import Dependencies

Batch = dict[str, Any]  # as Lambda passes it


def is_batch(event: object) -> TypeGuard[Batch]:
    """Return whether an event of the function is a batch of a queue."""
    return isinstance(event, dict) and "Records" in event


def reconcile_batch(
    batch: Batch, deps: Dependencies, settle_order: Callable[[str], bool], has_time: Callable[[], bool]
) -> dict[str, Any]:
    """Reconcile each order of a batch once, and return the messages to redeliver.

    `settle_order` returns false if a service did not answer. An unreadable message is logged and dropped, because
    another delivery would not change it.
    """
    failed, settled = list[str](), set[str]()
    for record in batch["Records"]:
        try:
            order_id = _order_of(record["body"], deps) if has_time() else ""
        except (Unavailable, PaymentOutcomeUnknown):
            order_id = ""
        except ValueError as error:  # of json and of pydantic
            deps.log.log_step("gateway-notice", error=type(error).__name__)
            continue
        if order_id is None or order_id in settled:
            continue
        if order_id and settle_order(order_id):
            settled.add(order_id)
        else:
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _order_of(body: str, deps: Dependencies) -> str | None:
    """Return the order of a notice; None if it does not belong to this stage."""
    notice = GatewayNotice.model_validate(json.loads(body))
    return notice.order_id or (deps.gateway.find_order(notice.reference) if notice.reference else None)
