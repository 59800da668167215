"""The progress of a deployment on standard error: a status line on a terminal, one line per step in a pipe."""

import time
from collections import Counter
from typing import Any, Final, Self

from local.drivers.deployment_progress import Progress, ProgressNote

from .output import stderr_console

SYMBOLS: Final = {"create": "+", "update": "~", "replace": "±", "delete": "-", "read": ">", "refresh": "~", "same": " "}


class ProgressDisplay:
    """Shows the progress that a driver reports; its `handle` is a `Listener` of the drivers."""

    def __init__(self, title: str) -> None:
        self._console = stderr_console()
        self._title = title
        self._counts: Counter[str] = Counter()
        self._started = time.monotonic()
        self._spinner = self._console.status(title + " …") if self._console.is_terminal else None

    def __enter__(self) -> Self:
        if self._spinner:
            self._spinner.start()
        else:
            self.print(self._title + " …")
        return self

    def __exit__(self, *_: object) -> None:
        if self._spinner:
            self._spinner.stop()

    def print(self, message: str) -> None:
        """Print a line above the status line."""
        self._console.print(message, soft_wrap=True)

    def handle(self, event: Progress | ProgressNote) -> None:
        """Show one step or note. Failures are left out: the command's error message reports them."""
        if isinstance(event, ProgressNote):
            self.print(event.message)
        elif event.phase == "done":
            self._count(event)

    def summary(self) -> str:
        """Return the duration and the number of steps of each kind."""
        done = ", ".join(f"{number} {operation}" for operation, number in sorted(self._counts.items())) or "no changes"
        return f"Deployed in {time.monotonic() - self._started:.1f} s: {done}."

    def _count(self, step: Progress) -> None:
        self._counts[step.operation] += 1
        line = f"{SYMBOLS[step.operation]} {step.type} {step.name}"
        if self._spinner:
            self._spinner.update(f"{self._counts.total():3} {line}")
        elif step.operation != "same":
            self.print(line)


def step_as_json(step: Progress) -> dict[str, Any]:
    """Return a step for --json."""
    return {
        "operation": step.operation,
        "type": step.type,
        "name": step.name,
        "urn": step.urn,
        "changed": list(step.changed_properties),
        "replaced_for": list(step.replacement_causes),
    }
