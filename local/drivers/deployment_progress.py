"""The progress of a deployment, the same from both drivers: a listener gets one `Progress` per step."""

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
    """The step belongs to a preview and does not happen."""
    changed_properties: tuple[str, ...] = ()
    """The properties that differ, for an update or a replacement: `ttl.enabled`."""
    replacement_causes: tuple[str, ...] = ()
    """Those of the changed properties that need a new resource."""
    message: str = ""
    """The reason of a failure, as one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressNote:
    """A sentence about the deployment as a whole, such as that it resumes an interrupted one."""

    message: str


Listener: TypeAlias = Callable[[Progress | ProgressNote], None]


def ignore_progress(_: Progress | ProgressNote) -> None:
    """Do nothing, for callers that do not watch."""
