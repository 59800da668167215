"""The data of a running state: input, variables, context object, virtual clock and random numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from ..asl.definition import Definition
from ..asl.json_type import Json
from ..queries.jsonata_evaluation import Evaluator
from .state_errors import RUNTIME, StateFailed

if TYPE_CHECKING:
    from .calls import TaskFunctions
    from .objects import Objects
    from .outcome import StateVisit
    from .scheduler import Scheduler
    from .state_errors import Fault


_MAX_CLOCK_SECONDS = 6_000 * 31_536_000
"""The maximum of the virtual clock, in seconds; Python's dates end with the year 9999."""


class Variables:
    """The variables of one scope, which can also read those of the enclosing scopes."""

    def __init__(self, outer: "Variables | None" = None) -> None:
        self._outer = outer
        self._own: dict[str, Json] = {}

    def visible(self) -> dict[str, Json]:
        """Return every variable that this scope can read, by name."""
        chain: list[Variables] = [self]
        while chain[-1]._outer is not None:
            chain.append(chain[-1]._outer)
        return {name: value for scope in reversed(chain) for name, value in scope._own.items()}

    def assign(self, values: Mapping[str, Json]) -> None:
        """Assign variables in this scope."""
        self._own.update(values)


@dataclass(slots=True)
class EventCount:
    """The number of events in an execution's history; Step Functions ends an execution at the 25,000th."""

    limit: int | None
    """The number of the event that ends the execution; None for no limit."""
    events: int = 1
    """The events so far; the first one is ExecutionStarted."""

    def add(self, events: int) -> None:
        """Add events; raises StateFailed if they reach the limit."""
        self.events += events
        if self.limit is not None and self.events >= self.limit:
            cause = f"The execution reached the maximum number of history events ({self.limit})."
            raise StateFailed(RUNTIME, cause)


@dataclass(slots=True)
class ExecutionState:
    """The data that all states of one run share."""

    definition: Definition
    functions: "TaskFunctions"
    objects: "Objects"
    scheduler: "Scheduler"
    rng: Random
    start: datetime
    context: dict[str, Json]
    faults: "dict[str, list[Fault | None]]"
    max_transitions: int
    evaluator: Evaluator
    max_events: int | None
    """The event limit of a STANDARD execution's history; each child of a distributed Map has a history of its own."""
    documented: bool = False
    """True to follow AWS's documentation where recorded executions contradict it."""
    visits: "list[StateVisit]" = field(default_factory=list["StateVisit"])

    @property
    def now(self) -> datetime:
        """The current virtual time."""
        return self.start + timedelta(seconds=min(self.scheduler.now, _MAX_CLOCK_SECONDS))

    def fault(self, *names: str) -> "Fault | None":
        """Remove and return the fault of a state's next attempt, if any; `names` are the state's name and pointer."""
        for name in names:
            if self.faults.get(name):
                return self.faults[name].pop(0)
        return None


@dataclass(slots=True)
class Frame:
    """The data of one visit of a state."""

    execution: ExecutionState
    variables: Variables
    input: Json
    context: dict[str, Json]
    events: EventCount
    extras: dict[str, Json] = field(default_factory=dict[str, Json])
    """The members `result` and `errorOutput` of `$states`, once they exist."""
    inspection: dict[str, Json] = field(default_factory=dict[str, Json])
    """The state's intermediate data, under the names of TestState's InspectionData."""

    @property
    def states(self) -> dict[str, Json]:
        """The value of JSONata's reserved variable `$states`."""
        return {"input": self.input, "context": self.context, **self.extras}

    @property
    def now_ms(self) -> int:
        """The virtual time in milliseconds since 1970."""
        return round(self.execution.now.timestamp() * 1000)


def iso(time: datetime) -> str:
    """Format a time as Step Functions does: UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
