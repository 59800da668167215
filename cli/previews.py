"""Show the effect that a request would have on an order now, without an execution."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from handlers.domain.answers import Answer
from handlers.domain.canonical import format_instant
from handlers.domain.order import Order
from handlers.domain.outcomes import OrderRequest, refuse_reused_key
from handlers.domain.ports import Change
from handlers.domain.requests import Origin

from .command_errors import EXIT_CODES
from .order_view import load_order
from .output import show, table
from .target import DeploymentTarget

PREVIEW: Final = "dry-run"
"""The execution named in the entries of a preview."""

Begin = Callable[[Order, Origin, str], Change | Answer]
"""The change that a request begins in its order at a time, or a refusal."""


def preview_request(target: DeploymentTarget, request: OrderRequest, begin: Begin, *, as_json: bool) -> int:
    """Print the effect of a request on its order: the ledger entry that it would add, or the answer.

    Neither the gateway nor the stage's policies are consulted. The exit code is that of the answer.
    """
    order, at = load_order(target, request.order_id), format_instant(datetime.now(UTC))
    accepted = order.find_request(request.key)
    outcome: Change | Answer
    if accepted and not order.is_repeat(request):
        outcome = refuse_reused_key(request)
    else:
        stored = accepted.answer if accepted else None
        outcome = stored or begin(order, Origin(execution=PREVIEW, requested_at=at), at)
    return _show(outcome, as_json=as_json)


def _show(outcome: Change | Answer, *, as_json: bool) -> int:
    document = _describe(outcome)
    rows = [(name.replace("_", " "), str(value)) for name, value in document.items() if value not in (None, "")]
    show(as_json, document, lambda console: console.print(table("Nothing was changed", ("", ""), rows)))
    return EXIT_CODES[outcome.status] if isinstance(outcome, Answer) else 0


def _describe(outcome: Change | Answer) -> dict[str, Any]:
    if isinstance(outcome, Answer):
        return {**outcome.as_json(), "dry_run": True}
    entry = outcome.after.ledger[-1]
    return {
        "dry_run": True,
        "entry": entry.kind.value,
        "amount_minor": entry.amount_minor,
        "refundable_minor": outcome.after.account.refundable_minor,
    }
