"""`booking approve|deny|resolve`: decide on held refunds and on cases, and propose to close a case."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Literal

import typer

from handlers.domain.requests import MakeDecision, ResolveCase
from handlers.domain.rules.approvals import NO_APPROVALS
from handlers.domain.rules.cases import decide, propose_resolution

from .booking_verbs import RequestIdOption, booking_target, print_outcome
from .executions import execute
from .output import DryRunOption, JsonOption
from .previews import preview_request
from .request_input import new_request_id, parse_evidence, parse_identifier
from .target import DeploymentTarget, InstanceOption, StageOption

OrderArgument = Annotated[str, typer.Argument(help="Order id.")]
SubjectArgument = Annotated[str, typer.Argument(help="The refund_id or case_id in the answer that is `pending`.")]
ByOption = Annotated[str, typer.Option(help="Id of the person who decides: neither the requester nor the customer.")]


class ResolutionOutcome(StrEnum):
    """The outcome of a case's subject outside the system."""

    SETTLED = "settled"
    RELEASED = "released"


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(approve)
    app.command()(deny)
    app.command()(resolve)


def approve(
    order: OrderArgument,
    subject: SubjectArgument,
    by: ByOption,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Approve a refund, which is then sent to the gateway, or the resolution of a case, which then closes."""
    request = _decision(order, subject, by, request_id, "approve")
    return _decide(booking_target(stage, instance), request, as_json=as_json, dry_run=dry_run)


def deny(
    order: OrderArgument,
    subject: SubjectArgument,
    by: ByOption,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Deny a refund, whose amount can then be refunded again, or the resolution of a case, which stays open."""
    request = _decision(order, subject, by, request_id, "deny")
    return _decide(booking_target(stage, instance), request, as_json=as_json, dry_run=dry_run)


def resolve(
    order: OrderArgument,
    subject: Annotated[str, typer.Argument(help="The case_id, or the id of the case's subject.")],
    outcome: Annotated[ResolutionOutcome, typer.Option(help="It was paid (`settled`) or not paid (`released`).")],
    evidence: Annotated[str, typer.Option(help="The evidence for that, such as the gateway's own statement.")],
    by: Annotated[str, typer.Option(help="Id of the person who proposes it; another person must approve it.")],
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Propose to close a case that only people can settle. It closes when another person approves."""
    checked = parse_evidence(evidence)
    request = ResolveCase(
        request_id=parse_identifier("--request-id", request_id or new_request_id()),
        order_id=parse_identifier("ORDER", order),
        subject=parse_identifier("SUBJECT", subject),
        outcome=outcome.value,
        evidence=checked,
        requested_by=parse_identifier("--by", by),
    )
    target = booking_target(stage, instance)
    if not dry_run:
        return print_outcome(execute(target, {"action": request.action, **asdict(request)}), as_json)
    return preview_request(
        target,
        request,
        lambda loaded, origin, at: propose_resolution(loaded, request, origin, at, NO_APPROVALS),
        as_json=as_json,
    )


def _decision(
    order: str, subject: str, by: str, request_id: str | None, decision: Literal["approve", "deny"]
) -> MakeDecision:
    return MakeDecision(
        request_id=parse_identifier("--request-id", request_id or new_request_id()),
        order_id=parse_identifier("ORDER", order),
        subject=parse_identifier("SUBJECT", subject),
        decision=decision,
        requested_by=parse_identifier("--by", by),
    )


def _decide(target: DeploymentTarget, request: MakeDecision, *, as_json: bool, dry_run: bool) -> int:
    """Send a decision, or show its effect, ignoring where the stage accepts decisions from."""
    if not dry_run:
        return print_outcome(execute(target, {"action": request.action, **asdict(request)}), as_json)
    return preview_request(
        target, request, lambda loaded, origin, at: decide(loaded, request, origin, at, NO_APPROVALS), as_json=as_json
    )
