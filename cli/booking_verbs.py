"""`booking purchase|refund|run|show`: start executions and show orders."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from handlers.domain.money import format_amount
from handlers.domain.order import ReadOnlyOrder

from . import order_view, stock
from .command_errors import EXIT_CODES, UsageError
from .executions import ClosedExecution, execute
from .output import JsonOption, show, status_text, table
from .request_input import new_request_id, parse_identifier, parse_line, parse_money, read_event
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

RequestIdOption = Annotated[
    str | None,
    typer.Option("--request-id", help="Id of the request; the same id repeats the request safely. Random if left out."),
]


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    for name, verb in (("purchase", purchase), ("refund", refund), ("run", run), ("show", show_order)):
        app.command(name)(verb)


def purchase(
    lines: Annotated[
        list[str], typer.Argument(help="SKU=QUANTITY@PRICE; the quantity defaults to 1, the price to the catalogue's.")
    ],
    customer: Annotated[str, typer.Option(help="The customer's id.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    payment: Annotated[
        str, typer.Option(help="Payment method, such as a test token of the sandbox gateway.")
    ] = "pm_ok",
    capture: Annotated[
        Literal["now", "later"], typer.Option(help="`later` only authorises the payment, for `booking capture`.")
    ] = "now",
    hold_seconds: Annotated[
        int | None, typer.Option("--hold-seconds", help="Time that the authorised amount waits; 7 days if left out.")
    ] = None,
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Make a purchase, or with --capture later only authorise its payment."""
    if hold_seconds is not None and capture == "now":
        raise UsageError("--hold-seconds is only for --capture later: a payment that is captured now is not held.")
    target = booking_target(stage, instance)
    event: dict[str, Any] = {
        "action": "purchase",
        "request_id": parse_identifier("--request-id", request_id or new_request_id()),
        "customer_id": parse_identifier("--customer", customer),
        "currency": currency,
        "lines": [_purchase_line(target, text, currency) for text in lines],
        "payment_method": payment,
    }
    if capture == "later":
        event["capture"] = capture
    if hold_seconds is not None:
        event["hold_seconds"] = hold_seconds
    return print_outcome(execute(target, event), as_json)


