"""`booking capture|cancel`: capture an authorised payment, or give it up."""

from typing import Annotated, Any

import typer

from handlers.domain.requests import CancelOrder, CapturePayment, Units
from handlers.domain.rules.captures import request_cancel, request_capture

from .booking_verbs import RequestIdOption, booking_target, parse_units, print_outcome
from .command_errors import UsageError
from .executions import execute
from .order_view import load_order
from .output import DryRunOption, JsonOption
from .previews import preview_request
from .request_input import new_request_id, parse_identifier, parse_money
from .target import DeploymentTarget, InstanceOption, StageOption

OrderArgument = Annotated[str, typer.Argument(help="Order id, as printed by `booking purchase --capture later`.")]
ByOption = Annotated[str, typer.Option(help="Id of the person who requests it.")]


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(capture)
    app.command()(cancel)


def capture(
    order: OrderArgument,
    by: ByOption,
    amount_text: Annotated[
        str | None, typer.Option("--amount", help="Amount, such as 12.34; the rest of the hold is given up.")
    ] = None,
    lines: Annotated[
        list[str] | None,
        typer.Option("--line", help="Units to capture as SKU=QUANTITY; repeatable. The others return to stock."),
    ] = None,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Capture an amount, or lines, or everything that is authorised if neither is given. An order is captured once."""
    if amount_text is not None and lines:
        raise UsageError("Use --amount or --line, not both: the amount of a capture by lines follows from the lines.")
    target = booking_target(stage, instance)
    request = CapturePayment(
        request_id=parse_identifier("--request-id", request_id or new_request_id()),
        order_id=parse_identifier("ORDER", order),
        requested_by=parse_identifier("--by", by),
        amount_minor=_parse_amount(target, order, amount_text),
        units=tuple(Units(**parse_units(text)) for text in lines) if lines else None,
    )
    if dry_run:
        return preview_request(
            target,
            request,
            lambda loaded, origin, at: request_capture(loaded, request, origin, at, ""),
            as_json=as_json,
        )
    return print_outcome(execute(target, _capture_event(request)), as_json)


def cancel(
    order: OrderArgument,
    by: ByOption,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Give up a payment that is not captured; the order's units return to stock."""
    target = booking_target(stage, instance)
    request = CancelOrder(
        request_id=parse_identifier("--request-id", request_id or new_request_id()),
        order_id=parse_identifier("ORDER", order),
        requested_by=parse_identifier("--by", by),
    )
    if dry_run:
        return preview_request(
            target, request, lambda loaded, origin, at: request_cancel(loaded, request, origin, at), as_json=as_json
        )
    return print_outcome(execute(target, _event(request)), as_json)


def _parse_amount(target: DeploymentTarget, order: str, text: str | None) -> int | None:
    return None if text is None else parse_money("--amount", text, load_order(target, order).currency)


def _event(request: CapturePayment | CancelOrder) -> dict[str, Any]:
    return {
        "action": request.action,
        "request_id": request.request_id,
        "order_id": request.order_id,
        "requested_by": request.requested_by,
    }


def _capture_event(request: CapturePayment) -> dict[str, Any]:
    event = _event(request)
    if request.amount_minor is not None:
        event["amount_minor"] = request.amount_minor
    if request.units is not None:
        event["lines"] = [{"sku": each.sku, "quantity": each.quantity} for each in request.units]
    return event
