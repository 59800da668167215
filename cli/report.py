"""`booking report`: one order, or one execution, as a self-contained HTML file."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from .command_errors import UsageError
from .output import JsonOption, show
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

STANDARD_OUTPUT: Final = Path("-")
OutOption = Annotated[
    Path | None, typer.Option("--out", help="File to write; - for standard output. Default: <order or execution>.html.")
]


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("report")(report)


def report(
    subject: Annotated[str, typer.Argument(metavar="ORDER|EXECUTION", help="Order id, or an execution's ARN or name.")],
    out: OutOption = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Write a page about an order or an execution into one file that needs no network and no scripts.

    An order's page has its totals, lines, ledger with each hash recomputed, audit objects with lock and seal, and all
    executions with the functions' log lines. Personal data are masked as in the machine's log.
    """
    target = resolve_target(stage, instance)
    page = render_subject(target, subject)
    path = write_page(page, out or Path(f"{_file_name(subject)}.html"))
    if path:
        show(as_json, {"file": str(path), "bytes": len(page.encode())}, lambda console: console.print(f"Wrote {path}."))


def render_subject(target: DeploymentTarget, subject: str) -> str:
    """Return the page of an order or an execution.

    Raises:
        UsageError: the target has neither an order nor an execution of that name.
    """
    page = None if subject.startswith("arn:") else render_order(target, subject)
    page = page or render_execution(target, subject)
    if page is None:
        raise UsageError(
            f"There is no order and no execution {subject} in the {target.name}. "
            "Give an order id (ord_…), or an execution's ARN or name. Step Functions keeps executions for 90 days."
        )
    return page


def render_order(target: DeploymentTarget, order_id: str) -> str | None:
    """Return the page of an order, or None if there is none."""
    from console.order_pages import read_order
    from console.rendering import render_report

    found = read_order(target, order_id) if "ordersTable" in target.outputs else None
    if found is None:
        return None
    return render_report("order_report.html", report=found, source=target.name, read_at=datetime.now(UTC))


def render_execution(target: DeploymentTarget, subject: str) -> str | None:
    """Return the page of an execution, by its ARN or its name, or None if there is none."""
    from console.execution_history import execution_arn
    from console.function_logs import FunctionLogs
    from console.order_pages import read_traced
    from console.rendering import render_report

    arn = execution_arn(target.output("stateMachineArn"), subject)
    trace = read_traced(target, FunctionLogs.of(target), arn)
    if trace is None:
        return None
    return render_report("execution_report.html", trace=trace, source=target.name, read_at=datetime.now(UTC))


def write_page(page: str, path: Path) -> Path | None:
    """Write a page and return its absolute path; None if it went to standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    if path == STANDARD_OUTPUT:
        sys.stdout.write(page)
        return None
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    return path.resolve()


def _file_name(subject: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", subject.rpartition(":")[2])[:120] or "report"
