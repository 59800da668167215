"""Tells how a deployment goes, on standard error: a line that moves on a terminal, lines that stay in a pipe."""

import time
from collections import Counter
from typing import Any, Final, Self

from local.drivers.deployment_progress import Note, Progress

from .screen import err

SIGNS: Final = {"create": "+", "update": "~", "replace": "±", "delete": "-", "read": ">", "refresh": "~", "same": " "}


class Telling:
    """Hears what the drivers say (`local.progress.Listener`) and shows it."""

    def __init__(self, beginning: str) -> None:
        self._console = err()
        self._beginning = beginning
        self._done: Counter[str] = Counter()
        self._began = time.monotonic()
        self._moving = self._console.status(beginning + " …") if self._console.is_terminal else None

    def __enter__(self) -> Self:
        if self._moving:
            self._moving.start()
        else:
            self.say(self._beginning + " …")
        return self

    def __exit__(self, *_: object) -> None:
        if self._moving:
            self._moving.stop()

    def say(self, sentence: str) -> None:
        """A sentence that stays."""
        self._console.print(sentence, soft_wrap=True)

    def hear(self, heard: Progress | Note) -> None:
        """One thing that happened. A failure is told by the command's own last sentence, once."""
        if isinstance(heard, Note):
            self.say(heard.message)
        elif heard.phase == "done":
            self._count(heard)

    def summary(self) -> str:
        """What was done, in numbers."""
        done = ", ".join(f"{number} {operation}" for operation, number in sorted(self._done.items())) or "nothing to do"
        return f"Deployed in {time.monotonic() - self._began:.1f} s: {done}."

    def _count(self, step: Progress) -> None:
        self._done[step.operation] += 1
        line = f"{SIGNS[step.operation]} {step.type} {step.name}"
        if self._moving:
            self._moving.update(f"{self._done.total():3} {line}")
        elif step.operation != "same":
            self.say(line)


def step_document(step: Progress) -> dict[str, Any]:
    """A step for --json."""
    return {
        "operation": step.operation,
        "type": step.type,
        "name": step.name,
        "urn": step.urn,
        "changed": list(step.changed_properties),
        "replaced_for": list(step.replacement_causes),
    }
