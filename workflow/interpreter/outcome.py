"""The outcome of a run: its end, the path it took, and the input and output of each state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from ..asl.definition import Arrow, Definition

Status = Literal["SUCCEEDED", "FAILED", "TIMED_OUT"]


@dataclass(slots=True, kw_only=True)
class StateVisit:
    """One visit of one state: from entering it to leaving it, with all its attempts."""

    state: str
    pointer: str
    type: str
    strand: tuple[int, ...]
    """The branch or item that it ran in, from the outside in; empty for the machine itself."""
    entered_at: datetime
    input: Any
    """A JSON value, as are the outputs: what a test knows of their shape is its own matter."""
    left_at: datetime | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    attempts: int = 0
    """The number of attempts of its work; 0 for states without work."""
    arrow: Arrow | None = None
    """The arrow by which it was left; None if its scope ended there or it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An execution that has ended."""

    definition: Definition
    status: Status
    output: Any
    error: str | None
    """Its name; None if it succeeded, or if a Fail state gives none."""
    cause: str | None
    duration: timedelta
    """On the virtual clock."""
    visits: tuple[StateVisit, ...]
    """In the order in which states were entered."""
    variables: Mapping[str, Any]
    """The variables of the machine's own scope at the end."""
    written: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The objects that ResultWriters wrote, by `s3://bucket/key`."""
    origin: BaseException | None = None
    """The exception of a callable that made the run fail."""

    @property
    def succeeded(self) -> bool:
        """Return true if it succeeded."""
        return self.status == "SUCCEEDED"

    @property
    def path(self) -> tuple[str, ...]:
        """The states of the machine's own scope that were visited, in order."""
        return tuple(visit.state for visit in self.visits if not visit.strand)

    @property
    def attempts(self) -> Mapping[str, int]:
        """Return how often each state's work was tried, by its name."""
        counted: dict[str, int] = {}
        for visit in self.visits:
            if visit.attempts:
                counted[visit.state] = counted.get(visit.state, 0) + visit.attempts
        return counted

    @property
    def transitions(self) -> int:
        """State transitions that a Standard workflow is billed for: every state entered, and every retry."""
        return len(self.visits) + sum(max(visit.attempts - 1, 0) for visit in self.visits) + 1

    def visited(self, state: str) -> tuple[StateVisit, ...]:
        """The visits of a state, by its name."""
        return tuple(visit for visit in self.visits if visit.state == state)
