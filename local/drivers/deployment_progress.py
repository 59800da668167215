"""What a deployment tells while it runs, the same from both drivers: a callback gets one `Progress` per step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Operation: TypeAlias = Literal["same", "create", "update", "replace", "delete", "read", "refresh"]
Phase: TypeAlias = Literal["begun", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step of one resource."""

    operation: Operation
    phase: Phase
    type: str
    """Pulumi's type token: `aws:dynamodb/table:Table`."""
    name: str
    """The logical name in the program."""
    urn: str = ""
    is_preview: bool = False
    """Of a preview: it would happen, and does not."""
    changed_properties: tuple[str, ...] = ()
    """The properties that differ, for an update or a replacement: `ttl.enabled`."""
    replacement_causes: tuple[str, ...] = ()
    """Of those, the ones that make a new resource."""
    message: str = ""
    """For a failure: the sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence about the deployment as a whole, such as that an interrupted one is taken up."""

    message: str


Listener: TypeAlias = Callable[[Progress | Note], None]


def ignore_progress(_: Progress | Note) -> None:
    """The listener of those who do not watch."""
