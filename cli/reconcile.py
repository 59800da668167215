"""`booking reconcile`: run the reconcile function until it has finished, and print its report."""

import json
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from .command_errors import CommandFailed, UsageError
from .order_view import load_readable_order
from .output import JsonOption, show, table
from .request_input import as_object, parse_day, parse_identifier
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

MAX_RUNS: Final = 1000
REPORT_LISTS: Final = (
    *("settled", "released", "restored", "postponed", "left_to_people", "altered"),
    *("orphans", "cases", "disputes"),
)


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(reconcile)


def reconcile(
    fence_after_seconds: Annotated[
        int | None,
        typer.Option(min=0, help="Give up payments that the gateway has not received within this many seconds."),
    ] = None,
    order: Annotated[str | None, typer.Option(help="Reconcile this order only.")] = None,
    day: Annotated[
        str | None,
        typer.Option(help="Compare the audit objects of this day (UTC, YYYY-MM-DD) instead of those of the last days."),
    ] = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Settle unknown outcomes with the gateway, write missing audit objects and report drift."""
    options = scope_of(order, day)
    if fence_after_seconds is not None:
        options["fence_after_seconds"] = fence_after_seconds
    target = resolve_target(stage, instance)
    if order is not None:
        load_readable_order(target, order)
    report = run_reconcile(target, **options)
    show(as_json, report, lambda console: _draw_report(console, report))


def scope_of(order: str | None, day: str | None) -> dict[str, Any]:
    """Return the scope in the function's message: an order, a day, or by default everything."""
    if order is not None and day is not None:
        raise UsageError("Use --order or --day, not both: an order is reconciled whatever the day of its entries.")
    if order is not None:
        return {"order_id": parse_identifier("--order", order)}
    return {} if day is None else {"days": [parse_day("--day", day).isoformat()]}


def run_reconcile(target: DeploymentTarget, **options: Any) -> dict[str, Any]:
    """Invoke the function, follow its continuations, and return the sum of its reports."""
    total: dict[str, Any] = {name: list[str]() for name in REPORT_LISTS} | {"drift": {}, "runs": 0}
    continuation: str | None = None
    for _ in range(MAX_RUNS):
        report = _invoke(target, {"schema": 1, **options, "continuation": continuation})
        _add_report(total, report)
        continuation = report.get("continuation")
        if continuation is None:
            return total
    raise CommandFailed(f"reconcile had not finished after {MAX_RUNS} runs. It is safe to run it again.")


def _invoke(target: DeploymentTarget, message: dict[str, Any]) -> dict[str, Any]:
    function = target.output("reconcileFunction")
    reply = target.client("lambda").invoke(FunctionName=function, Payload=json.dumps(message).encode())
    report = json.loads(reply["Payload"].read() or b"null")
    if "FunctionError" in reply:
        reason = (as_object(report) or {}).get("errorMessage", report)
        raise CommandFailed(f"The reconcile function failed: {reason}")
    return dict(report)


def _add_report(total: dict[str, Any], report: dict[str, Any]) -> None:
    total["runs"] += 1
    for name in REPORT_LISTS:
        total[name] += report.get(name, [])
    for name, number in report.get("drift", {}).items():
        total["drift"][name] = total["drift"].get(name, 0) + number


def _draw_report(console: Console, report: dict[str, Any]) -> None:
    rows = [
        (name.replace("_", " "), str(len(report[name])), ", ".join(map(str, report[name]))) for name in REPORT_LISTS
    ]
    rows += [(f"drift: {name}", str(number), "") for name, number in sorted(report["drift"].items())]
    console.print(table("Reconciled", ("", "number", "which"), rows, right=("number",)))
