"""Takes the tour and shows it: a line for each step as it ends, then tables, then how to go on."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from handlers.domain.money import format_amount

from . import orders
from .executions import ClosedExecution
from .progress import ProgressDisplay
from .screen import show, status_text, stderr_console, table
from .target import Target
from .tour import STEPS, StepOutcome, TourState, run_tour


def run_and_show_tour(target: Target, driver: str, as_json: bool) -> int:
    """Take the tour; 0 when every step ended as it must, else 1 with the names of those that did not."""
    journey, taken = TourState(), list[StepOutcome]()
    with ProgressDisplay("Taking the tour") as telling:
        for number, step in enumerate(run_tour(target, journey), start=1):
            taken.append(step)
            telling.print(f"{'✗' if step.mismatches else '✓'} {number} of {len(STEPS)}: {step.step.title}")
    shown = {name: orders.load_order(target, order_id) for name, order_id in journey.orders.items()}
    objects = {name: orders.audit_keys(target, order) for name, order in shown.items()}
    document = {
        "driver": driver,
        "ok": not any(step.mismatches for step in taken),
        "steps": [step.as_json() for step in taken],
        "orders": {name: orders.order_as_json(order, objects[name]) for name, order in shown.items()},
    }

    def draw(console: Console) -> None:
        console.print(_steps_table(taken))
        console.print()
        console.print(_paths_table(taken))
        for name, order in shown.items():
            console.print()
            orders.draw_order(console, order, objects[name])
        console.print()
        draw_next_steps(console, journey.orders["first"])

    show(as_json, document, draw)
    return _report_mismatches(taken)


def draw_next_steps(console: Console, order_id: str = "ORDER") -> None:
    """What one might do next."""
    console.print(Text("How to go on", style="bold"))
    for line in (
        "booking stock show",
        "booking purchase --customer c-1 MUG=2",
        f'booking refund {order_id} --amount 5.00 --by agent-7 --reason "late"',
        f"booking show {order_id}",
        "booking audit verify",
        "booking down          # or: make down",
    ):
        console.print(f"  {line}", soft_wrap=True)
    console.print("(the command lies in .venv/bin: `. .venv/bin/activate` puts it on your PATH)")


def _steps_table(outcomes: list[StepOutcome]) -> Any:
    rows: list[tuple[str | Text, ...]] = []
    for number, title, finished in _executions(outcomes):
        result = finished.result
        code = str(result.get("code") or ("replayed" if result.get("replayed") else ""))
        rows.append((number, title, status_text(str(result["status"])), code, _refundable(result)))
    return table("What happened", ("", "step", "status", "code", "refundable"), rows, right=("", "refundable"))


def _paths_table(outcomes: list[StepOutcome]) -> Any:
    rows = [(number, " → ".join(finished.path)) for number, _, finished in _executions(outcomes)]
    return table("The path that each execution took", ("", "states"), rows, right=("",))


def _executions(outcomes: list[StepOutcome]) -> Iterator[tuple[str, str, ClosedExecution]]:
    for number, step in enumerate(outcomes, start=1):
        yield str(number), step.step.title, step.execution
        if step.after_reconcile:
            yield "", "… asked again after reconcile", step.after_reconcile


def _refundable(result: Mapping[str, Any]) -> str:
    refundable = result.get("refundable_minor")
    return "" if refundable is None else format_amount(refundable, result["currency"])


def _report_mismatches(outcomes: list[StepOutcome]) -> int:
    """Say which steps did not end as expected."""
    for step in outcomes:
        for surprise in step.mismatches:
            stderr_console().print(f"The step {step.step.title!r} did not end as expected: {surprise}.", soft_wrap=True)
    return 1 if any(step.mismatches for step in outcomes) else 0
