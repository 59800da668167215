"""Take the tour and show it: one line per finished step, then tables, then the next steps."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from handlers.domain.money import format_amount

from . import order_view
from .executions import ClosedExecution
from .output import show, status_text, stderr_console, table
from .progress_display import ProgressDisplay
from .target import DeploymentTarget
from .tour import STEPS, StepOutcome, TourState, TourStep, run_tour

REQUIRED_OUTPUTS: Final = ("stateMachineArn", "ordersTable", "auditBucket", "reconcileFunction")
OTHER_COMMANDS: Final = (
    "booking status                 # the outputs",
    "booking run EVENT.json         # starts the machine in the output stateMachineArn",
    'eval "$(booking env)"          # for your own AWS and Pulumi CLI',
    "booking down",
)


def run_and_show_tour(
    target: DeploymentTarget,
    driver: str,
    as_json: bool,
    steps: tuple[TourStep, ...] = STEPS,
    *,
    access: Sequence[str] = (),
) -> int:
    """Take the tour and return 0 if every step ended as expected, else 1. The lines of `access` end the output."""
    state, outcomes = TourState(), list[StepOutcome]()
    with ProgressDisplay("Taking the tour") as display:
        for number, outcome in enumerate(run_tour(target, state, steps), start=1):
            outcomes.append(outcome)
            display.print(f"{'✗' if outcome.mismatches else '✓'} {number} of {len(steps)}: {outcome.step.title}")
    orders = {name: order_view.load_order(target, order_id) for name, order_id in state.orders.items()}
    keys = {name: order_view.audit_keys(target, order) for name, order in orders.items()}
    document = {
        "driver": driver,
        "ok": not any(outcome.mismatches for outcome in outcomes),
        "steps": [outcome.as_json() for outcome in outcomes],
        "orders": {name: order_view.order_as_json(order, keys[name]) for name, order in orders.items()},
    }

    def draw(console: Console) -> None:
        console.print(_steps_table(outcomes))
        console.print()
        console.print(_paths_table(outcomes))
        for name, order in orders.items():
            console.print()
            order_view.draw_order(console, order, keys[name])
        console.print()
        draw_next_steps(console, state.orders["first"], access)

    show(as_json, document, draw)
    return report_mismatches(target, outcomes)


def missing_outputs(outputs: Mapping[str, Any]) -> list[str]:
    """Return the outputs that the tour needs and the program lacks."""
    return [name for name in REQUIRED_OUTPUTS if name not in outputs]


def draw_next_steps(console: Console, order_id: str | None = None, access: Sequence[str] = ()) -> None:
    """Print commands to try next after a deployment of the booking program, and how to call its API.

    Without an order there is no catalogue yet, so the first command adds a SKU.
    """
    stock_command = "booking stock set MUG --price 8.00 --available 20" if order_id is None else "booking stock show"
    order_id = order_id or "ORDER"
    draw_commands(
        console,
        stock_command,
        "booking purchase --customer c-1 MUG=2",
        f'booking refund {order_id} --amount 5.00 --by agent-7 --reason "late"',
        f"booking show {order_id}",
        "booking console --open --write     # all of this in a browser: orders, executions, verification",
        f"booking report {order_id}    # this order in one HTML file",
        "booking audit verify",
        "booking down          # or: make down",
    )
    for line in access:
        console.print(line, soft_wrap=True)


def draw_commands(console: Console, *commands: str) -> None:
    """Print commands to try next; without any, those that work with every program."""
    console.print(Text("Next steps", style="bold"))
    for command in commands or OTHER_COMMANDS:
        console.print(f"  {command}", soft_wrap=True)
    console.print("(`booking` is in .venv/bin; `. .venv/bin/activate` puts it on your PATH)")


def _steps_table(outcomes: list[StepOutcome]) -> Any:
    rows: list[tuple[str | Text, ...]] = []
    for number, title, execution in _executions(outcomes):
        result = execution.result
        code = str(result.get("code") or ("replayed" if result.get("replayed") else ""))
        rows.append((number, title, status_text(str(result["status"])), code, _refundable(result)))
    return table("Results", ("", "step", "status", "code", "refundable"), rows, right=("", "refundable"))


def _paths_table(outcomes: list[StepOutcome]) -> Any:
    rows = [(number, " → ".join(execution.path)) for number, _, execution in _executions(outcomes)]
    return table("Paths of the executions", ("", "states"), rows, right=("",))


def _executions(outcomes: list[StepOutcome]) -> Iterator[tuple[str, str, ClosedExecution]]:
    for number, outcome in enumerate(outcomes, start=1):
        yield str(number), outcome.step.title, outcome.execution
        if outcome.repeated:
            yield "", "… repeated afterwards", outcome.repeated


def _refundable(result: Mapping[str, Any]) -> str:
    refundable = result.get("refundable_minor")
    return "" if refundable is None else format_amount(refundable, result["currency"])


def report_mismatches(target: DeploymentTarget, outcomes: list[StepOutcome]) -> int:
    """Print the steps that did not end as expected, with a report of each execution, and return the exit code."""
    unexpected = [outcome for outcome in outcomes if outcome.mismatches]
    for outcome in unexpected:
        for mismatch in outcome.mismatches:
            message = f"The step {outcome.step.title!r} did not end as expected: {mismatch}."
            stderr_console().print(message, soft_wrap=True)
        for path in _write_reports(target, outcome):
            stderr_console().print(f"Report of its execution: {path}", soft_wrap=True)
    return 1 if unexpected else 0


def _write_reports(target: DeploymentTarget, outcome: StepOutcome) -> Iterator[Path]:
    from .report import render_execution, write_page

    folder = Path(tempfile.mkdtemp(prefix="booking-tour-"))
    for execution in filter(None, (outcome.execution, outcome.repeated)):
        page = render_execution(target, execution.arn)
        path = write_page(page, folder / f"{execution.arn.rpartition(':')[2]}.html") if page else None
        if path:
            yield path
