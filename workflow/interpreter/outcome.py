"""The outcome of a run: its end, the path it took, and the input and output of each state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from ..asl.definition import Definition, Transition

Status = Literal["SUCCEEDED", "FAILED", "TIMED_OUT"]


@dataclass(slots=True, kw_only=True)
class StateVisit:
    """One visit of one state: from entering it to leaving it, with all its attempts."""

    state: str
    pointer: str
    type: str
    branch_indexes: tuple[int, ...]
    """The indexes of the enclosing branches and Map iterations, outermost first; empty in the machine's own scope."""
    entered_at: datetime
    input: Any
    """A JSON value, like `output`; typed Any because each test knows the shape that it expects."""
    left_at: datetime | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    attempts: int = 0
    """The number of attempts of the state's work; 0 for a state without work."""
    transition: Transition | None = None
    """The transition taken; None if the state ended its scope or failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An execution that has ended."""

    definition: Definition
    status: Status
    output: Any
    error: str | None
    """The error's name; None if the execution succeeded, or ended in a Fail state without Error."""
    cause: str | None
    duration: timedelta
    """The duration on the virtual clock."""
    visits: tuple[StateVisit, ...]
    """The visits, in the order in which the states were entered."""
    variables: Mapping[str, Any]
    """The variables of the machine's own scope at the end."""
    written: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The objects that ResultWriters wrote, by `s3://bucket/key`."""
    origin: BaseException | None = None
    """The Python exception that made the run fail, such as one raised by a callable; None if there is none."""

    @property
    def succeeded(self) -> bool:
        """Return true if the execution succeeded."""
        return self.status == "SUCCEEDED"

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the visited states in the machine's own scope, in order."""
        return tuple(visit.state for visit in self.visits if not visit.branch_indexes)

    @property
    def attempts(self) -> Mapping[str, int]:
        """The number of attempts of each state's work, by state name."""
        counts: dict[str, int] = {}
        for visit in self.visits:
            if visit.attempts:
                counts[visit.state] = counts.get(visit.state, 0) + visit.attempts
        return counts

    @property
    def transitions(self) -> int:
        """The state transitions billed for a Standard workflow: the start, every state entered and every retry."""
        return len(self.visits) + sum(max(visit.attempts - 1, 0) for visit in self.visits) + 1

    def visits_of(self, state: str) -> tuple[StateVisit, ...]:
        """Return the visits of the state with this name, in order."""
        return tuple(visit for visit in self.visits if visit.state == state)
