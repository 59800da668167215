"""The progress of a deployment, the same for both drivers: a listener gets one `Progress` per step."""

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
    changed_properties: tuple[str, ...] = ()
    """The properties that differ, for an update or a replacement: `ttl.enabled`."""
    replacement_causes: tuple[str, ...] = ()
    """The changed properties that require a new resource."""
    message: str = ""
    """The reason for a failure, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressNote:
    """A message about the whole deployment, such as that it resumes an interrupted one."""

    message: str


Listener: TypeAlias = Callable[[Progress | ProgressNote], None]


def ignore_progress(_: Progress | ProgressNote) -> None:
    """Ignore a step, for callers that do not show progress."""