def refund(
    order: Annotated[str, typer.Argument(help="Order id, as printed by `booking purchase`.")],
    reason: Annotated[str, typer.Option(help="Reason for the refund.")],
    by: Annotated[str, typer.Option(help="Id of the person who requests it.")],
    amount_text: Annotated[str | None, typer.Option("--amount", help="Amount, such as 12.34.")] = None,
    lines: Annotated[
        list[str] | None, typer.Option("--line", help="Returned units as SKU=QUANTITY; repeatable.")
    ] = None,
    restock: Annotated[bool, typer.Option(help="Return the units to stock, or not if they are damaged.")] = True,
    override_window: Annotated[
        bool, typer.Option("--override-window", help="Refund after the refund window; another person must approve.")
    ] = False,
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Refund an amount, or lines, or everything that is still refundable if neither is given."""
    if amount_text is not None and lines:
        raise UsageError("Use --amount or --line, not both: the amount of a refund by lines follows from the lines.")
    target = booking_target(stage, instance)
    event: dict[str, Any] = {
        "action": "refund",
        "request_id": parse_identifier("--request-id", request_id or new_request_id()),
        "order_id": parse_identifier("ORDER", order),
        "requested_by": parse_identifier("--by", by),
        "reason": reason,
    }
    if amount_text is not None:
        event["amount_minor"] = parse_money("--amount", amount_text, order_view.load_order(target, order).currency)
    if lines:
        event["lines"] = [parse_units(text) for text in lines]
    if not restock:
        event["restock"] = False
    if override_window:
        event["override"] = "window"
    return print_outcome(execute(target, event), as_json)


def run(
    event: Annotated[
        str, typer.Argument(metavar="EVENT.json", help="File with any JSON value; - reads standard input.")
    ],
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Start an execution with a JSON file, wait for its end and print the BookingResult.

    If the machine returns no BookingResult, print the output, or the error and its cause.
    """
    value = read_event(event)
    return print_outcome(execute(resolve_target(stage, instance), value), as_json)


def show_order(
    order: Annotated[str, typer.Argument(help="Order id.")],
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Show an order, its ledger and its audit objects."""
    target = resolve_target(stage, instance)
    loaded = order_view.load_readable_order(target, order)
    if isinstance(loaded, ReadOnlyOrder):
        document = order_view.read_only_as_json(loaded)
        show(as_json, document, lambda console: order_view.draw_read_only(console, loaded))
        return
    keys = order_view.audit_keys(target, loaded)
    document = order_view.order_as_json(loaded, keys)
    show(as_json, document, lambda console: order_view.draw_order(console, loaded, keys))


def booking_target(stage: str | None, instance: str) -> DeploymentTarget:
    """Return a target whose machine makes bookings. Other machines must not get a purchase."""
    target = resolve_target(stage, instance)
    target.output("ordersTable")
    return target


def print_outcome(execution: ClosedExecution, as_json: bool) -> int:
    """Print the end of an execution and return its exit code."""
    result = execution.booking_result
    if result is None:
        show(as_json, execution.as_json(), lambda console: draw_end(console, execution))
        return 0 if execution.succeeded else EXIT_CODES["failed"]
    show(as_json, execution.as_json(), lambda console: draw_result(console, execution, result))
    return EXIT_CODES[str(result["status"])]


def draw_end(console: Console, execution: ClosedExecution) -> None:
    """Print the output, or the error and its cause, of an execution without a BookingResult."""
    end = (
        {"error": execution.error, "cause": execution.cause}
        if not execution.succeeded
        else {"output": execution.output}
    )
    rows = [("status", execution.status), ("execution", execution.arn)]
    rows += [(name, value if isinstance(value, str) else json.dumps(value, indent=2)) for name, value in end.items()]
    console.print(table("execution", ("", ""), [*rows, *_path_row(execution)]))


def draw_result(console: Console, execution: ClosedExecution, result: Mapping[str, Any]) -> None:
    """Print the non-empty fields of the result as a table."""
    rows: list[Sequence[Any]] = [("status", status_text(str(result["status"])))]
    rows += [(name, str(result[name])) for name in ("code", "message", "order_id", "refund_id") if result.get(name)]
    if result.get("amount_minor") is not None and result.get("currency"):
        rows.append(("amount", format_amount(result["amount_minor"], result["currency"])))
    if result.get("refundable_minor") is not None and result.get("currency"):
        rows.append(("refundable", format_amount(result["refundable_minor"], result["currency"])))
    rows += [("order status", str(result["order_status"]))] if result.get("order_status") else []
    if awaited := result.get("next_action"):
        rows.append(
            ("waits for", f"{awaited['who']}, until {awaited['until']}" if awaited["until"] else awaited["who"])
        )
    rows += [("replayed", "yes")] if result.get("replayed") else []
    rows += _path_row(execution)
    console.print(table(str(result.get("action") or "booking"), ("", ""), rows))


def _path_row(execution: ClosedExecution) -> list[tuple[str, str]]:
    return [("path", " → ".join(execution.path))] if execution.path else []


def _purchase_line(target: DeploymentTarget, text: str, currency: str) -> dict[str, Any]:
    sku, quantity, price = parse_line(text)
    unit = stock.load_item(target, sku).price_minor if price is None else parse_money(sku, price, currency)
    return {"sku": sku, "quantity": quantity, "unit_price_minor": unit}


def parse_units(text: str) -> dict[str, Any]:
    """Return the units in a --line, in the request's format."""
    sku, quantity, price = parse_line(text)
    if price is not None:
        raise UsageError(f"--line {text} must not have a price: the purchase's price applies. Write SKU=QUANTITY.")
    return {"sku": sku, "quantity": quantity}
