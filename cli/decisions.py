"""`booking approve|deny`: decide on a refund that waits for another person."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from handlers.domain.approvals import NO_APPROVALS, decide
from handlers.domain.canonical import format_instant
from handlers.domain.requests import MakeDecision, Origin

from .booking_verbs import RequestIdOption, booking_target, print_outcome
from .executions import execute
from .order_view import load_order
from .output import JsonOption
from .previews import PREVIEW, show_preview
from .request_input import new_request_id, parse_identifier
from .target import DeploymentTarget, InstanceOption, StageOption

OrderArgument = Annotated[str, typer.Argument(help="Order id.")]
RefundArgument = Annotated[str, typer.Argument(help="The refund_id in the answer that is `pending`.")]
ByOption = Annotated[str, typer.Option(help="Id of the person who decides: neither the requester nor the customer.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(approve)
    app.command()(deny)


def approve(
    order: OrderArgument,
    refund: RefundArgument,
    by: ByOption,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Approve a refund that waits for another person; it is then sent to the gateway."""
    request = _decision(order, refund, by, request_id, "approve")
    return _decide(booking_target(stage, instance), request, as_json=as_json, dry_run=dry_run)


def deny(
    order: OrderArgument,
    refund: RefundArgument,
    by: ByOption,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Deny a refund that waits for another person; its amount can be refunded again."""
    request = _decision(order, refund, by, request_id, "deny")
    return _decide(booking_target(stage, instance), request, as_json=as_json, dry_run=dry_run)


def _decision(
    order: str, refund: str, by: str, request_id: str | None, decision: Literal["approve", "deny"]
) -> MakeDecision:
    return MakeDecision(
        request_id=parse_identifier("--request-id", request_id or new_request_id()),
        order_id=parse_identifier("ORDER", order),
        subject=parse_identifier("REFUND", refund),
        decision=decision,
        requested_by=parse_identifier("--by", by),
    )


def _decide(target: DeploymentTarget, request: MakeDecision, *, as_json: bool, dry_run: bool) -> int:
    if dry_run:
        return _preview(target, request, as_json=as_json)
    event = {
        "action": request.action,
        "request_id": request.request_id,
        "order_id": request.order_id,
        "subject": request.subject,
        "decision": request.decision,
        "requested_by": request.requested_by,
    }
    return print_outcome(execute(target, event), as_json)


def _preview(target: DeploymentTarget, request: MakeDecision, *, as_json: bool) -> int:
    """Show what the decision would do to the order as it is now. The stage's key `approvals` is not judged."""
    order, at = load_order(target, request.order_id), format_instant(datetime.now(UTC))
    change = decide(order, request, Origin(execution=PREVIEW, requested_at=at), at, NO_APPROVALS)
    return show_preview(change, as_json=as_json)
