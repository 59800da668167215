"""Takes the tour and shows it: a line for each step as it ends, then tables, then how to go on."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from handlers.domain.money import format_amount

from . import orders
from .executions import Finished
from .progress import Telling
from .screen import err, show, status_text, table
from .target import Target
from .tour import STEPS, Journey, Taken, take


def take_and_show(target: Target, driver: str, as_json: bool) -> int:
    """Take the tour; 0 when every step ended as it must, else 1 with the names of those that did not."""
    journey, taken = Journey(), list[Taken]()
    with Telling("Taking the tour") as telling:
        for number, step in enumerate(take(target, journey), start=1):
            taken.append(step)
            telling.say(f"{'✗' if step.surprises else '✓'} {number} of {len(STEPS)}: {step.step.title}")
    shown = {name: orders.load(target, order_id) for name, order_id in journey.orders.items()}
    objects = {name: orders.audit_objects(target, order) for name, order in shown.items()}
    document = {
        "driver": driver,
        "ok": not any(step.surprises for step in taken),
        "steps": [step.as_json() for step in taken],
        "orders": {name: orders.as_document(order, objects[name]) for name, order in shown.items()},
    }

    def draw(console: Console) -> None:
        console.print(_steps(taken))
        console.print()
        console.print(_paths(taken))
        for name, order in shown.items():
            console.print()
            orders.draw(console, order, objects[name])
        console.print()
        draw_how_to_go_on(console, journey.orders["first"])

    show(as_json, document, draw)
    return _verdict(taken)


def draw_how_to_go_on(console: Console, order_id: str = "ORDER") -> None:
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


def _steps(taken: list[Taken]) -> Any:
    rows: list[tuple[str | Text, ...]] = []
    for number, title, finished in _executions(taken):
        result = finished.result
        code = str(result.get("code") or ("replayed" if result.get("replayed") else ""))
        rows.append((number, title, status_text(str(result["status"])), code, _refundable(result)))
    return table("What happened", ("", "step", "status", "code", "refundable"), rows, right=("", "refundable"))


def _paths(taken: list[Taken]) -> Any:
    rows = [(number, " → ".join(finished.path)) for number, _, finished in _executions(taken)]
    return table("The path that each execution took", ("", "states"), rows, right=("",))


def _executions(taken: list[Taken]) -> Iterator[tuple[str, str, Finished]]:
    for number, step in enumerate(taken, start=1):
        yield str(number), step.step.title, step.finished
        if step.reconciled:
            yield "", "… asked again after reconcile", step.reconciled


def _refundable(result: Mapping[str, Any]) -> str:
    refundable = result.get("refundable_minor")
    return "" if refundable is None else format_amount(refundable, result["currency"])


def _verdict(taken: list[Taken]) -> int:
    """Say which steps did not end as expected."""
    for step in taken:
        for surprise in step.surprises:
            err().print(f"The step {step.step.title!r} did not end as expected: {surprise}.", soft_wrap=True)
    return 1 if any(step.surprises for step in taken) else 0
